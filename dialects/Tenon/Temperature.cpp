// Builds the attention temperature of a position.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Temperature.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace tenon;

/// The natural logarithm of a positive normal number, within 2e-7 of it: that
/// of the power of two in it, and 2 atanh(z) = 2 z (1 + z^2 / 3 + ...) with
/// |z| below 0.172, whose next term is less than 4e-10 of the sum.
static Value buildLogarithm(OpBuilder &builder, Location loc, Value x) {
  Type f32 = builder.getF32Type(), i32 = builder.getI32Type();
  auto real = [&](double value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF32FloatAttr(value));
  };
  auto whole = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(value));
  };
  auto add = [&](Value a, Value b) -> Value {
    return arith::AddFOp::create(builder, loc, a, b);
  };
  auto mul = [&](Value a, Value b) -> Value {
    return arith::MulFOp::create(builder, loc, a, b);
  };
  Value bits = arith::BitcastOp::create(builder, loc, i32, x);
  Value biased = arith::ShRUIOp::create(builder, loc, bits, whole(23));
  Value fraction = arith::AndIOp::create(builder, loc, bits, whole(0x7fffff));
  fraction = arith::OrIOp::create(builder, loc, fraction, whole(0x3f800000));
  Value mantissa = arith::BitcastOp::create(builder, loc, f32, fraction);
  Value isLarge = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT,
                                        mantissa, real(M_SQRT2));
  mantissa = arith::SelectOp::create(builder, loc, isLarge,
                                     mul(mantissa, real(0.5)), mantissa);
  Value ofLarge = real(-126);
  Value offset =
      arith::SelectOp::create(builder, loc, isLarge, ofLarge, real(-127));
  Value exponent =
      add(arith::UIToFPOp::create(builder, loc, f32, biased), offset);
  Value dividend = add(mantissa, real(-1));
  Value z =
      arith::DivFOp::create(builder, loc, dividend, add(mantissa, real(1)));
  Value square = mul(z, z), series = real(1.0 / 9);
  for (double divisor : {7.0, 5.0, 3.0, 1.0}) {
    series = mul(series, square);
    series = add(series, real(1 / divisor));
  }
  exponent = mul(exponent, real(M_LN2));
  return add(exponent, mul(mul(z, real(2)), series));
}

Value tenon::buildTemperature(OpBuilder &builder, Location loc, Value position,
                              int64_t interval, double slope) {
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  auto constant = [&](TypedAttr value) -> Value {
    return arith::ConstantOp::create(builder, loc, value);
  };
  // No position reaches a longer interval.
  interval = std::min<int64_t>(interval, std::numeric_limits<int32_t>::max());
  Value one = constant(builder.getI32IntegerAttr(1));
  Value next = arith::AddIOp::create(builder, loc, position, one);
  Value passed = arith::DivUIOp::create(
      builder, loc, next, constant(builder.getIntegerAttr(i32, interval)));
  Value count = arith::AddIOp::create(builder, loc, passed, one);
  Value log = buildLogarithm(builder, loc,
                             arith::UIToFPOp::create(builder, loc, f32, count));
  Value rise = arith::MulFOp::create(builder, loc, log,
                                     constant(builder.getF32FloatAttr(slope)));
  return arith::AddFOp::create(builder, loc, rise,
                               constant(builder.getF32FloatAttr(1)));
}
