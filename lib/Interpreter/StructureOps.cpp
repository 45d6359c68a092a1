// Functions, loops, branches and kernels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "Frame.h"

using namespace mlir;
using namespace tenon;

/// Runs a block and moves what its terminator gives to some values, or, where
/// there are none, to the caller.
static FailureOr<SmallVector<RuntimeValue>> runBody(Frame &frame,
                                                    Block &block) {
  if (failed(frame.runBlock(block)))
    return failure();
  SmallVector<RuntimeValue> yielded;
  for (OpOperand &operand : block.getTerminator()->getOpOperands())
    yielded.push_back(frame.take(operand));
  frame.leaveBlock(block);
  return yielded;
}

static void setAll(Frame &frame, ValueRange values,
                   SmallVector<RuntimeValue> contents) {
  for (auto [value, content] : llvm::zip_equal(values, contents))
    frame.set(value, std::move(content));
}

static LogicalResult execute(Frame &frame, func::CallOp op) {
  auto callee = dyn_cast_or_null<func::FuncOp>(
      frame.machine.weights.lookup(op.getCallee()));
  if (!callee || callee.isExternal() || !callee.getBody().hasOneBlock())
    return op.emitOpError() << "expects a function with a body of one block";
  if (CallHandler *calls = frame.machine.options.calls;
      calls && calls->handles(callee)) {
    auto operands = llvm::map_to_vector(
        op.getOperands(), [&](Value value) { return frame.get(value); });
    FailureOr<SmallVector<RuntimeValue>> results =
        calls->call(callee, operands);
    if (failed(results))
      return failure();
    setAll(frame, op.getResults(), std::move(*results));
    return success();
  }
  if (frame.machine.depth == 200)
    return op.emitOpError()
           << "calls deeper than 200 functions; is it recursive?";
  Frame inner(frame.machine);
  Block &body = callee.getBody().front();
  for (auto [argument, operand] :
       llvm::zip_equal(body.getArguments(), op->getOpOperands()))
    inner.set(argument, frame.take(operand));
  ++frame.machine.depth;
  FailureOr<SmallVector<RuntimeValue>> yielded = runBody(inner, body);
  --frame.machine.depth;
  if (failed(yielded))
    return failure();
  setAll(frame, op.getResults(), std::move(*yielded));
  return success();
}

static LogicalResult execute(Frame &frame, tile::KernelOp op) {
  Block &body = op.getBody().front();
  for (auto [argument, operand] :
       llvm::zip_equal(body.getArguments(), op->getOpOperands()))
    frame.set(argument, frame.take(operand));
  FailureOr<SmallVector<RuntimeValue>> yielded = runBody(frame, body);
  if (failed(yielded))
    return failure();
  setAll(frame, op.getResults(), std::move(*yielded));
  return success();
}

static LogicalResult execute(Frame &frame, scf::ForOp op) {
  SmallVector<RuntimeValue> carried;
  for (OpOperand &operand : op.getInitArgsMutable())
    carried.push_back(frame.take(operand));
  int64_t step = frame.integer(op.getStep());
  int64_t end = frame.integer(op.getUpperBound());
  if (step <= 0)
    return op.emitOpError() << "expects a positive step, but got " << step;
  for (int64_t i = frame.integer(op.getLowerBound()); i < end; i += step) {
    frame.set(op.getInductionVar(), Scalar{i, 0});
    setAll(frame, op.getRegionIterArgs(), std::move(carried));
    FailureOr<SmallVector<RuntimeValue>> yielded =
        runBody(frame, *op.getBody());
    if (failed(yielded))
      return failure();
    carried = std::move(*yielded);
  }
  setAll(frame, op.getResults(), std::move(carried));
  return success();
}

static LogicalResult runRegion(Frame &frame, Operation *op, Region &region) {
  if (region.empty())
    return success();
  FailureOr<SmallVector<RuntimeValue>> yielded = runBody(frame, region.front());
  if (failed(yielded))
    return failure();
  setAll(frame, op->getResults(), std::move(*yielded));
  return success();
}

