// Tensors with one row for each token that an op works on.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/RowTensors.h"
#include "dialects/Tenon/RowViews.h"
#include "dialects/Tenon/Tenon.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tenon;

Value tenon::getCountedTensor(Value size) {
  auto dim = size.getDefiningOp<tensor::DimOp>();
  return dim && dim.getConstantIndex() == 0 ? dim.getSource() : Value();
}

SmallVector<Value> tenon::getRowTensors(Operation *op) {
  if (auto rows = dyn_cast<TokenOpInterface>(op))
    return rows.getRowTensors();
  if (isRowView(op))
    return {op->getOperand(0), op->getResult(0)};
  SmallVector<Value> tensors;
  if (auto splat = dyn_cast<tensor::SplatOp>(op)) {
    tensors.push_back(splat.getResult());
    for (Value size : splat.getDynamicSizes().take_front())
      if (Value counted = getCountedTensor(size))
        tensors.push_back(counted);
  }
  return tensors;
}

bool tenon::isRowOp(Operation *op) {
  auto rows = dyn_cast<RowOpInterface>(op);
  return rows && !rows.getRowTensors().empty();
}

/// Sizes of a tensor, of which the dynamic ones are those of another tensor.
static SmallVector<OpFoldResult> getSizesLike(OpBuilder &builder, Location loc,
                                              Value tensor, Value other) {
  SmallVector<OpFoldResult> sizes;
  auto type = cast<RankedTensorType>(tensor.getType());
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    sizes.push_back(ShapedType::isDynamic(size)
                        ? tensor::getMixedSize(builder, loc, other, dim)
                        : OpFoldResult(builder.getIndexAttr(size)));
  return sizes;
}

LogicalResult tenon::reifyRows(Operation *op, OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  auto row = dyn_cast<RowOpInterface>(op);
  Value tied = row ? row.getTiedOperand() : Value();
  // A result that is not another tensor shares its rows alone. Whoever fails may
  // not have built anything.
  for (Type type : op->getResultTypes())
    if (!tied &&
        llvm::is_contained(cast<RankedTensorType>(type).getShape().drop_front(),
                           ShapedType::kDynamic))
      return failure();
  Value like = tied ? tied : getRowTensors(op).front();
  for (Value result : op->getResults())
    shapes.push_back(getSizesLike(builder, op->getLoc(), result, like));
  return success();
}

LogicalResult
MoeDispatchOp::reifyResultShapes(OpBuilder &builder,
                                 ReifiedRankedShapedTypeDims &shapes) {
  Location loc = getLoc();
  if (!getOffsets().getType().hasStaticShape())
    return failure();
  shapes.resize(getNumResults());
  OpFoldResult tokens = tensor::getMixedSize(builder, loc, getChoice(), 0);
  OpFoldResult top = tensor::getMixedSize(builder, loc, getChoice(), 1);
  Value choices = builder.createOrFold<arith::MulIOp>(
      loc, getValueOrCreateConstantIndexOp(builder, loc, tokens),
      getValueOrCreateConstantIndexOp(builder, loc, top));
  shapes[0] = {choices};
  shapes[1] = {tokens, top};
  shapes[2] = tensor::getMixedSizes(builder, loc, getOffsets());
  return success();
}

namespace {
/// A sum of activations. Sums of scalars have no rows.
struct AddModel : RowOpInterface::ExternalModel<AddModel, arith::AddFOp> {
  SmallVector<Value> getReusableOperands(Operation *op) const {
    return SmallVector<Value>(op->getOperands());
  }
  bool canBeEpilogue(Operation *) const { return true; }
};

struct AddRowsModel
    : TokenOpInterface::ExternalModel<AddRowsModel, arith::AddFOp> {
  SmallVector<Value> getRowTensors(Operation *op) const {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !llvm::is_contained({2, 3}, type.getRank()))
      return {};
    return {op->getOperand(0), op->getOperand(1), op->getResult(0)};
  }
};

} // namespace

namespace {
/// Activations rounded to a narrower type.
struct RoundModel : RowOpInterface::ExternalModel<RoundModel, arith::TruncFOp> {
};

struct RoundRowsModel
    : TokenOpInterface::ExternalModel<RoundRowsModel, arith::TruncFOp> {
  SmallVector<Value> getRowTensors(Operation *op) const {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !llvm::is_contained({2, 3}, type.getRank()))
      return {};
    return {op->getOperand(0), op->getResult(0)};
  }
};

} // namespace

void tenon::attachRowModels(MLIRContext &context) {
  arith::AddFOp::attachInterface<AddRowsModel, AddModel>(context);
  arith::TruncFOp::attachInterface<RoundRowsModel, RoundModel>(context);
}
