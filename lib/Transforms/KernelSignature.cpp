// Operands and results of a kernel that is being formed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelSignature.h"
#include "dialects/Tenon/Roles.h"
#include "dialects/Tenon/RowTensors.h"
#include "dialects/Tenon/RowViews.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace tenon;

bool tenon::isRepeated(Operation *op) {
  if (!op)
    return false;
  bool isScalar = op->getNumResults() == 1 &&
                  op->getResult(0).getType().isIntOrIndexOrFloat();
  return isRowView(op) || isa<tensor::DimOp, tensor::SplatOp>(op) ||
         (isScalar && matchPattern(op, m_Constant()));
}

KernelSignature::KernelSignature(ArrayRef<Operation *> ops,
                                 const KernelEnds &ends)
    : group(ops.begin(), ops.end()), ends(ends) {
  for (Operation *op : ops) {
    auto isRead = [&](Value result) { return isReadOutside(result); };
    bool yieldsAll = isa<KernelRootOpInterface>(op) &&
                     llvm::any_of(op->getResults(), isRead);
    for (Value result : op->getResults())
      if (yieldsAll || isRead(result))
        yielded.push_back(result);
  }
}

bool KernelSignature::isReadOutside(Value value) const {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (group.contains(user))
      return false;
    return !isRepeated(user) || isReadOutside(user->getResult(0));
  });
}

/// Whether some op reads a value, or a view of it, after the kernel.
bool KernelSignature::isReadLater(Value value) const {
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
/// that computes rows again for a root.
bool KernelSignature::isReadByOtherRows(Value value) const {
  bool hasRoot = llvm::any_of(group, llvm::IsaPred<KernelRootOpInterface>);
  for (Operation *op : group) {
    SmallVector<Value> rows = getRowTensors(op);
    auto rowOp = dyn_cast<RowOpInterface>(op);
    bool isOnce = !hasRoot || (rowOp && !rowOp.canBeRecomputed());
    for (Value operand : op->getOperands()) {
      bool isOwnRow = isOnce && llvm::is_contained(rows, operand);
      if (!isOwnRow && lookThroughRowViews(operand) == value)
        return true;
    }
  }
  return false;
}

/// Whether a function says of its argument that nothing writes to it.
static bool isReadOnly(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return false;
  auto func = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  auto writable =
      func ? func.getArgAttrOfType<BoolAttr>(
                 argument.getArgNumber(),
                 bufferization::BufferizationDialect::kWritableAttrName)
           : BoolAttr();
  return writable && !writable.getValue();
}

bool KernelSignature::canBeOverwritten(Value value) const {
  Operation *def = value.getDefiningOp();
  return !isReadOnly(value) && !group.contains(def) && !isRepeated(def) &&
         !(def && def->hasTrait<OpTrait::ConstantLike>()) &&
         value.getParentBlock() == group.front()->getBlock() &&
         !isReadLater(value) && !isReadByOtherRows(value);
}

/// The operand that a result may be written over, or null.
Value KernelSignature::findDestination(Value result) const {
  auto op = result.getDefiningOp<RowOpInterface>();
  if (!op)
    return {};
  if (Value tied = op.getTiedOperand())
    return tied;
  for (Value candidate : op.getReusableOperands())
    if (canBeOverwritten(candidate))
      return candidate;
  return {};
}

/// The number of the result of a function that is a value, or a view of it.
static std::optional<unsigned> findReturned(func::FuncOp func, Value value) {
  for (auto [index, returned] :
       llvm::enumerate(func.front().getTerminator()->getOperands()))
    if (lookThroughRowViews(returned) == value)
      return index;
  return std::nullopt;
}

/// The tensor whose memory a value lies in, as far as kernels say so.
static Value findOrigin(Value value) {
  while (auto kernel = value.getDefiningOp<tile::KernelOp>())
    value = kernel.getOuts()[cast<OpResult>(value).getResultNumber()];
  return value;
}

/// The rows that a layer is given, as what was written over them last, if they
/// are like its result: the loop over layers needs both in one place.
static Value findGivenRows(func::FuncOp func, Value result) {
  Value rows = getOperand(func, Role::Hidden);
  if (!rows || rows.getType() != result.getType())
    return {};
  for (Value last; last != rows;) {
    last = rows;
    for (Operation *user : last.getUsers())
      if (auto kernel = dyn_cast<tile::KernelOp>(user))
        for (auto [out, written] :
             llvm::zip_equal(kernel.getOuts(), kernel.getResults()))
          if (out == last)
            rows = written;
  }
  return rows;
}

void KernelSignature::findOuts(OpBuilder &builder, func::FuncOp func) {
  for (Value result : yielded) {
    Value out = findDestination(result);
    if (llvm::is_contained(outs, out))
      out = {};
    // What the caller gets may not lie in memory of the step. Caches are its.
    auto rowOp = result.getDefiningOp<RowOpInterface>();
    bool isCache = rowOp && rowOp.getTiedOperand();
    std::optional<unsigned> returned = findReturned(func, result);
    if (!isCache && func.isPublic() && returned &&
        !(out && isa<BlockArgument>(findOrigin(out))))
      out = insertOperand(func, func.getNumArguments(), result.getType(),
                          isStep(func) ? getResultRole(func, *returned)
                                       : std::optional<Role>());
    Value given = out || !returned ? Value() : findGivenRows(func, result);
    if (given && canBeOverwritten(given) && !llvm::is_contained(outs, given))
      out = given;
    if (!out)
      out = createEmpty(builder, result);
    outs.push_back(out);
  }
}

void KernelSignature::findInputs() {
  for (Operation *op : group)
    for (Value operand : op->getOperands())
      addInput(operand);
}

void KernelSignature::addInput(Value value) {
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

/// A size in terms of values outside the group.
Value KernelSignature::resolveSize(OpBuilder &builder, Value size) const {
  Operation *op = size.getDefiningOp();
  if (Value counted = getCountedTensor(size)) {
    Operation *def = counted.getDefiningOp();
    if (!group.contains(def) && !isRepeated(def))
      return size;
    Value rows = rowsOf(builder, counted);
    if (op->use_empty())
      op->erase();
    return rows;
  }
  // What was built for a size that is asked for has no other user.
  if (op && op->use_empty() && isPure(op)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(op);
    for (OpOperand &operand : op->getOpOperands())
      operand.set(resolveSize(builder, operand.get()));
  }
  return size;
}

/// The number of rows of a value, in terms of values outside the group.
Value KernelSignature::rowsOf(OpBuilder &builder, Value value) const {
  Operation *op = value.getDefiningOp();
  Location loc = value.getLoc();
  if (isRowView(op))
    return rowsOf(builder, op->getOperand(0));
  if (!group.contains(op) && !isRepeated(op))
    return tensor::DimOp::create(builder, loc, value, 0);
  auto hasSizes = dyn_cast<ReifyRankedShapedTypeOpInterface>(op);
  FailureOr<OpFoldResult> rows = failure();
  if (hasSizes)
    rows = hasSizes.reifyDimOfResult(
        builder, cast<OpResult>(value).getResultNumber(), 0);
  // Rows are known where other sizes are not.
  if (failed(rows))
    return rowsOf(builder, getRowTensors(op).front());
  return resolveSize(builder,
                     getValueOrCreateConstantIndexOp(builder, loc, *rows));
}

Value KernelSignature::createEmpty(OpBuilder &builder, Value result) const {
  auto type = cast<RankedTensorType>(result.getType());
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(rowsOf(builder, result));
  return tensor::EmptyOp::create(builder, result.getLoc(), type, sizes);
}