static LogicalResult execute(Frame &frame, scf::IfOp op) {
  bool condition = frame.integer(op.getCondition());
  return runRegion(frame, op,
                   condition ? op.getThenRegion() : op.getElseRegion());
}

static LogicalResult execute(Frame &frame, scf::IndexSwitchOp op) {
  int64_t value = frame.integer(op.getArg());
  for (auto [index, which] : llvm::enumerate(op.getCases()))
    if (which == value)
      return runRegion(frame, op, op.getCaseRegions()[index]);
  return runRegion(frame, op, op.getDefaultRegion());
}

//===----------------------------------------------------------------------===//
// scf.forall
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> readMixed(Frame &frame,
                                      ArrayRef<OpFoldResult> mixed) {
  return llvm::map_to_vector(mixed, [&](OpFoldResult value) -> int64_t {
    if (std::optional<int64_t> constant = getConstantIntValue(value))
      return *constant;
    return frame.integer(cast<Value>(value));
  });
}

namespace {
/// One output of a parallel loop, and which iteration wrote each element.
struct SharedOutput {
  Tensor tensor;
  std::vector<int32_t> writers;
};
} // namespace

static bool isSameElement(const Tensor &a, int64_t at, const Tensor &b,
                          int64_t from) {
  if (!a.isFloat())
    return a.ints()[at] == b.ints()[from];
  double x = a.floats()[at], y = b.floats()[from];
  return x == y || (x != x && y != y);
}

/// Writes the slice of one iteration into the copy that all of them share.
static LogicalResult insert(Frame &frame, tensor::ParallelInsertSliceOp op,
                            const Tensor &source, int32_t iteration,
                            SharedOutput &output) {
  SmallVector<int64_t> offsets = readMixed(frame, op.getMixedOffsets());
  SmallVector<int64_t> sizes = readMixed(frame, op.getMixedSizes());
  SmallVector<int64_t> strides = readMixed(frame, op.getMixedStrides());
  FailureOr<std::vector<int64_t>> places =
      getSlicePlaces(op, output.tensor.getShape(), offsets, sizes, strides);
  if (failed(places))
    return failure();
  if (failed(checkEqual(op, "the number of elements of a slice", places->size(),
                        source.getNumElements())))
    return failure();
  if (output.writers.empty())
    output.writers.assign(output.tensor.getNumElements(), -1);
  for (auto [from, place] : llvm::enumerate(*places)) {
    int32_t writer = std::exchange(output.writers[place], iteration);
    if (writer >= 0 && writer != iteration &&
        !isSameElement(output.tensor, place, source, from))
      return op.emitOpError() << "writes another value to element " << place
                              << " than another iteration of the loop did";
    output.tensor.copyElement(place, source, from);
  }
  output.tensor.history.merge(source.history);
  return success();
}

/// Runs one iteration and then writes what it gives.
static LogicalResult runIteration(Frame &frame, scf::ForallOp op,
                                  ArrayRef<int64_t> index, int32_t iteration,
                                  MutableArrayRef<SharedOutput> outputs) {
  for (auto [variable, value] : llvm::zip_equal(op.getInductionVars(), index))
    frame.set(variable, Scalar{value, 0});
  for (auto [argument, output] :
       llvm::zip_equal(op.getRegionOutArgs(), outputs))
    frame.set(argument, output.tensor);
  if (failed(frame.runBlock(*op.getBody())))
    return failure();
  // Only the loop itself may hold an output while it is written.
  for (BlockArgument argument : op.getRegionOutArgs())
    frame.set(argument, Scalar());
  SmallVector<std::pair<tensor::ParallelInsertSliceOp, Tensor>> inserts;
  for (Operation &inner : op.getTerminator().getYieldingOps()) {
    auto write = dyn_cast<tensor::ParallelInsertSliceOp>(inner);
    if (!write)
      return inner.emitOpError() << "is unknown to the interpreter";
    inserts.emplace_back(write, frame.tensor(write.getSource()));
  }
  for (auto &[write, source] : inserts) {
    unsigned number =
        cast<BlockArgument>(write.getDest()).getArgNumber() - op.getRank();
    if (failed(insert(frame, write, source, iteration, outputs[number])))
      return failure();
  }
  frame.leaveBlock(*op.getBody());
  return success();
}

