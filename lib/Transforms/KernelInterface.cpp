// What goes into a kernel that is being formed, and what comes out of it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelInterface.h"
#include "dialects/Tenon/RowViews.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "RowCounts.h"

using namespace mlir;
using namespace tenon;

bool tenon::isRowOp(Operation *op) {
  if (isa<arith::AddFOp>(op)) {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    return type && (type.getRank() == 2 || type.getRank() == 3);
  }
  return isa<EmbeddingOp, NormOp, GluOp, GatherRowsOp, RopeOp, CacheUpdateOp,
             RouterOp, CombineOp>(op);
}

bool tenon::isRootOp(Operation *op) {
  return isa<LinearOp, HeadLinearOp, GroupedLinearOp, AttentionOp,
             MlaAttentionOp, GroupOp>(op);
}

bool tenon::isRepeated(Operation *op) {
  if (!op)
    return false;
  bool isScalar = op->getNumResults() == 1 &&
                  op->getResult(0).getType().isIntOrIndexOrFloat();
  return isRowView(op) || isa<tensor::DimOp, tensor::SplatOp>(op) ||
         (isScalar && matchPattern(op, m_Constant()));
}

KernelInterface::KernelInterface(ArrayRef<Operation *> ops,
                                 const KernelEnds &ends)
    : group(ops.begin(), ops.end()), ends(ends) {
  for (Operation *op : ops) {
    auto isRead = [&](Value result) { return isReadOutside(result); };
    bool yieldsAll = isRootOp(op) && llvm::any_of(op->getResults(), isRead);
    for (Value result : op->getResults())
      if (yieldsAll || isRead(result))
        yielded.push_back(result);
  }
}

bool KernelInterface::isReadOutside(Value value) const {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (group.contains(user))
      return false;
    return !isRepeated(user) || isReadOutside(user->getResult(0));
  });
}

/// Whether some op reads a value, or a view of it, after the kernel.
bool KernelInterface::isReadLater(Value value) const {
  Operation *last = group.back();
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (group.contains(user))
      return false;
    if (isRowView(user))
      return isReadLater(user->getResult(0));
    Operation *reader = last->getBlock()->findAncestorOpInBlock(*user);
    if (Operation *end = ends.lookup(reader))
      reader = end;
    return !isa<tensor::DimOp>(user) && last->isBeforeInBlock(reader);
  });
}

/// Whether the kernel reads rows of a value while others write over it: all but
/// ops on single rows read rows of their own choice, and so does each worker
/// that computes a norm again.
bool KernelInterface::isReadByOtherRows(Value value) const {
  bool hasRoot = llvm::any_of(group, isRootOp);
  for (Operation *op : group) {
    SmallVector<Value> rows = getRowTensors(op);
    for (Value operand : op->getOperands()) {
      bool isOwnRow = llvm::is_contained(rows, operand) &&
                      (!hasRoot || isa<arith::AddFOp>(op));
      if (!isOwnRow && lookThroughRowViews(operand) == value)
        return true;
    }
  }
  return false;
}

bool KernelInterface::canBeOverwritten(Value value) const {
  Operation *def = value.getDefiningOp();
  return !group.contains(def) && !isRepeated(def) &&
         !(def && def->hasTrait<OpTrait::ConstantLike>()) &&
         value.getParentBlock() == group.front()->getBlock() &&
         !isReadLater(value) && !isReadByOtherRows(value);
}

/// The operand that a result may be written over, or null.
Value KernelInterface::findDestination(Value result) const {
  Operation *op = result.getDefiningOp();
  if (auto update = dyn_cast<CacheUpdateOp>(op))
    return update.getCache();
  SmallVector<Value> candidates;
  if (auto combine = dyn_cast<CombineOp>(op))
    candidates = {combine.getInit()};
  else if (isa<arith::AddFOp>(op))
    llvm::append_range(candidates, op->getOperands());
  for (Value candidate : candidates)
    if (canBeOverwritten(candidate))
      return candidate;
  return {};
}

