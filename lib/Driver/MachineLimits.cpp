// How fast this machine multiplies and reads memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MachineLimits.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

using namespace tenon;
using Clock = std::chrono::steady_clock;

namespace {
template <int Lanes>
struct Vectors {
  typedef float Float __attribute__((vector_size(Lanes * 4)));
  typedef uint32_t Bits __attribute__((vector_size(Lanes * 4)));
};
} // namespace

// Ten chains are enough for a latency of five cycles at two operations a cycle,
// and leave registers for the factors.
static constexpr int kChains = 10;

/// chain[c] = chain[c] * factor + summand, `rounds` times. Returns something of
/// all chains, for which all of the work is needed.
template <int Lanes>
__attribute__((always_inline)) static inline float multiplyAdd(long rounds) {
#pragma clang fp contract(fast)
  using Float = typename Vectors<Lanes>::Float;
  Float factor = Float() + 0.999f, summand = Float() + 0.001f;
  Float chain[kChains];
  for (int c = 0; c < kChains; ++c)
    chain[c] = Float() + (float(c) + 1.5f);
  for (long round = 0; round < rounds; ++round) {
#pragma clang loop unroll(full)
    for (int c = 0; c < kChains; ++c)
      chain[c] = chain[c] * factor + summand;
  }
  for (int c = 1; c < kChains; ++c)
    chain[0] += chain[c];
  return chain[0][0];
}

/// Reads four streams at a time, as a matrix is read panel by panel.
template <int Lanes>
__attribute__((always_inline)) static inline float
readBytes(const uint8_t *data, size_t size) {
  using Bits = typename Vectors<Lanes>::Bits;
  constexpr int streams = 4;
  size_t perStream = size / streams / sizeof(Bits) * sizeof(Bits);
  Bits sums[streams] = {};
  for (size_t at = 0; at < perStream; at += sizeof(Bits)) {
#pragma clang loop unroll(full)
    for (int s = 0; s < streams; ++s)
      sums[s] ^= *reinterpret_cast<const Bits *>(data + s * perStream + at);
  }
  Bits all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  uint32_t bits = 0;
  for (int lane = 0; lane < Lanes; ++lane)
    bits ^= all[lane];
  return float(bits);
}

__attribute__((target("avx2,fma"))) static float multiplyAdd8(long rounds) {
  return multiplyAdd<8>(rounds);
}
__attribute__((target("avx512f"))) static float multiplyAdd16(long rounds) {
  return multiplyAdd<16>(rounds);
}
__attribute__((target("avx2"))) static float read8(const uint8_t *data,
                                                   size_t size) {
  return readBytes<8>(data, size);
}
__attribute__((target("avx512f"))) static float read16(const uint8_t *data,
                                                       size_t size) {
  return readBytes<16>(data, size);
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
