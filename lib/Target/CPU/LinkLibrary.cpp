// Links the code of functions into a library that C programs call.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Runtime/Format.h"
#include "tenon/Target/Library.h"
#include "tenon/Target/Target.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"
#include "LibraryGlue.h"
#include "LinkObjects.h"

using namespace tenon;
using mlir::ShapedType;

/// Buffers begin at multiples of it, as the plan of memory expects.
static constexpr int64_t kAlignment = 64;

/// Where the header declares the fields of `tenon_workers`.
enum WorkersField { Count = 0, Memory = 8, Parallel = 16, Pool = 24 };

/// What the header calls TENON_CALL_*.
enum Outcome { Done = 0, BadSize = 1, BadCpu = 2, BadWorkers = 3 };

bool tenon::isBucketOf(const CompiledStep &step, llvm::StringRef function) {
  llvm::StringRef name = step.function;
  return name.consume_front(function) &&
         name.starts_with((".t" + llvm::Twine(step.maxTokens) + ".").str());
}

namespace {
/// Code of one bucket in one variant.
struct Choice {
  const CompiledStep *step;
  unsigned variant, bucket;
};

/// Builds one function of C: it checks what it is given, chooses the code, lays
/// out its arguments as that code takes them, and runs it.
class FunctionBuilder {
public:
  FunctionBuilder(llvm::Module &module, const Library &library,
                  const LibraryFunction &function,
                  llvm::ArrayRef<CompiledVariant> variants);

  void build();

private:
  void collectChoices(llvm::ArrayRef<CompiledVariant> variants);
  void declare();
  /// Returns `outcome` unless `isGood`.
  void require(llvm::Value *isGood, Outcome outcome);
  void checkWorkers();
  void checkSizes();
  llvm::Value *chooseBucket();
  llvm::Value *createContext();
  void fill(const Choice &choice, llvm::Value *context);
  llvm::Value *createOperand(const CompiledOperand &operand, unsigned index);
  llvm::Value *createDescriptor(const CompiledOperand &operand,
                                const LibraryArgument &argument,
                                llvm::Value *array);
  void run(llvm::Value *context, llvm::Value *step);

  llvm::Value *i64(int64_t value) { return b.getInt64(value); }
  llvm::Value *at(llvm::Value *base, int64_t offset) {
    return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), base, offset);
  }
  llvm::Value *load(llvm::Type *type, llvm::Value *base, int64_t offset) {
    return b.CreateAlignedLoad(type, at(base, offset), llvm::Align(8));
  }
  void store(llvm::Value *value, llvm::Value *base, int64_t offset) {
    b.CreateAlignedStore(value, at(base, offset), llvm::Align(8));
  }
  /// Memory of the call's frame; its place is the entry block, whose end is
  /// reached once.
  llvm::Value *reserve(int64_t bytes) {
    llvm::IRBuilderBase::InsertPointGuard guard(b);
    b.SetInsertPoint(entry, entry->getFirstInsertionPt());
    auto *memory = b.CreateAlloca(llvm::ArrayType::get(b.getInt8Ty(), bytes));
    memory->setAlignment(llvm::Align(8));
    return memory;
  }

  llvm::Module &module;
  const Library &library;
  const LibraryFunction &function;
  llvm::IRBuilder<> b;
  llvm::Type *pointer;
  llvm::SmallVector<Choice> choices;
  /// Most tokens of each bucket, ascending.
  llvm::SmallVector<int64_t> buckets;
  unsigned numVariants;
  llvm::Function *built = nullptr;
  llvm::BasicBlock *entry = nullptr;
  llvm::Value *workers = nullptr, *weights = nullptr, *count = nullptr;
  llvm::SmallVector<llvm::Value *> sizes, arguments;
};
} // namespace

FunctionBuilder::FunctionBuilder(llvm::Module &module, const Library &library,
                                 const LibraryFunction &function,
                                 llvm::ArrayRef<CompiledVariant> variants)
    : module(module), library(library), function(function),
      b(module.getContext()), pointer(b.getPtrTy()),
      numVariants(variants.size()) {
  collectChoices(variants);
}

void FunctionBuilder::collectChoices(llvm::ArrayRef<CompiledVariant> variants) {
  for (auto [number, variant] : llvm::enumerate(variants))
    for (const CompiledStep &step : variant.steps) {
      if (!isBucketOf(step, function.name))
        continue;
      if (number == 0)
        buckets.push_back(step.maxTokens);
      unsigned bucket = llvm::find(buckets, step.maxTokens) - buckets.begin();
      choices.push_back({&step, static_cast<unsigned>(number), bucket});
    }
}

