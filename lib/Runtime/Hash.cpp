// The hash of the artifact's format, XXH64 with seed 0.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Runtime/Format.h"
#include "tenon/Runtime/tenon.h"

#include <cstring>

// The algorithm: four accumulators eat stripes of 32 bytes and are merged; what
// is left is eaten in pieces of 8, 4 and 1; then the bits are avalanched. All
// arithmetic is modulo 2^64, and words are little endian.

static constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87;
static constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
static constexpr uint64_t kPrime3 = 0x165667B19E3779F9;
static constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
static constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5;

static uint64_t rotate(uint64_t value, int bits) {
  return value << bits | value >> (64 - bits);
}

static uint64_t read64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof(value));
  return value;
}

static uint32_t read32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, sizeof(value));
  return value;
}

static uint64_t eat(uint64_t accumulator, uint64_t word) {
  return rotate(accumulator + word * kPrime2, 31) * kPrime1;
}

static uint64_t merge(uint64_t hash, uint64_t accumulator) {
  return (hash ^ eat(0, accumulator)) * kPrime1 + kPrime4;
}

/// Hashes all whole stripes of 32 bytes and moves `at` past them.
static uint64_t hashStripes(const uint8_t *&at, const uint8_t *end) {
  uint64_t a = kPrime1 + kPrime2, b = kPrime2, c = 0, d = 0 - kPrime1;
  for (; end - at >= 32; at += 32) {
    a = eat(a, read64(at));
    b = eat(b, read64(at + 8));
    c = eat(c, read64(at + 16));
    d = eat(d, read64(at + 24));
  }
  uint64_t hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
  return merge(merge(merge(merge(hash, a), b), c), d);
}

static uint64_t hashRest(uint64_t hash, const uint8_t *at, const uint8_t *end) {
  for (; end - at >= 8; at += 8)
    hash = rotate(hash ^ eat(0, read64(at)), 27) * kPrime1 + kPrime4;
  for (; end - at >= 4; at += 4)
    hash = rotate(hash ^ read32(at) * kPrime1, 23) * kPrime2 + kPrime3;
  for (; at != end; ++at)
    hash = rotate(hash ^ *at * kPrime5, 11) * kPrime1;
  return hash;
}

extern "C" TENON_API uint64_t tenon_hash(const void *data, uint64_t size) {
  if (!size)
    data = "";
  const uint8_t *at = static_cast<const uint8_t *>(data);
  const uint8_t *end = at + size;
  uint64_t hash = size >= 32 ? hashStripes(at, end) : kPrime5;
  hash = hashRest(hash + size, at, end);
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}
