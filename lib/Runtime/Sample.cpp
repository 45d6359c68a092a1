// Chooses the next token from logits.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Error.h"
#include "Options.h"
#include "Session.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace tenon::runtime;

namespace {

/// The order of tokens: by logit, of equal ones the lower token first.
struct ComesFirst {
  const float *logits;

  bool operator()(uint32_t a, uint32_t b) const {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
  }
};

/// One draw.
class Draw {
public:
  Draw(tenon_session &session, const float *logits,
       const tenon_sampling &sampling)
      : logits(logits), sampling(sampling),
        vocabulary(session.model->manifest->vocabulary),
        probabilities(session.probabilities), bins(session.bins),
        order(session.order) {}

  /// Finds the first token; fails if there is none or if a logit is no number.
  tenon_status findBest();
  uint32_t getBest() const { return best; }

  /// Draws with u in [0, 1).
  uint32_t draw(double u);

private:
  bool cutsTail() const { return sampling.top_p > 0 && sampling.top_p < 1; }
  double weigh(uint32_t token) const;
  void weighAll();
  uint32_t binOf(uint32_t token) const;
  void selectFirst(uint32_t count);
  void keepFirst(uint32_t count);
  void keepNucleus();
  uint32_t findNucleusBin(double &sum, double &target);

  const float *logits;
  const tenon_sampling &sampling;
  uint32_t vocabulary;
  uint32_t best = 0;
  /// Of each token: its probability relative to that of the best, 0 if dropped.
  double *probabilities;
  double *bins;
  uint32_t *order;
};

} // namespace

/// exp(x) for x <= 0, from IEEE 754 operations alone, so that it has the same
/// bits everywhere; the error is below 1e-15 of the result. Below -700 it is 0.
static double exponential(double x) {
  constexpr double kLog2E = 0x1.71547652b82fep+0;
  // ln 2 in two parts: the first has so few bits that its product with n is
  // exact.
  constexpr double kLn2High = 0x1.62e42fee00000p-1;
  constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
  // Adding this rounds to an integer, which is then in the lowest bits.
  constexpr double kRound = 0x1.8p52;
  double clamped = x < -700 ? -700 : x;
  double shifted = clamped * kLog2E + kRound;
  double n = shifted - kRound;
  double r = (clamped - n * kLn2High) - n * kLn2Low;
  // The Taylor series: |r| <= 0.347, so that the 14th term is below 2^-55.
  constexpr double kInverse[] = {1.0 / 6227020800,
                                 1.0 / 479001600,
                                 1.0 / 39916800,
                                 1.0 / 3628800,
                                 1.0 / 362880,
                                 1.0 / 40320,
                                 1.0 / 5040,
                                 1.0 / 720,
                                 1.0 / 120,
                                 1.0 / 24,
                                 1.0 / 6,
                                 1.0 / 2,
                                 1.0,
                                 1.0};
  double sum = kInverse[0];
  for (size_t i = 1; i != sizeof(kInverse) / sizeof(kInverse[0]); ++i)
    sum = sum * r + kInverse[i];
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof(bits));
  bits = (bits + 1023) << 52;
  double scale;
  memcpy(&scale, &bits, sizeof(scale));
  return x < -700 ? 0 : sum * scale;
}

static uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