void FunctionBuilder::declare() {
  llvm::SmallVector<llvm::Type *> types = {pointer};
  if (library.weightBytes)
    types.push_back(pointer);
  types.append(function.sizes.size(), b.getInt64Ty());
  for (const LibraryArgument &argument : function.arguments)
    types.push_back(argument.use == LibraryArgument::Use::Number
                        ? b.getInt64Ty()
                        : pointer);
  auto *type = llvm::FunctionType::get(b.getInt32Ty(), types, false);
  built = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                                 function.name, module);
  built->setVisibility(llvm::GlobalValue::ProtectedVisibility);
  auto *argument = built->arg_begin();
  workers = argument++;
  weights = library.weightBytes ? argument++
                                : static_cast<llvm::Value *>(b.getInt64(0));
  for (size_t i = 0; i < function.sizes.size(); ++i)
    sizes.push_back(argument++);
  while (argument != built->arg_end())
    arguments.push_back(argument++);
  entry = llvm::BasicBlock::Create(module.getContext(), "", built);
  b.SetInsertPoint(entry);
}

void FunctionBuilder::require(llvm::Value *isGood, Outcome outcome) {
  auto *refuse = llvm::BasicBlock::Create(module.getContext(), "", built);
  auto *next = llvm::BasicBlock::Create(module.getContext(), "", built);
  b.CreateCondBr(isGood, next, refuse);
  b.SetInsertPoint(refuse);
  b.CreateRet(b.getInt32(outcome));
  b.SetInsertPoint(next);
}

void FunctionBuilder::checkWorkers() {
  count = load(b.getInt64Ty(), workers, Count);
  require(b.CreateICmpSGE(count, i64(1)), BadWorkers);
  llvm::Value *memory =
      b.CreatePtrToInt(load(pointer, workers, Memory), b.getInt64Ty());
  require(b.CreateIsNotNull(memory), BadWorkers);
  require(b.CreateIsNull(b.CreateAnd(memory, i64(kAlignment - 1))), BadWorkers);
  llvm::Value *isAlone = b.CreateICmpEQ(count, i64(1));
  llvm::Value *canShare = b.CreateIsNotNull(load(pointer, workers, Parallel));
  require(b.CreateOr(isAlone, canShare), BadWorkers);
}

void FunctionBuilder::checkSizes() {
  for (auto [size, facts] : llvm::zip_equal(sizes, function.sizes)) {
    require(b.CreateICmpSGE(size, i64(0)), BadSize);
    if (facts.isBounded)
      require(b.CreateICmpSLE(size, i64(buckets.back())), BadSize);
  }
}

/// The number of the smallest bucket that has room for all rows; rows of a
/// known number have it in any.
llvm::Value *FunctionBuilder::chooseBucket() {
  llvm::Value *rows = i64(1);
  auto cover = [&](llvm::Value *size) {
    rows = b.CreateSelect(b.CreateICmpSGT(size, rows), size, rows);
  };
  for (auto [size, facts] : llvm::zip_equal(sizes, function.sizes))
    if (facts.isBounded)
      cover(size);
  for (const LibraryArgument &argument : function.arguments)
    if (!argument.shape.empty() && !ShapedType::isDynamic(argument.shape[0]))
      cover(i64(std::min(argument.shape[0], buckets.back())));
  llvm::Value *chosen = i64(buckets.size() - 1);
  for (int64_t bucket = buckets.size() - 2; bucket >= 0; --bucket)
    chosen = b.CreateSelect(b.CreateICmpSLE(rows, i64(buckets[bucket])),
                            i64(bucket), chosen);
  return chosen;
}

