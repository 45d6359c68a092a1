// Sampling: order, cuts, determinism and distribution.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ToyArtifact.h"
#include "lib/Runtime/Session.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

using namespace tenon::test;

using Floats = std::vector<float>;

static constexpr float kInfinity = std::numeric_limits<float>::infinity();

static tenon_sampling sampling(float temperature, uint32_t topK = 0,
                               float topP = 0, uint64_t seed = 0) {
  tenon_sampling result = {};
  result.struct_size = sizeof(result);
  result.temperature = temperature;
  result.top_k = topK;
  result.top_p = topP;
  result.seed = seed;
  return result;
}

static int32_t sample(tenon_session *session, const Floats &logits,
                      const tenon_sampling &how, uint64_t counter = 0) {
  int32_t token = -1;
  EXPECT_EQ(tenon_sample(session, logits.data(), &how, counter, &token),
            TENON_OK)
      << tenon_last_error();
  return token;
}

/// Logits without order: token v has the (v * 11 % 37)-th largest, halved
/// steps.
static Floats someLogits() {
  Floats logits(TOY_VOCABULARY);
  for (int v = 0; v != TOY_VOCABULARY; ++v)
    logits[v] = float(v * 11 % TOY_VOCABULARY) * 0.25f - 3;
  return logits;
}

/// The tokens that may be drawn and their probabilities, by the book.
static std::vector<double> distribution(const Floats &logits,
                                        const tenon_sampling &how) {
  std::vector<int> order(logits.size());
  for (size_t i = 0; i != order.size(); ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  });
  if (how.top_k && how.top_k < order.size())
    order.resize(how.top_k);
  double total = 0, sum = 0, kept = 0;
  std::vector<double> result(logits.size());
  for (int token : order)
    total +=
        std::exp((double(logits[token]) - logits[order[0]]) / how.temperature);
  for (int token : order) {
    if (how.top_p > 0 && how.top_p < 1 && sum / total >= how.top_p)
      break;
    kept += result[token] =
        std::exp((double(logits[token]) - logits[order[0]]) / how.temperature);
    sum = kept;
  }
  for (double &probability : result)
    probability /= kept;
  return result;
}

/// The number that the header documents, written down a second time.
static double documentedUniform(uint64_t seed, uint64_t counter) {
  auto mix = [](uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9;
    x ^= x >> 27;
    x *= 0x94d049bb133111eb;
    x ^= x >> 31;
    return x;
  };
  return double(mix(mix(seed) + (counter + 1) * 0x9e3779b97f4a7c15) >> 11) /
         9007199254740992.0;
}

TEST_F(ToyModelTest, GreedyTakesTheFirstOfTheBest) {
  tenon_session *session = createSession();
  Floats logits(TOY_VOCABULARY, -1);
  EXPECT_EQ(sample(session, logits, sampling(0)), 0);
  logits[5] = logits[30] = 2;
  EXPECT_EQ(sample(session, logits, sampling(0)), 5);
  logits[0] = -kInfinity;
  int32_t token = -1;
  EXPECT_EQ(tenon_sample(session, logits.data(), nullptr, 9, &token), TENON_OK);
  EXPECT_EQ(token, 5);
}

/// Draws 500 times and compares with the documented choice.
static void checkDraws(tenon_session *session, const Floats &logits,
                       const tenon_sampling &how) {
  std::vector<double> expected = distribution(logits, how);
  for (uint64_t counter = 0; counter != 500; ++counter) {
    double u = documentedUniform(how.seed, counter), sum = 0;
    int32_t token = sample(session, logits, how, counter);
    for (int32_t v = 0; v != token; ++v)
      sum += expected[v];
    // Up to the rounding of the sums.
    ASSERT_GT(expected[token], 0);
    ASSERT_LE(sum, u + 1e-12);
    ASSERT_GT(sum + expected[token], u - 1e-12);
  }
}

TEST_F(ToyModelTest, DrawsWhatTheHeaderDocuments) {
  tenon_session *session = createSession();
  Floats spread = someLogits(), close(TOY_VOCABULARY), zeros(TOY_VOCABULARY);
  spread[3] = -kInfinity;
  for (int v = 0; v != TOY_VOCABULARY; ++v) {
    // Many logits that share their upper bits, and some below zero.
    close[v] = (v % 3 ? 1.5f : -1.5f) + float(v * 7 % TOY_VOCABULARY) * 1e-5f;
    zeros[v] = v % 2 ? 0.0f : -0.0f;
  }
  for (const Floats &logits : {spread, close, zeros})
    for (const tenon_sampling &how :
         {sampling(1), sampling(0.7f, 5), sampling(2, 0, 0.8f, 77),
          sampling(1.5f, 20, 0.6f, ~0ull), sampling(1, TOY_VOCABULARY, 1),
          sampling(1, 1000, 0.999f), sampling(1e-6f), sampling(1e6f),
          sampling(1, 1), sampling(1, 0, 1e-9f), sampling(1, 0, 0.5f),
          sampling(1, 0, 0.13f), sampling(3, 0, 0.95f)})
      checkDraws(session, logits, how);
}

