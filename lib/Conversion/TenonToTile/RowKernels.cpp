// Kernels of row-wise ops: one loop over tokens.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/RowTensors.h"
#include "dialects/Tenon/RowViews.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "KernelLowering.h"

using namespace mlir;
using namespace tenon;

namespace {
/// Writes one iteration: what the ops of the kernel do for token `t`.
class RowWriter {
public:
  RowWriter(KernelLowering &lowering, Value t, ValueRange shared)
      : lowering(lowering), t(t), shared(shared) {
    auto yield = lowering.kernel.getYield();
    for (auto [number, value] : llvm::enumerate(yield.getValues()))
      numbers[value] = number;
  }

  /// Fails for an op on rows that has no lowering.
  LogicalResult write(Operation *op);

  SmallVector<KernelLowering::Written> written;

private:
  Value rowOf(Value value);
  Slice sliceAt(Value token, Type type);
  Value destinationOf(Value result);
  void define(Value result, Value row);

  Value createRow(Type type);
  Value viewRow(Operation *view);
  void writeEmbedding(EmbeddingOp op);
  void writeNorm(NormOp op);
  void writeRope(RopeOp op);
  void writeAdd(arith::AddFOp op);
  void writeRound(arith::TruncFOp op);
  void writeGlu(GluOp op);
  void writeActivate(ActivateOp op);
  void writePointwise(PointwiseOp op);
  void writeScale(Value input, Value factor, Value result);
  void writeScaleRows(ScaleRowsOp op);
  void writeTemperRows(TemperRowsOp op);
  void writeGather(GatherRowsOp op);
  void writeCache(CacheUpdateOp op);
  void writeRouter(RouterOp op);
  void writeCombine(MoeCombineOp op);
  void writeIndexTopK(IndexTopkOp op);
  Slice cacheSlice(CacheUpdateOp op);
  Value cacheRow(CacheUpdateOp op);

  KernelLowering &lowering;
  Value t;
  ValueRange shared;
  DenseMap<Value, unsigned> numbers;
  DenseMap<Value, Value> rows;
};
} // namespace

/// Whether a tensor is filled with ones.
static bool areOnes(Value value) {
  auto splat = value.getDefiningOp<tensor::SplatOp>();
  return splat && matchPattern(splat.getInput(), m_OneFloat());
}

/// Whether a cache holds another type than the rows that go into it.
static bool needsRounding(CacheUpdateOp op) {
  return op.getInput().getType().getElementType() !=
         op.getCache().getType().getElementType();
}

/// Token `t` of a tensor whose first dimension counts tokens.
Slice RowWriter::sliceAt(Value token, Type type) {
  Slice slice;
  slice.offsets.push_back(token);
  slice.sizes.push_back(lowering.attr(1));
  for (int64_t size : cast<RankedTensorType>(type).getShape().drop_front()) {
    slice.offsets.push_back(lowering.attr(0));
    slice.sizes.push_back(lowering.attr(size));
  }
  return slice;
}

/// A tile for one row of a tensor.
Value RowWriter::createRow(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape.front() = 1;
  return lowering.empty(shape, tensor.getElementType());
}

/// The row of a view: a view of the row.
Value RowWriter::viewRow(Operation *view) {
  OpBuilder &builder = lowering.builder;
  Value row = rowOf(view->getOperand(0));
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(view)) {
    Slice columns{slice.getMixedOffsets(), slice.getMixedSizes()};
    columns.sizes.front() = lowering.attr(1);
    return lowering.extract(row, columns);
  }
  auto whole = cast<RankedTensorType>(view->getResult(0).getType());
  SmallVector<int64_t> shape(whole.getShape());
  shape.front() = 1;
  auto type = RankedTensorType::get(shape, whole.getElementType());
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(view))
    return tensor::ExpandShapeOp::create(builder, lowering.loc, type, row,
                                         expand.getReassociationIndices());
  auto collapse = cast<tensor::CollapseShapeOp>(view);
  return tensor::CollapseShapeOp::create(builder, lowering.loc, type, row,
                                         collapse.getReassociationIndices());
}

Value RowWriter::rowOf(Value value) {
  if (Value row = rows.lookup(value))
    return row;
  Value row;
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    unsigned inputs = lowering.kernel.getInputs().size();
    Value tensor = arg.getArgNumber() < inputs
                       ? value
                       : shared[arg.getArgNumber() - inputs];
    row = lowering.extract(tensor, sliceAt(t, value.getType()));
  } else if (auto splat = value.getDefiningOp<tensor::SplatOp>()) {
    Value out = createRow(value.getType());
    row = tile::FillOp::create(lowering.builder, splat.getLoc(), out.getType(),
                               splat.getInput(), out)
              ->getResult(0);
  } else {
    row = viewRow(value.getDefiningOp());
  }
  rows[value] = row;
  return row;
}

