// Reads weights out of panels and decodes them to f32.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PanelReader.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>

using namespace mlir;
using namespace tenon;

static constexpr int64_t kLineBytes = 4 * PanelReader::kPlaces;
/// Difference of the exponent's bias between f32 and f8E4M3FN.
static constexpr int64_t kF8Shift = 120;

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

VectorBuilder::Values PanelReader::loopGroups(VectorBuilder &b,
                                              WeightType weight,
                                              ValueRange init, Body body) {
  PanelLayout layout = weight.getPanelLayout();
  if (!layout.hasScale())
    return body({b.index(0), b.index(0), layout.cols}, init);

  int64_t linesOfGroup = layout.getFullGroupBytes() / kLineBytes;
  int64_t full = layout.cols / layout.groupCols;
  int64_t rest = layout.cols % layout.groupCols;
  VectorBuilder::Values carried =
      b.loop(0, full, 1, init, [&](Value group, ValueRange carried) {
        return body({b.mul(group, linesOfGroup), b.mul(group, layout.groupCols),
                     layout.groupCols},
                    carried);
      });
  if (rest == 0)
    return carried;
  return body(
      {b.index(full * linesOfGroup), b.index(full * layout.groupCols), rest},
      carried);
}

PanelFactors PanelReader::loadFactors(const Group &group, Value place,
                                      int64_t width) const {
  PanelFactors factors;
  if (layout.hasScale())
    factors.scale = b->asFloats(b->load(lines, {group.line, place}, width));
  if (layout.hasOffset)
    factors.offset =
        b->asFloats(b->load(lines, {b->add(group.line, 1), place}, width));
  if (!isa<Float8E4M3FNType>(code))
    return factors;
  // Codes are decoded 2^120 times too small, subnormal ones too. The power goes
  // into the scale, where it changes no bit: a scale of 2^8 and more, whose
  // product would be too large, does not belong to a weight.
  double power = std::ldexp(1.0, kF8Shift);
  Type floats = b->getFloats(width);
  factors.scale = factors.scale ? b->mul(factors.scale, b->real(floats, power))
                                : b->real(floats, power);
  return factors;
}

Value PanelReader::loadCodes(const Group &group, Value line, Value place,
                             int64_t width) const {
  Value at = b->add(b->add(group.line, line), getHeaderLines());
  return b->load(lines, {at, place}, width);
}

/// A code as f32; one of 8 bits of a float is 2^120 times too small.
Value PanelReader::widenCode(Value codes, int64_t column) const {
  if (code.isF32())
    return b->asFloats(codes);
  if (code.isBF16())
    return b->asFloats(column == 0 ? b->shiftLeft(codes, 16)
                                   : b->mask(codes, 0xffff0000));
  if (code.isF16()) {
    // Shifted without the sign, so that only whole halves are truncated.
    Value half = column == 0
                     ? codes
                     : arith::ShRUIOp::create(b->builder, b->loc, codes,
                                              b->bits(codes.getType(), 16));
    int64_t width = getWidth(codes);
    auto of = [&](Type element) -> Type {
      return width == 1 ? element : VectorType::get({width}, element);
    };
    Value bits = arith::TruncIOp::create(b->builder, b->loc,
                                         of(b->builder.getI16Type()), half);
    Value value = arith::BitcastOp::create(b->builder, b->loc,
                                           of(b->builder.getF16Type()), bits);
    return arith::ExtFOp::create(b->builder, b->loc, b->getFloats(width),
                                 value);
  }
  Value top = b->shiftLeft(codes, 24 - 8 * column);
  if (code.isInteger(8))
    return arith::SIToFPOp::create(b->builder, b->loc,
                                   b->getFloats(getWidth(codes)),
                                   b->shiftRight(top, 24));
  // The sign is copied down to the exponent's upper bits and cut away there;
  // exponent and mantissa come to lie where f32 has them.
  return b->asFloats(b->mask(b->shiftRight(top, 4), 0x87f00000));
}

Value PanelReader::decode(Value codes, int64_t column,
                          const PanelFactors &factors) const {
  Value value = widenCode(codes, column);
  if (factors.offset)
    return b->fma(value, factors.scale, factors.offset);
  return factors.scale ? b->mul(value, factors.scale) : value;
}
