// Loads quantized values from panels and dequantizes them to f32.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PanelReader.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/APFloat.h"
#include <cmath>

using namespace mlir;
using namespace tenon;

LogicalResult PanelReader::check(Operation *op, WeightType weight) {
  if (!weight.getLayout())
    return op->emitOpError() << "expects a weight in panels, but got " << weight
                             << "; run tenon-assign-weight-layouts before";
  PanelLayout layout = weight.getPanelLayout();
  if (layout.height != kPanelHeight ||
      layout.getLineBytes() != kPanelHeight * kPanelWordBytes)
    return op->emitOpError()
           << "expects panels of " << kPanelHeight << " rows and "
           << kPanelWordBytes << " bytes of columns, but got " << weight
           << "; lay the weight out as tenon-assign-weight-layouts does";
  return success();
}

/// The type of numbers in memory, where integers have no sign, and floats of 8
/// bits are bits.
static Type getStoredType(Type type) {
  unsigned bits = type.getIntOrFloatBitWidth();
  return type.isInteger() || bits <= 8
             ? IntegerType::get(type.getContext(), bits)
             : type;
}

PanelReader::PanelReader(VectorBuilder &b, Value weight, Value byte)
    : b(&b), layout(cast<WeightType>(weight.getType()).getPanelLayout()),
      format(cast<WeightType>(weight.getType()).getFormat()) {
  lineCols = getLineColumns(cast<WeightType>(weight.getType()));
  int64_t bytes = layout.getPanelBytes();
  auto view = [&](ArrayRef<int64_t> shape, Type element) -> Value {
    auto type = MemRefType::get(shape, getStoredType(element));
    return tile::WeightViewOp::create(b.builder, b.loc, type, weight, byte);
  };
  lines = view({bytes / layout.getLineBytes(), layout.height},
               b.builder.getI32Type());
  for (const FormatFactor &factor : format.getFactors())
    numbers.push_back(
        view({bytes * 8 / factor.type.getIntOrFloatBitWidth()}, factor.type));
}

int64_t PanelReader::getColumnUnit(WeightType weight) {
  PanelLayout layout = weight.getPanelLayout();
  return layout.hasFactors() ? layout.groupCols : layout.periodCols;
}

int64_t PanelReader::getLineColumns(WeightType weight) {
  // Planes are ordered by their bits, so the last one has the fewest columns.
  PanelLayout layout = weight.getPanelLayout();
  return layout.periodCols * layout.getPlanes().front().bits /
         layout.getPlanes().back().bits;
}

int64_t PanelReader::countDecoding(WeightType weight) {
  FormatAttr format = weight.getFormat();
  Type code = format.getCode();
  // Codes become floats, and floats are scaled. F16C converts in two steps.
  return !code.isF32() + code.isF16() + format.hasScale();
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
  if (!layout.hasFactors())
    return body({b.div(first, layout.periodCols), first, columns}, init);

  int64_t full = columns / layout.groupCols;
  int64_t rest = columns % layout.groupCols;
  Value firstGroup = b.div(first, layout.groupCols);
  auto goThrough = [&](Value number, int64_t count, ValueRange carried) {
    Value group = b.add(firstGroup, number);
    return body({group, b.mul(group, layout.groupCols), count}, carried);
  };
  VectorBuilder::Values carried =
      b.loop(0, full, 1, init, [&](Value number, ValueRange carried) {
        return goThrough(number, layout.groupCols, carried);
      });
  return rest == 0 ? carried : goThrough(b.index(full), rest, carried);
}

/// Where the number of a field for place 0, the columns of a group and, where
/// they matter, those from a line on lies. Strides below `cellBits` count bits
/// of a unit, all others units.
PanelReader::Place PanelReader::locate(const PanelField &field,
                                       int64_t unitBits, int64_t cellBits,
                                       const Group &group, Value line) const {
  Place place = {b->index(field.first / unitBits), Value()};
  for (const LayoutDigit &digit : field.splitAt({lineCols, layout.groupCols})) {
    // What is below a line's columns is handled by `decode`.
    if (digit.count == 1 || digit.every < lineCols)
      continue;
    bool isOfGroup = layout.groupCols && digit.every >= layout.groupCols;
    assert((isOfGroup || line) && "a field with a number for each line");
    Value index = isOfGroup ? group.number : line;
    // Without factors all lines of the panel have one number.
    if (!layout.groupCols)
      index = b->add(group.number, line);
    index =
        b->div(index, digit.every / (isOfGroup ? layout.groupCols : lineCols));
    bool isHighest = isOfGroup || !layout.groupCols
                         ? digit.count == 0
                         : digit.every * digit.count == layout.groupCols;
    if (!isHighest)
      index = b->remainder(index, digit.count);
    if (digit.stride < cellBits) {
      Value bit = b->mul(index, digit.stride);
      place.bit = place.bit ? b->add(place.bit, bit) : bit;
    } else {
      place.unit = b->add(b->mul(index, digit.stride / unitBits), place.unit);
    }
  }
  return place;
}

