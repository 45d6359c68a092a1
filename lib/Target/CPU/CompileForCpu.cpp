// From functions on memrefs to an object file for one CPU level.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Pipelines/RunPasses.h"
#include "tenon/Support/FirstDiagnostic.h"
#include "tenon/Support/Targets.h"
#include "tenon/Target/CPU/Pipeline.h"
#include "tenon/Target/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "EmitObject.h"

using namespace mlir;
using namespace tenon;

/// Names of the kernels that a function, and what it calls, calls.
static void collectKernels(func::FuncOp func, SymbolTable &symbols,
                           llvm::SetVector<StringRef> &kernels) {
  if (tile::isKernel(func))
    kernels.insert(func.getName());
  func.walk([&](func::CallOp call) {
    if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()))
      collectKernels(callee, symbols, kernels);
  });
}

/// Most tokens of a query block: what the kernels that take blocks agree on, 0
/// without any.
static FailureOr<int64_t> getQueryBlock(func::FuncOp func,
                                        SymbolTable &symbols) {
  llvm::SetVector<StringRef> kernels;
  collectKernels(func, symbols, kernels);
  int64_t agreed = 0;
  for (StringRef name : kernels) {
    auto config =
        symbols.lookup(name)->getAttrOfType<tile::KernelConfigAttrInterface>(
            tile::TileDialect::kKernelName);
    int64_t tokens = config ? config.getBlockTokens() : 0;
    if (tokens == 0)
      continue;
    if (agreed && agreed != tokens)
      return func.emitOpError()
             << "expects its kernels to agree on the most tokens of a query "
                "block, but they have "
             << agreed << " and " << tokens;
    agreed = tokens;
  }
  return agreed;
}

/// Caches that a step works on.
static std::vector<CompiledState> describeStates(func::FuncOp func) {
  std::vector<CompiledState> states;
  for (BlockArgument argument : getOperands(func, Role::Cache)) {
    auto cache = cast<MemRefType>(argument.getType());
    CompiledState state;
    state.name = ("cache" + Twine(states.size())).str();
    state.layers = cache.getDimSize(0);
    state.width = 1;
    for (int64_t size : cache.getShape().drop_front(3))
      state.width *= size;
    state.isBF16 = cache.getElementType().isBF16();
    states.push_back(std::move(state));
  }
  return states;
}

//===----------------------------------------------------------------------===//
// Functions of a library
//===----------------------------------------------------------------------===//

/// What a function with planned memory is given by its caller, in its order.
static SmallVector<BlockArgument> listOperands(func::FuncOp func) {
  constexpr Role own[] = {Role::Context, Role::Worker, Role::Workers,
                          Role::Arena, Role::Scratch};
  SmallVector<BlockArgument> operands;
  for (BlockArgument argument : func.getArguments()) {
    std::optional<Role> role = getRole(func, argument.getArgNumber());
    if (!role || !llvm::is_contained(own, *role))
      operands.push_back(argument);
  }
  return operands;
}

/// The array that all of a result lies in, or null for another value.
static Value lookThroughReshapes(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp>(
            op))
      return {};
    value = op->getOperand(0);
  }
  return isa<func::FuncOp>(value.getParentBlock()->getParentOp()) ? value
                                                                  : Value();
}

