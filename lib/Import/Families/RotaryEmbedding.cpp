// Rotary embeddings: plain, and with each way to stretch a context.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RotaryEmbedding.h"
#include "mlir/IR/Builders.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

namespace {
enum Scaling { Default, Linear, Llama3, Yarn, LongRope };

/// The parameters of an attribute, before it is built.
struct RopeParameters {
  RopeScaling scaling = RopeScaling::None;
  std::optional<double> factor, original, low, high, attention;
  bool truncate = true;
  std::vector<double> divisors;
};
} // namespace

static RopeAttr build(MLIRContext *context, int64_t width, RopePairing pairing,
                      double theta, const RopeParameters &parameters = {}) {
  Builder builder(context);
  auto attr = [&](std::optional<double> value) {
    return value ? builder.getF64FloatAttr(*value) : FloatAttr();
  };
  return RopeAttr::get(context, width, pairing, builder.getF64FloatAttr(theta),
                       parameters.scaling, attr(parameters.factor),
                       attr(parameters.original), attr(parameters.low),
                       attr(parameters.high), parameters.truncate,
                       attr(parameters.attention),
                       parameters.divisors.empty()
                           ? DenseF64ArrayAttr()
                           : builder.getDenseF64ArrayAttr(parameters.divisors));
}

double tenon::getYarnMagnitude(double factor, double weight) {
  return factor <= 1 ? 1 : 0.1 * weight * std::log(factor) + 1;
}

static Scaling readScaling(ConfigReader &config) {
  if (!config.has("rope_scaling"))
    return Default;
  return static_cast<Scaling>(
      config.getChoice("rope_scaling.rope_type", llvm::StringRef("default"),
                       {"default", "linear", "llama3", "yarn", "longrope"}));
}

int64_t tenon::readContextLength(ConfigReader &config) {
  constexpr int64_t longest = int64_t(1) << 30;
  int64_t length =
      config.getInt("max_position_embeddings", std::nullopt, {1, longest});
  static constexpr llvm::StringLiteral original =
      "rope_scaling.original_max_position_embeddings";
  // LongRoPE has a list for each of two lengths, and the longer one is the
  // model's.
  if (!config.has(original) || readScaling(config) == LongRope)
    return length;
  double stretched =
      config.getFloat(original) * config.getFloat("rope_scaling.factor");
  return std::max(length,
                  int64_t(std::min(stretched, static_cast<double>(longest))));
}

static double readTheta(ConfigReader &config, llvm::StringRef key,
                        double fallback) {
  double theta = config.getFloat(key, fallback);
  if (theta > 1)
    return theta;
  config.complain(key, "expects a number above 1, but got " +
                           ConfigReader::print(theta));
  return fallback;
}

/// An odd width has an element without a partner.
static int64_t checkWidth(ConfigReader &config, int64_t width) {
  if (width >= 2 && width % 2 == 0)
    return width;
  config.complain("rope_theta", "turns pairs of elements, but " +
                                    llvm::Twine(width) +
                                    " elements of a head rotate; expects an "
                                    "even number");
  return 2;
}

RopeAttr tenon::readPlainRope(ConfigReader &config, MLIRContext *context,
                              llvm::StringRef thetaKey, int64_t width,
                              RopePairing pairing, double defaultTheta) {
  double theta = readTheta(config, thetaKey, defaultTheta);
  return build(context, checkWidth(config, width), pairing, theta);
}

/// A file that does not say what was stretched means the whole context.
static double readOriginalLength(ConfigReader &config) {
  static constexpr llvm::StringLiteral original =
      "rope_scaling.original_max_position_embeddings";
  return config.getFloat(config.has(original)
                             ? llvm::StringRef(original)
                             : llvm::StringRef("max_position_embeddings"));
}

