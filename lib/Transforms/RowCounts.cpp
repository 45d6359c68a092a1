// Which tensors of a block have the same number of rows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RowCounts.h"
#include "dialects/Tenon/RowViews.h"
#include "dialects/Tenon/Tenon.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon;

Value tenon::getCountedTensor(Value size) {
  auto dim = size.getDefiningOp<tensor::DimOp>();
  return dim && dim.getConstantIndex() == 0 ? dim.getSource() : Value();
}

SmallVector<Value> tenon::getRowTensors(Operation *op) {
  using Values = SmallVector<Value>;
  if (isRowView(op))
    return {op->getOperand(0), op->getResult(0)};
  return llvm::TypeSwitch<Operation *, Values>(op)
      .Case<NormOp, LinearOp, HeadLinearOp>(
          [](auto op) { return Values{op.getInput(), op.getResult()}; })
      .Case(
          [](EmbeddingOp op) { return Values{op.getTokens(), op.getResult()}; })
      .Case(
          [](GatherRowsOp op) { return Values{op.getRows(), op.getResult()}; })
      .Case([](GluOp op) {
        return Values{op.getGate(), op.getUp(), op.getResult()};
      })
      .Case([](RopeOp op) {
        return Values{op.getInput(), op.getPositions(), op.getResult()};
      })
      .Case([](CacheUpdateOp op) {
        return Values{op.getInput(), op.getPositions(), op.getSlots()};
      })
      .Case<AttentionOp, MlaAttentionOp>([](auto op) {
        return Values{op.getQuery(), op.getPositions(), op.getSlots(),
                      op.getResult()};
      })
      .Case([](RouterOp op) {
        return Values{op.getLogits(), op.getChoice(), op.getWeights()};
      })
      .Case([](GroupOp op) { return Values{op.getChoice(), op.getPlace()}; })
      .Case([](GroupedLinearOp op) {
        Value rows = op.getOrder() ? Value(op.getOrder()) : op.getInput();
        return Values{rows, op.getResult()};
      })
      .Case([](CombineOp op) {
        return Values{op.getPlace(), op.getWeights(), op.getInit(),
                      op.getResult()};
      })
      .Case([](arith::AddFOp op) {
        return isa<RankedTensorType>(op.getType())
                   ? Values{op.getLhs(), op.getRhs(), op.getResult()}
                   : Values{};
      })
      .Case([](tensor::SplatOp op) {
        Values values = {op.getResult()};
        for (Value size : op.getDynamicSizes().take_front())
          if (Value counted = getCountedTensor(size))
            values.push_back(counted);
        return values;
      })
      .Default(Values{});
}

RowCounts::RowCounts(Block &block) {
  for (Operation &op : block) {
    SmallVector<Value> tensors = getRowTensors(&op);
    for (Value tensor : tensors)
      classes.unionSets(tensors.front().getAsOpaquePointer(),
                        tensor.getAsOpaquePointer());
  }
}

bool RowCounts::areEqual(Value a, Value b) const {
  int64_t rows = cast<RankedTensorType>(a.getType()).getDimSize(0);
  if (!ShapedType::isDynamic(rows) &&
      rows == cast<RankedTensorType>(b.getType()).getDimSize(0))
    return true;
  return a == b ||
         classes.isEquivalent(a.getAsOpaquePointer(), b.getAsOpaquePointer());
}