/// Where a row is written: the place where it belongs in the end, if there is
/// one, and a tile of its own otherwise.
Value RowWriter::destinationOf(Value result) {
  auto it = numbers.find(result);
  if (it != numbers.end())
    return lowering.extract(shared[it->second], sliceAt(t, result.getType()));
  auto update = result.hasOneUse()
                    ? dyn_cast<CacheUpdateOp>(*result.user_begin())
                    : CacheUpdateOp();
  // Rows that go into a cache are made there, if it can hold them as they are.
  if (update && !needsRounding(update))
    return cacheRow(update);
  return createRow(result.getType());
}

/// Remembers the row of a result, and writes it back if the kernel yields it.
void RowWriter::define(Value result, Value row) {
  rows[result] = row;
  auto it = numbers.find(result);
  if (it != numbers.end())
    written.push_back({row, it->second, sliceAt(t, result.getType())});
}

void RowWriter::writeEmbedding(EmbeddingOp op) {
  Value token = lowering.loadIndex(op.getTokens(), t);
  Value out = destinationOf(op.getResult());
  auto embed =
      tile::EmbedOp::create(lowering.builder, op.getLoc(), out.getType(), token,
                            op.getTable(), op.getScaleAttr(), out);
  define(op.getResult(), embed->getResult(0));
}

void RowWriter::writeNorm(NormOp op) {
  Value input = rowOf(op.getInput());
  Value out = destinationOf(op.getResult());
  auto norm = tile::NormOp::create(
      lowering.builder, op.getLoc(), out.getType(), op.getKind(), input,
      op.getWeight(), op.getBias(), op.getEpsAttr(), out, op.getOrder());
  define(op.getResult(), norm->getResult(0));
}

void RowWriter::writeRope(RopeOp op) {
  Value input = rowOf(op.getInput());
  Value position = lowering.loadIndex(op.getPositions(), t);
  Value out = destinationOf(op.getResult());
  auto rope = tile::RopeOp::create(lowering.builder, op.getLoc(), out.getType(),
                                   input, position, op.getEnd(), op.getRope(),
                                   op.getTable(), out);
  define(op.getResult(), rope->getResult(0));
}

void RowWriter::writeAdd(arith::AddFOp op) {
  // One summand may already lie where the sum goes.
  Value lhs = op.getLhs(), rhs = op.getRhs();
  auto it = numbers.find(op.getResult());
  if (it != numbers.end() && rhs == lowering.out(it->second))
    std::swap(lhs, rhs);
  Value sum = rowOf(lhs);
  auto add = tile::AddOp::create(lowering.builder, op.getLoc(), sum.getType(),
                                 rowOf(rhs), sum);
  define(op.getResult(), add->getResult(0));
}

void RowWriter::writeRound(arith::TruncFOp op) {
  Value input = rowOf(op.getIn());
  Value out = destinationOf(op.getResult());
  auto convert = tile::ConvertOp::create(lowering.builder, op.getLoc(),
                                         out.getType(), input, out);
  define(op.getResult(), convert->getResult(0));
}

void RowWriter::writeGlu(GluOp op) {
  Value gate = rowOf(op.getGate()), up = rowOf(op.getUp());
  Value out = destinationOf(op.getResult());
  auto glu = tile::GluOp::create(lowering.builder, op.getLoc(), out.getType(),
                                 op.getActivation(), gate, up, out);
  define(op.getResult(), glu->getResult(0));
}

/// A gate of which ones are what it lets through.
void RowWriter::writeActivate(ActivateOp op) {
  OpBuilder &builder = lowering.builder;
  Value input = rowOf(op.getInput()), ones = createRow(op.getType());
  Value one = arith::ConstantOp::create(
      builder, op.getLoc(), builder.getOneAttr(op.getType().getElementType()));
  ones = tile::FillOp::create(builder, op.getLoc(), ones.getType(), one, ones)
             ->getResult(0);
  Value out = destinationOf(op.getResult());
  auto glu = tile::GluOp::create(builder, op.getLoc(), out.getType(),
                                 op.getActivation(), input, ones, out);
  define(op.getResult(), glu->getResult(0));
}

void RowWriter::writePointwise(PointwiseOp op) {
  Value input = rowOf(op.getInput());
  Value out = destinationOf(op.getResult());
  auto result = tile::PointwiseOp::create(lowering.builder, op.getLoc(),
                                          out.getType(), op.getFunction(),
                                          input, op.getParameterAttr(), out);
  define(op.getResult(), result->getResult(0));
}