static RopeParameters readLlama3(ConfigReader &config) {
  RopeParameters result;
  result.scaling = RopeScaling::Llama3;
  result.factor = config.getFloat("rope_scaling.factor");
  result.original = readOriginalLength(config);
  result.low = config.getFloat("rope_scaling.low_freq_factor");
  result.high = config.getFloat("rope_scaling.high_freq_factor");
  if (*result.low <= *result.high)
    return result;
  if (!config.failed())
    config.complain("rope_scaling.low_freq_factor",
                    "expects at most 'rope_scaling.high_freq_factor', but they "
                    "are " +
                        ConfigReader::print(*result.low) + " and " +
                        ConfigReader::print(*result.high));
  result.high = *result.low * 2;
  return result;
}

static RopeParameters readYarn(ConfigReader &config) {
  RopeParameters result;
  result.scaling = RopeScaling::Yarn;
  double factor = config.getFloat("rope_scaling.factor");
  result.factor = factor;
  result.original = readOriginalLength(config);
  result.high = config.getFloat("rope_scaling.beta_fast", 32.0);
  result.low = config.getFloat("rope_scaling.beta_slow", 1.0);
  result.truncate = config.getBool("rope_scaling.truncate", true);
  double magnitude = getYarnMagnitude(factor, 1);
  double some =
      config.getFloat("rope_scaling.mscale", 0.0, FloatRange::NonNegative);
  double all = config.getFloat("rope_scaling.mscale_all_dim", 0.0,
                               FloatRange::NonNegative);
  if (some > 0 && all > 0)
    magnitude = getYarnMagnitude(factor, some) / getYarnMagnitude(factor, all);
  magnitude = config.getFloat("rope_scaling.attention_factor", magnitude);
  if (magnitude != 1)
    result.attention = magnitude;
  return result;
}

/// Divisors for sequences of up to the original length, and others for longer
/// ones. A sequence cannot change over: its keys in the cache are rotated. So
/// the longest one of this compilation decides for all, and the published rule,
/// which goes by the length so far, is met by all sequences on its side.
static RopeParameters readLongRope(ConfigReader &config, int64_t width,
                                   int64_t positions) {
  RopeParameters result;
  double original = readOriginalLength(config);
  double length = config.getFloat("max_position_embeddings");
  bool isLong =
      (positions ? static_cast<double>(positions) : length) > original;
  for (llvm::StringRef key :
       {"rope_scaling.short_factor", "rope_scaling.long_factor"}) {
    std::vector<double> divisors = config.getFloatList(key);
    if (config.failed())
      return {};
    if (static_cast<int64_t>(divisors.size()) != width / 2) {
      config.complain(key, "expects a factor for each of the " +
                               llvm::Twine(width / 2) +
                               " pairs that rotate, but has " +
                               llvm::Twine(divisors.size()));
      return {};
    }
    if (key.contains("long") == isLong)
      result.divisors = std::move(divisors);
  }
  result.scaling = RopeScaling::Divided;
  double factor = config.getFloat("rope_scaling.factor", length / original);
  double magnitude = factor <= 1 || original <= 1
                         ? 1
                         : std::sqrt(1 + std::log(factor) / std::log(original));
  magnitude = config.getFloat("rope_scaling.attention_factor", magnitude);
  if (magnitude != 1)
    result.attention = magnitude;
  return result;
}

RopeAttr tenon::readRope(ConfigReader &config, MLIRContext *context,
                         int64_t width, RopePairing pairing,
                         double defaultTheta, ArrayRef<double> divisors,
                         int64_t positions) {
  double theta = readTheta(config, "rope_theta", defaultTheta);
  width = checkWidth(config, width);
  RopeParameters parameters;
  Scaling scaling = readScaling(config);
  switch (scaling) {
  case Default:
    break;
  case Linear:
    parameters.scaling = RopeScaling::Linear;
    parameters.factor = config.getFloat("rope_scaling.factor");
    break;
  case Llama3:
    parameters = readLlama3(config);
    break;
  case Yarn:
    parameters = readYarn(config);
    break;
  case LongRope:
    parameters = readLongRope(config, width, positions);
    break;
  }
  RopeAttr rope = build(context, width, pairing, theta, parameters);
  if (divisors.empty() || config.failed())
    return rope;
  if (RopeAttr fitted =
          scaling == Default ? fitLlama3(rope, divisors) : RopeAttr())
    return fitted;
  config.complain("rope_theta",
                  "goes with divisors of the frequencies in the file; expects "
                  "those of the llama3 scaling, and no other scaling");
  return rope;
}

