// How far a result may lie from the oracle's: one function for every test.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_TOLERANCE_H
#define TENON_INTERPRETER_TOLERANCE_H

#include "tenon/Interpreter/Tensor.h"
#include "llvm/Support/Error.h"

namespace tenon {

/// The tolerance relative to the magnitude of an element, for results that are
/// accumulated in f32 and held in types with at most the given unit roundoff.
///
/// Let u = 2^-24. One chain of K additions in f32 rounds every partial sum,
/// with independent errors of at most u times the sum, of variance u^2 / 3. If
/// the terms have random signs and deviation s, partial sum k is about
/// sqrt(k) s, so the error has the deviation
///
///   u s sqrt((1 + 2 + ... + K) / 3) = u s K / sqrt(6)
///
/// which is u sqrt(K / 6) relative to the result sqrt(K) s. If all terms are
/// alike, partial sum k is k s and the deviation u s sqrt(K^3 / 9), which is
/// u sqrt(K) / 3 relative to K s. So one sum deviates by about 0.4 u sqrt(K);
/// holding its result adds at most the roundoff r of its type. C operations one
/// after the other pass errors on; they are independent, so their variances
/// add:
///
///   deviation = sqrt(C) (0.4 u sqrt(K) + r)
///
/// The largest of 10^7 elements lies within 5.4 deviations, and an operation
/// may amplify what it is given (norms, softmax and activations: by less than
/// 3). Both together are a factor of 16, and the tolerance is
///
///   16 sqrt(C) (0.4 u sqrt(K) + r)
///
/// Without any rounding, C = 0, results must be equal.
double getTolerance(double roundoff, int64_t longestSum, int64_t chain);

/// The largest error in units of the tolerance, and where it is.
struct Deviation {
  double ratio = 0;
  double error = 0;
  double tolerance = 0;
  int64_t element = 0;
  /// The largest error of an element in units of itself, or of 2^-126, the
  /// smallest normal number of f32, if that is more.
  double relative = 0;
};

/// What each element of a result may differ by from the oracle's. The magnitude
/// of an element is the larger of its own and the root mean square of those
/// that are finite and not zero: an element that is small because terms
/// canceled has the error of its terms.
struct ElementTolerance {
  /// Relative to the magnitude of an element.
  double relative = 0;
  /// The root mean square.
  double usual = 0;

  double get(double expected) const;
};

/// The tolerance that follows from the history of the oracle's result, which
/// holds floats.
ElementTolerance getElementTolerance(const Tensor &oracle, double scale = 1);

/// Compares a result with the oracle's. Integers must be equal. Shapes that differ, a NaN on either side and
/// infinities that differ are errors.
llvm::Expected<Deviation> compare(const Tensor &result, const Tensor &oracle,
                                  double scale = 1);

} // namespace tenon

#endif // TENON_INTERPRETER_TOLERANCE_H
