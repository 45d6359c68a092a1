// Where codes and factors lie in the blocks of GGUF.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Packing/GgufBlocks.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/ErrorHandling.h"
#include <cmath>
#include <cstring>
#include "FloatBits.h"
#include "GridBlocks.h"

using namespace tenon;

namespace {
/// Whole numbers of a few bits: number `i` begins at the bit
/// `first + i % run * stride + i / run * outer`.
struct BitRun {
  int first = 0;
  int stride = 0;
  int width = 0;
  int run = 256;
  int outer = 0;
};

/// The numbers of one factor.
struct FactorPlace {
  enum Kind {
    /// An f16.
    Half,
    /// What is subtracted: an f16 whose sign is turned.
    Minimum,
    /// A quarter or an eighth of an f16, as f32.
    QuarterHalf,
    EighthHalf,
    /// The same of an f16 of which four words have four bits each, on top.
    SpreadEighthHalf,
    /// The exponent of a power of two.
    Power,
    Integers,
  };
  Kind kind = Half;
  int byte = 0;
  /// How many. Integers are `factor * (low | high << low.width) + summand`.
  int count = 1;
  BitRun low = {}, high = {};
  int factor = 1;
  int summand = 0;
};

/// How codes are cut into bits: the low bits of each begin at the byte `low`,
/// and the others at `high`.
enum class CodeOrder {
  /// Whole bytes, signed.
  Bytes,
  /// Runs of 32 nibbles, of elements 0 to 15 and 16 to 31; fifth bits in a word.
  Nibbles,
  /// 256 nibbles, two runs of 32 in 32 bytes; fifth bits of the runs in a byte.
  Runs,
  /// 256 pairs of bits, four runs of 32 in 32 bytes; third bits of the runs in
  /// a byte.
  Pairs,
  /// 256 codes of 6 bits, in halves.
  SixBits,
  /// Points of a grid.
  Grid,
  /// 256 codes of three values, five in a byte.
  Ternary,
};

struct BlockPlan {
  StorageType type;
  CodeOrder order;
  int64_t low;
  /// 0 without higher bits, unless there is `hasHigh`.
  int64_t high;
  /// In the order of the format.
  FactorPlace factors[4];
  bool hasHigh = high != 0;
};
} // namespace

static constexpr FactorPlace makeIntegers(int count, BitRun low,
                                          BitRun high = {}, int factor = 1,
                                          int summand = 0) {
  return {FactorPlace::Integers, 0, count, low, high, factor, summand};
}

/// Odd numbers, from 1 on.
static constexpr FactorPlace makeOdd(int count, BitRun half) {
  return makeIntegers(count, half, {}, 2, 1);
}

/// One float, which `count` runs of codes share.
static constexpr FactorPlace makeFloat(FactorPlace::Kind kind, int byte,
                                       int count = 1) {
  return {kind, byte, count};
}

/// Eight numbers of 6 bits among the 12 bytes from byte 4 on, which hold 16. The
/// first four of each have bytes of their own; the others are split between a
/// nibble and the two bits that those bytes have left.
static constexpr FactorPlace kScales = makeIntegers(8, {32, 8, 4, 4, 64},
                                                    {36, 8, 2, 4, 2}),
                             kMinima = makeIntegers(8, {64, 8, 4, 4, 36},
                                                    {68, 8, 2, 4, 2});
static constexpr FactorPlace kScale = makeFloat(FactorPlace::Half, 0),
                             kOffset = makeFloat(FactorPlace::Half, 2),
                             kMinimum = makeFloat(FactorPlace::Minimum, 2),
                             kQuarter = makeFloat(FactorPlace::QuarterHalf, 0),
                             kEighth = makeFloat(FactorPlace::EighthHalf, 0);

