// What codes and the numbers of factors mean, exactly.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CodeValues.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include <cmath>
#include "FloatBits.h"

using namespace mlir;
using namespace tenon;

/// The value of a float of at most 8 bits.
static float decodeSmallFloat(FloatType type, unsigned bits) {
  llvm::APFloat number(type.getFloatSemantics(),
                       llvm::APInt(type.getWidth(), bits));
  bool losesInfo = false;
  number.convert(llvm::APFloat::IEEEsingle(),
                 llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToFloat();
}

std::array<float, 256> tenon::listCodeValues(FormatAttr format) {
  Type code = format.getCode();
  std::array<float, 256> values = {};
  unsigned count = 1u << format.getCodeBits();
  for (unsigned bits = 0; bits < count; ++bits) {
    if (auto type = dyn_cast<FloatType>(code))
      values[bits] = decodeSmallFloat(type, bits);
    else if (code.isUnsignedInteger())
      values[bits] = static_cast<float>(format.getInteger(bits));
    else
      values[bits] = static_cast<int8_t>(bits);
  }
  return values;
}

float tenon::decodeNumber(Type type, const uint8_t *bytes) {
  if (type.isUnsignedInteger())
    return bytes[0];
  if (type.isInteger())
    return static_cast<int8_t>(bytes[0]);
  if (isa<Float8E8M0FNUType>(type))
    return bytes[0] == 0xff ? NAN : std::ldexp(1.0f, bytes[0] - 127);
  if (type.isF32())
    return llvm::bit_cast<float>(llvm::support::endian::read32le(bytes));
  uint16_t bits = llvm::support::endian::read16le(bytes);
  return type.isF16() ? halfToFloat(bits) : bfloatToFloat(bits);
}
