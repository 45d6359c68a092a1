// Codes of blocks of GGUF that name points of grids.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GridBlocks.h"
#include "tenon/Support/GgufGrids.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/ErrorHandling.h"

using namespace tenon;
using llvm::support::endian::read16le;
using llvm::support::endian::read32le;

namespace {
/// Eight elements: a point of eight numbers or two of four, and a bit for each
/// element that is negative.
struct Octet {
  int point = 0;
  int second = 0;
  int signs = 0;
};
} // namespace

/// Seven signs; the eighth makes their number even.
static int completeSigns(uint32_t seven) {
  seven &= 127;
  return static_cast<int>(seven | (llvm::popcount(seven) & 1) << 7);
}

/// Where octet `i` of 32 of a block has its point and its signs.
static Octet readOctet(StorageType type, const uint8_t *b, int i) {
  int group = i / 4, lane = i % 4;
  switch (type) {
  case StorageType::IQ2_XXS: {
    const uint8_t *eight = b + 2 + 8 * group;
    return {eight[lane], 0, completeSigns(read32le(eight + 4) >> 7 * lane)};
  }
  case StorageType::IQ2_XS: {
    int word = read16le(b + 2 + 2 * i);
    return {word & 511, 0, completeSigns(word >> 9)};
  }
  case StorageType::IQ2_S:
    return {b[2 + i] | (b[66 + group] >> 2 * lane & 3) << 8, 0, b[34 + i]};
  case StorageType::IQ3_XXS:
    return {b[2 + 2 * i], b[3 + 2 * i],
            completeSigns(read32le(b + 66 + 4 * group) >> 7 * lane)};
  case StorageType::IQ3_S: {
    int ninth = b[66 + group] >> 2 * lane;
    return {b[2 + 2 * i] | (ninth & 1) << 8,
            b[3 + 2 * i] | (ninth >> 1 & 1) << 8, b[74 + i]};
  }
  case StorageType::IQ1_S: {
    int word = read16le(b + 34 + 2 * group);
    return {b[2 + i] | (word >> 3 * lane & 7) << 8, 0, word >> 15 ? 255 : 0};
  }
  case StorageType::IQ1_M: {
    int nibble = b[32 + i / 2] >> 4 * (i % 2);
    return {b[i] | (nibble & 7) << 8, 0, nibble & 8 ? 255 : 0};
  }
  default:
    llvm_unreachable("not a type of grids");
  }
}

namespace {
struct GridPlan {
  const uint16_t *points;
  /// Bits of a number of a point, and of a code, whose highest is the sign.
  int bits;
  int codeBits;
};
} // namespace

static GridPlan getPlan(StorageType type) {
  switch (type) {
  case StorageType::IQ2_XXS:
    return {kGridIQ2XXS, 2, 3};
  case StorageType::IQ2_XS:
    return {kGridIQ2XS, 2, 4};
  case StorageType::IQ2_S:
    return {kGridIQ2S, 2, 4};
  case StorageType::IQ3_XXS:
    return {kGridIQ3XXS, 3, 4};
  case StorageType::IQ3_S:
    return {kGridIQ3S, 3, 4};
  case StorageType::IQ1_S:
    return {kGridIQ1, 2, 3};
  case StorageType::IQ1_M:
    return {kGridIQ1, 2, 4};
  default:
    llvm_unreachable("not a type of grids");
  }
}

void tenon::decodeGridCodes(StorageType type, const uint8_t *block,
                            uint8_t *codes) {
  GridPlan plan = getPlan(type);
  for (int i = 0; i < 32; ++i) {
    Octet octet = readOctet(type, block, i);
    int numbers = plan.points[octet.point];
    // Four numbers of three bits fill half of an octet.
    if (plan.bits == 3)
      numbers |= plan.points[octet.second] << 12;
    for (int k = 0; k < 8; ++k) {
      int number = numbers >> plan.bits * k & ((1 << plan.bits) - 1);
      int sign = octet.signs >> k & 1;
      codes[8 * i + k] =
          static_cast<uint8_t>(number | sign << (plan.codeBits - 1));
    }
  }
}
