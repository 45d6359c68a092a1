// A whole function as code of this machine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/NativeFunction.h"
#include "dialects/Machine/Machine.h"
#include "tenon/Packing/Packer.h"
#include "tenon/Pipelines/Pipelines.h"
#include "tenon/Runtime/Format.h"
#include "tenon/Support/FirstDiagnostic.h"
#include "tenon/Target/Backend.h"
#include "tenon/Target/CPU/CpuBackend.h"
#include "tenon/Target/Library.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/MathExtras.h"

#include <atomic>
#include <chrono>
#include <thread>
#include "KernelArguments.h"
#include "LoadedCode.h"

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// Memory and workers
//===----------------------------------------------------------------------===//

namespace {
/// Bytes that begin at a multiple of 4096, as weights do when they are mapped.
class AlignedBytes {
public:
  explicit AlignedBytes(size_t size) : bytes(size + kAlignment, 0) {}
  uint8_t *data() {
    return reinterpret_cast<uint8_t *>(
        llvm::alignTo(reinterpret_cast<uintptr_t>(bytes.data()), kAlignment));
  }

private:
  static constexpr size_t kAlignment = 4096;
  std::vector<uint8_t> bytes;
};

/// Where workers wait for each other. It spins, for it is part of what is
/// measured; who waits long gives its CPU away.
class Gate {
public:
  explicit Gate(int64_t workers) : workers(workers) {}

  void wait(int64_t *tickets) {
    // The round cannot end before this worker arrives.
    int64_t round = rounds.load(std::memory_order_relaxed);
    // Publishes what the worker wrote to the last one that arrives.
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == workers) {
      arrived.store(0, std::memory_order_relaxed);
      *tickets = 0;
      // Publishes all of it, and the two lines above, to those who wait.
      rounds.store(round + 1, std::memory_order_release);
      return;
    }
    for (int turn = 1; rounds.load(std::memory_order_acquire) == round; ++turn)
      if (turn % 1024 == 0)
        std::this_thread::yield();
  }

private:
  int64_t workers;
  std::atomic<int64_t> arrived{0}, rounds{0};
};
} // namespace

static void arrive(const tenon_step_context *context, int64_t) {
  static_cast<Gate *>(context->runtime)->wait(context->tickets);
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

static llvm::Error runPasses(ModuleOp module, const char *what,
                             llvm::function_ref<void(OpPassManager &)> build) {
  FirstDiagnostic diagnostic(module.getContext());
  PassManager manager(module.getContext());
  build(manager);
  if (succeeded(manager.run(module)))
    return llvm::Error::success();
  return diagnostic.take(std::string("cannot ") + what + " the function");
}

/// States this machine on a module that states none.
static llvm::Error chooseMachine(ModuleOp module) {
  if (machine::getTarget(module))
    return llvm::Error::success();
  std::optional<StringRef> level = getCpuBackend().detectLevel();
  if (!level)
    return llvm::createStringError(
        "engine native has no code for the CPU of this machine");
  module->setAttr(machine::MachineDialect::kTargetName,
                  machine::lookupMachine(module.getContext(), *level));
  return llvm::Error::success();
}

static llvm::Error lower(ModuleOp module, int64_t rows) {
  FormOptions form;
  form.buckets = ArrayRef<int64_t>(rows);
  if (llvm::Error error = runPasses(module, "simplify", buildSimplifyPipeline))
    return error;
  return runPasses(module, "lay out", [&](OpPassManager &pm) {
    buildLayOutPipeline(pm, form);
    buildFormPipeline(pm);
    buildTilePipeline(pm);
  });
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

namespace {
/// What a function is called with.
class CallFrame {
public:
  CallFrame(const LibraryFunction &function, ArrayRef<Type> resultTypes)
      : function(function), resultTypes(resultTypes) {}

  llvm::Error addArguments(ArrayRef<Tensor> tensors);
  llvm::Error addResults(size_t numArguments);
  void lay(const CompiledStep &step);
  std::vector<Tensor> readResults();

  void *const *getTable() const { return table.data(); }
  uint64_t countBytes() const { return numBytes; }

private:
  SmallVector<int64_t> getShape(const LibraryArgument &argument) const;
  void addMemory(const Tensor &tensor);

  const LibraryFunction &function;
  ArrayRef<Type> resultTypes;
  /// By the numbers of the function's arguments in C.
  std::vector<std::unique_ptr<AlignedBytes>> memory;
  std::vector<Tensor> tensors;
  std::vector<std::optional<int64_t>> sizes;
  std::vector<std::unique_ptr<SmallVector<int64_t>>> words;
  std::vector<void *> table;
  uint64_t numBytes = 0;
};
} // namespace

void CallFrame::addMemory(const Tensor &tensor) {
  uint64_t bytes =
      getElementBytes(tensor.getElementType()) * tensor.getNumElements();
  memory.push_back(std::make_unique<AlignedBytes>(bytes));
  toBytes(tensor, memory.back()->data());
  tensors.push_back(tensor);
  numBytes += bytes;
}

llvm::Error CallFrame::addArguments(ArrayRef<Tensor> given) {
  sizes.resize(function.sizes.size());
  for (auto [tensor, argument] : llvm::zip(given, function.arguments)) {
    if (failed(verifyCompatibleShape(argument.shape, tensor.getShape())))
      return llvm::createStringError("'" + argument.name + "' expects " +
                                     argument.type +
                                     ", but got an input of another shape");
    ArrayRef<unsigned> unknown = argument.sizes;
    for (auto [dim, size] : llvm::enumerate(argument.shape)) {
      if (!ShapedType::isDynamic(size))
        continue;
      std::optional<int64_t> &known = sizes[unknown.front()];
      if (known && *known != tensor.getDim(dim))
        return llvm::createStringError("arguments expect to agree on " +
                                       function.sizes[unknown.front()].name +
                                       ", but '" + argument.name + "' has " +
                                       Twine(tensor.getDim(dim)) +
                                       ", and others have " + Twine(*known));
      known = tensor.getDim(dim);
      unknown = unknown.drop_front();
    }
    addMemory(tensor);
  }
  return llvm::Error::success();
}

SmallVector<int64_t>
CallFrame::getShape(const LibraryArgument &argument) const {
  SmallVector<int64_t> shape(argument.shape.begin(), argument.shape.end());
  ArrayRef<unsigned> unknown = argument.sizes;
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size)) {
      size = sizes[unknown.front()].value_or(ShapedType::kDynamic);
      unknown = unknown.drop_front();
    }
  return shape;
}