// The bits of integers are counted from the begin of a block.
static constexpr BlockPlan kPlans[] = {
    {StorageType::Q4_0, CodeOrder::Nibbles, 2, 0, {kScale}},
    {StorageType::Q4_1, CodeOrder::Nibbles, 4, 0, {kScale, kOffset}},
    {StorageType::Q5_0, CodeOrder::Nibbles, 6, 2, {kScale}},
    {StorageType::Q5_1, CodeOrder::Nibbles, 8, 4, {kScale, kOffset}},
    {StorageType::Q8_0, CodeOrder::Bytes, 2, 0, {kScale}},
    {StorageType::Q2_K,
     CodeOrder::Pairs,
     16,
     0,
     {makeFloat(FactorPlace::Half, 80), makeIntegers(16, {0, 8, 4}),
      makeFloat(FactorPlace::Minimum, 82), makeIntegers(16, {4, 8, 4})}},
    {StorageType::Q3_K,
     CodeOrder::Pairs,
     32,
     0,
     {makeFloat(FactorPlace::Half, 108),
      makeIntegers(16, {96 * 8, 8, 4, 8, 4}, {104 * 8, 8, 2, 4, 2}, 1, -32)},
     true},
    {StorageType::Q4_K,
     CodeOrder::Runs,
     16,
     0,
     {kScale, kScales, kMinimum, kMinima}},
    {StorageType::Q5_K,
     CodeOrder::Runs,
     48,
     16,
     {kScale, kScales, kMinimum, kMinima}},
    {StorageType::Q6_K,
     CodeOrder::SixBits,
     0,
     128,
     {makeFloat(FactorPlace::Half, 208), makeIntegers(16, {192 * 8, 8, 8})}},
    {StorageType::IQ4_NL, CodeOrder::Nibbles, 2, 0, {kScale}},
    {StorageType::IQ4_XS,
     CodeOrder::Nibbles,
     8,
     0,
     {kScale, makeIntegers(8, {4 * 8, 4, 4}, {2 * 8, 2, 2}, 1, -32)}},
    {StorageType::IQ2_XXS,
     CodeOrder::Grid,
     0,
     0,
     {kEighth, makeOdd(8, {6 * 8 + 28, 64, 4})}},
    {StorageType::IQ2_XS,
     CodeOrder::Grid,
     0,
     0,
     {kEighth, makeOdd(16, {66 * 8, 4, 4})}},
    {StorageType::IQ2_S,
     CodeOrder::Grid,
     0,
     0,
     {kEighth, makeOdd(16, {74 * 8, 4, 4})}},
    {StorageType::IQ3_XXS,
     CodeOrder::Grid,
     0,
     0,
     {kQuarter, makeOdd(8, {66 * 8 + 28, 32, 4})}},
    {StorageType::IQ3_S,
     CodeOrder::Grid,
     0,
     0,
     {kScale, makeOdd(8, {106 * 8, 4, 4})}},
    {StorageType::IQ1_S,
     CodeOrder::Grid,
     0,
     0,
     {kEighth, makeOdd(8, {34 * 8 + 12, 16, 3})}},
    {StorageType::IQ1_M,
     CodeOrder::Grid,
     0,
     0,
     {makeFloat(FactorPlace::SpreadEighthHalf, 48),
      makeOdd(16, {48 * 8, 3, 3, 4, 16})}},
    {StorageType::TQ1_0,
     CodeOrder::Ternary,
     0,
     0,
     {makeFloat(FactorPlace::Half, 52, 2)}},
    {StorageType::TQ2_0,
     CodeOrder::Pairs,
     0,
     0,
     {makeFloat(FactorPlace::Half, 64, 2)}},
    {StorageType::MXFP4,
     CodeOrder::Nibbles,
     1,
     0,
     {makeFloat(FactorPlace::Power, 0)}},
};

static const BlockPlan &getPlan(StorageType type) {
  for (const BlockPlan &plan : kPlans)
    if (plan.type == type)
      return plan;
  llvm_unreachable("not a block type");
}

