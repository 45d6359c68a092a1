// Where codes and factors lie in the blocks of GGUF.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Packing/GgufBlocks.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/ErrorHandling.h"
#include <cstring>

using namespace tenon;

namespace {
/// The numbers of one factor.
struct FactorPlace {
  enum Kind {
    AsIs,
    /// What is subtracted: an f16 whose sign is turned.
    Minimum,
    /// Eight numbers of 6 bits among the 12 bytes that hold 16.
    SixBitScales,
    SixBitMinima,
  };
  int64_t byte;
  int64_t bytes;
  Kind kind = AsIs;
};

/// How codes are cut into bits: the low four bits of each begin at the byte
/// `low`, and the others at `high`.
enum class CodeOrder {
  /// Whole bytes, signed.
  Bytes,
  /// 32 nibbles, of elements 0 to 15 and 16 to 31; fifth bits in a word.
  Nibbles,
  /// 256 nibbles, two runs of 32 in 32 bytes; fifth bits of the runs in a byte.
  Runs,
  /// 256 codes of 6 bits, in halves.
  SixBits,
};

struct BlockPlan {
  StorageType type;
  CodeOrder order;
  int64_t low;
  /// 0 without higher bits.
  int64_t high;
  /// In the order of the format.
  FactorPlace factors[4];
};
} // namespace

static constexpr FactorPlace kScale = {0, 2}, kOffset = {2, 2},
                             kMinimum = {2, 2, FactorPlace::Minimum},
                             kScales = {4, 8, FactorPlace::SixBitScales},
                             kMinima = {4, 8, FactorPlace::SixBitMinima};

static constexpr BlockPlan kPlans[] = {
    {StorageType::Q4_0, CodeOrder::Nibbles, 2, 0, {kScale}},
    {StorageType::Q4_1, CodeOrder::Nibbles, 4, 0, {kScale, kOffset}},
    {StorageType::Q5_0, CodeOrder::Nibbles, 6, 2, {kScale}},
    {StorageType::Q5_1, CodeOrder::Nibbles, 8, 4, {kScale, kOffset}},
    {StorageType::Q8_0, CodeOrder::Bytes, 2, 0, {kScale}},
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
    {StorageType::Q6_K, CodeOrder::SixBits, 0, 128, {{208, 2}, {192, 16}}},
    {StorageType::MXFP4, CodeOrder::Nibbles, 1, 0, {{0, 1}}},
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
  const uint8_t *high = plan.high ? block + plan.high : nullptr;
  switch (plan.order) {
  case CodeOrder::Bytes:
    for (int i = 0; i < 32; ++i)
      codes[i] = low[i] ^ 0x80;
    return;
  case CodeOrder::Nibbles:
    return decodeNibbles(low, high ? llvm::support::endian::read32le(high) : 0,
                         codes);
  case CodeOrder::Runs:
    return decodeRuns(low, high, codes);
  case CodeOrder::SixBits:
    return decodeSixBits(low, high, codes);
  }
}

/// Scales or minima of 6 bits in 12 bytes. The first four of each have bytes of
/// their own; the others are split between a nibble and the two bits that those
/// bytes have left.
static void decodeSixBitScales(const uint8_t *packed, bool minima,
                               uint8_t *numbers) {
  for (int run = 0; run < 8; ++run) {
    int number = packed[run % 4 + (minima ? 4 : 0)] & 63;
    if (run >= 4)
      number = minima ? packed[run + 4] >> 4 | packed[run] >> 6 << 4
                      : (packed[run + 4] & 15) | packed[run - 4] >> 6 << 4;
    numbers[run] = static_cast<uint8_t>(number);
  }
}

void tenon::copyBlockFactor(StorageType type, size_t factor,
                            const uint8_t *block, uint8_t *numbers) {
  FactorPlace place = getPlan(type).factors[factor];
  const uint8_t *from = block + place.byte;
  switch (place.kind) {
  case FactorPlace::AsIs:
    memcpy(numbers, from, place.bytes);
    return;
  case FactorPlace::Minimum:
    memcpy(numbers, from, place.bytes);
    numbers[1] ^= 0x80;
    return;
  case FactorPlace::SixBitScales:
    return decodeSixBitScales(from, /*minima=*/false, numbers);
  case FactorPlace::SixBitMinima:
    return decodeSixBitScales(from, /*minima=*/true, numbers);
  }
}

std::optional<int64_t> tenon::getFactorByte(StorageType type, size_t factor) {
  FactorPlace place = getPlan(type).factors[factor];
  bool isWhole =
      place.kind == FactorPlace::AsIs || place.kind == FactorPlace::Minimum;
  return isWhole ? std::optional(place.byte) : std::nullopt;
}