llvm::Error CallFrame::addResults(size_t numArguments) {
  for (auto [index, number] : llvm::enumerate(function.results)) {
    if (number < numArguments)
      continue;
    const LibraryArgument &argument = function.arguments[number];
    SmallVector<int64_t> shape = getShape(argument);
    if (llvm::is_contained(shape, ShapedType::kDynamic))
      return llvm::createStringError("no argument says how many rows '" +
                                     argument.name + "' has");
    addMemory(Tensor(getElementTypeOrSelf(resultTypes[index]), shape));
  }
  return llvm::Error::success();
}

/// Makes the table of arguments that the code of a step takes.
void CallFrame::lay(const CompiledStep &step) {
  for (auto [index, operand] : llvm::enumerate(step.operands)) {
    unsigned number =
        operand.result ? function.results[*operand.result] : index;
    if (!operand.shape) {
      table.push_back(memory[number]->data());
      continue;
    }
    auto address = reinterpret_cast<int64_t>(memory[number]->data());
    auto descriptor = std::make_unique<SmallVector<int64_t>>(
        SmallVector<int64_t>{address, address, 0});
    SmallVector<int64_t> shape(operand.shape->begin(), operand.shape->end());
    // A view of it has the same unknown sizes.
    ArrayRef<unsigned> unknown = function.arguments[number].sizes;
    for (int64_t &size : shape)
      if (ShapedType::isDynamic(size)) {
        size = *sizes[unknown.front()];
        unknown = unknown.drop_front();
      }
    SmallVector<int64_t> strides(shape.size(), 1);
    for (int64_t dim = int64_t(shape.size()) - 1; dim > 0; --dim)
      strides[dim - 1] = strides[dim] * shape[dim];
    llvm::append_range(*descriptor, shape);
    llvm::append_range(*descriptor, strides);
    table.push_back(descriptor->data());
    words.push_back(std::move(descriptor));
  }
}

