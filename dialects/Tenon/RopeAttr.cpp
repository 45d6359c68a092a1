// Frequencies of rotary position embeddings.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include <cmath>

using namespace mlir;
using namespace tenon;

/// Rotations that bound what is blended, where the attribute names none.
static constexpr double kLow = 1, kLlama3High = 4, kYarnHigh = 32;

static double valueOr(FloatAttr attr, double otherwise) {
  return attr ? attr.getValueAsDouble() : otherwise;
}

LogicalResult RopeAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t dims, RopePairing pairing,
                               FloatAttr theta, RopeScaling scaling,
                               FloatAttr factor, FloatAttr original,
                               FloatAttr low, FloatAttr high, bool truncate,
                               FloatAttr attention,
                               DenseF64ArrayAttr divisors) {
  if (dims < 2 || dims % 2 != 0) // C1
    return emitError() << "expects dims to be even and positive, but got "
                       << dims;
  if (!(theta.getValueAsDouble() >= 1)) // C1
    return emitError() << "expects theta to be at least 1, but got "
                       << theta.getValueAsDouble();
  for (FloatAttr attr : {factor, original, low, high, attention}) // C2
    if (attr && !(attr.getValueAsDouble() > 0 &&
                  std::isfinite(attr.getValueAsDouble())))
      return emitError() << "expects factor, original, low, high and attention "
                            "to be positive and finite, but got "
                         << attr.getValueAsDouble();
  double first = valueOr(low, kLow), last = valueOr(high, kLlama3High);
  if (scaling == RopeScaling::Llama3 && first > last) // C3
    return emitError() << "expects low to be at most high for llama3, but got "
                       << first << " and " << last;
  if (scaling == RopeScaling::Yarn && theta.getValueAsDouble() == 1) // C3
    return emitError() << "expects theta to be above 1 for yarn, but got 1";
  bool isDivided = scaling == RopeScaling::Divided;
  int64_t expected = isDivided ? dims / 2 : 0;
  if (expected != (divisors ? divisors.size() : 0)) // C4
    return emitError() << "expects " << expected
                       << " divisors for this scaling, but got "
                       << (divisors ? divisors.size() : 0);
  for (double divisor : divisors ? divisors.asArrayRef() : ArrayRef<double>())
    if (!(divisor > 0 && std::isfinite(divisor))) // C4
      return emitError()
             << "expects divisors to be positive and finite, but got "
             << divisor;
  return success();
}

/// Llama 3: stretches long waves, keeps short ones, and blends between.
static double scaleLlama3(double frequency, double factor, double original,
                          double low, double high) {
  double wavelength = 2 * M_PI / frequency;
  if (wavelength < original / high)
    return frequency;
  if (wavelength > original / low)
    return frequency / factor;
  if (low == high)
    return frequency;
  double t = (original / wavelength - low) / (high - low);
  return (1 - t) * frequency / factor + t * frequency;
}

SmallVector<double> RopeAttr::getFrequencies() const {
  double theta = getTheta().getValueAsDouble();
  double factor = valueOr(getFactor(), 1);
  double original = valueOr(getOriginal(), 8192);
  bool isYarn = getScaling() == RopeScaling::Yarn;
  double low = valueOr(getLow(), kLow);
  double high = valueOr(getHigh(), isYarn ? kYarnHigh : kLlama3High);

  auto rotationDim = [&](double rotations) {
    return getDims() * std::log(original / (2 * M_PI * rotations)) /
           (2 * std::log(theta));
  };
  double first = rotationDim(high), last = rotationDim(low);
  if (getTruncate()) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  first = std::max(first, 0.0);
  last = std::min(last, static_cast<double>(getDims() - 1));
  if (first == last)
    last += 0.001;

  SmallVector<double> frequencies;
  for (int64_t i = 0; i < getDims() / 2; ++i) {
    double plain = std::pow(theta, -2.0 * i / getDims());
    double ramp = std::clamp((i - first) / (last - first), 0.0, 1.0);
    switch (getScaling()) {
    case RopeScaling::None:
      frequencies.push_back(plain);
      break;
    case RopeScaling::Linear:
      frequencies.push_back(plain / factor);
      break;
    case RopeScaling::Llama3:
      frequencies.push_back(scaleLlama3(plain, factor, original, low, high));
      break;
    case RopeScaling::Yarn:
      frequencies.push_back(plain / factor * ramp + plain * (1 - ramp));
      break;
    case RopeScaling::Divided:
      frequencies.push_back(plain / getDivisors()[i]);
      break;
    }
  }
  return frequencies;
}

double RopeAttr::getAttentionFactor() const {
  return valueOr(getAttention(), 1);
}
