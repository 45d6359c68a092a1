// Finds the signatures in C of functions of a module.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Roles.h"
#include "dialects/Tenon/RowTensors.h"
#include "tenon/Target/Library.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// What ops say about sizes
//===----------------------------------------------------------------------===//

namespace {
/// Which dimensions have the same size, and which values are one buffer that
/// ops update, as far as ops say it.
class ValueClasses {
public:
  explicit ValueClasses(ModuleOp module);

  /// Dimensions of the same size have the same number.
  const void *getSize(Value value, int64_t dim) {
    return sizes.getOrInsertLeaderValue({value.getAsOpaquePointer(), dim})
        .first;
  }
  int64_t getSizeDim(Value value, int64_t dim) {
    return sizes.getOrInsertLeaderValue({value.getAsOpaquePointer(), dim})
        .second;
  }
  bool isUpdated(Value value) const {
    return llvm::any_of(updated, [&](Value other) {
      return buffers.isEquivalent(value.getAsOpaquePointer(),
                                  other.getAsOpaquePointer());
    });
  }
  bool areOneBuffer(Value a, Value b) const {
    return a == b ||
           buffers.isEquivalent(a.getAsOpaquePointer(), b.getAsOpaquePointer());
  }

private:
  void readRows(Operation *op);
  void readCaches(Operation *op);
  void readFlow(Operation *op, SymbolTable &symbols);
  void uniteSizes(Value a, Value b, int64_t dim) {
    sizes.unionSets({a.getAsOpaquePointer(), dim},
                    {b.getAsOpaquePointer(), dim});
  }
  /// One value under two names.
  void unite(ValueRange values, ValueRange others);

  llvm::EquivalenceClasses<std::pair<const void *, int64_t>> sizes;
  llvm::EquivalenceClasses<const void *> buffers;
  SmallVector<Value> updated;
};
} // namespace

ValueClasses::ValueClasses(ModuleOp module) {
  SymbolTable symbols(module);
  module.walk([&](Operation *op) {
    readRows(op);
    readCaches(op);
    readFlow(op, symbols);
  });
}

void ValueClasses::unite(ValueRange values, ValueRange others) {
  for (auto [value, other] : llvm::zip(values, others)) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      continue;
    buffers.unionSets(value.getAsOpaquePointer(), other.getAsOpaquePointer());
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      uniteSizes(value, other, dim);
  }
}

void ValueClasses::readRows(Operation *op) {
  SmallVector<Value> tensors = getRowTensors(op);
  // It is decomposed before anything asks for its rows.
  if (isa<ExpertsOp>(op)) {
    llvm::append_range(tensors, op->getOperands());
    llvm::append_range(tensors, op->getResults());
  }
  llvm::erase_if(tensors, [](Value value) {
    return !isa<RankedTensorType>(value.getType());
  });
  for (Value tensor : tensors)
    uniteSizes(tensors.front(), tensor, 0);
}

/// The caches of one op have the same slots and positions.
void ValueClasses::readCaches(Operation *op) {
  Value first;
  for (Value value : op->getOperands()) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || type.getRank() < 3 || !type.isDynamicDim(1) ||
        !type.isDynamicDim(2) ||
        op->getDialect()->getNamespace() != TenonDialect::getDialectNamespace())
      continue;
    first = first ? first : value;
    uniteSizes(first, value, 1);
    uniteSizes(first, value, 2);
  }
  auto row = dyn_cast<RowOpInterface>(op);
  if (Value tied = row ? row.getTiedOperand() : Value()) {
    unite(tied, op->getResult(0));
    updated.push_back(tied);
  }
}

/// Loops, calls and branches hand values on.
void ValueClasses::readFlow(Operation *op, SymbolTable &symbols) {
  if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
    unite(loop.getInits(), loop.getRegionIterArgs());
    unite(loop.getInits(), loop.getYieldedValues());
    if (std::optional<ResultRange> results = loop.getLoopResults())
      unite(loop.getInits(), *results);
    return;
  }
  if (auto call = dyn_cast<func::CallOp>(op)) {
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    if (!callee || callee.isExternal())
      return;
    unite(call.getOperands(), callee.getArguments());
    unite(call.getResults(), callee.front().getTerminator()->getOperands());
    return;
  }
  for (Region &region : op->getRegions())
    if (op->getNumResults() && !region.empty())
      unite(op->getResults(), region.front().getTerminator()->getOperands());
}

//===----------------------------------------------------------------------===//
// Names and types in C
//===----------------------------------------------------------------------===//