// Chi-square with 36 degrees of freedom: 90 is exceeded with probability 2e-6,
// and the draws are the same in every run.
TEST_F(ToyModelTest, Distribution) {
  tenon_session *session = createSession();
  Floats logits = someLogits();
  tenon_sampling how = sampling(3, 0, 0, 1234);
  std::vector<double> expected = distribution(logits, how);
  std::vector<int> seen(TOY_VOCABULARY);
  constexpr int kDraws = 100000;
  for (int i = 0; i != kDraws; ++i)
    ++seen[sample(session, logits, how, i)];
  double statistic = 0;
  for (int v = 0; v != TOY_VOCABULARY; ++v) {
    double mean = expected[v] * kDraws;
    ASSERT_GT(mean, 5);
    statistic += (seen[v] - mean) * (seen[v] - mean) / mean;
  }
  EXPECT_LT(statistic, 90);
  EXPECT_GT(statistic, 10);
}

// The relative error is below 1e-15, as the source claims, and that of the
// library's exp is at most one unit in the last place.
TEST_F(ToyModelTest, ExponentialOfEveryDifference) {
  tenon_session *session = createSession();
  constexpr double kBound = 1e-15 + 0x1p-52;
  for (float first : {0.0f, -0.3f, -1.7f, -33.0f, -200.5f, -690.0f})
    for (float step : {0.013f, 0.29f}) {
      Floats logits(TOY_VOCABULARY);
      for (int v = 1; v != TOY_VOCABULARY; ++v)
        logits[v] = first - step * float(v);
      sample(session, logits, sampling(1));
      for (int v = 0; v != TOY_VOCABULARY; ++v) {
        double x = logits[v], exact = x < -700 ? 0 : std::exp(x);
        EXPECT_LE(std::abs(session->probabilities[v] - exact), kBound * exact)
            << x;
      }
    }
  // From here on, the probability is nothing.
  for (auto [logit, isZero] : {std::pair<float, bool>{-700.0f, false},
                               {-700.1f, true},
                               {-1e30f, true},
                               {-kInfinity, true}}) {
    Floats logits(TOY_VOCABULARY, logit);
    logits[0] = 0;
    sample(session, logits, sampling(1));
    EXPECT_EQ(session->probabilities[1] == 0, isZero) << logit;
  }
}

TEST_F(ToyModelTest, SameSeedSameTokens) {
  tenon_session *session = createSession(), *other = createSession(2, 3);
  Floats logits = someLogits();
  std::vector<int32_t> first, again, another;
  for (uint64_t counter = 0; counter != 64; ++counter) {
    first.push_back(sample(session, logits, sampling(2, 0, 0, 1), counter));
    again.push_back(sample(other, logits, sampling(2, 0, 0, 1), counter));
    another.push_back(sample(session, logits, sampling(2, 0, 0, 2), counter));
  }
  EXPECT_EQ(first, again);
  EXPECT_NE(first, another);
  EXPECT_GT(std::set<int32_t>(first.begin(), first.end()).size(), 10u);
}

TEST_F(ToyModelTest, CutsKeepTheLowerOfEqualTokens) {
  tenon_session *session = createSession();
  Floats logits(TOY_VOCABULARY, 1);
  logits[20] = 2;
  std::set<int32_t> byK, byP;
  for (uint64_t counter = 0; counter != 300; ++counter) {
    byK.insert(sample(session, logits, sampling(1, 4), counter));
    // e / (e + 36) of token 20, and one more token is needed to reach 0.08.
    byP.insert(sample(session, logits, sampling(1, 0, 0.08f), counter));
  }
  EXPECT_EQ(byK, (std::set<int32_t>{0, 1, 2, 20}));
  EXPECT_EQ(byP, (std::set<int32_t>{0, 20}));
}

TEST_F(ToyModelTest, RefusesWhatCannotBeSampled) {
  tenon_session *session = createSession();
  Floats logits(TOY_VOCABULARY, -kInfinity);
  int32_t token = 7;
  auto attempt = [&](const tenon_sampling &how) {
    return tenon_sample(session, logits.data(), &how, 0, &token);
  };
  EXPECT_EQ(attempt(sampling(0)), TENON_ERROR_ARGUMENT);
  EXPECT_STREQ(tenon_last_error(),
               "all logits are minus infinity; leave at least one token");
  logits[4] = NAN;
  EXPECT_EQ(attempt(sampling(0)), TENON_ERROR_ARGUMENT);
  EXPECT_STREQ(tenon_last_error(),
               "logit of token 4 is NaN, which cannot be sampled; check the "
               "weights with tenon_model_check");
  logits[4] = kInfinity;
  EXPECT_EQ(attempt(sampling(1)), TENON_ERROR_ARGUMENT);
  logits[4] = 0;
  for (float temperature : {-1.0f, kInfinity, float(NAN)})
    EXPECT_EQ(attempt(sampling(temperature)), TENON_ERROR_ARGUMENT);
  for (float topP : {-0.1f, 1.1f, float(NAN)})
    EXPECT_EQ(attempt(sampling(1, 0, topP)), TENON_ERROR_ARGUMENT);
  EXPECT_EQ(token, 7);
  EXPECT_EQ(attempt(sampling(1)), TENON_OK);
  EXPECT_EQ(token, 4);
}