static LogicalResult execute(Frame &frame, scf::ForallOp op) {
  SmallVector<SharedOutput> outputs;
  for (OpOperand &operand : op.getOutputsMutable())
    outputs.push_back({frame.takeTensor(operand), {}});
  SmallVector<int64_t> lower = readMixed(frame, op.getMixedLowerBound());
  SmallVector<int64_t> upper = readMixed(frame, op.getMixedUpperBound());
  SmallVector<int64_t> step = readMixed(frame, op.getMixedStep());
  SmallVector<int64_t> counts;
  int64_t total = 1;
  for (auto [first, end, by] : llvm::zip_equal(lower, upper, step)) {
    if (by <= 0)
      return op.emitOpError() << "expects a positive step, but got " << by;
    counts.push_back(first < end ? (end - first + by - 1) / by : 0);
    total *= counts.back();
  }
  std::vector<int32_t> order(total);
  for (int64_t i = 0; i < total; ++i)
    order[i] = static_cast<int32_t>(i);
  std::shuffle(order.begin(), order.end(), frame.machine.shuffle);
  SmallVector<int64_t> index(counts.size());
  for (int32_t iteration : order) {
    int64_t rest = iteration;
    for (int64_t dim = counts.size() - 1; dim >= 0; --dim) {
      index[dim] = lower[dim] + rest % counts[dim] * step[dim];
      rest /= counts[dim];
    }
    if (failed(runIteration(frame, op, index, iteration, outputs)))
      return failure();
  }
  for (auto [result, output] : llvm::zip_equal(op.getResults(), outputs))
    frame.set(result, std::move(output.tensor));
  return success();
}

//===----------------------------------------------------------------------===//
// Layers and weights
//===----------------------------------------------------------------------===//

static LogicalResult execute(Frame &frame, tenon::KindOp op) {
  int64_t layer = frame.integer(op.getLayer());
  ArrayRef<int64_t> kinds = op.getSchedule().getKinds();
  if (failed(checkInside(op, "a layer", layer, kinds.size())))
    return failure();
  frame.set(op.getResult(), Scalar{kinds[layer], 0});
  return success();
}

static LogicalResult execute(Frame &frame, tenon::OrdinalOp op) {
  int64_t layer = frame.integer(op.getLayer());
  ArrayRef<int64_t> kinds = op.getSchedule().getKinds();
  if (failed(checkInside(op, "a layer", layer, kinds.size())))
    return failure();
  int64_t before = llvm::count(kinds.take_front(layer), kinds[layer]);
  frame.set(op.getResult(), Scalar{before, 0});
  return success();
}

static LogicalResult execute(Frame &frame, tenon::WeightRefOp op) {
  Operation *symbol = frame.machine.weights.lookup(op.getWeight());
  WeightType type = getDefinedType(symbol);
  if (!op.getIndex()) {
    frame.set(op.getResult(), WeightValue{symbol, 0});
    return success();
  }
  int64_t index = frame.integer(op.getIndex());
  if (failed(checkInside(op, "an index", index, type.getShape().front())))
    return failure();
  int64_t rows = 1;
  for (int64_t dim : type.getShape().drop_front().drop_back())
    rows *= dim;
  frame.set(op.getResult(), WeightValue{symbol, index * rows});
  return success();
}

void tenon::addStructureHandlers(HandlerTable &table) {
  table.add<func::CallOp>(execute);
  table.add<tile::KernelOp>(execute);
  table.add<scf::ForOp>(execute);
  table.add<scf::IfOp>(execute);
  table.add<scf::IndexSwitchOp>(execute);
  table.add<scf::ForallOp>(execute);
  table.add<tenon::KindOp>(execute);
  table.add<tenon::OrdinalOp>(execute);
  table.add<tenon::WeightRefOp>(execute);
}