/// Numbers of a factor as f32.
Value PanelReader::loadNumbers(size_t number, const Group &group, Value place,
                               int64_t width) const {
  const PanelField &field = layout.getFactors()[number];
  Value at = locate(field, field.bits, /*cellBits=*/0, group).unit;
  at = b->add(at, place);
  Value value = b->load(numbers[number], {at}, width);
  Type type = format.getFactors()[number].type;
  bool isPower = isa<Float8E8M0FNUType>(type);
  if (!type.isInteger() && !isPower)
    return value;
  Type ints = b->getInts(width);
  if (type.isUnsignedInteger() || isPower)
    value = arith::ExtUIOp::create(b->builder, b->loc, ints, value);
  else
    value = arith::ExtSIOp::create(b->builder, b->loc, ints, value);
  if (isPower) {
    // The number is the exponent of an f32, but the one of 0 is subnormal.
    Value bits = b->shiftLeft(value, 23);
    return b->asFloats(arith::MaxSIOp::create(
        b->builder, b->loc, bits, b->bits(bits.getType(), 1u << 22)));
  }
  return arith::SIToFPOp::create(b->builder, b->loc, b->getFloats(width),
                                 value);
}

PanelFactors PanelReader::loadFactors(const Group &group, Value place,
                                      int64_t width) const {
  PanelFactors factors;
  for (auto [number, factor] : llvm::enumerate(format.getFactors())) {
    Value value = loadNumbers(number, group, place, width);
    Value &product =
        factor.role == FactorRole::Scale ? factors.scale : factors.offset;
    product = product ? b->mul(product, value) : value;
  }
  if (int64_t shift = getCodeShift(width)) {
    // The power changes no bit of a product: a scale for which the product with
    // it is no normal number does not belong to a weight.
    Value power = b->constant(b->getFloats(width), std::ldexp(1.0, shift));
    factors.scale = factors.scale ? b->mul(factors.scale, power) : power;
  }
  return factors;
}

/// Bits of a code that are an index into a table of all its values, or of those
/// of a float without a sign, in a register; 0 where there is no such table.
int64_t PanelReader::getIndexBits(int64_t width) const {
  int64_t bits = format.getCodeBits();
  bool isFloat = isa<FloatType>(format.getCode());
  // AVX2 looks up eight values, which are those of a float of 4 bits alone.
  if (layout.getPlanes().size() > 1 || bits >= 8)
    return 0;
  if (width == int64_t(1) << bits)
    return bits;
  return isFloat && width == int64_t(1) << (bits - 1) ? bits - 1 : 0;
}

/// What the exponent of an f32 has to be larger by than that of a small float
/// with the same bits: the difference of their biases.
static int getBiasDifference(Type code) {
  const llvm::fltSemantics &semantics =
      cast<FloatType>(code).getFloatSemantics();
  return llvm::APFloat::semanticsMinExponent(semantics) + 126;
}

/// Codes are decoded as values that are 2^shift times too small. Codes of 8
/// bits stay in the upper byte, which saves instructions, and small floats of 8
/// bits become small floats of 32 bits, subnormal ones too.
int64_t PanelReader::getCodeShift(int64_t width) const {
  if (isa<Float8E4M3FNType>(format.getCode()))
    return getBiasDifference(format.getCode());
  return format.getCode().isInteger() && !getIndexBits(width) ? -24 : 0;
}

PanelReader::Codes PanelReader::loadCodes(const Group &group, Value line,
                                          Value place, int64_t width) const {
  Codes codes;
  codes.width = width;
  for (const PanelField &plane : layout.getPlanes()) {
    Place at = locate(plane, 8 * layout.getLineBytes(), plane.placeStride,
                      group, line);
    Value word = b->load(lines, {at.unit, place}, width);
    // Bits of later columns of a plane come to where those of the first are.
    if (at.bit)
      word = b->shiftRight(word, b->broadcast(b->toInt(at.bit), width));
    // First columns, then second ones, so that either is a half of the register.
    if (format.getCode().isF16() && width != 1)
      word = b->sortBytes(word, /*size=*/2);
    codes.words.push_back(word);
  }
  return codes;
}

/// Bytes with the codes of four columns each, from a multiple of four on.
Value PanelReader::joinPlanes(Codes &codes, int64_t column) const {
  if (codes.bytesOf == column)
    return codes.bytes;
  Value joined;
  for (auto [number, plane] : llvm::enumerate(layout.getPlanes())) {
    Value part = codes.words[number];
    if (plane.bits < 8) {
      int64_t right = plane.getBit(0, column) % 8 - plane.shift;
      part =
          right < 0 ? b->shiftLeft(part, -right) : b->shiftRight(part, right);
      part = b->mask(part,
                     (((1u << plane.bits) - 1) << plane.shift) * 0x01010101u);
    }
    joined = joined ? b->bitOr(joined, part) : part;
  }
  codes.bytes = format.getValues().empty()
                    ? subtractZero(joined)
                    : b->lookUpBytes(joined, format.getValues());
  codes.bytesOf = column;
  return codes.bytes;
}

