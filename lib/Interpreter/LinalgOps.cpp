// Every structured op of linalg, by its indexing maps and its body alone.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "Frame.h"

using namespace mlir;
using namespace tenon;

namespace {
/// One operand of an op, and where an iteration finds its element.
struct MappedOperand {
  Tensor tensor;
  AffineMap map;
  bool isScalar = false;
  Scalar scalar;
};
} // namespace

static FailureOr<int64_t> locate(linalg::LinalgOp op,
                                 const MappedOperand &operand,
                                 ArrayRef<int64_t> point) {
  SmallVector<int64_t> index = operand.map.compose(point);
  for (auto [place, size] : llvm::zip_equal(index, operand.tensor.getShape()))
    if (failed(checkInside(op, "an index", place, size)))
      return failure();
  return operand.tensor.offsetOf(index);
}

/// The number of iterations of each loop, from the dimensions they run over.
static SmallVector<int64_t> getLoopCounts(linalg::LinalgOp op,
                                          ArrayRef<MappedOperand> operands) {
  SmallVector<int64_t> counts(op.getNumLoops(), 0);
  for (const MappedOperand &operand : operands)
    for (auto [dim, expr] : llvm::enumerate(operand.map.getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expr))
        counts[loop.getPosition()] = operand.tensor.getDim(dim);
  return counts;
}

/// Runs the body at one point of the iteration space.
static LogicalResult runPoint(Frame &frame, linalg::LinalgOp op,
                              MutableArrayRef<MappedOperand> operands,
                              ArrayRef<int64_t> point) {
  Block &body = *op.getBlock();
  SmallVector<int64_t> places;
  for (auto [operand, argument] :
       llvm::zip_equal(operands, body.getArguments())) {
    places.push_back(0);
    if (operand.isScalar) {
      frame.set(argument, operand.scalar);
      continue;
    }
    FailureOr<int64_t> place = locate(op, operand, point);
    if (failed(place))
      return failure();
    places.back() = *place;
    if (operand.tensor.isFloat())
      frame.set(argument, Scalar{0, operand.tensor.floats()[*place]});
    else
      frame.set(argument, Scalar{operand.tensor.ints()[*place], 0});
  }
  for (linalg::IndexOp index : body.getOps<linalg::IndexOp>())
    frame.set(index, Scalar{point[index.getDim()], 0});
  if (failed(frame.runBlock(body)))
    return failure();
  unsigned first = op.getNumDpsInputs();
  for (auto [number, value] :
       llvm::enumerate(body.getTerminator()->getOperands())) {
    Tensor &out = operands[first + number].tensor;
    Scalar scalar = frame.scalar(value);
    if (out.isFloat())
      out.mutableFloats()[places[first + number]] = scalar.number;
    else
      out.mutableInts()[places[first + number]] = scalar.integer;
  }
  return success();
}

static LogicalResult runLoops(Frame &frame, linalg::LinalgOp op,
                              MutableArrayRef<MappedOperand> operands) {
  SmallVector<int64_t> counts = getLoopCounts(op, operands);
  int64_t points = 1;
  for (int64_t count : counts)
    points *= count;
  SmallVector<int64_t> point(counts.size());
  for (int64_t number = 0; number < points; ++number) {
    int64_t rest = number;
    for (int64_t loop = counts.size() - 1; loop >= 0; --loop) {
      point[loop] = rest % counts[loop];
      rest /= counts[loop];
    }
    if (failed(runPoint(frame, op, operands, point)))
      return failure();
  }
  int64_t terms = 1;
  for (auto [count, type] : llvm::zip_equal(counts, op.getIteratorTypesArray()))
    if (type == utils::IteratorType::reduction)
      terms *= count;
  frame.noteSum(terms);
  return success();
}

std::optional<LogicalResult> tenon::executeLinalg(Frame &frame,
                                                  Operation *generic) {
  if (isa<linalg::IndexOp>(generic))
    return success(); // set for each point
  auto op = dyn_cast<linalg::LinalgOp>(generic);
  if (!op || !op.hasPureTensorSemantics() || op->getNumRegions() != 1)
    return std::nullopt;
  SmallVector<MappedOperand> operands;
  for (auto [operand, map] :
       llvm::zip_equal(op->getOpOperands(), op.getIndexingMapsArray())) {
    MappedOperand mapped;
    mapped.map = map;
    mapped.isScalar = !isa<RankedTensorType>(operand.get().getType());
    if (mapped.isScalar)
      mapped.scalar = frame.scalar(operand.get());
    else
      mapped.tensor = frame.takeTensor(operand);
    operands.push_back(std::move(mapped));
  }
  // A reduction is rounded once, at its end.
  bool outer = std::exchange(
      frame.keepsDoubles, frame.keepsDoubles || op.getNumReductionLoops() > 0);
  LogicalResult result = runLoops(frame, op, operands);
  frame.keepsDoubles = outer;
  if (failed(result))
    return failure();
  for (auto [number, value] : llvm::enumerate(op->getResults())) {
    Tensor &out = operands[op.getNumDpsInputs() + number].tensor;
    if (out.isFloat())
      for (double &element : out.mutableFloats())
        element = frame.round(out.getElementType(), element);
    frame.set(value, std::move(out));
  }
  return success();
}
