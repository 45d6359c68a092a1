// Comparison of results with those of the oracle.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/Tolerance.h"
#include <cmath>

using namespace mlir;
using namespace tenon;

double tenon::getTolerance(double roundoff, int64_t longestSum, int64_t chain) {
  double unit = std::ldexp(1.0, -24);
  return 16 * std::sqrt(static_cast<double>(chain)) *
         (0.4 * unit * std::sqrt(static_cast<double>(longestSum)) + roundoff);
}

/// Root mean square of the elements that are finite and not zero.
static double getMagnitude(ArrayRef<double> values) {
  double sum = 0;
  int64_t count = 0;
  for (double value : values) {
    if (value == 0 || !std::isfinite(value))
      continue;
    sum += value * value;
    ++count;
  }
  return count ? std::sqrt(sum / count) : 0;
}

static llvm::Error reject(int64_t element, const Twine &result,
                          const Twine &oracle) {
  return llvm::createStringError("element " + Twine(element) + " is " + result +
                                 ", but the oracle has " + oracle);
}

static llvm::Expected<Deviation> compareInts(const Tensor &result,
                                             const Tensor &oracle) {
  for (int64_t i = 0, e = oracle.getNumElements(); i < e; ++i)
    if (result.ints()[i] != oracle.ints()[i])
      return reject(i, Twine(result.ints()[i]), Twine(oracle.ints()[i]));
  return Deviation();
}

double ElementTolerance::get(double expected) const {
  return relative * std::max(std::abs(expected), usual);
}

ElementTolerance tenon::getElementTolerance(const Tensor &oracle,
                                            double scale) {
  const History &history = oracle.history;
  return {scale *
              getTolerance(history.roundoff, history.longestSum, history.chain),
          getMagnitude(oracle.floats())};
}

llvm::Expected<Deviation> tenon::compare(const Tensor &result,
                                         const Tensor &oracle, double scale) {
  if (result.getShape() != oracle.getShape() ||
      result.isFloat() != oracle.isFloat())
    return llvm::createStringError("shapes or kinds of elements differ");
  if (!oracle.isFloat())
    return compareInts(result, oracle);
  ElementTolerance allowed = getElementTolerance(oracle, scale);
  Deviation worst;
  for (int64_t i = 0, e = oracle.getNumElements(); i < e; ++i) {
    double got = result.floats()[i], expected = oracle.floats()[i];
    // Nothing that is not a number is right, even if both sides agree on it.
    if (std::isnan(got) || std::isnan(expected))
      return reject(i, Twine(std::to_string(got)),
                    Twine(std::to_string(expected)));
    if (got == expected)
      continue;
    double error = std::abs(got - expected);
    double tolerance = allowed.get(expected);
    if (!std::isfinite(error) || tolerance == 0)
      return reject(i, Twine(std::to_string(got)),
                    Twine(std::to_string(expected)) +
                        " and allows no error here");
    double own = std::max(std::abs(expected), std::ldexp(1.0, -126));
    worst.relative = std::max(worst.relative, error / own);
    if (error / tolerance > worst.ratio)
      worst = {error / tolerance, error, tolerance, i, worst.relative};
  }
  return worst;
}