/// What all choices share of the context that generated code is run with.
llvm::Value *FunctionBuilder::createContext() {
  llvm::Value *context = reserve(sizeof(tenon_step_context));
  b.CreateMemSet(context, b.getInt8(0), sizeof(tenon_step_context),
                 llvm::Align(8));
  llvm::Value *meeting = reserve(kMeetingBytes);
  b.CreateMemSet(meeting, b.getInt8(0), kMeetingBytes, llvm::Align(8));
  store(count, meeting, kMeetingWorkers);
  store(load(pointer, workers, Memory), context,
        offsetof(tenon_step_context, arena));
  if (library.weightBytes)
    store(weights, context, offsetof(tenon_step_context, weights));
  store(count, context, offsetof(tenon_step_context, num_threads));
  store(module.getFunction(kBarrierName), context,
        offsetof(tenon_step_context, barrier));
  store(at(meeting, kMeetingTickets), context,
        offsetof(tenon_step_context, tickets));
  store(meeting, context, offsetof(tenon_step_context, runtime));
  return context;
}

/// An array as generated code takes it: its address twice, an offset, sizes and
/// strides.
llvm::Value *FunctionBuilder::createDescriptor(const CompiledOperand &operand,
                                               const LibraryArgument &argument,
                                               llvm::Value *array) {
  const std::vector<int64_t> &shape = *operand.shape;
  int64_t rank = shape.size();
  llvm::Value *descriptor = reserve(8 * (3 + 2 * rank));
  store(array, descriptor, 0);
  store(array, descriptor, 8);
  store(i64(0), descriptor, 16);
  llvm::ArrayRef<unsigned> unknown = argument.sizes;
  llvm::SmallVector<llvm::Value *> all;
  for (int64_t size : shape)
    if (ShapedType::isDynamic(size)) {
      all.push_back(sizes[unknown.front()]);
      unknown = unknown.drop_front();
    } else {
      all.push_back(i64(size));
    }
  llvm::Value *stride = i64(1);
  for (int64_t dim = rank - 1; dim >= 0; --dim) {
    store(all[dim], descriptor, 8 * (3 + dim));
    store(stride, descriptor, 8 * (3 + rank + dim));
    stride = b.CreateMul(stride, all[dim]);
  }
  return descriptor;
}

llvm::Value *FunctionBuilder::createOperand(const CompiledOperand &operand,
                                            unsigned index) {
  unsigned number = operand.result ? function.results[*operand.result] : index;
  const LibraryArgument &argument = function.arguments[number];
  if (operand.shape)
    return createDescriptor(operand, argument, arguments[number]);
  llvm::Value *place = reserve(8);
  store(arguments[number], place, 0);
  return place;
}

/// Adds the arguments and the memory of one choice.
void FunctionBuilder::fill(const Choice &choice, llvm::Value *context) {
  const CompiledStep &step = *choice.step;
  llvm::Value *table = reserve(8 * std::max<size_t>(step.operands.size(), 1));
  for (auto [index, operand] : llvm::enumerate(step.operands))
    store(createOperand(operand, index), table, 8 * index);
  store(table, context, offsetof(tenon_step_context, states));
  llvm::Value *memory = load(pointer, workers, Memory);
  store(at(memory, llvm::alignTo(step.arenaBytes, kAlignment)), context,
        offsetof(tenon_step_context, scratch));
  store(i64(llvm::alignTo(step.scratchBytes, kAlignment)), context,
        offsetof(tenon_step_context, scratch_stride));
}

void FunctionBuilder::run(llvm::Value *context, llvm::Value *step) {
  auto *alone = llvm::BasicBlock::Create(module.getContext(), "", built);
  auto *shared = llvm::BasicBlock::Create(module.getContext(), "", built);
  llvm::Value *job = reserve(16);
  store(context, job, kJobContext);
  store(step, job, kJobStep);
  llvm::Function *work = module.getFunction(kWorkName);
  b.CreateCondBr(b.CreateICmpEQ(count, i64(1)), alone, shared);
  b.SetInsertPoint(alone);
  b.CreateCall(work, {job, i64(0)});
  b.CreateRet(b.getInt32(Done));
  b.SetInsertPoint(shared);
  auto *type = llvm::FunctionType::get(
      b.getVoidTy(), {pointer, b.getInt64Ty(), pointer, pointer}, false);
  b.CreateCall(type, load(pointer, workers, Parallel),
               {load(pointer, workers, Pool), count, work, job});
  b.CreateRet(b.getInt32(Done));
}