static bool isReserved(StringRef name) {
  static const llvm::StringSet<> words = {
      "alignas",   "alignof",  "asm",       "auto",     "bool",     "break",
      "case",      "catch",    "char",      "class",    "const",    "continue",
      "default",   "delete",   "do",        "double",   "else",     "enum",
      "explicit",  "export",   "extern",    "false",    "float",    "for",
      "friend",    "goto",     "if",        "inline",   "int",      "long",
      "main",      "mutable",  "namespace", "new",      "operator", "private",
      "protected", "public",   "register",  "restrict", "return",   "short",
      "signed",    "sizeof",   "static",    "struct",   "switch",   "template",
      "this",      "throw",    "true",      "try",      "typedef",  "typename",
      "union",     "unsigned", "using",     "virtual",  "void",     "volatile",
      "while",     "workers",  "weights",   "memcpy",   "memmove",  "memset",
      "NULL",      "errno",    "i386",      "linux",    "unix",     "stdin",
      "stdout",    "stderr"};
  // Those that end so are types of C headers, those that begin so belong to the
  // implementation or to the header.
  return words.contains(name) || name.ends_with("_t") ||
         name.starts_with("_") || name.starts_with("TENON_") ||
         name.starts_with("tenon_");
}

static bool isIdentifier(StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) && !isReserved(name) &&
         llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

namespace {
/// Names that are identifiers of C, each given once.
class ParameterNames {
public:
  std::string choose(StringRef wanted, const Twine &otherwise) {
    std::string name;
    for (char c : wanted)
      name += llvm::isAlnum(c) ? c : '_';
    if (name.empty() || llvm::isDigit(name.front()))
      name = otherwise.str();
    if (isReserved(name))
      name += '_';
    std::string unique = name;
    for (unsigned i = 2; !given.insert(unique).second; ++i)
      unique = name + "_" + std::to_string(i);
    return unique;
  }

private:
  llvm::StringSet<> given;
};
} // namespace

/// Null for a type that C programs have no array of.
static const char *getElementInC(Type type) {
  return llvm::TypeSwitch<Type, const char *>(type)
      .Case([](Float32Type) { return "float"; })
      .Case([](Float64Type) { return "double"; })
      .Case<BFloat16Type, Float16Type>([](auto) { return "uint16_t"; })
      .Case([](IntegerType type) -> const char * {
        switch (type.getWidth()) {
        case 8:
          return "int8_t";
        case 16:
          return "int16_t";
        case 32:
          return "int32_t";
        case 64:
          return "int64_t";
        default:
          return nullptr;
        }
      })
      .Case([](IndexType) { return "int64_t"; })
      .Default(nullptr);
}

//===----------------------------------------------------------------------===//
// Signatures
//===----------------------------------------------------------------------===//

namespace {
/// Describes one function.
class Signature {
public:
  Signature(func::FuncOp func, ValueClasses &classes)
      : func(func), classes(classes) {}

  llvm::Expected<LibraryFunction> describe();

private:
  using Use = LibraryArgument::Use;

  llvm::Error addArgument(BlockArgument argument);
  llvm::Error addResult(unsigned index, Value value);
  llvm::Error add(Value value, Type type, StringRef name,
                  const Twine &otherwise, Use use);
  unsigned addSize(Value value, int64_t dim, StringRef array);

  func::FuncOp func;
  ValueClasses &classes;
  LibraryFunction result;
  ParameterNames names;
  /// What each size stands for, in their order.
  SmallVector<std::pair<const void *, int64_t>> sizes;
};
} // namespace

unsigned Signature::addSize(Value value, int64_t dim, StringRef array) {
  std::pair<const void *, int64_t> size = {classes.getSize(value, dim),
                                           classes.getSizeDim(value, dim)};
  auto *known = llvm::find(sizes, size);
  unsigned number = known - sizes.begin();
  if (known == sizes.end()) {
    sizes.push_back(size);
    std::string what =
        dim == 0 ? std::string("rows") : "dim" + std::to_string(dim);
    result.sizes.push_back(
        {names.choose((array + "_" + what).str(), "size"), false});
  }
  result.sizes[number].isBounded |= dim == 0;
  return number;
}

llvm::Error Signature::add(Value value, Type type, StringRef name,
                           const Twine &otherwise, Use use) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  const char *element = nullptr;
  if (tensor || type.isIndex())
    element = getElementInC(tensor ? tensor.getElementType() : type);
  if (!element || (tensor && tensor.getElementType().isIndex()))
    return llvm::createStringError(
        "function '" + func.getName() +
        "' has an argument or a result of type " +
        llvm::formatv("{0}", type).str() +
        ", which C does not have; use tensors of f32, bf16, f16 or integers of "
        "8 to 64 bits, and index");
  LibraryArgument argument;
  argument.name = names.choose(name, otherwise);
  argument.use = tensor ? use : Use::Number;
  argument.element = element;
  argument.type = llvm::formatv("{0}", type).str();
  if (tensor)
    argument.shape = tensor.getShape().vec();
  for (auto [dim, size] : llvm::enumerate(argument.shape))
    if (ShapedType::isDynamic(size))
      argument.sizes.push_back(addSize(value, dim, argument.name));
  result.arguments.push_back(std::move(argument));
  return llvm::Error::success();
}

