// The blocks of GGUF as codes, scales and offsets, without loss.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Packing/GgufBlocks.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/ErrorHandling.h"
#include "FloatBits.h"

using namespace tenon;

static float readHalf(const uint8_t *at) {
  return halfToFloat(llvm::support::endian::read16le(at));
}

int64_t tenon::getRunLength(StorageType type) {
  return type == StorageType::Q6_K ? 16 : 32;
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
  switch (type) {
  case StorageType::Q4_0:
    return decodeNibbles(block + 2, 0, codes);
  case StorageType::Q4_1:
    return decodeNibbles(block + 4, 0, codes);
  case StorageType::Q5_0:
    return decodeNibbles(block + 6, llvm::support::endian::read32le(block + 2),
                         codes);
  case StorageType::Q5_1:
    return decodeNibbles(block + 8, llvm::support::endian::read32le(block + 4),
                         codes);
  case StorageType::Q8_0:
    for (int i = 0; i < 32; ++i)
      codes[i] = block[2 + i] ^ 0x80;
    return;
  case StorageType::Q4_K:
    return decodeRuns(block + 16, nullptr, codes);
  case StorageType::Q5_K:
    return decodeRuns(block + 48, block + 16, codes);
  case StorageType::Q6_K:
    return decodeSixBits(block, block + 128, codes);
  default:
    llvm_unreachable("not a block type");
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

void tenon::copyBlockFactor(StorageType type, size_t number,
                            const uint8_t *block, uint8_t *numbers) {
  switch (type) {
  case StorageType::Q4_0:
  case StorageType::Q5_0:
  case StorageType::Q8_0:
  case StorageType::Q4_1:
  case StorageType::Q5_1:
    memcpy(numbers, block + 2 * number, 2);
    return;
  case StorageType::Q4_K:
  case StorageType::Q5_K:
    if (number % 2 == 1)
      return decodeSixBitScales(block + 4, /*minima=*/number == 3, numbers);
    memcpy(numbers, block + number, 2);
    // A minimum is what is subtracted.
    numbers[1] ^= number == 2 ? 0x80 : 0;
    return;
  case StorageType::Q6_K:
    if (number == 0)
      memcpy(numbers, block + 208, 2);
    else
      memcpy(numbers, block + 192, 16);
    return;
  default:
    llvm_unreachable("not a block type");
  }
}

static void decodeRunScales(const uint8_t *block, float *scales,
                            float *offsets) {
  float scale = readHalf(block), minimum = readHalf(block + 2);
  uint8_t factors[8], minima[8];
  decodeSixBitScales(block + 4, /*minima=*/false, factors);
  decodeSixBitScales(block + 4, /*minima=*/true, minima);
  for (int run = 0; run < 8; ++run) {
    scales[run] = scale * static_cast<float>(factors[run]);
    offsets[run] = -(minimum * static_cast<float>(minima[run]));
  }
}

void tenon::decodeBlockScales(StorageType type, const uint8_t *block,
                              float *scales, float *offsets) {
  switch (type) {
  case StorageType::Q4_0:
  case StorageType::Q5_0:
  case StorageType::Q8_0:
    scales[0] = readHalf(block);
    return;
  case StorageType::Q4_1:
  case StorageType::Q5_1:
    scales[0] = readHalf(block);
    offsets[0] = readHalf(block + 2);
    return;
  case StorageType::Q4_K:
  case StorageType::Q5_K:
    return decodeRunScales(block, scales, offsets);
  case StorageType::Q6_K:
    for (int run = 0; run < 16; ++run)
      scales[run] = readHalf(block + 208) *
                    static_cast<float>(static_cast<int8_t>(block[192 + run]));
    return;
  default:
    llvm_unreachable("not a block type");
  }
}
