// Kernels of ops on rows of single tokens: a block of threads for each.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/MapVector.h"
#include "RowValues.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

/// The rows that are stored for a result: itself, or what enters a cache.
static Value getStored(Value result) {
  if (auto update = result.getDefiningOp<CacheUpdateOp>())
    return update.getInput();
  return result;
}

/// Arguments that elements of `row` come from; `elsewhere` holds those that are
/// read at another place than the one that is computed.
static void collectReads(Value row, bool moved, SmallPtrSetImpl<Value> &here,
                         SmallPtrSetImpl<Value> &elsewhere) {
  if (isa<BlockArgument>(row)) {
    (moved ? elsewhere : here).insert(row);
    return;
  }
  Operation *op = row.getDefiningOp();
  // What rows of experts are added to is read where the sum goes.
  if (auto combine = dyn_cast<MoeCombineOp>(op)) {
    collectReads(combine.getInit(), moved, here, elsewhere);
    collectReads(combine.getInput(), /*moved=*/true, here, elsewhere);
    return;
  }
  moved |= isa<RopeOp, GatherRowsOp, tensor::ExtractSliceOp>(op);
  for (Value operand : op->getOperands())
    if (isa<RankedTensorType>(operand.getType()))
      collectReads(operand, moved, here, elsewhere);
}

/// A cache is written where it lies.
static Refusal checkUpdates(tile::KernelOp kernel) {
  for (auto update : kernel.getBody().front().getOps<CacheUpdateOp>()) {
    OperandRange results = kernel.getYield().getValues();
    auto found = llvm::find(results, update.getResult());
    if (found == results.end() ||
        update.getCache() != getOut(kernel, found - results.begin()))
      return "a cache is not updated in place";
  }
  return std::nullopt;
}

/// Results are written over arguments. An element may be read for another one
/// only if that is computed at the same time.
static Refusal checkHazards(tile::KernelOp kernel) {
  OperandRange results = kernel.getYield().getValues();
  for (auto [j, result] : llvm::enumerate(results)) {
    SmallPtrSet<Value, 8> here, elsewhere;
    collectReads(getStored(result), false, here, elsewhere);
    for (auto [i, written] : llvm::enumerate(results)) {
      Value out = getOut(kernel, i);
      if (elsewhere.contains(out))
        return "a result is written over rows that another element needs";
      if (here.contains(out) &&
          getRowLength(getStored(written)) != getRowLength(getStored(result)))
        return "a result is written over rows that another result needs";
    }
  }
  return std::nullopt;
}

/// Where the elements of a token's row go.
static Value getTarget(DeviceKernel &kernel, int64_t index, Value token) {
  DeviceBuilder &b = kernel.b;
  Value result = kernel.op.getYield().getValues()[index];
  Value out = kernel.getOut(index);
  int64_t length = getRowLength(getStored(result));
  Value row = b.zext64(token);
  if (auto update = result.getDefiningOp<CacheUpdateOp>()) {
    Value slot = b.zext64(kernel.loadIndex(update.getSlots(), token));
    Value position = b.zext64(kernel.loadIndex(update.getPositions(), token));
    row = b.mul(kernel.getIndex(update.getLayer()), kernel.getSize(out, 1));
    row = b.add(row, slot);
    row = b.mul(row, kernel.getSize(out, 2));
    row = b.add(row, position);
  }
  int64_t bytes = getBytes(getElementTypeOrSelf(out));
  return b.offset(kernel.getPointer(out), b.mul(row, length * bytes));
}

static void storeResults(DeviceKernel &kernel, RowValues &rows, Value token) {
  DeviceBuilder &b = kernel.b;
  OperandRange results = kernel.op.getYield().getValues();
  // Rows of the same length share a loop: all of them are read before one is
  // written.
  llvm::MapVector<int64_t, SmallVector<int64_t>> byLength;
  for (auto [i, result] : llvm::enumerate(results))
    byLength[getRowLength(getStored(result))].push_back(i);
  for (auto &[length, group] : byLength) {
    Values targets;
    for (int64_t i : group)
      targets.push_back(getTarget(kernel, i, token));
    int64_t width = rows.getWidth();
    b.loop(b.mul(kernel.thread, width), length, kernel.threads * width,
           [&, &group = group](Value at) {
             SmallVector<Values> values;
             for (int64_t i : group)
               values.push_back(
                   rows.evaluate(getStored(results[i]), token, at));
             for (auto [i, target, elements] :
                  llvm::zip_equal(group, targets, values)) {
               Value out = kernel.getOut(i);
               b.storeFloats(getElementTypeOrSelf(out), elements, target,
                             b.zext64(at));
             }
           });
  }
}

/// The argument whose first dimension counts the tokens.
static Value getCounted(DeviceKernel &kernel) {
  for (auto [i, result] : llvm::enumerate(kernel.op.getYield().getValues()))
    if (!result.getDefiningOp<CacheUpdateOp>())
      return kernel.getOut(i);
  Value first = kernel.op.getYield().getValues().front();
  return first.getDefiningOp<CacheUpdateOp>().getPositions();
}

Refusal tenon::nvptx::checkRowKernel(tile::KernelOp kernel) {
  if (Refusal refusal = checkRows(kernel))
    return refusal;
  for (Value result : kernel.getYield().getValues())
    if (isa<BlockArgument>(result))
      return "a result is an argument of the kernel";
  if (Refusal refusal = checkUpdates(kernel))
    return refusal;
  return checkHazards(kernel);
}

RowsAttr tenon::nvptx::chooseRows(tile::KernelOp kernel) {
  int64_t longest = 0;
  for (Value result : kernel.getYield().getValues())
    longest = std::max(longest, getRowLength(getStored(result)));
  // The length alone decides, so that sums do not depend on the bucket.
  int64_t warps = llvm::divideCeil(longest, kWarpSize * getRowWidth(kernel));
  return RowsAttr::get(kernel.getContext(), std::clamp<int64_t>(warps, 2, 16));
}

Refusal tenon::nvptx::emitRows(DeviceKernel &kernel) {
  if (!kernel.getConfig<RowsAttr>())
    return kernel.refuseConfig();
  if (Refusal refusal = checkRowKernel(kernel.op))
    return refusal;
  RowValues rows(kernel);
  kernel.blocks = kernel.tokens;
  Value tokens = kernel.b.trunc32(kernel.getSize(getCounted(kernel), 0));
  kernel.forEachWorkItem(tokens, [&](Value token) {
    rows.computeStatistics(token);
    storeResults(kernel, rows, token);
    kernel.b.syncBlock();
  });
  return std::nullopt;
}
