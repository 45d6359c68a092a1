// Kernels as code of this machine, called on tensors of the interpreter.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/NativeKernels.h"
#include "dialects/Tenon/Tenon.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Packing/Packer.h"
#include "tenon/Pipelines/Pipelines.h"
#include "tenon/Runtime/Format.h"
#include "tenon/Support/FirstDiagnostic.h"
#include "tenon/Target/Target.h"
#include "tenon/Testing/GuardedMemory.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include "KernelArguments.h"
#include "LoadedCode.h"

using namespace mlir;
using namespace tenon;

/// That of the scratch memory which a step context gives to generated code.
static constexpr size_t kScratchAlignment = 64;

namespace {
/// The workers of one call. The last that arrives at a barrier opens it.
class Meeting {
public:
  explicit Meeting(int64_t workers) : workers(workers) {}

  void wait(int64_t *tickets) {
    std::unique_lock<std::mutex> lock(mutex);
    int64_t round = rounds;
    if (++arrived == workers) {
      arrived = 0;
      *tickets = 0;
      ++rounds;
      opened.notify_all();
      return;
    }
    opened.wait(lock, [&] { return rounds != round; });
  }

private:
  std::mutex mutex;
  std::condition_variable opened;
  int64_t workers, arrived = 0, rounds = 0;
};
} // namespace