/// The row of a token times a number.
void RowWriter::writeScale(Value input, Value factor, Value result) {
  Value row = rowOf(input);
  Value out = destinationOf(result);
  auto scale = tile::ScaleOp::create(lowering.builder, result.getLoc(),
                                     out.getType(), row, factor, out);
  define(result, scale->getResult(0));
}

void RowWriter::writeScaleRows(ScaleRowsOp op) {
  Value factor =
      tensor::ExtractOp::create(lowering.builder, op.getLoc(), op.getFactors(),
                                ValueRange{t, lowering.index(0)});
  writeScale(op.getInput(), factor, op.getResult());
}

void RowWriter::writeTemperRows(TemperRowsOp op) {
  auto factor = tile::TemperatureOp::create(
      lowering.builder, op.getLoc(), lowering.loadIndex(op.getPositions(), t),
      op.getInterval(), op.getSlopeAttr());
  writeScale(op.getInput(), factor, op.getResult());
}

void RowWriter::writeGather(GatherRowsOp op) {
  Value row = lowering.loadIndex(op.getRows(), t);
  define(
      op.getResult(),
      lowering.extract(op.getInput(), sliceAt(row, op.getInput().getType())));
}

/// The place of a token in a cache.
Slice RowWriter::cacheSlice(CacheUpdateOp op) {
  Slice slice;
  Value slot = lowering.loadIndex(op.getSlots(), t);
  Value position = lowering.loadIndex(op.getPositions(), t);
  slice.offsets = {op.getLayer(), slot, position};
  slice.sizes.assign(3, lowering.attr(1));
  for (int64_t size : op.getCache().getType().getShape().drop_front(3)) {
    slice.offsets.push_back(lowering.attr(0));
    slice.sizes.push_back(lowering.attr(size));
  }
  return slice;
}

/// That place, with the shape of a row.
Value RowWriter::cacheRow(CacheUpdateOp op) {
  SmallVector<int64_t> shape(op.getInput().getType().getShape());
  shape.front() = 1;
  Slice slice = cacheSlice(op);
  SmallVector<OpFoldResult> strides(slice.offsets.size(), lowering.attr(1));
  return tensor::ExtractSliceOp::create(
      lowering.builder, lowering.loc,
      RankedTensorType::get(shape, op.getCache().getType().getElementType()),
      shared[numbers.lookup(op.getResult())], slice.offsets, slice.sizes,
      strides);
}

void RowWriter::writeCache(CacheUpdateOp op) {
  Value row = rowOf(op.getInput());
  if (needsRounding(op)) {
    Value out = cacheRow(op);
    row = tile::ConvertOp::create(lowering.builder, op.getLoc(), out.getType(),
                                  row, out)
              ->getResult(0);
  }
  written.push_back({row, numbers.lookup(op.getResult()), cacheSlice(op)});
}

void RowWriter::writeRouter(RouterOp op) {
  Value logits = rowOf(op.getLogits());
  SmallVector<Value> outs = {destinationOf(op.getChoice()),
                             destinationOf(op.getWeights())};
  auto route = tile::RouteOp::create(
      lowering.builder, op.getLoc(), TypeRange(ValueRange(outs)),
      op.getScoring(), logits, op.getBias(), op.getGroups(), op.getKeep(),
      op.getBy(), op.getTop(), op.getRenormAttr(), op.getScaleAttr(), outs);
  define(op.getChoice(), route->getResult(0));
  define(op.getWeights(), route->getResult(1));
}

void RowWriter::writeCombine(MoeCombineOp op) {
  Value init = rowOf(op.getInit());
  // Factors of 1 are not read.
  Value weights = areOnes(op.getWeights()) ? Value() : Value(op.getWeights());
  auto combine = tile::MoeCombineOp::create(lowering.builder, op.getLoc(),
                                            init.getType(), op.getInput(),
                                            op.getPlace(), weights, t, init);
  define(op.getResult(), combine->getResult(0));
}

/// Scores of all keys, in memory of the worker, then the best of them.
void RowWriter::writeIndexTopK(IndexTopkOp op) {
  OpBuilder &builder = lowering.builder;
  Location loc = op.getLoc();
  Value query = rowOf(op.getQuery()), weights = rowOf(op.getWeights());
  Value slot = lowering.loadIndex(op.getSlots(), t), zero = lowering.index(0);
  Value position = lowering.loadIndex(op.getPositions(), t);
  Value count = lowering.add(position, lowering.index(1));
  Value scores = lowering.empty({1, op.getContext()});
  scores = tile::IndexScoresOp::create(
               builder, loc, scores.getType(), query, weights, op.getCache(),
               ValueRange{op.getLayer(), slot, zero, zero}, count,
               op.getScaleAttr(), scores)
               ->getResult(0);
  Value out = destinationOf(op.getSelected());
  auto select = tile::SelectTopOp::create(builder, loc, out.getType(), scores,
                                          count, out);
  define(op.getSelected(), select->getResult(0));
}

