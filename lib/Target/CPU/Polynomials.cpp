// Exponentials and what follows from them, without a library.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Polynomials.h"
#include "tenon/Support/Log2E.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace tenon;

static constexpr double kLn2 = 0.693147180559945309;
/// Adding it to a small number leaves the number rounded to an integer in the
/// lowest bits.
static constexpr double kRounder = 12582912.0; // 1.5 * 2^23

/// e^r for |r| <= ln(2) / 2, to 2.6e-9. Interpolation at Chebyshev points.
static constexpr double kExp[] = {1.0,
                                  1.0000000377162135,
                                  0.5000000047117784,
                                  0.16666415514653618,
                                  0.04166635289669687,
                                  0.008375126398132253,
                                  0.0013941108438804987};
/// (e^r - 1) / r in the same range, to 1.3e-8.
static constexpr double kExpM1[] = {1.00000001077157,     0.500000001345773,
                                    0.16666505260408265,  0.04166646500604775,
                                    0.008369148490849125, 0.001393364103103323};
/// erfc(t) e^(t t) / u with u = 2 / (2 + t), for t from 0 to 10, to 5.3e-8.
static constexpr double kErfcx[] = {
    0.28208267366639705, 0.28244504197242687,   0.24257289292933942,
    0.2048536552239142,  -0.031841757619264575, 0.2856977106098689,
    -0.4938636490418655, 0.2877683096576411,    -0.05971491899062271};

