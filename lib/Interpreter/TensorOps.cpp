// Making, cutting and joining of tensors, and arithmetic of indices by maps.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "Frame.h"

using namespace mlir;
using namespace tenon;

static SmallVector<int64_t> readIndices(Frame &frame, ValueRange values) {
  return llvm::map_to_vector(values,
                             [&](Value value) { return frame.integer(value); });
}

/// Static numbers, in which the dynamic ones are marked.
static SmallVector<int64_t> readMixed(Frame &frame, ArrayRef<int64_t> statics,
                                      ValueRange dynamics) {
  SmallVector<int64_t> numbers(statics);
  for (int64_t &number : numbers)
    if (ShapedType::isDynamic(number)) {
      number = frame.integer(dynamics.front());
      dynamics = dynamics.drop_front();
    }
  return numbers;
}

FailureOr<std::vector<int64_t>>
tenon::getSlicePlaces(Operation *op, ArrayRef<int64_t> shape,
                      ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
                      ArrayRef<int64_t> strides) {
  std::vector<int64_t> places = {0};
  for (auto [dim, size, offset, count, stride] : llvm::zip_equal(
           llvm::seq(shape.size()), shape, offsets, sizes, strides)) {
    int64_t last = offset + (count - 1) * stride;
    bool isInside = count >= 0 && offset >= 0 && offset <= size &&
                    (count == 0 || (last >= 0 && last < size));
    if (!isInside)
      return op->emitOpError()
             << "expects a slice inside of dimension " << dim << " of " << size
             << ", but got " << count << " from " << offset << " by " << stride;
    if (!isInterpretable({int64_t(places.size()), count}))
      return op->emitOpError()
             << "expects a slice of at most 2^28 elements, but got " << count
             << " in dimension " << dim;
    std::vector<int64_t> next;
    next.reserve(places.size() * count);
    for (int64_t place : places)
      for (int64_t i = 0; i < count; ++i)
        next.push_back(place * size + offset + i * stride);
    places = std::move(next);
  }
  return places;
}

static LogicalResult execute(Frame &frame, tensor::EmptyOp op) {
  FailureOr<SmallVector<int64_t>> shape = frame.resolveShape(
      op, op.getType(), readIndices(frame, op.getDynamicSizes()));
  if (failed(shape))
    return failure();
  frame.set(op, Tensor(op.getType().getElementType(), *shape));
  return success();
}

static LogicalResult execute(Frame &frame, tensor::DimOp op) {
  const Tensor &tensor = frame.tensor(op.getSource());
  int64_t dim = frame.integer(op.getIndex());
  if (failed(checkInside(op, "a dimension", dim, tensor.getRank())))
    return failure();
  frame.set(op, Scalar{tensor.getDim(dim), 0});
  return success();
}

