// Reads weights out of panels and decodes them to f32.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PanelReader.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>

using namespace mlir;
using namespace tenon;

static constexpr int64_t kLineBytes = 4 * PanelReader::kPlaces;

LogicalResult PanelReader::check(Operation *op, WeightType weight) {
  if (!weight.getLayout())
    return op->emitOpError() << "expects a weight in panels, but got " << weight
                             << "; run tenon-lay-out-weights before";
  PanelLayout layout = weight.getPanelLayout();
  if (layout.height != kPlaces || layout.depth * layout.codeBytes != 4)
    return op->emitOpError()
           << "expects panels of 16 rows and 4 bytes of columns, but got "
           << weight << "; lay the weight out as tenon-lay-out-weights does";
  return success();
}

PanelReader::PanelReader(VectorBuilder &b, Value weight, Value byte)
    : b(&b), layout(cast<WeightType>(weight.getType()).getPanelLayout()),
      code(cast<WeightType>(weight.getType()).getFormat().getCode()) {
  auto type = MemRefType::get({layout.getPanelBytes() / kLineBytes, kPlaces},
                              b.builder.getI32Type());
  lines = tile::WeightViewOp::create(b.builder, b.loc, type, weight, byte);
}

int64_t PanelReader::getHeaderLines() const {
  return layout.getHeaderBytes() / kLineBytes;
}

int64_t PanelReader::getColumnUnit(WeightType weight) {
  PanelLayout layout = weight.getPanelLayout();
  return layout.hasScale() ? layout.groupCols : layout.depth;
}

int64_t PanelReader::countDecoding(WeightType weight) {
  Type code = weight.getFormat().getCode();
  // Codes become floats, and floats are scaled.
  return !code.isF32() + weight.getPanelLayout().hasScale();
}

VectorBuilder::Values PanelReader::loopGroups(VectorBuilder &b,
                                              WeightType weight,
                                              ValueRange init, Body body) {
  return loopGroups(b, weight, b.index(0), weight.getPanelLayout().cols, init,
                    body);
}

VectorBuilder::Values PanelReader::loopGroups(VectorBuilder &b,
                                              WeightType weight, Value first,
                                              int64_t columns, ValueRange init,
                                              Body body) {
  PanelLayout layout = weight.getPanelLayout();
  if (!layout.hasScale())
    return body({b.quotient(first, layout.depth), first, columns}, init);

  int64_t linesOfGroup = layout.getFullGroupBytes() / kLineBytes;
  int64_t full = columns / layout.groupCols;
  int64_t rest = columns % layout.groupCols;
  Value firstGroup = b.quotient(first, layout.groupCols);
  auto goThrough = [&](Value number, int64_t count, ValueRange carried) {
    Value group = b.add(firstGroup, number);
    return body(
        {b.mul(group, linesOfGroup), b.mul(group, layout.groupCols), count},
        carried);
  };
  VectorBuilder::Values carried =
      b.loop(0, full, 1, init, [&](Value number, ValueRange carried) {
        return goThrough(number, layout.groupCols, carried);
      });
  return rest == 0 ? carried : goThrough(b.index(full), rest, carried);
}

PanelFactors PanelReader::loadFactors(const Group &group, Value place,
                                      int64_t width) const {
  PanelFactors factors;
  if (layout.hasScale())
    factors.scale = b->asFloats(b->load(lines, {group.line, place}, width));
  if (layout.hasOffset)
    factors.offset =
        b->asFloats(b->load(lines, {b->add(group.line, 1), place}, width));
  if (int64_t shift = getCodeShift()) {
    // The power changes no bit of a product: a scale for which the product with
    // it is no normal number does not belong to a weight.
    Value power = b->real(b->getFloats(width), std::ldexp(1.0, shift));
    factors.scale = factors.scale ? b->mul(factors.scale, power) : power;
  }
  return factors;
}

/// Codes are decoded as values that are 2^shift times too small. Codes of 8
/// bits stay in the upper byte, which saves instructions, and small floats of 8
/// bits become small floats of 32 bits, subnormal ones too.
int64_t PanelReader::getCodeShift() const {
  if (isa<Float8E4M3FNType>(code))
    return 120; // difference of the exponents' biases
  return code.isInteger(8) ? -24 : 0;
}

Value PanelReader::loadCodes(const Group &group, Value line, Value place,
                             int64_t width) const {
  Value at = b->add(b->add(group.line, line), getHeaderLines());
  Value codes = b->load(lines, {at, place}, width);
  if (!code.isF16() || width == 1)
    return codes;
  // First columns, then second ones, so that either is a half of the register.
  return b->sortBytes(codes, /*size=*/2);
}

/// One column of f16 codes.
Value PanelReader::widenHalf(Value codes, int64_t column) const {
  Value value;
  if (isa<VectorType>(codes.getType())) {
    int64_t width = getWidth(codes);
    Value halves = b->bitcast(codes, b->builder.getF16Type());
    value = b->slice(halves, column * width, width);
  } else {
    Value bits =
        b->mask(column == 0 ? codes : b->shiftRight(codes, 16), 0xffff);
    value = arith::BitcastOp::create(
        b->builder, b->loc, b->builder.getF16Type(),
        arith::TruncIOp::create(b->builder, b->loc, b->builder.getI16Type(),
                                bits));
  }
  return arith::ExtFOp::create(b->builder, b->loc,
                               b->getFloats(getWidth(value)), value);
}

/// A code as f32, 2^shift times too small.
Value PanelReader::widenCode(Value codes, int64_t column) const {
  if (code.isF32())
    return b->asFloats(codes);
  if (code.isBF16())
    return b->asFloats(column == 0 ? b->shiftLeft(codes, 16)
                                   : b->mask(codes, 0xffff0000));
  if (code.isF16())
    return widenHalf(codes, column);
  if (code.isInteger(8))
    return arith::SIToFPOp::create(b->builder, b->loc,
                                   b->getFloats(getWidth(codes)),
                                   b->byteToTop(codes, column));
  // The sign is copied down to the exponent's upper bits and cut away there;
  // exponent and mantissa come to lie where f32 has them.
  Value top = column == 3 ? codes : b->byteToTop(codes, column);
  return b->asFloats(b->mask(b->shiftRight(top, 4), 0x87f00000));
}

Value PanelReader::decode(Value codes, int64_t column,
                          const PanelFactors &factors) const {
  Value value = widenCode(codes, column);
  if (factors.offset)
    return b->fma(value, factors.scale, factors.offset);
  return factors.scale ? b->mul(value, factors.scale) : value;
}
