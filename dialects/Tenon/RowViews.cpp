// Views that leave the rows of a tensor where they are.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/RowViews.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tenon;

/// Whether a size is that of the first dimension of a tensor.
static bool isRowCount(OpFoldResult size, Value tensor) {
  int64_t rows = cast<RankedTensorType>(tensor.getType()).getDimSize(0);
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return !ShapedType::isDynamic(rows) && *constant == rows;
  auto dim = cast<Value>(size).getDefiningOp<tensor::DimOp>();
  return dim && dim.getSource() == tensor && dim.getConstantIndex() == 0;
}

static bool showsColumns(tensor::ExtractSliceOp op) {
  if (op.getSourceType().getRank() != op.getType().getRank() ||
      op.getType().getRank() == 0 || !op.hasUnitStride() ||
      getConstantIntValue(op.getMixedOffsets().front()) != 0)
    return false;
  // Columns that are chosen when the program runs have no place in a kernel.
  bool isStatic =
      llvm::none_of(op.getStaticOffsets(), ShapedType::isDynamic) &&
      llvm::none_of(op.getStaticSizes().drop_front(), ShapedType::isDynamic);
  return isStatic && isRowCount(op.getMixedSizes().front(), op.getSource());
}

static bool keepsRows(ArrayRef<ReassociationIndices> groups) {
  return !groups.empty() && groups.front() == ReassociationIndices{0};
}

bool tenon::isRowView(Operation *op) {
  if (!op)
    return false;
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return showsColumns(slice);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return keepsRows(expand.getReassociationIndices());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return keepsRows(collapse.getReassociationIndices());
  return false;
}

Value tenon::lookThroughRowViews(Value value) {
  while (isRowView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}