/// 32 codes of 4 bits, the first 16 in the low halves, with a fifth bit each
/// taken from `high`.
static void decodeNibbles(const uint8_t *nibbles, uint32_t high,
                          uint8_t *codes) {
  for (int i = 0; i < 16; ++i) {
    int low = (nibbles[i] & 15) | (high >> i & 1) << 4;
    int top = nibbles[i] >> 4 | (high >> (i + 16) & 1) << 4;
    codes[i] = static_cast<uint8_t>(low);
    codes[i + 16] = static_cast<uint8_t>(top);
  }
}

/// Four pairs of runs; each pair lies in the two halves of 32 bytes. Bit `r` of
/// `high[i]` is the fifth bit of element `i` of run `r`.
static void decodeRuns(const uint8_t *nibbles, const uint8_t *high,
                       uint8_t *codes) {
  for (int pair = 0; pair < 4; ++pair) {
    for (int i = 0; i < 32; ++i) {
      int byte = nibbles[pair * 32 + i], bits = high ? high[i] >> 2 * pair : 0;
      codes[pair * 64 + i] =
          static_cast<uint8_t>((byte & 15) | (bits & 1) << 4);
      codes[pair * 64 + 32 + i] =
          static_cast<uint8_t>(byte >> 4 | (bits >> 1 & 1) << 4);
    }
  }
}

/// Two halves of 128 codes: pairs of bits in 32 bytes, quarter after quarter.
/// Bit `r` of `high[i]` is the third bit of element `i` of quarter `r` of all 8.
static void decodePairs(const uint8_t *pairs, const uint8_t *high,
                        uint8_t *codes) {
  for (int run = 0; run < 8; ++run)
    for (int i = 0; i < 32; ++i) {
      int pair = pairs[run / 4 * 32 + i] >> run % 4 * 2 & 3;
      int third = high ? high[i] >> run & 1 : 0;
      codes[run * 32 + i] = static_cast<uint8_t>(pair | third << 2);
    }
}

/// Five codes of a byte are the digits of a number in base 3, the highest one
/// first: the byte is that number times 256 / 243, rounded up. Each run of bytes
/// has the first digits of all of them, then the second ones.
static void decodeTernary(const uint8_t *bytes, uint8_t *codes) {
  struct {
    int bytes, digits;
  } static constexpr runs[] = {{32, 5}, {16, 5}, {4, 4}};
  for (auto run : runs) {
    for (int i = 0; i < run.bytes; ++i) {
      unsigned rest = bytes[i];
      for (int digit = 0; digit < run.digits; ++digit) {
        rest *= 3;
        codes[digit * run.bytes + i] = static_cast<uint8_t>(rest >> 8);
        rest &= 255;
      }
    }
    bytes += run.bytes;
    codes += run.bytes * run.digits;
  }
}

/// Two halves of 128 codes of 6 bits: the low 4 bits in 64 bytes, the high 2 in
/// 32 bytes, quarter after quarter.
static void decodeSixBits(const uint8_t *low, const uint8_t *high,
                          uint8_t *codes) {
  for (int half = 0; half < 2; ++half, low += 64, high += 32, codes += 128) {
    for (int quarter = 0; quarter < 4; ++quarter) {
      const uint8_t *nibbles = low + quarter % 2 * 32;
      for (int i = 0; i < 32; ++i) {
        int four = nibbles[i] >> quarter / 2 * 4 & 15;
        int two = high[i] >> 2 * quarter & 3;
        codes[quarter * 32 + i] = static_cast<uint8_t>(four | two << 4);
      }
    }
  }
}

void tenon::decodeBlockCodes(StorageType type, const uint8_t *block,
                             uint8_t *codes) {
  const BlockPlan &plan = getPlan(type);
  const uint8_t *low = block + plan.low;
  const uint8_t *high = plan.hasHigh ? block + plan.high : nullptr;
  switch (plan.order) {
  case CodeOrder::Bytes:
    for (int i = 0; i < 32; ++i)
      codes[i] = low[i] ^ 0x80;
    return;
  case CodeOrder::Nibbles:
    for (int64_t i = 0, e = getBlockElements(type); i < e; i += 32)
      decodeNibbles(low + i / 2,
                    high ? llvm::support::endian::read32le(high) : 0,
                    codes + i);
    return;
  case CodeOrder::Runs:
    return decodeRuns(low, high, codes);
  case CodeOrder::Pairs:
    return decodePairs(low, high, codes);
  case CodeOrder::SixBits:
    return decodeSixBits(low, high, codes);
  case CodeOrder::Grid:
    return decodeGridCodes(type, block, codes);
  case CodeOrder::Ternary:
    return decodeTernary(low, codes);
  }
}