/// Fails for a copy outside kernels, which workers would not wait for.
static LogicalResult verifyNoCopies(func::FuncOp func) {
  WalkResult walk = func.walk([](memref::CopyOp copy) {
    copy.emitOpError()
        << "expects to be in a kernel, for workers would not wait for it; a "
           "part of a tensor that an op takes, or an argument that a loop "
           "begins with, is copied: let an op compute it";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

/// Reads which argument of a public function is what for its caller.
static FailureOr<std::vector<CompiledOperand>> readOperands(func::FuncOp func) {
  if (failed(verifyNoCopies(func)))
    return failure();
  std::vector<CompiledOperand> operands;
  SmallVector<BlockArgument> arguments = listOperands(func);
  for (BlockArgument argument : arguments) {
    CompiledOperand &operand = operands.emplace_back();
    if (auto array = dyn_cast<MemRefType>(argument.getType()))
      operand.shape = array.getShape().vec();
  }
  func::ReturnOp end = *func.getOps<func::ReturnOp>().begin();
  for (auto [index, value] : llvm::enumerate(end.getOperands())) {
    Value array = lookThroughReshapes(value);
    auto *argument = llvm::find(arguments, array);
    if (!array || argument == arguments.end())
      return func.emitOpError()
             << "expects result " << index
             << " to be all that some op computes, since the caller says where "
                "it goes, but it is a part of a larger tensor or made by a "
                "loop";
    operands[argument - arguments.begin()].result = index;
  }
  return operands;
}

//===----------------------------------------------------------------------===//
// All public functions
//===----------------------------------------------------------------------===//

namespace {
/// What is read off a public function before an entry replaces it.
struct FunctionFacts {
  /// Most tokens of a query block.
  int64_t blockRows = 0;
  /// Of a function of a library.
  std::vector<CompiledOperand> operands;
};

/// By the name of the function with the suffix of the variant.
using FactsByName = llvm::StringMap<FunctionFacts>;
} // namespace

/// The level of a module's machine, in the table of targets.
static llvm::Expected<const CpuLevel *> findLevel(machine::CpuAttr cpu) {
  if (!cpu)
    return llvm::createStringError(
        "code generation for a CPU expects #machine.cpu on the module");
  if (const CpuLevel *level = findCpuLevel(cpu.getName()))
    return level;
  return llvm::createStringError("unknown CPU level '" + cpu.getName() +
                                 "'; known levels: " + listCpuLevels());
}

/// What each entry looks like, once memory is planned and kernels that are the
/// same are one.
static void readEntries(ModuleOp module, CompiledVariant &variant,
                        const FactsByName &facts) {
  SymbolTable symbols(module);
  for (func::FuncOp entry : module.getOps<func::FuncOp>()) {
    auto memory =
        entry->getAttrOfType<tile::MemoryAttr>(tile::TileDialect::kMemoryName);
    if (!entry.isPublic() || !memory)
      continue;
    CompiledStep step;
    step.symbol = entry.getName().str();
    entry.walk(
        [&](func::CallOp call) { step.function = call.getCallee().str(); });
    step.maxTokens = tile::getBucketTokens(entry);
    FunctionFacts known = facts.lookup(step.function);
    step.blockRows = known.blockRows;
    step.operands = std::move(known.operands);
    step.arenaBytes = memory.getArena();
    step.scratchBytes = memory.getScratch();
    llvm::SetVector<StringRef> kernels;
    collectKernels(entry, symbols, kernels);
    for (StringRef name : kernels)
      step.kernels.push_back(name.str());
    variant.steps.push_back(std::move(step));
  }
  llvm::sort(variant.steps, [](const CompiledStep &a, const CompiledStep &b) {
    return std::tie(a.maxTokens, a.symbol) < std::tie(b.maxTokens, b.symbol);
  });
}

/// Reads public functions before entries replace them: their facts, and states.
static LogicalResult readFunctions(ModuleOp module, EntryKind kind,
                                   StringRef suffix, CompiledVariant &variant,
                                   FactsByName &facts) {
  SymbolTable symbols(module);
  for (func::FuncOp func : module.getOps<func::FuncOp>()) {
    int64_t tokens = tile::getBucketTokens(func);
    if (!func.isPublic() || !tokens)
      continue;
    FunctionFacts &known = facts[(func.getName() + suffix).str()];
    FailureOr<int64_t> rows = getQueryBlock(func, symbols);
    if (failed(rows))
      return failure();
    // Without attention nothing asks where blocks end.
    known.blockRows = *rows || kind == EntryKind::Functions ? *rows : tokens;
    if (kind == EntryKind::Steps)
      variant.states = describeStates(func);
    if (kind != EntryKind::Functions)
      continue;
    FailureOr<std::vector<CompiledOperand>> operands = readOperands(func);
    if (failed(operands))
      return failure();
    known.operands = std::move(*operands);
  }
  return success();
}

static void buildEntryPipeline(OpPassManager &pm, EntryKind kind,
                               StringRef suffix) {
  switch (kind) {
  case EntryKind::Steps:
    return buildCpuEntryPipeline(pm, suffix);
  case EntryKind::Arrays:
    return buildCpuArrayEntryPipeline(pm);
  case EntryKind::Functions:
    return buildCpuFunctionEntryPipeline(pm, suffix);
  }
  llvm_unreachable("no kind of entries");
}

llvm::Expected<CompiledVariant> tenon::compileForCpu(ModuleOp module,
                                                     EmitKind emit,
                                                     std::string *text,
                                                     EntryKind kind) {
  auto cpu = dyn_cast_or_null<machine::CpuAttr>(machine::getTarget(module));
  llvm::Expected<const CpuLevel *> found = findLevel(cpu);
  if (!found)
    return found.takeError();
  const CpuLevel &level = **found;
  CompiledVariant variant;
  variant.name = level.name.str();
  variant.features = level.features;
  std::string suffix =
      kind == EntryKind::Arrays ? std::string() : level.getSymbolSuffix();
  FirstDiagnostic diagnostic(module.getContext());
  FactsByName facts;
  if (failed(readFunctions(module, kind, suffix, variant, facts)))
    return diagnostic.take("code generation for " + variant.name);

  auto buildEntries = [&](OpPassManager &pm) {
    buildEntryPipeline(pm, kind, suffix);
  };
  if (failed(runPasses(module, "entries " + variant.name, buildEntries)))
    return diagnostic.take("code generation for " + variant.name);
  readEntries(module, variant, facts);
  if (failed(
          runPasses(module, "lower " + variant.name, buildCpuLoweringPipeline)))
    return diagnostic.take("code generation for " + variant.name);
  if (emit == EmitKind::MLIR) {
    llvm::raw_string_ostream stream(*text);
    module.print(stream);
    return variant;
  }

  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(module, llvmContext);
  if (!code)
    return diagnostic.take("translation for " + variant.name);
  InstructionSet instructions = {level.cpu.str(), level.getLlvmFeatures(),
                                 cpu.getLanes() * 32};
  if (llvm::Error failure =
          emitObject(*code, instructions, emit, variant.object, text))
    return std::move(failure);
  return variant;
}
