// Kernels of ops that work on the rows of single tokens: one loop over tokens.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

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

  LogicalResult write(Operation *op);

  SmallVector<KernelLowering::Written> written;

private:
  Value rowOf(Value value);
  Slice sliceAt(Value token, Type type);
  Value destinationOf(Value result);
  void define(Value result, Value row);

  void writeEmbedding(EmbeddingOp op);
  void writeNorm(NormOp op);
  void writeRope(RopeOp op);
  void writeAdd(arith::AddFOp op);
  void writeGlu(GluOp op);
  void writeGather(GatherRowsOp op);
  void writeCache(CacheUpdateOp op);
  void writeRouter(RouterOp op);
  void writeCombine(CombineOp op);
  Slice cacheSlice(CacheUpdateOp op);

  KernelLowering &lowering;
  Value t;
  ValueRange shared;
  DenseMap<Value, unsigned> numbers;
  DenseMap<Value, Value> rows;
};
} // namespace

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

Value RowWriter::rowOf(Value value) {
  if (Value row = rows.lookup(value))
    return row;
  OpBuilder &builder = lowering.builder;
  Value row;
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    unsigned inputs = lowering.kernel.getInputs().size();
    Value tensor =
        arg.getArgNumber() < inputs ? value : shared[arg.getArgNumber() - inputs];
    row = lowering.extract(tensor, sliceAt(t, value.getType()));
  } else if (auto view = value.getDefiningOp<tensor::ExtractSliceOp>()) {
    Slice slice{view.getMixedOffsets(), view.getMixedSizes()};
    slice.sizes.front() = lowering.attr(1);
    row = lowering.extract(rowOf(view.getSource()), slice);
  } else {
    auto expand = value.getDefiningOp<tensor::ExpandShapeOp>();
    auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>();
    assert((expand || collapse) && "other ops have defined their row");
    SmallVector<int64_t> shape(cast<RankedTensorType>(value.getType()).getShape());
    shape.front() = 1;
    auto type = RankedTensorType::get(
        shape, cast<RankedTensorType>(value.getType()).getElementType());
    if (expand)
      row = tensor::ExpandShapeOp::create(builder, lowering.loc, type,
                                          rowOf(expand.getSrc()),
                                          expand.getReassociationIndices());
    else
      row = tensor::CollapseShapeOp::create(builder, lowering.loc, type,
                                            rowOf(collapse.getSrc()),
                                            collapse.getReassociationIndices());
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
  if (result.hasOneUse())
    if (auto update = dyn_cast<CacheUpdateOp>(*result.user_begin()))
      if (numbers.contains(update.getResult()) &&
          isa<BlockArgument>(update.getCache())) {
        auto type = cast<RankedTensorType>(result.getType());
        SmallVector<int64_t> shape(type.getShape());
        shape.front() = 1;
        Slice slice = cacheSlice(update);
        SmallVector<OpFoldResult> strides(slice.offsets.size(),
                                          lowering.attr(1));
        return tensor::ExtractSliceOp::create(
            lowering.builder, lowering.loc,
            RankedTensorType::get(shape, type.getElementType()),
            shared[numbers[update.getResult()]], slice.offsets, slice.sizes,
            strides);
      }
  auto type = cast<RankedTensorType>(result.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.front() = 1;
  return lowering.empty(shape, type.getElementType());
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
  auto norm = tile::NormOp::create(lowering.builder, op.getLoc(), out.getType(),
                                   op.getKind(), input, op.getWeight(),
                                   op.getBias(), op.getEpsAttr(), out,
                                   op.getOrder());
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
  auto add = tile::AddOp::create(lowering.builder, op.getLoc(),
                                 rowOf(lhs).getType(), rowOf(rhs), rowOf(lhs));
  define(op.getResult(), add->getResult(0));
}

void RowWriter::writeGlu(GluOp op) {
  Value gate = rowOf(op.getGate()), up = rowOf(op.getUp());
  Value out = destinationOf(op.getResult());
  auto glu = tile::GluOp::create(lowering.builder, op.getLoc(), out.getType(),
                                 op.getActivation(), gate, up, out);
  define(op.getResult(), glu->getResult(0));
}

void RowWriter::writeGather(GatherRowsOp op) {
  Value row = lowering.loadIndex(op.getRows(), t);
  define(op.getResult(), lowering.extract(op.getInput(),
                                          sliceAt(row, op.getInput().getType())));
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

void RowWriter::writeCache(CacheUpdateOp op) {
  written.push_back({rowOf(op.getInput()), numbers.lookup(op.getResult()),
                     cacheSlice(op)});
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

void RowWriter::writeCombine(CombineOp op) {
  Value init = rowOf(op.getInit());
  auto combine = tile::CombineOp::create(lowering.builder, op.getLoc(),
                                         init.getType(), op.getInput(),
                                         op.getPlace(), op.getWeights(), t, init);
  define(op.getResult(), combine->getResult(0));
}

LogicalResult RowWriter::write(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](EmbeddingOp op) { return writeEmbedding(op), success(); })
      .Case([&](NormOp op) { return writeNorm(op), success(); })
      .Case([&](arith::AddFOp op) { return writeAdd(op), success(); })
      .Case([&](GluOp op) { return writeGlu(op), success(); })
      .Case([&](GatherRowsOp op) { return writeGather(op), success(); })
      .Case([&](RouterOp op) { return writeRouter(op), success(); })
      .Case([&](CombineOp op) { return writeCombine(op), success(); })
      .Case([&](RopeOp op) -> LogicalResult {
        if (!op.getTable())
          return op.emitOpError() << "expects a table of cosines and sines; run "
                                     "tenon-tabulate-ropes first";
        return writeRope(op), success();
      })
      .Case([&](CacheUpdateOp op) -> LogicalResult {
        if (op.getInput().getType().getElementType() !=
            op.getCache().getType().getElementType())
          return op.emitOpError() << "expects input and cache of one element "
                                     "type, but got "
                                  << op.getInput().getType() << " and "
                                  << op.getCache().getType();
        return writeCache(op), success();
      })
      .Case<tensor::ExtractSliceOp, tensor::ExpandShapeOp,
            tensor::CollapseShapeOp, tensor::DimOp, arith::ConstantOp,
            tile::YieldOp>([&](Operation *) { return success(); })
      .Default([&](Operation *op) -> LogicalResult {
        return op->emitOpError() << "cannot be written as a loop over tokens";
      });
}

/// The tensor whose first dimension the kernel's loop runs over.
static Value findTokens(tile::KernelOp kernel) {
  for (Operation &op : kernel.getBody().front()) {
    if (auto embedding = dyn_cast<EmbeddingOp>(op))
      return embedding.getTokens();
    if (auto gather = dyn_cast<GatherRowsOp>(op))
      return gather.getRows();
    if (auto combine = dyn_cast<CombineOp>(op))
      return combine.getPlace();
    if (isa<NormOp, RopeOp, CacheUpdateOp, GluOp, RouterOp, arith::AddFOp>(op)) {
      Value value = op.getOperand(0);
      while (Operation *def = value.getDefiningOp())
        value = def->getOperand(0);
      return value;
    }
  }
  return {};
}

LogicalResult tenon::lowerRows(KernelLowering &lowering) {
  SmallVector<Operation *> ops;
  for (Operation &op : lowering.kernel.getBody().front())
    ops.push_back(&op);
  Value tokens = findTokens(lowering.kernel);
  if (!tokens)
    return lowering.kernel.emitOpError() << "expects an op that works on rows";

  SmallVector<Value> outs;
  for (unsigned i = 0; i < lowering.kernel.getOuts().size(); ++i)
    outs.push_back(lowering.out(i));
  LogicalResult result = success();
  ValueRange results = lowering.parallel(
      OpFoldResult(lowering.dim(tokens, 0)), outs,
      [&](ValueRange ivs, ValueRange shared) {
        RowWriter writer(lowering, ivs.front(), shared);
        for (Operation *op : ops)
          if (failed(writer.write(op))) {
            result = failure();
            break;
          }
        return std::move(writer.written);
      });
  if (succeeded(result))
    lowering.finish(SmallVector<Value>(results));
  return result;
}
