// Plans the offsets of all buffers of a step in one arena.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Analysis/BufferSizeBounds.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/Statistic.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "tile-plan-memory"

namespace tenon {
#define GEN_PASS_DEF_PLANMEMORY
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(
    numBuffers, "Buffers with a place in the arena or in scratch memory");

/// Alignment of buffers in bytes: that of the widest vector register.
static constexpr int64_t kAlignment = 64;

namespace {
/// A buffer, its live range, and its offset.
struct Buffer {
  memref::AllocOp alloc;
  int64_t bytes = 0;
  /// Numbers of the first and last op of the block that use it.
  int64_t first = 0, last = 0;
  int64_t offset = 0;

  bool meets(const Buffer &other) const {
    return first <= other.last && other.first <= last;
  }
};

/// The buffers of one function and the functions it calls.
struct FunctionBuffers {
  func::FuncOp func;
  SmallVector<Buffer> buffers;
  SmallVector<func::CallOp> calls;
  int64_t bytes = 0;
  /// Offset of the function's buffers: the end of those of its callers.
  int64_t base = 0;

  bool isKernel() const { return tile::isKernel(func); }
};

class MemoryPlanner {
public:
  explicit MemoryPlanner(ModuleOp module) : module(module), bounds(module) {}
  LogicalResult run();

private:
  LogicalResult collect(func::FuncOp func);
  LogicalResult verifyKernels();
  FunctionBuffers *frameOf(func::CallOp call);
  LogicalResult assignBases();
  void measure(func::FuncOp func, int64_t &arena, int64_t &scratch);
  void rewrite(FunctionBuffers &frame);
  void annotate(FunctionBuffers &frame);

  ModuleOp module;
  BufferSizeBounds bounds;
  SymbolTableCollection tables;
  llvm::MapVector<Operation *, FunctionBuffers> frames;
};
} // namespace

namespace {
/// Follows a buffer to all of its aliases.
class BufferUses {
public:
  BufferUses(Block &block, Operation *begin) : block(block), last(begin) {}

  void follow(Value value) {
    for (Operation *user : value.getUsers()) {
      Operation *ancestor = block.findAncestorOpInBlock(*user);
      if (last->isBeforeInBlock(ancestor))
        last = ancestor;
      if (user->hasTrait<OpTrait::IsTerminator>())
        followOut(user);
      else
        followResults(user);
    }
  }

  Block &block;
  /// The last op of the block that uses the buffer.
  Operation *last;
  /// Ends of iterations, or of the function, that pass the buffer on.
  Operation *leaves = nullptr;

private:
  void followResults(Operation *op) {
    for (Value result : op->getResults())
      if (isa<MemRefType>(result.getType()))
        follow(result);
  }

