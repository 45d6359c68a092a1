// Statistics of norms: sums over rows, in an order that their length decides.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RowValues.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

Value RowValues::sumOfWarp(Value value) {
  return kernel.reduceWarp(value,
                           [&](Value x, Value y) { return b.add(x, y); });
}

Value RowValues::sumOfBlock(Value value) {
  value = sumOfWarp(value);
  b.when(b.equal(kernel.lane, 0), [&] {
    b.store(value, b.shared(b.add(b.shl(kernel.warp, 2), partialsAt)), 4);
  });
  b.syncBlock();
  Value sum = b.f32(0);
  for (int64_t i = 0; i < kernel.warps; ++i)
    sum = b.add(sum,
                b.load(b.getF32Type(), b.shared(b.i32(partialsAt + 4 * i)), 4));
  b.syncBlock();
  return sum;
}

Value RowValues::sumElements(NormOp op, Value token, Value row, Value first,
                             int64_t step, Value mean, bool squared) {
  int64_t normed = op.getNormalized();
  Value begin = b.mul(first, width);
  Value end = b.i32(normed), stride = b.i32(step * width);
  Values sums =
      b.loop(begin, end, stride, b.f32(0), [&](Value at, ValueRange state) {
        Value sum = state.front();
        for (Value x : evaluate(op.getInput(), token, b.add(row, at))) {
          if (mean)
            x = b.sub(x, mean);
          sum = squared ? b.fma(x, x, sum) : b.add(sum, x);
        }
        return Values{sum};
      });
  return sums.front();
}

Value RowValues::getDeviation(NormOp op, Value squares) {
  int64_t normed = op.getNormalized();
  Value mean = b.mul(squares, b.f32(1.0 / normed));
  return b.rsqrt(b.add(mean, b.f32(op.getEps().convertToFloat())));
}

void RowValues::storeStatistics(NormOp op, Value head, Value deviation,
                                Value mean) {
  Value place = b.add(b.shl(head, 3), statisticsAt.at(op));
  if (!mean)
    mean = b.f32(0);
  b.storeVector({deviation, mean}, b.shared(place));
}

/// One row for a token: all threads share it.
void RowValues::computeForRow(NormOp op, Value token) {
  int64_t normed = op.getNormalized();
  auto sum = [&](Value mean, bool squared) {
    return sumOfBlock(sumElements(op, token, b.i32(0), kernel.thread,
                                  kernel.threads, mean, squared));
  };
  Value mean;
  if (op.getKind() == NormKind::Layer) {
    mean = sum(Value(), false);
    mean = b.mul(mean, b.f32(1.0 / normed));
  }
  Value deviation = getDeviation(op, sum(mean, true));
  b.when(b.equal(kernel.thread, 0),
         [&] { storeStatistics(op, b.i32(0), deviation, mean); });
  b.syncBlock();
}

/// A row for each head: each warp takes some of them.
void RowValues::computeForHeads(NormOp op, Value token) {
  int64_t length =
      cast<RankedTensorType>(op.getInput().getType()).getShape().back();
  int64_t normed = op.getNormalized();
  int64_t heads = getRowLength(op.getInput()) / length;
  b.loop(kernel.warp, heads, kernel.warps, [&](Value head) {
    auto sum = [&](Value mean, bool squared) {
      return sumOfWarp(sumElements(op, token, b.mul(head, length), kernel.lane,
                                   kWarpSize, mean, squared));
    };
    Value mean;
    if (op.getKind() == NormKind::Layer) {
      mean = sum(Value(), false);
      mean = b.mul(mean, b.f32(1.0 / normed));
    }
    Value deviation = getDeviation(op, sum(mean, true));
    b.when(b.equal(kernel.lane, 0),
           [&] { storeStatistics(op, head, deviation, mean); });
  });
  b.syncBlock();
}

void RowValues::computeStatistics(Value token) {
  for (auto op : kernel.op.getBody().front().getOps<NormOp>()) {
    bool isWhole =
        getRowLength(op.getInput()) ==
        cast<RankedTensorType>(op.getInput().getType()).getShape().back();
    isWhole ? computeForRow(op, token) : computeForHeads(op, token);
  }
}