/// A number of at most 8 bits.
static int readBits(const uint8_t *block, const BitRun &bits, int number) {
  int at = bits.first + number % bits.run * bits.stride +
           number / bits.run * bits.outer;
  // Only a number that crosses into a byte needs it.
  int word = block[at / 8];
  if (at % 8 + bits.width > 8)
    word |= block[at / 8 + 1] << 8;
  return word >> at % 8 & ((1 << bits.width) - 1);
}

/// The f16 of which the top four bits of four words have four bits each.
static uint16_t joinHalf(const uint8_t *words) {
  int bits = 0;
  for (int i = 0; i < 4; ++i)
    bits |= words[2 * i + 1] >> 4 << 4 * i;
  return static_cast<uint16_t>(bits);
}

static void storeFloat(float value, uint8_t *numbers) {
  memcpy(numbers, &value, sizeof(float));
}

void tenon::copyBlockFactor(StorageType type, size_t factor,
                            const uint8_t *block, uint8_t *numbers) {
  const FactorPlace &place = getPlan(type).factors[factor];
  const uint8_t *from = block + place.byte;
  switch (place.kind) {
  case FactorPlace::Half:
    for (int i = 0; i < place.count; ++i)
      memcpy(numbers + 2 * i, from, 2);
    return;
  case FactorPlace::Minimum:
    memcpy(numbers, from, 2);
    numbers[1] ^= 0x80;
    return;
  case FactorPlace::QuarterHalf:
    return storeFloat(
        0.25f * halfToFloat(llvm::support::endian::read16le(from)), numbers);
  case FactorPlace::EighthHalf:
    return storeFloat(
        0.125f * halfToFloat(llvm::support::endian::read16le(from)), numbers);
  case FactorPlace::SpreadEighthHalf:
    return storeFloat(0.125f * halfToFloat(joinHalf(from)), numbers);
  case FactorPlace::Power:
    numbers[0] = from[0];
    return;
  case FactorPlace::Integers:
    for (int i = 0; i < place.count; ++i) {
      int bits = readBits(block, place.low, i);
      if (place.high.width)
        bits |= readBits(block, place.high, i) << place.low.width;
      numbers[i] = static_cast<uint8_t>(place.factor * bits + place.summand);
    }
  }
}

void tenon::storeBlockFloat(StorageType type, size_t factor, double value,
                            uint8_t *block) {
  const FactorPlace &place = getPlan(type).factors[factor];
  uint8_t *to = block + place.byte;
  auto storeHalf = [&](double value) {
    llvm::support::endian::write16le(
        to, static_cast<uint16_t>(roundToBits<5, 10>(value)));
  };
  switch (place.kind) {
  case FactorPlace::Half:
    return storeHalf(value);
  case FactorPlace::Minimum:
    return storeHalf(-value);
  case FactorPlace::QuarterHalf:
    return storeHalf(4 * value);
  case FactorPlace::EighthHalf:
    return storeHalf(8 * value);
  case FactorPlace::SpreadEighthHalf: {
    uint32_t bits = roundToBits<5, 10>(8 * value);
    for (int i = 0; i < 4; ++i)
      to[2 * i + 1] = static_cast<uint8_t>((to[2 * i + 1] & 15) |
                                           (bits >> 4 * i & 15) << 4);
    return;
  }
  case FactorPlace::Power:
    to[0] = static_cast<uint8_t>(127 + std::ilogb(value));
    return;
  case FactorPlace::Integers:
    llvm_unreachable("not a float");
  }
}
