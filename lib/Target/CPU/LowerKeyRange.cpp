// Lowers the key range that follows from a mask.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "mlir/Dialect/Affine/Utils.h"
#include "VectorLowerings.h"

using namespace mlir;
using namespace tenon;

using Values = VectorBuilder::Values;

std::pair<Value, Value> tenon::buildKeyRange(VectorBuilder &b,
                                             MaskAttr::KeyRange range,
                                             Value first, Value last,
                                             Value length) {
  auto evaluate = [&](AffineMap map) {
    auto values = affine::expandAffineMap(b.builder, b.loc, map,
                                          ValueRange{first, last, length});
    assert(values && "bounds are affine");
    return Values(values->begin(), values->end());
  };
  Value lower = b.index(0);
  for (Value value : evaluate(range.lower))
    lower = b.max(lower, value);
  Values uppers = evaluate(range.upper);
  Value upper = uppers.front();
  for (Value value : llvm::drop_begin(uppers))
    upper = b.min(upper, value);
  return {lower, upper};
}

static LogicalResult lowerKeyRange(VectorBuilder &b, tile::KeyRangeOp op) {
  int64_t step = op.getStep();
  Value end = b.add(op.getFirst(), op.getCount());
  Value last = b.sub(end, b.index(1));
  auto [someLower, someUpper] = buildKeyRange(
      b, op.getMask().getKeysSeenBySome(), op.getFirst(), last, op.getLength());
  auto [allLower, allUpper] = buildKeyRange(
      b, op.getMask().getKeysSeenByAll(), op.getFirst(), last, op.getLength());
  // Keys begin at 0, so only the end of an empty range can be negative.
  auto roundDown = [&](Value value) {
    Value positive = b.max(value, b.index(0));
    return b.mul(b.div(positive, step), step);
  };

  Value lower = roundDown(someLower);
  Value upper = b.max(someUpper, lower);
  Value fullLower = roundDown(b.add(allLower, step - 1));
  fullLower = b.min(b.max(fullLower, lower), upper);
  Value fullUpper = b.max(roundDown(allUpper), fullLower);
  op->replaceAllUsesWith(Values{lower, fullLower, fullUpper, upper});
  return success();
}

void tenon::attachKeyRangeLowerings(MLIRContext &context) {
  attachLowerings<lowerKeyRange>(context);
}