static void arrive(const tenon_step_context *context, int64_t thread) {
  static_cast<Meeting *>(context->runtime)->wait(context->tickets);
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

namespace {
/// Packed weights, each piece that a kernel is given in memory of its own.
class GuardedWeights {
public:
  explicit GuardedWeights(uint64_t size)
      : packed(size, 0) {
  } // zero between weights, as in the file of an artifact

  MutableArrayRef<uint8_t> getPacked() { return packed; }
  /// A part of a stack is one of its equal pieces.
  const GuardedMemory &get(WeightType type, const WeightValue &weight,
                           GuardedMemory::Edge edge);

private:
  std::vector<uint8_t> packed;
  /// By offset and edge.
  std::map<std::pair<uint64_t, GuardedMemory::Edge>,
           std::unique_ptr<GuardedMemory>>
      pieces;
};

/// What a call is given: descriptors, numbers and addresses of weights, with
/// all memory at one edge of its pages.
class ArgumentArray {
public:
  ArgumentArray(GuardedWeights &weights, GuardedMemory::Edge edge)
      : weights(weights), edge(edge) {}

  void add(Type type, const RuntimeValue &value) {
    if (const auto *tensor = std::get_if<Tensor>(&value))
      addTensor(*tensor);
    else if (const auto *weight = std::get_if<WeightValue>(&value))
      addWeight(cast<WeightType>(type), *weight);
    else
      addWords({std::get<Scalar>(value).integer});
  }

  GuardedMemory::Edge getEdge() const { return edge; }
  ArrayRef<void *> getPlaces() const { return places; }
  /// The memory of the tensors, in their order.
  ArrayRef<std::unique_ptr<GuardedMemory>> getBuffers() const {
    return buffers;
  }
  /// All memory that a kernel may touch.
  std::vector<const GuardedMemory *> listMemory() const { return memory; }

private:
  void addWords(SmallVector<int64_t> content) {
    words.push_back(std::make_unique<SmallVector<int64_t>>(std::move(content)));
    places.push_back(words.back()->data());
  }

  void addTensor(const Tensor &tensor) {
    int64_t bytes = getElementBytes(tensor.getElementType());
    buffers.push_back(std::make_unique<GuardedMemory>(
        "operand " + std::to_string(places.size()),
        bytes * tensor.getNumElements(), edge));
    memory.push_back(buffers.back().get());
    toBytes(tensor, buffers.back()->data());
    auto address = reinterpret_cast<int64_t>(buffers.back()->data());
    SmallVector<int64_t> descriptor = {address, address, 0};
    llvm::append_range(descriptor, tensor.getShape());
    SmallVector<int64_t> strides(tensor.getRank(), 1);
    for (int64_t dim = tensor.getRank() - 1; dim > 0; --dim)
      strides[dim - 1] = strides[dim] * tensor.getDim(dim);
    llvm::append_range(descriptor, strides);
    addWords(std::move(descriptor));
  }

  void addWeight(WeightType type, const WeightValue &weight) {
    memory.push_back(&weights.get(type, weight, edge));
    places.push_back(memory.back()->data());
  }

  GuardedWeights &weights;
  GuardedMemory::Edge edge;
  std::vector<void *> places;
  std::vector<std::unique_ptr<GuardedMemory>> buffers;
  std::vector<const GuardedMemory *> memory;
  std::vector<std::unique_ptr<SmallVector<int64_t>>> words;
};
} // namespace

const GuardedMemory &GuardedWeights::get(WeightType type,
                                         const WeightValue &weight,
                                         GuardedMemory::Edge edge) {
  auto [offset, size] = findPackedPart(type, weight);
  std::unique_ptr<GuardedMemory> &piece = pieces[{offset, edge}];
  if (!piece) {
    std::string name =
        ("weight @" + SymbolTable::getSymbolName(weight.symbol).getValue())
            .str();
    piece = std::make_unique<GuardedMemory>(name, size, edge);
    std::memcpy(piece->data(), &packed[offset], size);
    piece->seal();
  }
  return *piece;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

struct NativeKernels::Code {
  struct Entry {
    tenon_step_fn function;
    int64_t scratchBytes;
  };

  llvm::Error compile(ModuleOp outlined);
  llvm::Error pack(ModuleOp outlined, const TensorSource *source);
  void run(StringRef kernel, const Entry &entry, const ArgumentArray &arguments,
           int64_t workers) const;

  LoadedCode loaded;
  std::unique_ptr<GuardedWeights> weights;
  /// From a kernel of the module to that of the code.
  llvm::StringMap<std::string> names;
  llvm::StringMap<Entry> entries;
};

static SmallVector<func::CallOp> listCalls(func::FuncOp func) {
  SmallVector<func::CallOp> calls;
  func.walk([&](func::CallOp call) { calls.push_back(call); });
  return calls;
}

/// Bufferization keeps the order of calls, so call i of a function before is
/// call i of it behind, whatever its callee is named then.
static llvm::Error matchKernels(ModuleOp before, ModuleOp behind,
                                llvm::StringMap<std::string> &names) {
  for (func::FuncOp func : before.getOps<func::FuncOp>()) {
    SmallVector<func::CallOp> calls = listCalls(func), others;
    if (auto other = behind.lookupSymbol<func::FuncOp>(func.getName()))
      others = listCalls(other);
    if (!others.empty() && calls.size() != others.size())
      return llvm::createStringError(
          "expects bufferization to keep the calls of '" + func.getName() +
          "', but of " + Twine(calls.size()) + " it leaves " +
          Twine(others.size()));
    for (auto [call, other] : llvm::zip(calls, others)) {
      auto callee = before.lookupSymbol<func::FuncOp>(call.getCallee());
      if (listCalls(callee).empty())
        names[call.getCallee()] = other.getCallee().str();
    }
  }
  return llvm::Error::success();
}

/// Names an op that code generation does not know.
static llvm::Error verifyTiled(ModuleOp module) {
  KernelRootOpInterface root;
  module.walk([&](KernelRootOpInterface op) {
    root = op;
    return WalkResult::interrupt();
  });
  if (!root)
    return llvm::Error::success();
  return llvm::createStringError(
      "native code is generated from tiles, but '" +
      root->getParentOfType<func::FuncOp>().getName() + "' holds '" +
      root->getName().getStringRef() +
      "'; add --pipeline='builtin.module(tenon-tile-pipeline)', after "
      "tenon-form-pipeline if the module was imported only");
}

llvm::Error NativeKernels::Code::compile(ModuleOp outlined) {
  if (llvm::Error error = verifyTiled(outlined))
    return error;
  OwningOpRef<ModuleOp> module = outlined.clone();
  {
    FirstDiagnostic diagnostic(module->getContext());
    PassManager manager(module->getContext());
    buildBufferizePipeline(manager);
    if (failed(manager.run(*module)))
      return diagnostic.take("cannot bufferize the module");
  }
  if (llvm::Error error = matchKernels(outlined, *module, names))
    return error;
  SmallVector<func::FuncOp> callers;
  for (func::FuncOp func : module->getOps<func::FuncOp>()) {
    if (listCalls(func).empty())
      func.setPublic();
    else
      callers.push_back(func);
  }
  for (func::FuncOp func : callers)
    func.erase();
  llvm::Expected<CompiledVariant> variant =
      compileForCpu(*module, EmitKind::Object, nullptr, EntryKind::Arrays);
  if (!variant)
    return variant.takeError();
  if (llvm::Error error = loaded.load(*variant, "the kernels"))
    return error;
  for (auto [index, step] : llvm::enumerate(variant->steps))
    entries[step.function] = {loaded.getStep(index), step.scratchBytes};
  return llvm::Error::success();
}

llvm::Error NativeKernels::Code::pack(ModuleOp outlined,
                                      const TensorSource *source) {
  uint64_t size = getPackedSize(outlined);
  weights = std::make_unique<GuardedWeights>(size);
  if (!size)
    return llvm::Error::success();
  if (!source)
    return llvm::createStringError(
        "native kernels read packed weights; say whose with --model");
  auto sink = [&](uint64_t offset, ArrayRef<uint8_t> bytes) {
    llvm::copy(bytes, weights->getPacked().begin() + offset);
    return llvm::Error::success();
  };
  PackOptions options;
  options.threads = 1;
  return packWeights(outlined, *source, sink, options);
}

void NativeKernels::Code::run(StringRef kernel, const Entry &entry,
                              const ArgumentArray &arguments,
                              int64_t workers) const {
  Meeting meeting(workers);
  int64_t tickets = 0;
  tenon_step_context context = {};
  // Kernels are given the addresses of their weights; their buffers are in
  // the scratch memory of each worker, none in the arena.
  GuardedMemory unused("weights or arena", 0, arguments.getEdge());
  GuardedMemory scratch("scratch memory", entry.scratchBytes,
                        arguments.getEdge(), kScratchAlignment, workers);
  context.weights = context.arena = unused.data();
  context.scratch = scratch.data();
  context.scratch_stride = scratch.getStride();
  context.states = arguments.getPlaces().data();
  context.num_threads = workers;
  context.barrier = arrive;
  context.tickets = &tickets;
  context.runtime = &meeting;
  std::vector<const GuardedMemory *> memory = arguments.listMemory();
  memory.insert(memory.end(), {&unused, &scratch});
  AccessReport report(("kernel '" + kernel + "'").str(), std::move(memory));
  std::vector<std::thread> others;
  for (int64_t worker = 1; worker < workers; ++worker)
    others.emplace_back(entry.function, &context, worker);
  entry.function(&context, 0);
  for (std::thread &other : others)
    other.join();
}

//===----------------------------------------------------------------------===//
// NativeKernels
//===----------------------------------------------------------------------===//

NativeKernels::NativeKernels() : code(std::make_unique<Code>()) {}
NativeKernels::~NativeKernels() = default;

llvm::Expected<std::unique_ptr<NativeKernels>>
NativeKernels::create(ModuleOp outlined, const TensorSource *source) {
  std::unique_ptr<NativeKernels> kernels(new NativeKernels());
  if (llvm::Error error = kernels->code->pack(outlined, source))
    return std::move(error);
  if (llvm::Error error = kernels->code->compile(outlined))
    return std::move(error);
  return kernels;
}

bool NativeKernels::handles(func::FuncOp callee) const {
  return code->names.contains(callee.getName());
}

StringRef NativeKernels::getNativeName(func::FuncOp callee) const {
  return code->names.find(callee.getName())->second;
}

/// Fails if a call wrote beside its tensors, or to one that is no result.
static LogicalResult checkMemory(func::FuncOp callee,
                                 const ArgumentArray &given,
                                 const ArgumentArray &used, size_t results) {
  size_t inputs = used.getBuffers().size() - results;
  for (auto [index, before, buffer] :
       llvm::enumerate(given.getBuffers(), used.getBuffers())) {
    if (!buffer->isIntact())
      return callee.emitError() << "writes outside of tensor " << index;
    if (index < inputs && !(*buffer == *before))
      return callee.emitError()
             << "writes to tensor " << index << ", which is no result";
  }
  return success();
}

FailureOr<SmallVector<RuntimeValue>>
NativeKernels::call(func::FuncOp callee, ArrayRef<RuntimeValue> operands) {
  auto entry = code->entries.find(getNativeName(callee));
  if (entry == code->entries.end())
    return callee.emitError()
           << "expects code of the kernel '" << getNativeName(callee) << "'";
  GuardedWeights &weights = *code->weights;
  ArgumentArray given(weights, GuardedMemory::Edge::End),
      alone(weights, GuardedMemory::Edge::End),
      shared(weights, GuardedMemory::Edge::Beginning);
  for (auto [type, operand] :
       llvm::zip_equal(callee.getArgumentTypes(), operands))
    for (ArgumentArray *array : {&given, &alone, &shared})
      array->add(type, operand);
  code->run(entry->first(), entry->second, alone, /*workers=*/1);
  code->run(entry->first(), entry->second, shared, /*workers=*/3);
  size_t count = callee.getNumResults();
  if (failed(checkMemory(callee, given, alone, count)) ||
      failed(checkMemory(callee, given, shared, count)))
    return failure();
  SmallVector<RuntimeValue> results(operands.take_back(count));
  for (auto [index, result, buffer, other] :
       llvm::enumerate(results, alone.getBuffers().take_back(count),
                       shared.getBuffers().take_back(count))) {
    if (!(*buffer == *other))
      return callee.emitError() << "gives other bits in result " << index
                                << " with 3 workers than with 1";
    fromBytes(buffer->data(), std::get<Tensor>(result));
  }
  return results;
}