std::vector<Tensor> CallFrame::readResults() {
  std::vector<Tensor> results;
  for (unsigned number : function.results) {
    fromBytes(memory[number]->data(), tensors[number]);
    results.push_back(tensors[number]);
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Runs the code, first once unmeasured; returns the seconds of the run in the
/// middle.
static double runCode(tenon_step_fn function, const CompiledStep &step,
                      const uint8_t *weights, void *const *table,
                      const NativeRun &run) {
  Gate gate(run.workers);
  AlignedBytes arena(step.arenaBytes);
  size_t stride = llvm::alignTo(step.scratchBytes, 64);
  AlignedBytes scratch(stride * run.workers);
  int64_t tickets = 0;
  tenon_step_context context = {};
  context.weights = weights;
  context.arena = arena.data();
  context.scratch = scratch.data();
  context.scratch_stride = stride;
  context.states = table;
  context.num_threads = run.workers;
  context.barrier = arrive;
  context.tickets = &tickets;
  context.runtime = &gate;

  using Clock = std::chrono::steady_clock;
  std::vector<double> seconds;
  auto work = [&](int64_t worker) {
    for (int64_t i = 0; i <= run.times; ++i) {
      gate.wait(&tickets);
      Clock::time_point begin = Clock::now();
      function(&context, worker);
      gate.wait(&tickets);
      if (worker == 0 && i > 0)
        seconds.push_back(
            std::chrono::duration<double>(Clock::now() - begin).count());
    }
  };
  std::vector<std::thread> others;
  for (int64_t worker = 1; worker < run.workers; ++worker)
    others.emplace_back(work, worker);
  work(0);
  for (std::thread &other : others)
    other.join();
  if (seconds.empty())
    return 0;
  auto middle = seconds.begin() + seconds.size() / 2;
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

static llvm::Expected<std::unique_ptr<AlignedBytes>>
pack(ModuleOp module, const TensorSource *source, uint64_t size) {
  auto bytes = std::make_unique<AlignedBytes>(size);
  if (!size)
    return bytes;
  if (!source)
    return llvm::createStringError(
        "native code reads packed weights; say whose with --model");
  auto sink = [&](uint64_t offset, ArrayRef<uint8_t> part) {
    llvm::copy(part, bytes->data() + offset);
    return llvm::Error::success();
  };
  PackOptions options;
  options.threads = 1;
  if (llvm::Error error = packWeights(module, *source, sink, options))
    return std::move(error);
  return bytes;
}

/// Most rows of any argument, which its bucket has room for.
static int64_t countRows(ArrayRef<Tensor> arguments) {
  int64_t rows = 1;
  for (const Tensor &tensor : arguments)
    if (tensor.getRank())
      rows = std::max(rows, tensor.getDim(0));
  return rows;
}

llvm::Expected<NativeResults>
tenon::runNativeFunction(ModuleOp original, const std::string &entry,
                         ArrayRef<Tensor> arguments, const TensorSource *source,
                         const NativeRun &run) {
  OwningOpRef<ModuleOp> module = original.clone();
  llvm::Expected<Library> library = selectEntries(*module, entry);
  if (!library)
    return library.takeError();
  const LibraryFunction &function = library->functions.front();
  SmallVector<Type> types(
      module->lookupSymbol<func::FuncOp>(entry).getResultTypes());
  CallFrame frame(function, types);
  if (llvm::Error error = frame.addArguments(arguments))
    return std::move(error);
  if (llvm::Error error = frame.addResults(arguments.size()))
    return std::move(error);

  if (llvm::Error error = chooseMachine(*module))
    return std::move(error);
  if (llvm::Error error = lower(*module, countRows(arguments)))
    return std::move(error);
  uint64_t weightBytes = getPackedSize(*module);
  auto weights = pack(*module, source, weightBytes);
  if (!weights)
    return weights.takeError();
  if (llvm::Error error =
          runPasses(*module, "bufferize", buildBufferizePipeline))
    return std::move(error);
  llvm::Expected<CompiledVariant> variant = compileForCpu(
      *module, EmitKind::Object, /*text=*/nullptr, EntryKind::Functions);
  if (!variant)
    return variant.takeError();
  if (variant->features & ~tenon_cpu_features())
    return llvm::createStringError("this machine does not run code for " +
                                   variant->name +
                                   ", which machine.target names");
  LoadedCode code;
  if (llvm::Error error = code.load(*variant, "the function"))
    return std::move(error);
  const CompiledStep &step = variant->steps.front();
  if (llvm::Error error = checkOperands(function, step))
    return std::move(error);
  frame.lay(step);
  NativeResults results;
  results.seconds =
      runCode(code.getStep(0), step, (*weights)->data(), frame.getTable(), run);
  results.results = frame.readResults();
  results.bytes = frame.countBytes() + weightBytes;
  return results;
}