static LogicalResult execute(Frame &frame, tensor::ExtractSliceOp op) {
  const Tensor &source = frame.tensor(op.getSource());
  SmallVector<int64_t> sizes =
      readMixed(frame, op.getStaticSizes(), op.getSizes());
  FailureOr<std::vector<int64_t>> places = getSlicePlaces(
      op, source.getShape(),
      readMixed(frame, op.getStaticOffsets(), op.getOffsets()), sizes,
      readMixed(frame, op.getStaticStrides(), op.getStrides()));
  if (failed(places))
    return failure();
  SmallVector<int64_t> shape;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  for (auto [dim, size] : llvm::enumerate(sizes))
    if (!dropped[dim])
      shape.push_back(size);
  Tensor result(source.getElementType(), shape);
  for (auto [to, place] : llvm::enumerate(*places))
    result.copyElement(to, source, place);
  frame.set(op, std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tensor::InsertSliceOp op) {
  Tensor source = frame.tensor(op.getSource());
  Tensor result = frame.takeTensor(op.getDestMutable());
  FailureOr<std::vector<int64_t>> places =
      getSlicePlaces(op, result.getShape(),
                     readMixed(frame, op.getStaticOffsets(), op.getOffsets()),
                     readMixed(frame, op.getStaticSizes(), op.getSizes()),
                     readMixed(frame, op.getStaticStrides(), op.getStrides()));
  if (failed(places) ||
      failed(checkEqual(op, "the number of elements of a slice", places->size(),
                        source.getNumElements())))
    return failure();
  for (auto [from, place] : llvm::enumerate(*places))
    result.copyElement(place, source, from);
  frame.set(op, std::move(result));
  return success();
}

static FailureOr<int64_t> locate(Operation *op, const Tensor &tensor,
                                 ArrayRef<int64_t> index) {
  for (auto [place, size] : llvm::zip_equal(index, tensor.getShape()))
    if (failed(checkInside(op, "an index", place, size)))
      return failure();
  return tensor.offsetOf(index);
}

static LogicalResult execute(Frame &frame, tensor::ExtractOp op) {
  const Tensor &tensor = frame.tensor(op.getTensor());
  FailureOr<int64_t> place =
      locate(op, tensor, readIndices(frame, op.getIndices()));
  if (failed(place))
    return failure();
  frame.set(op, tensor.isFloat() ? Scalar{0, tensor.floats()[*place]}
                                 : Scalar{tensor.ints()[*place], 0});
  return success();
}

static void store(Tensor &tensor, int64_t place, Scalar value) {
  if (tensor.isFloat())
    tensor.mutableFloats()[place] = value.number;
  else
    tensor.mutableInts()[place] = value.integer;
}

static LogicalResult execute(Frame &frame, tensor::InsertOp op) {
  Tensor result = frame.takeTensor(op.getDestMutable());
  FailureOr<int64_t> place =
      locate(op, result, readIndices(frame, op.getIndices()));
  if (failed(place))
    return failure();
  store(result, *place, frame.scalar(op.getScalar()));
  frame.set(op, std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tensor::CastOp op) {
  frame.set(op, frame.takeTensor(op.getSourceMutable()));
  return success();
}

static LogicalResult execute(Frame &frame, tensor::ExpandShapeOp op) {
  const Tensor &source = frame.tensor(op.getSrc());
  SmallVector<int64_t> shape =
      readMixed(frame, op.getStaticOutputShape(), op.getOutputShape());
  for (auto [dim, group] : llvm::enumerate(op.getReassociationIndices())) {
    int64_t product = 1;
    for (int64_t index : group)
      product *= shape[index];
    if (failed(checkEqual(op, "the size of a dimension", source.getDim(dim),
                          product)))
      return failure();
  }
  Tensor result = source.reshaped(shape);
  frame.set(op, std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tensor::CollapseShapeOp op) {
  const Tensor &source = frame.tensor(op.getSrc());
  SmallVector<int64_t> shape;
  for (ArrayRef<int64_t> group : op.getReassociationIndices()) {
    shape.push_back(1);
    for (int64_t index : group)
      shape.back() *= source.getDim(index);
  }
  Tensor result = source.reshaped(shape);
  frame.set(op, std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tensor::FromElementsOp op) {
  Tensor result(op.getType().getElementType(), op.getType().getShape());
  for (auto [place, element] : llvm::enumerate(op.getElements()))
    store(result, place, frame.scalar(element));
  frame.set(op, std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tensor::SplatOp op) {
  FailureOr<SmallVector<int64_t>> shape = frame.resolveShape(
      op, op.getType(), readIndices(frame, op.getDynamicSizes()));
  if (failed(shape))
    return failure();
  Tensor result(op.getType().getElementType(), *shape);
  for (int64_t i = 0, e = result.getNumElements(); i < e; ++i)
    store(result, i, frame.scalar(op.getInput()));
  frame.set(op, std::move(result));
  return success();
}

//===----------------------------------------------------------------------===//
// Affine maps
//===----------------------------------------------------------------------===//

/// The value of an expression, or nothing if it divides by what is not
/// positive.
static std::optional<int64_t> evaluate(AffineExpr expr, ArrayRef<int64_t> dims,
                                       ArrayRef<int64_t> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  std::optional<int64_t> a = evaluate(binary.getLHS(), dims, symbols);
  std::optional<int64_t> b = evaluate(binary.getRHS(), dims, symbols);
  if (!a || !b)
    return std::nullopt;
  if (expr.getKind() == AffineExprKind::Add)
    return *a + *b;
  if (expr.getKind() == AffineExprKind::Mul)
    return *a * *b;
  if (*b <= 0)
    return std::nullopt;
  int64_t remainder = (*a % *b + *b) % *b;
  if (expr.getKind() == AffineExprKind::Mod)
    return remainder;
  int64_t floor = (*a - remainder) / *b;
  return expr.getKind() == AffineExprKind::FloorDiv ? floor
                                                    : floor + (remainder != 0);
}

/// Values of all results of the map of an op.
template <typename OpT>
static FailureOr<SmallVector<int64_t>> evaluateMap(Frame &frame, OpT op) {
  AffineMap map = op.getAffineMap();
  SmallVector<int64_t> operands = readIndices(frame, op->getOperands());
  ArrayRef<int64_t> all = operands;
  SmallVector<int64_t> results;
  for (AffineExpr expr : map.getResults()) {
    std::optional<int64_t> value =
        evaluate(expr, all.take_front(map.getNumDims()),
                 all.drop_front(map.getNumDims()));
    if (!value)
      return op.emitOpError() << "divides by a number that is not positive";
    results.push_back(*value);
  }
  return results;
}

static LogicalResult execute(Frame &frame, affine::AffineApplyOp op) {
  FailureOr<SmallVector<int64_t>> values = evaluateMap(frame, op);
  if (failed(values))
    return failure();
  frame.set(op, Scalar{values->front(), 0});
  return success();
}

static LogicalResult execute(Frame &frame, affine::AffineMinOp op) {
  FailureOr<SmallVector<int64_t>> values = evaluateMap(frame, op);
  if (failed(values))
    return failure();
  frame.set(op, Scalar{*llvm::min_element(*values), 0});
  return success();
}

static LogicalResult execute(Frame &frame, affine::AffineMaxOp op) {
  FailureOr<SmallVector<int64_t>> values = evaluateMap(frame, op);
  if (failed(values))
    return failure();
  frame.set(op, Scalar{*llvm::max_element(*values), 0});
  return success();
}

void tenon::addTensorHandlers(HandlerTable &table) {
  table.add<tensor::EmptyOp>(execute);
  table.add<tensor::DimOp>(execute);
  table.add<tensor::ExtractSliceOp>(execute);
  table.add<tensor::InsertSliceOp>(execute);
  table.add<tensor::ExtractOp>(execute);
  table.add<tensor::InsertOp>(execute);
  table.add<tensor::CastOp>(execute);
  table.add<tensor::ExpandShapeOp>(execute);
  table.add<tensor::CollapseShapeOp>(execute);
  table.add<tensor::FromElementsOp>(execute);
  table.add<tensor::SplatOp>(execute);
  table.add<affine::AffineApplyOp>(execute);
  table.add<affine::AffineMinOp>(execute);
  table.add<affine::AffineMaxOp>(execute);
}