llvm::Error Signature::addArgument(BlockArgument argument) {
  unsigned index = argument.getArgNumber();
  StringRef name;
  if (auto named = dyn_cast<NameLoc>(argument.getLoc()))
    name = named.getName();
  else if (std::optional<Role> role = getRole(func, index))
    name = stringifyRole(*role);
  return add(argument, argument.getType(), name, "arg" + Twine(index),
             classes.isUpdated(argument) ? Use::Updated : Use::Read);
}

llvm::Error Signature::addResult(unsigned index, Value value) {
  for (BlockArgument argument : func.getArguments()) {
    if (!classes.areOneBuffer(argument, value))
      continue;
    if (classes.isUpdated(argument)) {
      result.results.push_back(argument.getArgNumber());
      return llvm::Error::success();
    }
    if (argument == value)
      return llvm::createStringError(
          "function '" + func.getName() + "' returns argument " +
          Twine(argument.getArgNumber()) + " as it is; leave out result " +
          Twine(index));
  }
  result.results.push_back(result.arguments.size());
  std::string name = "result";
  if (func.getNumResults() > 1)
    name += std::to_string(index);
  if (std::optional<Role> role = getResultRole(func, index))
    name = stringifyRole(*role).str();
  return add(value, value.getType(), name, name, Use::Written);
}

llvm::Expected<LibraryFunction> Signature::describe() {
  result.name = func.getName().str();
  for (BlockArgument argument : func.getArguments())
    if (llvm::Error error = addArgument(argument))
      return std::move(error);
  Operation *end = func.front().getTerminator();
  for (auto [index, value] : llvm::enumerate(end->getOperands()))
    if (llvm::Error error = addResult(index, value))
      return std::move(error);
  return std::move(result);
}

//===----------------------------------------------------------------------===//
// Entries of a module
//===----------------------------------------------------------------------===//

static llvm::Error checkEntry(ModuleOp module, StringRef name) {
  auto func = module.lookupSymbol<func::FuncOp>(name);
  if (!func || func.isExternal()) {
    SmallVector<StringRef> others;
    for (func::FuncOp other : module.getOps<func::FuncOp>())
      if (!other.isExternal())
        others.push_back(other.getName());
    return llvm::createStringError(
        "the module has no function '" + name +
        "' with a body; its functions: " + llvm::join(others, ", "));
  }
  if (!isIdentifier(name))
    return llvm::createStringError("function '" + name +
                                   "' has a name that C functions cannot have; "
                                   "rename it");
  if (!func.getBody().hasOneBlock())
    return llvm::createStringError(
        "function '" + name +
        "' has branches between blocks; use ops of the scf dialect");
  if (func.getNumResults() == 0)
    return llvm::createStringError("function '" + name +
                                   "' has no result; return what it computes");
  return llvm::Error::success();
}

/// Erases private functions and weights that nothing refers to.
static void eraseUnused(ModuleOp module) {
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation &op : llvm::make_early_inc_range(*module.getBody())) {
      auto func = dyn_cast<func::FuncOp>(op);
      if (func ? func.isPublic() : !isa<WeightSymbolOpInterface>(op))
        continue;
      if (!SymbolTable::symbolKnownUseEmpty(&op, module))
        continue;
      op.erase();
      changed = true;
    }
  }
}

llvm::Expected<Library> tenon::selectEntries(ModuleOp module,
                                             ArrayRef<std::string> names) {
  for (StringRef name : names)
    if (llvm::Error error = checkEntry(module, name))
      return std::move(error);
  for (func::FuncOp func : module.getOps<func::FuncOp>())
    if (llvm::is_contained(names, func.getName()))
      func.setPublic();
    else
      func.setPrivate();
  eraseUnused(module);

  ValueClasses classes(module);
  Library library;
  for (func::FuncOp func : module.getOps<func::FuncOp>()) {
    if (!func.isPublic())
      continue;
    llvm::Expected<LibraryFunction> described =
        Signature(func, classes).describe();
    if (!described)
      return described.takeError();
    for (auto [index, argument] : llvm::enumerate(described->arguments))
      if (argument.use == LibraryArgument::Use::Read)
        func.setArgAttr(index,
                        bufferization::BufferizationDialect::kWritableAttrName,
                        BoolAttr::get(module.getContext(), false));
    library.functions.push_back(std::move(*described));
  }
  return library;
}
