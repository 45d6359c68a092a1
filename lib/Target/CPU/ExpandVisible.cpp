// Expands the range of keys that follows from the visibility of keys.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Expand.h"

using namespace mlir;
using namespace tenon;

using Values = VectorBuilder::Values;

LinearBound tenon::getLinearBound(AffineExpr expr) {
  AffineMap map = AffineMap::get(/*dimCount=*/3, /*symbolCount=*/0, expr);
  auto evaluate = [&](int64_t p, int64_t n, int64_t length) {
    return map.compose(ArrayRef<int64_t>{p, n, length}).front();
  };
  int64_t constant = evaluate(0, 0, 0);
  return {evaluate(1, 0, 0) - constant, evaluate(0, 1, 0) - constant,
          evaluate(0, 0, 1) - constant, constant};
}

/// The value of each result of a map over three dimensions.
static Values evaluate(VectorBuilder &b, AffineMap map, ArrayRef<Value> dims) {
  Values values;
  for (AffineExpr expr : map.getResults()) {
    LinearBound bound = getLinearBound(expr);
    Value value = b.index(bound.constant);
    for (auto [factor, dim] : llvm::zip_equal(
             ArrayRef<int64_t>{bound.p, bound.n, bound.length}, dims))
      if (factor != 0)
        value = b.add(value, b.mul(dim, factor));
    values.push_back(value);
  }
  return values;
}

/// The keys between the largest lower and the smallest upper bound.
static std::pair<Value, Value> buildRange(VectorBuilder &b,
                                          VisibleAttr::KeyRange range,
                                          ArrayRef<Value> dims) {
  Value lower = b.index(0);
  for (Value value : evaluate(b, range.lower, dims))
    lower = b.larger(lower, value);
  Values uppers = evaluate(b, range.upper, dims);
  Value upper = uppers.front();
  for (Value value : llvm::drop_begin(uppers))
    upper = b.smaller(upper, value);
  return {lower, upper};
}

Values tenon::expand(VectorBuilder &b, tile::KeyRangeOp op) {
  int64_t step = op.getStep();
  Value last = b.sub(b.add(op.getFirst(), op.getCount()), b.index(1));
  SmallVector<Value> dims = {op.getFirst(), last, op.getLength()};
  auto [someLower, someUpper] =
      buildRange(b, op.getVisible().getKeysSeenBySome(), dims);
  auto [allLower, allUpper] =
      buildRange(b, op.getVisible().getKeysSeenByAll(), dims);
  // Keys begin at 0, so only the end of an empty range can be negative.
  auto roundDown = [&](Value value) {
    Value positive = b.larger(value, b.index(0));
    return b.mul(b.quotient(positive, step), step);
  };

  Value lower = roundDown(someLower);
  Value upper = b.larger(someUpper, lower);
  Value fullLower = roundDown(b.add(allLower, step - 1));
  fullLower = b.smaller(b.larger(fullLower, lower), upper);
  Value fullUpper = b.larger(roundDown(allUpper), fullLower);
  return {lower, fullLower, fullUpper, upper};
}
