// Decodes stored elements one at a time, after their formats.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/WeightProvider.h"
#include "llvm/ADT/APFloat.h"
#include "PackFixture.h"

using namespace tenon;

static double decodeFloat(const llvm::fltSemantics &semantics, unsigned width,
                          uint64_t bits) {
  llvm::APFloat value(semantics, llvm::APInt(width, bits));
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

double tenon::test::decodeCode(mlir::Type code, uint32_t bits) {
  if (code.isUnsignedInteger())
    return bits;
  if (code.isInteger(8))
    return static_cast<int8_t>(bits);
  auto type = mlir::cast<mlir::FloatType>(code);
  return decodeFloat(type.getFloatSemantics(), type.getWidth(), bits);
}

static double half(const uint8_t *b) {
  return decodeFloat(llvm::APFloat::IEEEhalf(), 16, b[0] | b[1] << 8);
}

/// Bit number `i` of bytes, the lowest bit of a byte first.
static int bit(const uint8_t *b, int i) { return b[i / 8] >> i % 8 & 1; }

/// The scale or the minimum number `j` of the 12 bytes of a K block.
static int sixBits(const uint8_t *b, int j, bool minimum) {
  if (j < 4)
    return b[minimum ? j + 4 : j] & 63;
  int low = minimum ? b[j + 4] >> 4 : b[j + 4] & 15;
  int high = minimum ? b[j] >> 6 : b[j - 4] >> 6;
  return low | high << 4;
}

/// Element `i` of a block of 256 with 4 or 5 bits.
static double decodeK(const uint8_t *b, int i, bool hasFifth) {
  int j = i / 32, l = i % 32;
  const uint8_t *nibbles = b + (hasFifth ? 48 : 16);
  int byte = nibbles[j / 2 * 32 + l];
  int q = j % 2 ? byte >> 4 : byte & 15;
  if (hasFifth)
    q += 16 * (b[16 + l] >> j & 1);
  return half(b) * sixBits(b + 4, j, false) * q -
         half(b + 2) * sixBits(b + 4, j, true);
}

/// Element `i` of a block of 256 with 6 bits.
static double decodeQ6K(const uint8_t *b, int i) {
  int n = i / 128, within = i % 128, l = within % 32, which = within / 32;
  const uint8_t *low = b + 64 * n, *high = b + 128 + 32 * n;
  int q = 0;
  if (which == 0)
    q = (low[l] & 15) | (high[l] & 3) << 4;
  if (which == 1)
    q = (low[l + 32] & 15) | (high[l] >> 2 & 3) << 4;
  if (which == 2)
    q = low[l] >> 4 | (high[l] >> 4 & 3) << 4;
  if (which == 3)
    q = low[l + 32] >> 4 | high[l] >> 6 << 4;
  int scale = static_cast<int8_t>(b[192 + 8 * n + l / 16 + 2 * which]);
  return half(b + 208) * scale * (q - 32);
}

static double decodeBlock(StorageType type, const uint8_t *b, int i) {
  // Byte i of the nibbles holds the elements i and i + 16.
  auto nibble = [&](int start) {
    return i < 16 ? b[start + i] & 15 : b[start + i - 16] >> 4;
  };
  switch (type) {
  case StorageType::Q4_0:
    return half(b) * (nibble(2) - 8);
  case StorageType::Q4_1:
    return half(b) * nibble(4) + half(b + 2);
  case StorageType::Q5_0:
    return half(b) * (nibble(6) + 16 * bit(b + 2, i) - 16);
  case StorageType::Q5_1:
    return half(b) * (nibble(8) + 16 * bit(b + 4, i)) + half(b + 2);
  case StorageType::Q8_0:
    return half(b) * static_cast<int8_t>(b[2 + i]);
  case StorageType::Q4_K:
    return decodeK(b, i, false);
  case StorageType::Q5_K:
    return decodeK(b, i, true);
  case StorageType::Q6_K:
    return decodeQ6K(b, i);
  case StorageType::MXFP4:
    return decodeFloat(llvm::APFloat::Float4E2M1FN(), 4, nibble(1)) *
           std::ldexp(1.0, b[0] - 127);
  default:
    return decodeElement(type, {b, size_t(getBlockBytes(type))}, i);
  }
}

double tenon::test::decodeSlowly(StorageType type, const uint8_t *bytes,
                                 int64_t element) {
  int64_t size = getBlockElements(type);
  const uint8_t *b = bytes + element / size * getBlockBytes(type);
  switch (type) {
  case StorageType::F32:
    return decodeFloat(llvm::APFloat::IEEEsingle(), 32,
                       b[0] | b[1] << 8 | b[2] << 16 | uint32_t(b[3]) << 24);
  case StorageType::F16:
    return half(b);
  case StorageType::BF16:
    return decodeFloat(llvm::APFloat::BFloat(), 16, b[0] | b[1] << 8);
  case StorageType::F8E4M3:
    return decodeFloat(llvm::APFloat::Float8E4M3FN(), 8, b[0]);
  case StorageType::F4E2M1:
    return decodeFloat(llvm::APFloat::Float4E2M1FN(), 4,
                       b[0] >> 4 * (element % 2) & 15);
  case StorageType::F8E8M0:
    return std::ldexp(1.0, b[0] - 127);
  default:
    return decodeBlock(type, b, static_cast<int>(element % size));
  }
}