//===----------------------------------------------------------------------===//
// From divisors to parameters
//===----------------------------------------------------------------------===//

namespace {
/// The share of a kept frequency as a line: `t = slope g + shift`, kept whole
/// at 1 and stretched whole at 0.
struct Blend {
  double slope, shift;
};
} // namespace

/// The line through what is blended. Where fewer than two frequencies are, the
/// steepest one that the others allow: it makes no difference to them.
static std::optional<Blend> fitBlend(ArrayRef<double> plain,
                                     ArrayRef<double> share) {
  SmallVector<size_t> blended;
  std::optional<size_t> lastKept, firstStretched;
  for (auto [i, t] : llvm::enumerate(share)) {
    if (t >= 1)
      lastKept = i;
    else if (t > 0)
      blended.push_back(i);
    else if (!firstStretched)
      firstStretched = i;
  }
  size_t top = blended.empty() ? lastKept.value_or(0) : blended.front();
  size_t bottom = blended.empty() ? firstStretched.value_or(0) : blended.back();
  double slope = 0;
  if (top != bottom) {
    slope = (share[top] - share[bottom]) / (plain[top] - plain[bottom]);
  } else {
    if (lastKept)
      slope = (1 - share[top]) / (plain[*lastKept] - plain[top]);
    if (firstStretched)
      slope =
          std::max(slope, share[top] / (plain[top] - plain[*firstStretched]));
  }
  if (!(slope > 0) || !std::isfinite(slope))
    return std::nullopt;
  return Blend{slope, share[top] - slope * plain[top]};
}

/// True when a scaling divides as told, as exactly as f32 divisors can say.
static bool divides(RopeAttr rope, ArrayRef<double> plain,
                    ArrayRef<double> divisors) {
  constexpr double tolerance = 1e-6; // 8 units in the last place of f32
  for (auto [f, g, divisor] : llvm::zip(rope.getFrequencies(), plain, divisors))
    if (!(std::abs(f * divisor / g - 1) < tolerance))
      return false;
  return true;
}

RopeAttr tenon::fitLlama3(RopeAttr plain, ArrayRef<double> divisors) {
  SmallVector<double> frequencies = plain.getFrequencies();
  if (divisors.size() != frequencies.size())
    return nullptr;
  double factor = *std::max_element(divisors.begin(), divisors.end());
  RopeParameters parameters;
  auto make = [&] {
    RopeAttr rope =
        build(plain.getContext(), plain.getDims(), plain.getPairing(),
              plain.getTheta().getValueAsDouble(), parameters);
    return divides(rope, frequencies, divisors) ? rope : RopeAttr();
  };
  // All alike: none, or one factor for everything.
  if (RopeAttr same = make())
    return same;
  parameters.scaling = RopeScaling::Linear;
  parameters.factor = factor;
  if (RopeAttr same = make())
    return same;

  SmallVector<double> share;
  for (double divisor : divisors)
    share.push_back((factor / divisor - 1) / (factor - 1));
  std::optional<Blend> blend = fitBlend(frequencies, share);
  if (!blend || !(blend->shift < 0))
    return nullptr;
  // One of three parameters is free; in files of these models `low` is 1.
  double low = 1, high = low - low / blend->shift;
  double original = 2 * M_PI * blend->slope * (high - low);
  parameters.scaling = RopeScaling::Llama3;
  for (bool whole : {true, false}) {
    parameters.low = low;
    parameters.high = whole ? std::round(high) : high;
    parameters.original = whole ? std::round(original) : original;
    if (!(*parameters.high > low) || !(*parameters.original > 0))
      continue;
    if (RopeAttr fitted = make())
      return fitted;
  }
  return nullptr;
}
