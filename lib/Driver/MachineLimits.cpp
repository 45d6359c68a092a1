// How fast this machine multiplies and reads memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MachineLimits.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <immintrin.h>
#include <memory>
#include <thread>
#include <vector>

using namespace tenon;
using Clock = std::chrono::steady_clock;

// Ten chains are enough for a latency of five cycles at two operations a cycle,
// and leave registers for the factors.
static constexpr int kChains = 10;
// Streams that are read at a time, as a matrix is read panel by panel.
static constexpr int kStreams = 4;

#ifdef __clang__
#define UNROLL_FULLY _Pragma("clang loop unroll(full)")
#else
#define UNROLL_FULLY _Pragma("GCC unroll 16")
#endif

// One function for each width of vectors: vectors of the compiler would be
// split in a function that they share, as g++ does so before it inlines.

// chain[c] = chain[c] * factor + summand, `rounds` times. Returns something of
// all chains, for which all of the work is needed.
__attribute__((target("avx2,fma"))) static float multiplyAdd8(long rounds) {
  __m256 factor = _mm256_set1_ps(0.999f), summand = _mm256_set1_ps(0.001f);
  __m256 chain[kChains];
  for (int c = 0; c < kChains; ++c)
    chain[c] = _mm256_set1_ps(float(c) + 1.5f);
  for (long round = 0; round < rounds; ++round) {
    UNROLL_FULLY
    for (int c = 0; c < kChains; ++c)
      chain[c] = _mm256_fmadd_ps(chain[c], factor, summand);
  }
  for (int c = 1; c < kChains; ++c)
    chain[0] = _mm256_add_ps(chain[0], chain[c]);
  return _mm256_cvtss_f32(chain[0]);
}

__attribute__((target("avx512f"))) static float multiplyAdd16(long rounds) {
  __m512 factor = _mm512_set1_ps(0.999f), summand = _mm512_set1_ps(0.001f);
  __m512 chain[kChains];
  for (int c = 0; c < kChains; ++c)
    chain[c] = _mm512_set1_ps(float(c) + 1.5f);
  for (long round = 0; round < rounds; ++round) {
    UNROLL_FULLY
    for (int c = 0; c < kChains; ++c)
      chain[c] = _mm512_fmadd_ps(chain[c], factor, summand);
  }
  for (int c = 1; c < kChains; ++c)
    chain[0] = _mm512_add_ps(chain[0], chain[c]);
  return _mm512_cvtss_f32(chain[0]);
}

/// Something of all words, for which all of them have to be read.
static float mixLanes(const void *sums, size_t size) {
  uint32_t bits = 0;
  for (size_t at = 0; at < size; at += sizeof(bits)) {
    uint32_t lane;
    std::memcpy(&lane, static_cast<const char *>(sums) + at, sizeof(lane));
    bits ^= lane;
  }
  return float(bits);
}

__attribute__((target("avx2"))) static float read8(const uint8_t *data,
                                                   size_t size) {
  __m256i sums[kStreams] = {};
  size_t perStream = size / kStreams / sizeof(__m256i) * sizeof(__m256i);
  for (size_t at = 0; at < perStream; at += sizeof(__m256i)) {
    UNROLL_FULLY
    for (int s = 0; s < kStreams; ++s)
      sums[s] = _mm256_xor_si256(
          sums[s], _mm256_loadu_si256(reinterpret_cast<const __m256i *>(
                       data + s * perStream + at)));
  }
  return mixLanes(sums, sizeof(sums));
}

__attribute__((target("avx512f"))) static float read16(const uint8_t *data,
                                                       size_t size) {
  __m512i sums[kStreams] = {};
  size_t perStream = size / kStreams / sizeof(__m512i) * sizeof(__m512i);
  for (size_t at = 0; at < perStream; at += sizeof(__m512i)) {
    UNROLL_FULLY
    for (int s = 0; s < kStreams; ++s)
      sums[s] = _mm512_xor_si512(
          sums[s], _mm512_loadu_si512(reinterpret_cast<const __m512i *>(
                       data + s * perStream + at)));
  }
  return mixLanes(sums, sizeof(sums));
}

/// Seconds until all threads have run `action`, of the best of five times.
static double measureSeconds(unsigned threads,
                             const std::function<float(unsigned)> &action) {
  // Where results go, so that they are computed.
  static std::atomic<float> sink;
  double best = 1e30;
  for (int repetition = 0; repetition < 5; ++repetition) {
    std::atomic<unsigned> ready{0};
    std::vector<std::thread> others;
    auto runWhenReady = [&](unsigned thread) {
      // Nobody begins before everybody is there.
      for (++ready; ready < threads;)
        std::this_thread::yield();
      sink = action(thread);
    };
    for (unsigned thread = 1; thread < threads; ++thread)
      others.emplace_back(runWhenReady, thread);
    for (++ready; ready < threads;)
      std::this_thread::yield();
    Clock::time_point begin = Clock::now();
    sink = action(0);
    for (std::thread &other : others)
      other.join();
    double seconds =
        std::chrono::duration<double>(Clock::now() - begin).count();
    best = std::min(best, seconds);
  }
  return best;
}

MachineLimits tenon::measureLimits(unsigned threads, unsigned lanes) {
  MachineLimits limits;
  constexpr long rounds = 8000000;
  double seconds = measureSeconds(threads, [&](unsigned) {
    return lanes == 16 ? multiplyAdd16(rounds) : multiplyAdd8(rounds);
  });
  limits.gigaflops = 2.0 * rounds * kChains * lanes * threads / seconds * 1e-9;

  // More than the caches of most machines hold, and little beside a model.
  size_t perThread =
      std::max<size_t>((size_t(256) << 20) / threads, size_t(16) << 20);
  constexpr size_t alignment = 64;
  std::vector<uint8_t> bytes(perThread * threads + alignment, 1);
  void *begin = bytes.data();
  size_t space = bytes.size();
  auto *data = static_cast<uint8_t *>(
      std::align(alignment, perThread * threads, begin, space));
  seconds = measureSeconds(threads, [&](unsigned thread) {
    const uint8_t *part = data + thread * perThread;
    return lanes == 16 ? read16(part, perThread) : read8(part, perThread);
  });
  limits.gigabytes = double(perThread) * threads / seconds * 1e-9;
  return limits;
}
