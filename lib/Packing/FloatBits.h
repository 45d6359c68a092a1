// Floating-point formats as bits: exact decoding, and rounding once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_PACKING_FLOATBITS_H
#define TENON_LIB_PACKING_FLOATBITS_H

#include "llvm/ADT/bit.h"
#include <cmath>
#include <cstdint>

namespace tenon {

inline float bfloatToFloat(uint16_t bits) {
  return llvm::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

inline float halfToFloat(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fff) << 13;
  if (magnitude >= 0x7c00u << 13) // infinity and NaN
    return llvm::bit_cast<float>(sign | 0x70000000 | magnitude);
  // The exponent's bias differs by 112, which a product corrects for subnormal
  // numbers too.
  float value = llvm::bit_cast<float>(magnitude) * 0x1p112f;
  return llvm::bit_cast<float>(sign | llvm::bit_cast<uint32_t>(value));
}

/// Rounds to nearest even, to an IEEE format of `ExponentBits` and
/// `MantissaBits`; what is too large has a code of at least that of infinity.
template <int ExponentBits, int MantissaBits>
uint32_t roundToBits(double value) {
  constexpr int bias = (1 << (ExponentBits - 1)) - 1;
  constexpr uint32_t infinity = ((1u << ExponentBits) - 1) << MantissaBits;
  uint64_t bits = llvm::bit_cast<uint64_t>(value);
  uint32_t sign = static_cast<uint32_t>(bits >> 63)
                  << (ExponentBits + MantissaBits);
  // Nearly all numbers are normal, before and after. A carry out of the
  // mantissa adds 1 to the exponent, as it should.
  constexpr uint64_t smallest = uint64_t(1023 + 1 - bias) << 52;
  constexpr uint64_t largest = uint64_t(1023 + bias) << 52;
  constexpr int dropped = 52 - MantissaBits;
  uint64_t magnitude = bits & ~(uint64_t(1) << 63);
  if (magnitude - smallest < largest - smallest) {
    uint64_t half = (uint64_t(1) << (dropped - 1)) - 1;
    uint64_t rounded =
        (magnitude + half + (magnitude >> dropped & 1)) >> dropped;
    return sign | static_cast<uint32_t>(
                      rounded - (uint64_t(1023 - bias) << MantissaBits));
  }
  uint64_t fraction = bits & ((uint64_t(1) << 52) - 1);
  int exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1023 + bias;
  if (exponent == 1024 + bias) // infinity and NaN
    return sign | infinity | (fraction ? 1u << (MantissaBits - 1) : 0);
  if (exponent > (1 << ExponentBits))
    return sign | infinity;

  uint64_t significand = fraction | uint64_t(1) << 52;
  int shift = 52 - MantissaBits + (exponent < 1 ? 1 - exponent : 0);
  if (shift > 54) // less than half of the smallest number
    return sign;
  uint64_t half = (uint64_t(1) << (shift - 1)) - 1;
  uint64_t rounded = (significand + half + (significand >> shift & 1)) >> shift;
  // The leading bit of a normal number adds 1 to its exponent, and so does a
  // carry out of the mantissa.
  uint32_t base = exponent < 1 ? 0 : static_cast<uint32_t>(exponent - 1);
  return sign | ((base << MantissaBits) + static_cast<uint32_t>(rounded));
}

} // namespace tenon

#endif // TENON_LIB_PACKING_FLOATBITS_H