/// Whether the caller of a public function gets this value.
static bool isHandedOut(Value result, func::FuncOp func) {
  return func.isPublic() &&
         llvm::any_of(result.getUsers(), llvm::IsaPred<func::ReturnOp>);
}

/// The tensor whose memory a value lies in, as far as kernels say so.
static Value findOrigin(Value value) {
  while (auto kernel = value.getDefiningOp<tile::KernelOp>())
    value = kernel.getOuts()[cast<OpResult>(value).getResultNumber()];
  return value;
}

/// The caller says where a new result goes.
static Value addArgument(func::FuncOp func, Value result) {
  unsigned index = func.getNumArguments();
  (void)func.insertArgument(index, result.getType(), {}, result.getLoc());
  return func.getArgument(index);
}

void KernelInterface::findOuts(OpBuilder &builder, func::FuncOp func) {
  for (Value result : yielded) {
    Value out = findDestination(result);
    if (llvm::is_contained(outs, out))
      out = {};
    // What the caller gets may not lie in memory of the step. Caches are its.
    bool isCache = isa<CacheUpdateOp>(result.getDefiningOp());
    if (!isCache && isHandedOut(result, func) &&
        !(out && isa<BlockArgument>(findOrigin(out))))
      out = addArgument(func, result);
    if (!out)
      out = createEmpty(builder, result);
    outs.push_back(out);
  }
}

void KernelInterface::findInputs() {
  for (Operation *op : group)
    for (Value operand : op->getOperands())
      addInput(operand);
}

void KernelInterface::addInput(Value value) {
  Operation *def = value.getDefiningOp();
  if (group.contains(def) || llvm::is_contained(outs, value) ||
      repeated.contains(def))
    return;
  if (!isRepeated(def)) {
    inputs.insert(value);
    return;
  }
  for (Value operand : def->getOperands())
    addInput(operand);
  repeated.insert(def);
}

/// The number of rows of a value, in terms of values outside the group.
Value KernelInterface::rowsOf(OpBuilder &builder, Value value) const {
  Operation *op = value.getDefiningOp();
  Location loc = value.getLoc();
  if (!op || !(group.contains(op) || isRowView(op) || isa<tensor::SplatOp>(op)))
    return tensor::DimOp::create(builder, loc, value, 0);
  if (auto gather = dyn_cast<GatherRowsOp>(op))
    return rowsOf(builder, gather.getRows());
  if (auto grouped = dyn_cast<GroupedLinearOp>(op))
    return rowsOf(builder, grouped.getOrder() ? Value(grouped.getOrder())
                                              : Value(grouped.getInput()));
  if (auto combine = dyn_cast<CombineOp>(op))
    return rowsOf(builder, combine.getPlace());
  if (auto splat = dyn_cast<tensor::SplatOp>(op)) {
    if (!splat.getType().isDynamicDim(0))
      return arith::ConstantIndexOp::create(builder, loc,
                                            splat.getType().getDimSize(0));
    Value size = splat.getDynamicSizes().front();
    Value counted = getCountedTensor(size);
    return counted ? rowsOf(builder, counted) : size;
  }
  if (isa<GroupOp>(op) && value == op->getResult(0)) {
    Value choices = op->getOperand(0);
    Value top = arith::ConstantIndexOp::create(
        builder, loc, cast<RankedTensorType>(choices.getType()).getDimSize(1));
    return arith::MulIOp::create(builder, loc, rowsOf(builder, choices), top);
  }
  return rowsOf(builder, op->getOperand(0));
}

Value KernelInterface::createEmpty(OpBuilder &builder, Value result) const {
  auto type = cast<RankedTensorType>(result.getType());
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(rowsOf(builder, result));
  return tensor::EmptyOp::create(builder, result.getLoc(), type, sizes);
}