LogicalResult RowWriter::write(Operation *op) {
  bool isWritten = true;
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](EmbeddingOp op) { writeEmbedding(op); })
      .Case([&](NormOp op) { writeNorm(op); })
      .Case([&](arith::AddFOp op) { writeAdd(op); })
      .Case([&](arith::TruncFOp op) { writeRound(op); })
      .Case([&](GluOp op) { writeGlu(op); })
      .Case([&](ActivateOp op) { writeActivate(op); })
      .Case([&](PointwiseOp op) { writePointwise(op); })
      .Case([&](ScaleRowsOp op) { writeScaleRows(op); })
      .Case([&](TemperRowsOp op) { writeTemperRows(op); })
      .Case([&](GatherRowsOp op) { writeGather(op); })
      .Case([&](RouterOp op) { writeRouter(op); })
      .Case([&](MoeCombineOp op) { writeCombine(op); })
      .Case([&](IndexTopkOp op) { writeIndexTopK(op); })
      .Case([&](RopeOp op) { writeRope(op); })
      .Case([&](CacheUpdateOp op) { writeCache(op); })
      // Views are written where they are read.
      .Default([&](Operation *op) { isWritten = !isRowOp(op); });
  if (isWritten)
    return success();
  return op->emitOpError() << "has no lowering to a loop over tokens";
}

/// Whether an op can be written for each row alone.
static LogicalResult verifyRowOp(Operation *op, tile::YieldOp yield) {
  bool isBesideRows = isRowView(op) ||
                      isa<tensor::DimOp, tensor::SplatOp, tile::YieldOp>(op) ||
                      (op->hasTrait<OpTrait::ConstantLike>() &&
                       op->getResult(0).getType().isIntOrIndexOrFloat());
  if (isBesideRows)
    return success();
  if (!isRowOp(op))
    return op->emitOpError() << "cannot be written as a loop over tokens";
  auto rowOp = cast<RowOpInterface>(op);
  for (Value operand : rowOp.getWholeOperands())
    if (Operation *def = lookThroughRowViews(operand).getDefiningOp();
        def && !(isa<MoeCombineOp>(op) && areOnes(operand)))
      return op->emitOpError()
             << "expects the kernel to be given what is read as a whole, but "
                "got the result of "
             << def->getName() << " in the kernel; run tenon-form-kernels";
  if (auto rope = dyn_cast<RopeOp>(op))
    if (!rope.getTable())
      return op->emitOpError() << "expects a table of cosines and sines; run "
                                  "tenon-materialize-rope-tables first";
  if (rowOp.getTiedOperand() &&
      !llvm::is_contained(yield.getValues(), op->getResult(0)))
    return op->emitOpError() << "expects the kernel to yield the cache";
  return success();
}

/// The number of rows that the kernel's loop runs over.
static FailureOr<Value> findRowCount(KernelLowering &lowering) {
  auto yield = lowering.kernel.getYield();
  for (auto [number, value] : llvm::enumerate(yield.getValues())) {
    Operation *def = value.getDefiningOp();
    if (!def || isRowView(def) || isa<tensor::SplatOp>(def))
      return lowering.kernel.emitOpError()
             << "expects to yield results of ops on rows, but got "
             << value.getType() << " as result " << number;
  }
  if (yield.getValues().empty())
    return lowering.kernel.emitOpError() << "expects a result";
  auto update = yield.getValues().front().getDefiningOp<CacheUpdateOp>();
  return lowering.dim(update ? Value(update.getPositions()) : lowering.out(0),
                      0);
}

LogicalResult tenon::lowerRows(KernelLowering &lowering) {
  SmallVector<Operation *> ops;
  for (Operation &op : lowering.kernel.getBody().front()) {
    if (failed(verifyRowOp(&op, lowering.kernel.getYield())))
      return failure();
    ops.push_back(&op);
  }
  FailureOr<Value> tokens = findRowCount(lowering);
  if (failed(tokens))
    return failure();

  SmallVector<Value> outs;
  for (unsigned i = 0; i < lowering.kernel.getOuts().size(); ++i)
    outs.push_back(lowering.out(i));
  bool isWritten = true;
  ValueRange results = lowering.parallel(
      OpFoldResult(*tokens), outs, [&](ValueRange ivs, ValueRange shared) {
        RowWriter writer(lowering, ivs.front(), shared);
        for (Operation *op : ops)
          isWritten &= succeeded(writer.write(op));
        return std::move(writer.written);
      });
  lowering.finish(SmallVector<Value>(results));
  return success(isWritten);
}
