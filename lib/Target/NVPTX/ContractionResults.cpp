// The epilogue of a contraction: from sums to results.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/Log2E.h"
#include "Contraction.h"

#include <cmath>

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

/// The error function to 2e-7, by Abramowitz and Stegun 7.1.26.
static Value emitErf(DeviceBuilder &b, Value x) {
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  Value bits = b.bitcast(i32, x);
  Value size = b.bitcast(f32, b.bitAnd(bits, 0x7fffffff));
  Value factor = b.f32(0.3275911);
  Value t = b.reciprocal(b.fma(factor, size, b.f32(1.0)));
  Value sum = b.f32(1.061405429);
  for (double c : {-1.453152027, 1.421413741, -0.284496736, 0.254829592})
    sum = b.fma(sum, t, b.f32(c));
  Value square = b.mul(size, size);
  Value power = b.exp2(b.mul(square, b.f32(-kLog2E)));
  sum = b.mul(sum, t);
  sum = b.mul(sum, b.f32(-1.0));
  Value result = b.fma(sum, power, b.f32(1.0));
  Value sign = b.bitAnd(bits, 0x80000000);
  return b.bitcast(f32, b.bitOr(b.bitcast(i32, result), sign));
}

Value tenon::nvptx::activate(DeviceBuilder &b, Activation activation,
                             Value value) {
  // z / (1 + e^-y)
  auto gate = [&](Value y) {
    Value power = b.exp2(b.mul(y, b.f32(-kLog2E)));
    return b.mul(value, b.reciprocal(b.add(power, b.f32(1.0))));
  };
  switch (activation) {
  case Activation::Silu:
    return gate(value);
  case Activation::GeluTanh: {
    // z (1 + tanh(u)) / 2 = z / (1 + e^-2u)
    Value square = b.mul(value, value);
    Value factor = b.f32(0.044715);
    Value u = b.mul(value, b.fma(square, factor, b.f32(1.0)));
    return gate(b.mul(u, b.f32(2.0 * std::sqrt(2.0 / M_PI))));
  }
  case Activation::Gelu: {
    Value erf = emitErf(b, b.mul(value, b.f32(std::sqrt(0.5))));
    Value half = b.mul(value, b.f32(0.5));
    return b.mul(half, b.add(erf, b.f32(1.0)));
  }
  case Activation::Relu:
    return b.max(value, b.f32(0));
  }
  llvm_unreachable("no other activations");
}

Value tenon::nvptx::joinGate(DeviceBuilder &b,
                             const GatedActivation &activation, Value gate,
                             Value up) {
  if (activation.hasLimit()) {
    Value limit = b.f32(activation.limit);
    gate = b.min(gate, limit);
    up = b.min(b.max(up, b.f32(-activation.limit)), limit);
  }
  if (activation.alpha != 1)
    gate = b.mul(gate, b.f32(activation.alpha));
  Value act = activate(b, activation.function, gate);
  // The division by alpha is part of the addition to the projection up.
  if (activation.alpha != 1 || activation.beta != 0) {
    double scale = 1 / static_cast<double>(activation.alpha);
    Value factor = b.f32(scale);
    up = b.fma(up, factor, b.f32(scale * activation.beta));
  }
  return b.mul(act, up);
}

void ContractionEmitter::stageSums(ValueRange sums) {
  Value row = b.shr(kernel.lane, 2), column = b.bitAnd(kernel.lane, 3);
  // Four neighboring outputs of one token are one store.
  Value place = b.shl(b.shr(row, 2), 4);
  place = b.add(place, b.shl(b.bitAnd(row, 3), 2));
  Value token = b.shl(column, 1);
  if (tiling.splitsColumns()) {
    token = b.add(token, b.mul(kernel.warp, tiling.getTokens()));
  } else {
    place = b.add(place, b.shl(getPairOfWarp(), 5));
    token = b.add(token, getFirstRowOfWarp());
  }
  int64_t rowBytes = (tiling.getPanels() * slab.layout.height + 4) * 4;
  Value at = b.mul(token, rowBytes);
  at = b.add(b.add(at, b.shl(place, 2)), resultsAt);
  for (int64_t i = 0; i < tokenTiles; ++i)
    for (int64_t j = 0; j < 2; ++j) {
      ValueRange tile = sums.slice(i * 8, 8);
      b.storeVector({tile[j], tile[2 + j], tile[4 + j], tile[6 + j]},
                    b.shared(b.add(at, (i * 8 + j) * rowBytes)));
    }
}