/// A polynomial by Horner's rule, lowest coefficient first.
static Value buildPolynomial(VectorBuilder &b, ArrayRef<double> coefficients,
                             Value x) {
  Value sum = b.constantLike(x, coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = b.fma(sum, x, b.constantLike(x, coefficient));
  return sum;
}

/// `x` between two bounds; NaN stays what it is.
static Value clamp(VectorBuilder &b, Value x, double low, double high) {
  // The constant is the first operand: for a NaN the second one is returned.
  Value most = b.constantLike(x, high);
  return b.min(most, b.max(b.constantLike(x, low), x));
}

namespace {
/// A number as an integer and a rest of at most one half.
struct Split {
  Value integer; // as a float
  Value power;   // the integer in the place of a float's exponent
};
} // namespace

static Split roundToInteger(VectorBuilder &b, Value x) {
  Value shifted = b.add(x, b.constantLike(x, kRounder));
  return {b.sub(shifted, b.constantLike(x, kRounder)),
          b.shiftLeft(b.asInts(shifted), 23)};
}

/// `mantissa`, close to 1, times 2 to the power of an integer.
static Value scaleByPower(VectorBuilder &b, Value mantissa, Value power) {
  return b.asFloats(b.add(b.asInts(mantissa), power));
}

/// `result`, but 0 where `x` is below `low`.
static Value flushBelow(VectorBuilder &b, Value x, double low, Value result) {
  Value below = b.compare(arith::CmpFPredicate::OLT, x, b.constantLike(x, low));
  return b.select(below, b.constantLike(x, 0), result);
}

Value tenon::buildExp2(VectorBuilder &b, Value x) {
  static const SmallVector<double> coefficients = [] {
    SmallVector<double> scaled;
    for (auto [i, coefficient] : llvm::enumerate(kExp))
      scaled.push_back(coefficient * std::pow(kLn2, i));
    return scaled;
  }();
  Value clamped = clamp(b, x, -126, 127);
  Split split = roundToInteger(b, clamped);
  Value rest = b.sub(clamped, split.integer);
  Value result =
      scaleByPower(b, buildPolynomial(b, coefficients, rest), split.power);
  return flushBelow(b, x, -126, result);
}

namespace {
/// x = n ln(2) + rest, with the rest exact to f32.
struct Reduced {
  Value rest, power;
};
} // namespace

static Reduced reduceByLn2(VectorBuilder &b, Value x) {
  // The high part has so few bits that its product with n is exact.
  constexpr double high = 0.693359375, low = kLn2 - high;
  Split split = roundToInteger(b, b.mul(x, b.constantLike(x, kLog2E)));
  Value rest = b.fma(split.integer, b.constantLike(x, -high), x);
  return {b.fma(split.integer, b.constantLike(x, -low), rest), split.power};
}

Value tenon::buildExp(VectorBuilder &b, Value x) {
  constexpr double low = -126 * kLn2, high = 126.9 * kLn2;
  Reduced reduced = reduceByLn2(b, clamp(b, x, low, high));
  Value result =
      scaleByPower(b, buildPolynomial(b, kExp, reduced.rest), reduced.power);
  Value isLarge =
      b.compare(arith::CmpFPredicate::OGT, x, b.constantLike(x, high));
  Value infinity = b.constantLike(x, std::numeric_limits<double>::infinity());
  return flushBelow(b, x, low, b.select(isLarge, infinity, result));
}

Value tenon::buildSigmoid(VectorBuilder &b, Value x) {
  Value one = b.constantLike(x, 1);
  return b.divide(one, b.add(one, buildExp(b, b.negate(x))));
}

/// tanh(x) = m / (m + 2) with m = e^(2 x) - 1, which stays exact near 0.
Value tenon::buildTanh(VectorBuilder &b, Value x) {
  Value twice = b.add(x, x);
  Reduced reduced = reduceByLn2(b, clamp(b, twice, -20, 20));
  Value one = b.constantLike(x, 1);
  Value power = b.asFloats(b.add(b.asInts(one), reduced.power));
  Value small = b.mul(buildPolynomial(b, kExpM1, reduced.rest), reduced.rest);
  Value m = b.fma(power, small, b.sub(power, one));
  return b.divide(m, b.add(m, b.constantLike(x, 2)));
}

/// x times the normal distribution up to x: the half of erfc(-x / sqrt(2)),
/// taken where erfc is small, so that small results keep their digits.
static Value buildGelu(VectorBuilder &b, Value x) {
  Value isPositive =
      b.compare(arith::CmpFPredicate::OGT, x, b.constantLike(x, 0));
  // Beyond 14 the tail is 0 in f32.
  Value most = b.constantLike(x, 14);
  Value size = b.min(most, b.select(isPositive, x, b.negate(x)));
  Value two = b.constantLike(x, 2);
  Value u = b.divide(two, b.fma(size, b.constantLike(x, std::sqrt(0.5)), two));
  // The bell falls so fast that what the square loses by rounding counts.
  Value square = b.mul(size, size);
  Value lost = b.fma(size, size, b.negate(square));
  Value bell = buildExp(b, b.mul(square, b.constantLike(x, -0.5)));
  lost = b.mul(bell, lost);
  bell = b.fma(lost, b.constantLike(x, -0.5), bell);
  Value half = b.mul(b.constantLike(x, 0.5), bell);
  Value tail = b.mul(b.mul(buildPolynomial(b, kErfcx, u), u), half);
  Value share = b.select(isPositive, b.sub(b.constantLike(x, 1), tail), tail);
  return b.mul(x, share);
}

/// x (1 + tanh(z)) / 2 is x sigmoid(2 z), without a difference near -1.
static Value buildGeluTanh(VectorBuilder &b, Value x) {
  double factor = std::sqrt(8 / M_PI);
  Value square = b.mul(x, x);
  Value cubic = b.constantLike(x, factor * 0.044715);
  Value inner = b.fma(square, cubic, b.constantLike(x, factor));
  return b.mul(x, buildSigmoid(b, b.mul(x, inner)));
}

Value tenon::buildActivation(VectorBuilder &b, Activation activation, Value x) {
  switch (activation) {
  case Activation::Silu:
    return b.mul(x, buildSigmoid(b, x));
  case Activation::GeluTanh:
    return buildGeluTanh(b, x);
  case Activation::Gelu:
    return buildGelu(b, x);
  case Activation::Relu:
    return b.max(b.constantLike(x, 0), x);
  }
  llvm_unreachable("all activations are listed");
}