  void followOut(Operation *terminator) {
    Operation *parent = terminator->getParentOp();
    if (isa<LoopLikeOpInterface, func::FuncOp>(parent))
      leaves = terminator;
    if (!isa<func::FuncOp>(parent))
      followResults(parent);
  }
};
} // namespace

/// Assigns offsets to buffers, large ones first: the lowest one that is free
/// throughout their live range. Returns the end of the last buffer.
static int64_t placeBuffers(MutableArrayRef<Buffer> buffers) {
  SmallVector<Buffer *> order, placed;
  for (Buffer &buffer : buffers)
    order.push_back(&buffer);
  llvm::sort(order, [](const Buffer *a, const Buffer *b) {
    return std::tie(b->bytes, a) < std::tie(a->bytes, b);
  });
  int64_t end = 0;
  for (Buffer *buffer : order) {
    int64_t offset = 0;
    // `placed` is sorted by offset, so one sweep finds the first gap.
    for (const Buffer *other : placed)
      if (buffer->meets(*other) && offset + buffer->bytes > other->offset)
        offset = std::max(offset, other->offset + other->bytes);
    buffer->offset = offset;
    auto *position =
        llvm::upper_bound(placed, buffer, [](const Buffer *a, const Buffer *b) {
          return a->offset < b->offset;
        });
    placed.insert(position, buffer);
    LDBG() << buffer->bytes << " bytes at " << offset << " from op "
           << buffer->first << " to " << buffer->last << ": " << buffer->alloc;
    end = std::max(end, offset + buffer->bytes);
  }
  return end;
}

/// Fails for a buffer that outlives the call or the iteration that made it: the
/// next one gets the same place. The caller of a public function reads what it
/// is given before the next step.
static LogicalResult verifyStays(memref::AllocOp alloc, Operation *leaves) {
  if (!leaves)
    return success();
  bool isReturn = isa<func::ReturnOp>(leaves);
  if (isReturn && cast<func::FuncOp>(leaves->getParentOp()).isPublic())
    return success();
  InFlightDiagnostic diagnostic =
      alloc.emitOpError()
      << "expects a buffer to be used "
      << (isReturn ? "in its function alone; let the caller pass it"
                   : "in one iteration alone; allocate it before the loop");
  diagnostic.attachNote(leaves->getLoc()) << "see where it is passed on";
  return diagnostic;
}

LogicalResult MemoryPlanner::collect(func::FuncOp func) {
  FunctionBuffers frame;
  frame.func = func;
  if (!func.getBody().hasOneBlock())
    return func.emitOpError() << "expects one block, in whose order buffers "
                                 "live; run before convert-scf-to-cf";
  DenseMap<Operation *, int64_t> numbers;
  for (auto [number, op] : llvm::enumerate(func.front()))
    numbers[&op] = number;
  WalkResult walk = func.walk([&](Operation *op) {
    if (auto call = dyn_cast<func::CallOp>(op))
      frame.calls.push_back(call);
    auto alloc = dyn_cast<memref::AllocOp>(op);
    if (!alloc)
      return WalkResult::advance();
    std::optional<int64_t> bytes = bounds.getBytes(alloc);
    if (!bytes) {
      alloc.emitOpError() << "expects sizes that the bucket bounds, but got "
                          << alloc.getType();
      return WalkResult::interrupt();
    }
    // A buffer inside a loop is allocated in each iteration: it is live
    // throughout the loop.
    Operation *ancestor = func.front().findAncestorOpInBlock(*op);
    BufferUses uses(func.front(), ancestor);
    uses.follow(alloc);
    if (failed(verifyStays(alloc, uses.leaves)))
      return WalkResult::interrupt();
    frame.buffers.push_back(
        {alloc, static_cast<int64_t>(llvm::alignTo(*bytes, kAlignment)),
         numbers[ancestor], numbers[uses.last], 0});
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  frame.bytes = placeBuffers(frame.buffers);
  frames.insert({func, std::move(frame)});
  return success();
}

/// The plan of the callee of a call; null for other ops.
FunctionBuffers *MemoryPlanner::frameOf(func::CallOp call) {
  auto it =
      frames.find(tables.lookupNearestSymbolFrom(call, call.getCalleeAttr()));
  return it == frames.end() ? nullptr : &it->second;
}

/// Moves the buffers of callees after those of a function, to a fixed point.
LogicalResult MemoryPlanner::assignBases() {
  for (size_t round = 0; round <= frames.size(); ++round) {
    bool moved = false;
    for (auto &[op, frame] : frames)
      for (func::CallOp call : frame.calls) {
        FunctionBuffers *callee = frameOf(call);
        if (!callee || callee->isKernel())
          continue;
        int64_t base = frame.base + frame.bytes;
        moved |= base > callee->base;
        callee->base = std::max(callee->base, base);
      }
    if (!moved)
      return success();
  }
  return module.emitError() << "expects functions with a bucket not to call "
                               "themselves";
}

/// Memory that a function and all that it calls need.
void MemoryPlanner::measure(func::FuncOp func, int64_t &arena,
                            int64_t &scratch) {
  FunctionBuffers &frame = frames.find(func)->second;
  if (frame.isKernel())
    scratch = std::max(scratch, frame.bytes);
  else
    arena = std::max(arena, frame.base + frame.bytes);
  for (func::CallOp call : frame.calls)
    if (FunctionBuffers *callee = frameOf(call))
      measure(callee->func, arena, scratch);
}

/// Adds the two arguments, passes them on, and replaces allocations by views.
void MemoryPlanner::rewrite(FunctionBuffers &frame) {
  OpBuilder builder(frame.func);
  auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  unsigned count = frame.func.getNumArguments();
  Value arena = insertOperand(frame.func, count, bytes, Role::Arena);
  Value scratch = insertOperand(frame.func, count + 1, bytes, Role::Scratch);
  for (func::CallOp call : frame.calls)
    if (frameOf(call))
      call->insertOperands(call->getNumOperands(), {arena, scratch});
  for (Buffer &buffer : frame.buffers) {
    builder.setInsertionPoint(buffer.alloc);
    int64_t offset =
        frame.isKernel() ? buffer.offset : frame.base + buffer.offset;
    Value shift =
        arith::ConstantIndexOp::create(builder, buffer.alloc.getLoc(), offset);
    Value view = memref::ViewOp::create(builder, buffer.alloc.getLoc(),
                                        buffer.alloc.getType(),
                                        frame.isKernel() ? scratch : arena,
                                        shift, buffer.alloc.getDynamicSizes());
    buffer.alloc.replaceAllUsesWith(view);
    buffer.alloc.erase();
  }
}

void MemoryPlanner::annotate(FunctionBuffers &frame) {
  int64_t arena = 0, scratch = 0;
  measure(frame.func, arena, scratch);
  frame.func->setAttr(
      tile::TileDialect::kMemoryName,
      tile::MemoryAttr::get(module.getContext(), arena, scratch));
  int64_t alone = 0;
  for (const Buffer &buffer : frame.buffers)
    alone += buffer.bytes;
  remark::analysis(frame.func.getLoc(),
                   getRemarkOpts(frame.func, DEBUG_TYPE, "PlanFunction"))
      << remark::metric("Arena", arena) << remark::metric("Scratch", scratch)
      << remark::metric("Buffers", frame.buffers.size())
      << remark::metric("OwnBytes", frame.bytes)
      << remark::metric("BytesWithoutSharing", alone);
  numBuffers += frame.buffers.size();
}

/// Scratch memory of a kernel begins at 0, so that no kernel is called while
/// another one runs.
LogicalResult MemoryPlanner::verifyKernels() {
  for (auto &[op, frame] : frames)
    for (func::CallOp call : frame.calls)
      if (frame.isKernel() && frameOf(call))
        return call.emitOpError()
               << "expects a kernel to call no function with a bucket, but "
               << frame.func.getName() << " calls " << call.getCallee();
  return success();
}

LogicalResult MemoryPlanner::run() {
  for (func::FuncOp func : module.getOps<func::FuncOp>())
    if (!func.isExternal() && func->hasAttr(tile::TileDialect::kBucketName) &&
        (failed(verifyNoOperands(func, {Role::Arena, Role::Scratch})) ||
         failed(collect(func))))
      return failure();
  if (failed(verifyKernels()) || failed(assignBases()))
    return failure();
  for (auto &[op, frame] : frames)
    annotate(frame);
  for (auto &[op, frame] : frames)
    rewrite(frame);
  return success();
}

namespace {
struct PlanMemory : tenon::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    if (failed(MemoryPlanner(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
