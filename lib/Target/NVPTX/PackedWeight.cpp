// Reads single elements of packed weights.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PackedWeight.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

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
  // Exponent and mantissa of f8E4M3FN stand where those of f32 do; what is
  // wrong is the bias, 7 for 127.
  byte = arith::ExtUIOp::create(b, b.getI32Type(), byte);
  Value bits =
      b.bitOr(b.shl(b.bitAnd(byte, 0x80), 24), b.shl(b.bitAnd(byte, 0x7f), 20));
  return b.mul(b.bitcast(f32, bits), b.f32(std::ldexp(1.0, 120)));
}

Values tenon::nvptx::loadFromVector(DeviceKernel &kernel, Value weight,
                                    Value at, int64_t count) {
  DeviceBuilder &b = kernel.b;
  Type code = cast<WeightType>(weight.getType()).getFormat().getCode();
  int64_t bytes = code.getIntOrFloatBitWidth() / 8;
  Value pointer =
      b.offset(kernel.getPointer(weight), b.mul(b.zext64(at), bytes));
  if (code.isF32())
    return b.loadVector(code, count, pointer);
  Values values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(loadCode(b, code, b.offset(pointer, b.i64(i * bytes))));
  return values;
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
    Value group = b.i32(0), inside = at;
    if (layout.hasScale()) {
      group = b.div(at, layout.groupCols);
      inside = b.rem(at, layout.groupCols);
    }
    Value header = b.mul(b.zext64(group), layout.getFullGroupBytes());
    Value word =
        b.add(b.mul(b.div(inside, layout.depth), layout.height), place);
    Value element =
        b.add(b.mul(word, layout.depth), b.rem(inside, layout.depth));
    Value bytes = b.add(b.mul(b.zext64(element), layout.codeBytes),
                        b.add(header, layout.getHeaderBytes()));
    Value value =
        loadCode(b, type.getFormat().getCode(), b.offset(base, bytes));
    auto loadHeader = [&](int64_t first) {
      Value at = b.add(header, b.mul(b.zext64(place), 4));
      return b.load(b.getF32Type(), b.offset(base, b.add(at, first)), 4);
    };
    if (layout.hasScale())
      value = b.mul(value, loadHeader(0));
    if (layout.hasOffset)
      value = b.add(value, loadHeader(layout.height * 4));
    values.push_back(value);
  }
  return values;
}