void FunctionBuilder::build() {
  declare();
  checkWorkers();
  checkSizes();
  llvm::Value *variant = b.CreateCall(module.getFunction(kChooseName));
  require(b.CreateICmpULT(variant, i64(numVariants)), BadCpu);
  llvm::Value *number =
      b.CreateAdd(b.CreateMul(variant, i64(buckets.size())), chooseBucket());
  llvm::Value *context = createContext();

  auto *join = llvm::BasicBlock::Create(module.getContext(), "", built);
  auto *never = llvm::BasicBlock::Create(module.getContext(), "", built);
  llvm::SwitchInst *choose = b.CreateSwitch(number, never, choices.size());
  b.SetInsertPoint(never);
  b.CreateUnreachable();
  b.SetInsertPoint(join);
  llvm::PHINode *step = b.CreatePHI(pointer, choices.size());
  for (const Choice &choice : choices) {
    auto *block = llvm::BasicBlock::Create(module.getContext(), "", built);
    choose->addCase(b.getInt64(choice.variant * buckets.size() + choice.bucket),
                    block);
    b.SetInsertPoint(block);
    fill(choice, context);
    b.CreateBr(join);
    llvm::Function *code = module.getFunction(choice.step->symbol);
    step->addIncoming(code, block);
  }
  b.SetInsertPoint(join);
  run(context, step);
}

/// Declares the code of all variants.
static void declareSteps(llvm::Module &module,
                         llvm::ArrayRef<CompiledVariant> variants) {
  llvm::LLVMContext &context = module.getContext();
  auto *type = llvm::FunctionType::get(
      llvm::Type::getVoidTy(context),
      {llvm::PointerType::get(context, 0), llvm::Type::getInt64Ty(context)},
      false);
  for (const CompiledVariant &variant : variants)
    for (const CompiledStep &step : variant.steps)
      llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                             step.symbol, module)
          ->setVisibility(llvm::GlobalValue::HiddenVisibility);
}

/// The bytes that the workers of any function need: an arena, and scratch
/// memory for each worker.
static void addMemorySize(llvm::Module &module, const Library &library,
                          llvm::ArrayRef<CompiledVariant> variants) {
  int64_t arena = 0, scratch = 0;
  for (const CompiledVariant &variant : variants)
    for (const CompiledStep &step : variant.steps) {
      arena = std::max(arena, step.arenaBytes);
      scratch = std::max(scratch, step.scratchBytes);
    }
  llvm::IRBuilder<> b(module.getContext());
  auto *type = llvm::FunctionType::get(b.getInt64Ty(), {b.getInt64Ty()}, false);
  llvm::Function *function =
      llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                             library.name + "_memory_bytes", module);
  function->setVisibility(llvm::GlobalValue::ProtectedVisibility);
  b.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "", function));
  llvm::Value *bytes = b.CreateMul(
      function->getArg(0), b.getInt64(llvm::alignTo(scratch, kAlignment)));
  // Never 0, so that an allocation of it is not NULL.
  b.CreateRet(b.CreateAdd(
      bytes,
      b.getInt64(llvm::alignTo(std::max<int64_t>(arena, 1), kAlignment))));
}

llvm::Error tenon::checkOperands(const LibraryFunction &function,
                                 const CompiledStep &step) {
  llvm::SmallBitVector given(function.arguments.size());
  for (auto [index, operand] : llvm::enumerate(step.operands))
    given.set(operand.result ? function.results[*operand.result] : index);
  for (auto [index, argument] : llvm::enumerate(function.arguments))
    if (!given[index])
      return llvm::createStringError(
          "function '" + function.name + "': '" + argument.name +
          "' would be the same array as another result or as an argument; "
          "return it once");
  return llvm::Error::success();
}

llvm::Error tenon::linkLibrary(const Library &library,
                               llvm::ArrayRef<CompiledVariant> variants,
                               llvm::StringRef path) {
  llvm::LLVMContext context;
  llvm::Expected<std::unique_ptr<llvm::Module>> module =
      createGlueModule(context, getLibraryGlue());
  if (!module)
    return module.takeError();
  completeGlue(**module, variants);
  declareSteps(**module, variants);
  addMemorySize(**module, library, variants);
  for (const LibraryFunction &function : library.functions) {
    if ((*module)->getNamedValue(function.name))
      return llvm::createStringError("the library has a function '" +
                                     function.name +
                                     "' of its own; rename the entry");
    for (const CompiledVariant &variant : variants)
      for (const CompiledStep &step : variant.steps)
        if (isBucketOf(step, function.name))
          if (llvm::Error error = checkOperands(function, step))
            return error;
    FunctionBuilder(**module, library, function, variants).build();
  }
  return linkObjects(**module, variants, path);
}
