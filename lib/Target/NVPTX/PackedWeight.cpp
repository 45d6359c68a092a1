// Reads single elements of packed weights.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PackedWeight.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

bool tenon::nvptx::readsFormat(WeightType weight) {
  FormatAttr format = weight.getFormat();
  return format.getFactors().size() <= (format.hasOffset() ? 2 : 1) &&
         !format.getCode().isUnsignedInteger() &&
         llvm::all_of(format.getFactors(), [](const FormatFactor &factor) {
           return factor.type.isF32();
         });
}

/// The number that a code is, which lies at `pointer`.
static Value loadCode(DeviceBuilder &b, Type code, Value pointer) {
  Type f32 = b.getF32Type();
  if (code.isF32())
    return b.load(f32, pointer, 4);
  if (code.isF16())
    return arith::ExtFOp::create(b, f32, b.load(code, pointer, 2));
  if (code.isBF16()) {
    Value bits = b.load(b.getI16Type(), pointer, 2);
    bits = arith::ExtUIOp::create(b, b.getI32Type(), bits);
    return b.bitcast(f32, b.shl(bits, 16));
  }
  Value byte = b.load(b.getI8Type(), pointer, 1);
  if (code.isInteger(8))
    return arith::SIToFPOp::create(b, f32, byte);
  // Exponent and mantissa of f8E4M3FN are moved to those of f32; only the bias
  // differs, 7 for 127.
  byte = arith::ExtUIOp::create(b, b.getI32Type(), byte);
  Value sign = b.shl(b.bitAnd(byte, 0x80), 24);
  Value bits = b.bitOr(sign, b.shl(b.bitAnd(byte, 0x7f), 20));
  Value number = b.bitcast(f32, bits);
  return b.mul(number, b.f32(std::ldexp(1.0, 120)));
}

Values tenon::nvptx::loadFromVector(DeviceKernel &kernel, Value weight,
                                    Value at, int64_t count) {
  DeviceBuilder &b = kernel.b;
  Type code = cast<WeightType>(weight.getType()).getFormat().getCode();
  int64_t bytes = getBytes(code);
  Value pointer =
      b.offset(kernel.getPointer(weight), b.mul(b.zext64(at), bytes));
  if (code.isF32())
    return b.loadVector(code, count, pointer);
  Values values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(loadCode(b, code, b.offset(pointer, b.i64(i * bytes))));
  return values;
}

/// The byte of a panel where the number of a field for a place and a column
/// lies: the map of the layout, as arithmetic.
static Value locate(DeviceBuilder &b, const PanelField &field, Value place,
                    Value column) {
  Value byte = b.mul(b.zext64(place), field.placeStride / 8);
  byte = b.add(byte, field.first / 8);
  for (const LayoutDigit &digit : field.digits) {
    if (digit.count == 1)
      continue;
    Value index = b.div(column, digit.every);
    if (digit.count)
      index = b.rem(index, digit.count);
    byte = b.add(byte, b.mul(b.zext64(index), digit.stride / 8));
  }
  return byte;
}

Values tenon::nvptx::loadFromRow(DeviceKernel &kernel, Value weight, Value row,
                                 Value column, int64_t count) {
  DeviceBuilder &b = kernel.b;
  auto type = cast<WeightType>(weight.getType());
  PanelLayout layout = type.getPanelLayout();
  Value place = b.rem(row, layout.height);
  Value panel =
      b.mul(b.zext64(b.div(row, layout.height)), layout.getPanelBytes());
  Value base = b.offset(kernel.getPointer(weight), panel);
  Values values;
  for (int64_t i = 0; i < count; ++i) {
    Value at = b.add(column, i);
    Value code = locate(b, layout.getPlanes().front(), place, at);
    Value value = loadCode(b, type.getFormat().getCode(), b.offset(base, code));
    for (auto [number, field] : llvm::enumerate(layout.getFactors())) {
      Value pointer = b.offset(base, locate(b, field, place, at));
      Value factor = b.load(b.getF32Type(), pointer, 4);
      value = number ? b.add(value, factor) : b.mul(value, factor);
    }
    values.push_back(value);
  }
  return values;
}