/// Unsigned bytes less the zero of the format, as signed ones.
Value PanelReader::subtractZero(Value bytes) const {
  auto zero = static_cast<uint32_t>(format.getZero());
  if (zero == 0)
    return bytes;
  if (zero == 128)
    return b->bitXor(bytes, 0x80808080);
  if (isa<VectorType>(bytes.getType())) {
    Value vector = b->bitcast(bytes, b->builder.getI8Type());
    auto type = cast<VectorType>(vector.getType());
    Value zeros = arith::ConstantOp::create(
        b->builder, b->loc,
        DenseElementsAttr::get(
            type, b->builder.getI8IntegerAttr(static_cast<int8_t>(zero))));
    return b->bitcast(b->sub(vector, zeros), b->builder.getI32Type());
  }
  // Both are below 128: with the highest bit set, no byte borrows from its
  // neighbor.
  Value high = b->bitXor(bytes, 0x80808080);
  Value less = b->sub(high, b->bits(high.getType(), zero * 0x01010101));
  return b->bitXor(less, 0x80808080);
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

/// The value of a code of less than 8 bits, before scale and offset.
static float getCodeValue(FormatAttr format, int64_t code) {
  auto type = dyn_cast<FloatType>(format.getCode());
  if (!type)
    return static_cast<float>(format.getInteger(code));
  llvm::APFloat value(type.getFloatSemantics(),
                      llvm::APInt(type.getWidth(), code));
  bool losesInfo = false;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToFloat();
}

/// The value of a code whose lowest bits are an index into the lanes of a table.
Value PanelReader::lookUp(Codes &codes, int64_t column) const {
  const PanelField &plane = layout.getPlanes().front();
  int64_t bit = (plane.getBit(0, column) - plane.getBit(0, 0)) % 32;
  Value word = codes.words.front();
  // The permutation looks at the lowest bits of an index alone.
  Value index = b->shiftRight(word, bit);
  SmallVector<float> values;
  for (int64_t code = 0; code < codes.width; ++code)
    values.push_back(getCodeValue(format, code));
  auto type = cast<VectorType>(b->getFloats(codes.width));
  Value table = arith::ConstantOp::create(
      b->builder, b->loc,
      DenseElementsAttr::get(type, ArrayRef<float>(values)));
  Value value = b->permute(table, index);
  int64_t indexBits = getIndexBits(codes.width);
  if (indexBits == format.getCodeBits())
    return value;
  Value sign = b->mask(b->shiftLeft(word, 31 - (bit + indexBits)), 1u << 31);
  return b->asFloats(b->bitOr(b->asInts(value), sign));
}

/// The value of a float of less than 8 bits.
Value PanelReader::widenSmallFloat(Codes &codes, int64_t column) const {
  Type code = format.getCode();
  int64_t bits = format.getCodeBits();
  const llvm::fltSemantics &semantics =
      cast<FloatType>(code).getFloatSemantics();
  int64_t mantissa = llvm::APFloat::semanticsPrecision(semantics) - 1;
  Value top = b->byteToTop(joinPlanes(codes, column / 4 * 4), column % 4);
  top = b->shiftLeft(top, 8 - bits);
  // The sign is copied down to the exponent's upper bits and cut away there;
  // exponent and mantissa come to lie where f32 has them.
  uint32_t kept = 1u << 31 | ((1u << (bits - 1)) - 1) << (23 - mantissa);
  Value value =
      b->asFloats(b->mask(b->shiftRight(top, 9 + mantissa - bits), kept));
  // Not a factor of the scale, which may be too large for it.
  Value power =
      b->constant(value.getType(), std::ldexp(1.0, getBiasDifference(code)));
  return b->mul(value, power);
}

/// A code as f32, 2^shift times too small.
Value PanelReader::widenCode(Codes &codes, int64_t column) const {
  Type code = format.getCode();
  if (getIndexBits(codes.width))
    return lookUp(codes, column);
  if (isa<FloatType>(code) && format.getCodeBits() < 8)
    return widenSmallFloat(codes, column);
  if (code.isInteger()) {
    Value bytes = joinPlanes(codes, column / 4 * 4);
    return arith::SIToFPOp::create(b->builder, b->loc,
                                   b->getFloats(codes.width),
                                   b->byteToTop(bytes, column % 4));
  }
  Value word = codes.words.front();
  if (code.isF32())
    return b->asFloats(word);
  if (code.isBF16())
    return b->asFloats(column == 0 ? b->shiftLeft(word, 16)
                                   : b->mask(word, 0xffff0000));
  if (code.isF16())
    return widenHalf(word, column);
  // The sign is copied down to the exponent's upper bits and cut away there;
  // exponent and mantissa come to lie where f32 has them.
  Value top = column == 3 ? word : b->byteToTop(word, column);
  return b->asFloats(b->mask(b->shiftRight(top, 4), 0x87f00000));
}

Value PanelReader::decode(Codes &codes, int64_t column,
                          const PanelFactors &factors) const {
  Value value = widenCode(codes, column);
  if (factors.offset)
    return b->fma(value, factors.scale, factors.offset);
  return factors.scale ? b->mul(value, factors.scale) : value;
}
