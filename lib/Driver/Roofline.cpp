// How fast this machine multiplies and reads memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Roofline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <immintrin.h>
#include <memory>
#include <thread>
#include <unistd.h>
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

// chain[c] += products of four bytes, or of two bf16, in each lane. Sums of
// bytes wrap around in the end, which is as fast.

__attribute__((target("avx512f,avx512vnni"))) static float
multiplyBytes16(long rounds) {
  __m512i x = _mm512_set1_epi32(0x01020304), y = _mm512_set1_epi32(0x7f010203);
  __m512i chain[kChains];
  for (int c = 0; c < kChains; ++c)
    chain[c] = _mm512_set1_epi32(c);
  for (long round = 0; round < rounds; ++round) {
    UNROLL_FULLY
    for (int c = 0; c < kChains; ++c)
      chain[c] = _mm512_dpbusd_epi32(chain[c], x, y);
  }
  for (int c = 1; c < kChains; ++c)
    chain[0] = _mm512_add_epi32(chain[0], chain[c]);
  return float(_mm_cvtsi128_si32(_mm512_castsi512_si128(chain[0])));
}

__attribute__((target("avx2,avxvnni"))) static float
multiplyBytes8(long rounds) {
  __m256i x = _mm256_set1_epi32(0x01020304), y = _mm256_set1_epi32(0x7f010203);
  __m256i chain[kChains];
  for (int c = 0; c < kChains; ++c)
    chain[c] = _mm256_set1_epi32(c);
  for (long round = 0; round < rounds; ++round) {
    UNROLL_FULLY
    for (int c = 0; c < kChains; ++c)
      chain[c] = _mm256_dpbusd_avx_epi32(chain[c], x, y);
  }
  for (int c = 1; c < kChains; ++c)
    chain[0] = _mm256_add_epi32(chain[0], chain[c]);
  return float(_mm_cvtsi128_si32(_mm256_castsi256_si128(chain[0])));
}

__attribute__((target("avx512f,avx512bf16"))) static float
multiplyBf16(long rounds) {
  // 1.0 and 2^-8 in bf16.
  auto x = (__m512bh)_mm512_set1_epi16(0x3f80);
  auto y = (__m512bh)_mm512_set1_epi16(0x3b80);
  __m512 chain[kChains];
  for (int c = 0; c < kChains; ++c)
    chain[c] = _mm512_set1_ps(float(c));
  for (long round = 0; round < rounds; ++round) {
    UNROLL_FULLY
    for (int c = 0; c < kChains; ++c)
      chain[c] = _mm512_dpbf16_ps(chain[c], x, y);
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

/// Operations of all threads, in 10^9 a second: `chain` does `perRound` of them
/// in each link of its chains.
static double measureRate(unsigned threads, double perRound,
                          float (*chain)(long)) {
  constexpr long rounds = 8000000;
  double seconds =
      measureSeconds(threads, [&](unsigned) { return chain(rounds); });
  return perRound * kChains * rounds * threads / seconds * 1e-9;
}

/// Bytes that are read for the bandwidth: four times the largest cache, so that
/// little of them is found there, but no more than a quarter of the memory.
static size_t chooseBytes() {
  constexpr size_t least = size_t(256) << 20;
  long cache = std::max(0L, sysconf(_SC_LEVEL3_CACHE_SIZE));
  size_t memory =
      size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGESIZE));
  return std::max(least, std::min(4 * size_t(cache), memory / 4));
}

static double measureBandwidth(unsigned threads, unsigned lanes) {
  size_t perThread = std::max(chooseBytes() / threads, size_t(16) << 20);
  constexpr size_t alignment = 64;
  std::vector<uint8_t> bytes(perThread * threads + alignment, 1);
  void *begin = bytes.data();
  size_t space = bytes.size();
  auto *data = static_cast<uint8_t *>(
      std::align(alignment, perThread * threads, begin, space));
  double seconds = measureSeconds(threads, [&](unsigned thread) {
    const uint8_t *part = data + thread * perThread;
    return lanes == 16 ? read16(part, perThread) : read8(part, perThread);
  });
  return double(perThread) * threads / seconds * 1e-9;
}

MachineLimits tenon::measureLimits(unsigned threads, unsigned lanes) {
  MachineLimits limits;
  auto measure = [&](double perLane, float (*chain)(long)) {
    return measureRate(threads, perLane * lanes, chain);
  };
  limits.gigaflops = measure(2, lanes == 16 ? multiplyAdd16 : multiplyAdd8);
  if (lanes == 16 && __builtin_cpu_supports("avx512bf16"))
    limits.bf16Gigaflops = measure(4, multiplyBf16);
  if (lanes == 16 && __builtin_cpu_supports("avx512vnni"))
    limits.byteGigaops = measure(8, multiplyBytes16);
  if (lanes == 8 && __builtin_cpu_supports("avxvnni"))
    limits.byteGigaops = measure(8, multiplyBytes8);
  limits.gigabytes = measureBandwidth(threads, lanes);
  return limits;
}
