// The structure of a kernel: its root, prologue and epilogue.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Analysis/KernelStructure.h"
#include "dialects/Tenon/RowViews.h"
#include "dialects/Tenon/ShapeVerification.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tenon;

/// The addition that a kernel yields, if one of its summands is the root's
/// result; the other summand is returned, too.
static std::pair<arith::AddFOp, Value> findAddend(Block &body,
                                                  KernelRootOpInterface root) {
  OperandRange yielded = body.getTerminator()->getOperands();
  if (!root.takesEpilogue() || yielded.empty())
    return {};
  auto add = yielded.back().getDefiningOp<arith::AddFOp>();
  if (!add)
    return {};
  bool isLeft = add.getLhs() == root->getResult(0);
  bool isRight = add.getRhs() == root->getResult(0);
  // A sum of twice the result has no other summand.
  if (isLeft == isRight)
    return {};
  return {add, isLeft ? add.getRhs() : add.getLhs()};
}

KernelStructure::KernelStructure(Block &body) {
  auto roots = body.getOps<KernelRootOpInterface>();
  if (roots.empty())
    return;
  root = *roots.begin();
  if (Value input = root.getPrologueOperand())
    norm = input.getDefiningOp<NormOp>();
  std::tie(add, addend) = findAddend(body, root);
  for (Operation &op : body.without_terminator()) {
    bool isPassive = isRowView(&op) || isa<tensor::DimOp>(op) ||
                     op.hasTrait<OpTrait::ConstantLike>();
    if (!isPassive &&
        !llvm::is_contained(
            {root.getOperation(), norm.getOperation(), add.getOperation()},
            &op)) {
      foreign = &op;
      break;
    }
  }
  yieldsLast =
      llvm::equal(body.getTerminator()->getOperands(), getLast()->getResults());
}

bool tenon::isColumnSlice(tensor::ExtractSliceOp slice) {
  return slice.getSourceType().getRank() == 2 && slice.hasUnitStride() &&
         slice.getStaticOffset(0) == 0 && !slice.isDynamicOffset(1);
}

FailureOr<RowAccess> tenon::resolveRowViews(Value value) {
  RowAccess rows;
  for (Operation *def = value.getDefiningOp(); def;
       def = value.getDefiningOp()) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(def)) {
      if (!isColumnSlice(slice))
        return failure();
      rows.first += slice.getStaticOffset(1);
      value = slice.getSource();
    } else if (isRowView(def)) {
      value = def->getOperand(0);
    } else {
      return failure();
    }
    if (ShapedType::isDynamic(getRowLength(value.getType())))
      return failure();
  }
  rows.base = value;
  rows.stride = getRowLength(value.getType());
  return rows;
}