Value ContractionEmitter::sumParts(Value token, Value place) {
  int64_t rowBytes = (tiling.getPanels() * slab.layout.height + 4) * 4;
  Value at = b.mul(token, rowBytes);
  at = b.add(b.add(at, b.shl(place, 2)), resultsAt);
  auto load = [&](int64_t part) {
    int64_t first = part * tiling.getTokens() * rowBytes;
    return b.load(b.getF32Type(), b.shared(b.add(at, first)), 4);
  };
  if (!tiling.splitsColumns())
    return load(0);
  Value sum = b.f32(0);
  for (int64_t part = 0; part < tiling.getParts(); ++part)
    sum = b.add(sum, load(part));
  return sum;
}

Value ContractionEmitter::addBias(const Tile &tile, Value value, Value row) {
  if (!c.bias)
    return value;
  // Each expert has a column of its own.
  if (c.isGrouped())
    row = b.add(b.mul(tile.matrix, c.rows), row);
  return b.add(value, loadFromVector(kernel, c.bias, row, 1).front());
}

void ContractionEmitter::finishElement(const Tile &tile, Value row,
                                       Value column, Value value) {
  Value element = b.mul(b.zext64(row), c.outStride);
  element = b.add(element, b.add(tile.outFirst, b.zext64(column)));
  if (c.residual) {
    Value rows = kernel.getPointer(c.residual);
    value = b.add(b.loadFloats(c.outType, 1, rows, element).front(), value);
  }
  b.storeFloats(c.outType, value, kernel.getPointer(kernel.getOut(0)), element);
}

void ContractionEmitter::storeResults(const Tile &tile) {
  // A gate and its up-projection are half a panel apart.
  int64_t height = slab.layout.height;
  int64_t ofPanel = c.glu ? height / 2 : height,
          width = tiling.getPanels() * ofPanel;
  int64_t columns = c.glu ? c.rows / 2 : c.rows;
  Value present = b.sub(tile.endRow, tile.firstRow);
  b.loop(kernel.thread, tiling.getTokens() * width, kernel.threads,
         [&](Value number) {
           Value token = b.div(number, width), index = b.rem(number, width);
           Value column = b.add(b.mul(tile.firstPanel, ofPanel), index);
           Value valid = b.less(token, present);
           valid = b.both(valid, b.less(column, columns));
           b.when(valid, [&] {
             Value place = index;
             if (c.glu) {
               place = b.shl(b.shr(index, 3), 4);
               place = b.add(place, b.bitAnd(index, 7));
             }
             Value value = addBias(tile, sumParts(token, place), column);
             if (c.glu) {
               Value up = sumParts(token, b.add(place, 8));
               up = addBias(tile, up, b.add(column, columns));
               value = joinGate(b, *c.glu, value, up);
             }
             finishElement(tile, b.add(tile.firstRow, token), column, value);
           });
         });
}

void ContractionEmitter::copyKept(const Tile &tile) {
  Value present = b.sub(tile.endRow, tile.firstRow);
  present = b.min(present, tiling.getTokens());
  Value end = b.mul(present, c.kept);
  b.loop(kernel.thread, end, b.i32(kernel.threads), [&](Value number) {
    Value token = b.div(number, c.kept), index = b.rem(number, c.kept);
    Value pointer = getRowPointer(tile, token);
    Value from = b.zext64(b.add(index, c.cols));
    Values value = b.loadFloats(c.inputType, 1, pointer, from);
    Value row = b.zext64(b.add(tile.firstRow, token));
    Value element = b.mul(row, c.outStride);
    Value column = b.zext64(b.add(index, c.rows));
    element = b.add(element, b.add(tile.outFirst, column));
    Value out = kernel.getPointer(kernel.getOut(0));
    b.storeFloats(c.outType, value, out, element);
  });
}
