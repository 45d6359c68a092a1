// Gives every buffer of a step a place in one arena.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace tenon {
#define GEN_PASS_DEF_PLANMEMORY
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// Buffers begin where a vector register's worth of any width is aligned.
static constexpr int64_t kAlignment = 64;

namespace {
/// A buffer, when it is used, and where it lies.
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
struct Frame {
  func::FuncOp func;
  int64_t tokens = 0;
  SmallVector<Buffer> buffers;
  SmallVector<func::CallOp> calls;
  int64_t bytes = 0;
  /// Where the function's buffers begin, behind those of its callers.
  int64_t base = 0;

  bool isKernel() const { return calls.empty(); }
};

class MemoryPlanner {
public:
  explicit MemoryPlanner(ModuleOp module) : module(module) {}
  LogicalResult run();

private:
  LogicalResult collect(func::FuncOp func);
  LogicalResult assignBases();
  void measure(func::FuncOp func, int64_t &arena, int64_t &scratch);
  void rewrite(Frame &frame);
  void annotate(Frame &frame);

  ModuleOp module;
  SymbolTableCollection tables;
  llvm::MapVector<Operation *, Frame> frames;
};
} // namespace

/// The last op of `block` that uses a value or a view of it.
static Operation *findLastUse(Value value, Block *block, Operation *last) {
  for (Operation *user : value.getUsers()) {
    Operation *ancestor = block->findAncestorOpInBlock(*user);
    if (ancestor && last->isBeforeInBlock(ancestor))
      last = ancestor;
    if (isa<ViewLikeOpInterface>(user))
      for (Value view : user->getResults())
        last = findLastUse(view, block, last);
  }
  return last;
}

/// Places buffers, large ones first, each at the lowest offset that is free as
/// long as it is used. Returns the end of the last one.
static int64_t placeBuffers(MutableArrayRef<Buffer> buffers) {
  SmallVector<Buffer *> order, placed;
  for (Buffer &buffer : buffers)
    order.push_back(&buffer);
  llvm::stable_sort(order, [](const Buffer *a, const Buffer *b) {
    return a->bytes > b->bytes;
  });
  int64_t end = 0;
  for (Buffer *buffer : order) {
    int64_t offset = 0;
    // `placed` is sorted by offset, so one sweep finds the first gap.
    for (const Buffer *other : placed)
      if (buffer->meets(*other) && offset + buffer->bytes > other->offset)
        offset = std::max(offset, other->offset + other->bytes);
    buffer->offset = offset;
    auto *position = llvm::upper_bound(
        placed, buffer,
        [](const Buffer *a, const Buffer *b) { return a->offset < b->offset; });
    placed.insert(position, buffer);
    end = std::max(end, offset + buffer->bytes);
  }
  return end;
}

LogicalResult MemoryPlanner::collect(func::FuncOp func) {
  Frame frame{func};
  frame.tokens =
      func->getAttrOfType<tile::BucketAttr>(tile::TileDialect::kBucketName)
          .getTokens();
  DenseMap<Operation *, int64_t> numbers;
  for (auto [number, op] : llvm::enumerate(func.front()))
    numbers[&op] = number;
  WalkResult walk = func.walk([&](Operation *op) {
    if (auto call = dyn_cast<func::CallOp>(op))
      frame.calls.push_back(call);
    auto alloc = dyn_cast<memref::AllocOp>(op);
    if (!alloc)
      return WalkResult::advance();
    MemRefType type = alloc.getType();
    if (type.getNumDynamicDims() > 1) {
      alloc.emitOpError() << "expects at most one dynamic size, which the "
                             "bucket bounds, but got "
                          << type;
      return WalkResult::interrupt();
    }
    int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8u);
    for (int64_t size : type.getShape())
      bytes *= ShapedType::isDynamic(size) ? frame.tokens : size;
    Operation *ancestor = func.front().findAncestorOpInBlock(*op);
    // A buffer inside a loop is made anew in each iteration: it is in use as
    // long as the loop.
    Operation *last = ancestor == op
                          ? findLastUse(alloc, &func.front(), ancestor)
                          : ancestor;
    frame.buffers.push_back(
        {alloc, static_cast<int64_t>(llvm::alignTo(bytes, kAlignment)),
         numbers[ancestor], numbers[last], 0});
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  frame.bytes = placeBuffers(frame.buffers);
  frames.insert({func, std::move(frame)});
  return success();
}

/// Pushes the functions that a function calls behind it, until nothing moves.
LogicalResult MemoryPlanner::assignBases() {
  for (size_t round = 0; round <= frames.size(); ++round) {
    bool moved = false;
    for (auto &[op, frame] : frames)
      for (func::CallOp call : frame.calls) {
        Operation *callee =
            tables.lookupNearestSymbolFrom(call, call.getCalleeAttr());
        auto it = frames.find(callee);
        if (it == frames.end() || it->second.isKernel())
          continue;
        int64_t base = frame.base + frame.bytes;
        moved |= base > it->second.base;
        it->second.base = std::max(it->second.base, base);
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
  Frame &frame = frames.find(func)->second;
  if (frame.isKernel())
    scratch = std::max(scratch, frame.bytes);
  else
    arena = std::max(arena, frame.base + frame.bytes);
  for (func::CallOp call : frame.calls) {
    Operation *callee =
        tables.lookupNearestSymbolFrom(call, call.getCalleeAttr());
    if (frames.contains(callee))
      measure(cast<func::FuncOp>(callee), arena, scratch);
  }
}

/// Adds the two arguments, passes them on, and replaces allocations by views.
void MemoryPlanner::rewrite(Frame &frame) {
  OpBuilder builder(frame.func);
  auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  Location loc = frame.func.getLoc();
  for (int i = 0; i < 2; ++i)
    (void)frame.func.insertArgument(frame.func.getNumArguments(), bytes, {},
                                    loc);
  unsigned count = frame.func.getNumArguments();
  Value arena = frame.func.getArgument(count - 2);
  Value scratch = frame.func.getArgument(count - 1);
  for (func::CallOp call : frame.calls)
    if (frames.contains(
            tables.lookupNearestSymbolFrom(call, call.getCalleeAttr())))
      call->insertOperands(call->getNumOperands(), {arena, scratch});
  for (Buffer &buffer : frame.buffers) {
    builder.setInsertionPoint(buffer.alloc);
    int64_t offset = frame.isKernel() ? buffer.offset
                                      : frame.base + buffer.offset;
    Value shift =
        arith::ConstantIndexOp::create(builder, buffer.alloc.getLoc(), offset);
    Value view = memref::ViewOp::create(
        builder, buffer.alloc.getLoc(), buffer.alloc.getType(),
        frame.isKernel() ? scratch : arena, shift,
        buffer.alloc.getDynamicSizes());
    buffer.alloc.replaceAllUsesWith(view);
    buffer.alloc.erase();
  }
}

void MemoryPlanner::annotate(Frame &frame) {
  if (!frame.func.isPublic())
    return;
  int64_t arena = 0, scratch = 0;
  measure(frame.func, arena, scratch);
  frame.func->setAttr(
      tile::TileDialect::kMemoryName,
      tile::MemoryAttr::get(module.getContext(), arena, scratch));
}

LogicalResult MemoryPlanner::run() {
  for (func::FuncOp func : module.getOps<func::FuncOp>())
    if (!func.isExternal() && func->hasAttr(tile::TileDialect::kBucketName) &&
        failed(collect(func)))
      return failure();
  if (failed(assignBases()))
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