/// The number in [0, 1) that the header documents.
static double uniform(uint64_t seed, uint64_t counter) {
  uint64_t bits = mix(mix(seed) + (counter + 1) * 0x9e3779b97f4a7c15);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

tenon_status Draw::findBest() {
  for (uint32_t token = 0; token != vocabulary; ++token) {
    // Also true for NaN.
    if (!(logits[token] < INFINITY))
      return fail(TENON_ERROR_ARGUMENT,
                  "logit of token %u is %s, which cannot be sampled; check the "
                  "weights with tenon_model_check",
                  token, std::isnan(logits[token]) ? "NaN" : "infinite");
    if (logits[token] > logits[best])
      best = token;
  }
  if (logits[best] == -INFINITY)
    return fail(TENON_ERROR_ARGUMENT,
                "all logits are minus infinity; leave at least one token");
  return TENON_OK;
}

double Draw::weigh(uint32_t token) const {
  double difference =
      static_cast<double>(logits[token]) - static_cast<double>(logits[best]);
  return exponential(difference / static_cast<double>(sampling.temperature));
}

void Draw::weighAll() {
  for (uint32_t token = 0; token != vocabulary; ++token)
    probabilities[token] = weigh(token);
}

/// Writes the first `count` tokens to `order`, sorted.
void Draw::selectFirst(uint32_t count) {
  ComesFirst comesFirst = {logits};
  for (uint32_t token = 0; token != count; ++token)
    order[token] = token;
  // A heap with the last of the selected at its top, which a better one
  // replaces.
  std::make_heap(order, order + count, comesFirst);
  for (uint32_t token = count; token != vocabulary; ++token) {
    // Of equal logits the later token comes last, so it replaces nothing.
    if (logits[token] <= logits[order[0]])
      continue;
    std::pop_heap(order, order + count, comesFirst);
    order[count - 1] = token;
    std::push_heap(order, order + count, comesFirst);
  }
  std::sort_heap(order, order + count, comesFirst);
}

/// Keeps the first `count` tokens, and of these the nucleus.
void Draw::keepFirst(uint32_t count) {
  selectFirst(count);
  memset(probabilities, 0, vocabulary * sizeof(double));
  double total = 0, sum = 0;
  for (uint32_t i = 0; i != count; ++i)
    total += weigh(order[i]);
  double target = cutsTail() ? double(sampling.top_p) * total : total;
  for (uint32_t i = 0; i != count && sum < target; ++i)
    sum += probabilities[order[i]] = weigh(order[i]);
}

/// A number of 16 bits that is higher for higher logits: the upper half of
/// their bits, mirrored below zero.
uint32_t Draw::binOf(uint32_t token) const {
  float logit = logits[token] + 0.0f; // makes one zero of two
  uint32_t bits;
  memcpy(&bits, &logit, sizeof(bits));
  return (bits >> 31 ? ~bits : bits | 0x80000000u) >> 16;
}

/// Finds the highest bin with which the bins reach the target, which is top_p
/// of their total; `sum` is that of the bins above.
uint32_t Draw::findNucleusBin(double &sum, double &target) {
  memset(bins, 0, kSamplingBins * sizeof(double));
  for (uint32_t token = 0; token != vocabulary; ++token)
    bins[binOf(token)] += probabilities[token];
  double total = 0;
  for (uint32_t bin = kSamplingBins; bin-- != 0;)
    total += bins[bin];
  target = double(sampling.top_p) * total;
  // This sum takes the same steps as the total, so it reaches the target.
  uint32_t bin = kSamplingBins - 1;
  for (sum = 0; sum + bins[bin] < target && bin != 0; --bin)
    sum += bins[bin];
  return bin;
}

/// Drops what top_p drops of the whole vocabulary. Only one bin has to be
/// sorted.
void Draw::keepNucleus() {
  double sum, target;
  uint32_t last = findNucleusBin(sum, target), size = 0;
  for (uint32_t token = 0; token != vocabulary; ++token) {
    uint32_t bin = binOf(token);
    if (bin == last)
      order[size++] = token;
    else if (bin < last)
      probabilities[token] = 0;
  }
  std::sort(order, order + size, ComesFirst{logits});
  for (uint32_t i = 0; i != size; ++i) {
    if (sum < target)
      sum += probabilities[order[i]];
    else
      probabilities[order[i]] = 0;
  }
}

uint32_t Draw::draw(double u) {
  if (sampling.top_k != 0 && sampling.top_k < vocabulary) {
    keepFirst(sampling.top_k);
  } else {
    weighAll();
    if (cutsTail())
      keepNucleus();
  }
  double total = 0, sum = 0;
  for (uint32_t token = 0; token != vocabulary; ++token)
    total += probabilities[token];
  // The sum takes the same steps as the total, so it ends above u times it.
  for (uint32_t token = 0; token != vocabulary; ++token) {
    sum += probabilities[token];
    if (sum > u * total)
      return token;
  }
  return best;
}

static tenon_status checkSampling(const tenon_sampling &sampling) {
  // Written so that NaN is refused.
  if (!(sampling.temperature >= 0 && sampling.temperature < INFINITY))
    return fail(TENON_ERROR_ARGUMENT,
                "temperature is %g; give a finite one of at least 0, which is "
                "greedy",
                static_cast<double>(sampling.temperature));
  if (!(sampling.top_p >= 0 && sampling.top_p <= 1))
    return fail(TENON_ERROR_ARGUMENT, "top_p is %g; give one from 0 to 1",
                static_cast<double>(sampling.top_p));
  return TENON_OK;
}

tenon_status tenon_sample(tenon_session *session, const float *logits,
                          const tenon_sampling *sampling, uint64_t counter,
                          int32_t *token) {
  if (!session || !logits || !token)
    return fail(TENON_ERROR_ARGUMENT,
                "session, logits and token must not be null in tenon_sample");
  tenon_sampling known = {};
  if (tenon_status status = readOptions("tenon_sampling", sampling, known))
    return status;
  if (tenon_status status = checkSampling(known))
    return status;
  Draw draw(*session, logits, known);
  if (tenon_status status = draw.findBest())
    return status;
  uint32_t chosen = known.temperature == 0
                        ? draw.getBest()
                        : draw.draw(uniform(known.seed, counter));
  *token = static_cast<int32_t>(chosen);
  return TENON_OK;
}
