// Formats, panels and types of weights: syntax and constraints.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon;

//===----------------------------------------------------------------------===//
// FormatAttr
//===----------------------------------------------------------------------===//

/// `per 1x32`
static ParseResult parseFactor(AsmParser &parser, FactorRole role, Type type,
                               SmallVectorImpl<FormatFactor> &factors) {
  SmallVector<int64_t> block;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword("per") ||
      parser.parseDimensionList(block, /*allowDynamic=*/false,
                                /*withTrailingX=*/false))
    return failure();
  if (block.size() != 2)
    return parser.emitError(loc) << "expects a block of rows x columns, but "
                                    "got "
                                 << block.size() << " sizes";
  factors.push_back({role, type, block[0], block[1]});
  return success();
}

/// `[-3, -1, 1, 3]`
static ParseResult parseValues(AsmParser &parser,
                               SmallVectorImpl<int8_t> &values) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseInteger(values.emplace_back());
  });
}

/// As many factors of offsets as there are of scales.
static void repeatAsOffsets(SmallVectorImpl<FormatFactor> &factors) {
  for (FormatFactor factor : llvm::to_vector(factors))
    if (factor.role == FactorRole::Scale)
      factors.push_back(
          {FactorRole::Offset, factor.type, factor.rows, factor.cols});
}

Attribute FormatAttr::parse(AsmParser &parser, Type) {
  Type code;
  int64_t zero = 0;
  SmallVector<int8_t> values;
  SmallVector<FormatFactor> factors;
  bool repeats = false;
  if (parser.parseLess() || parser.parseType(code))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    if (succeeded(parser.parseOptionalKeyword("zero"))) {
      if (parser.parseInteger(zero))
        return {};
      continue;
    }
    if (succeeded(parser.parseOptionalKeyword("values"))) {
      if (parseValues(parser, values))
        return {};
      continue;
    }
    FactorRole role = FactorRole::Scale;
    if (succeeded(parser.parseOptionalKeyword("offset"))) {
      Type type;
      OptionalParseResult parsed = parser.parseOptionalType(type);
      repeats |= !parsed.has_value();
      if (!parsed.has_value())
        continue;
      role = FactorRole::Offset;
      if (failed(*parsed) || parseFactor(parser, role, type, factors))
        return {};
      continue;
    }
    Type type;
    if (parser.parseKeyword("scale") || parser.parseType(type) ||
        parseFactor(parser, role, type, factors))
      return {};
  }
  if (parser.parseGreater())
    return {};
  if (repeats) {
    if (factors.empty()) {
      parser.emitError(parser.getNameLoc())
          << "expects a scale beside the offset";
      return {};
    }
    repeatAsOffsets(factors);
  }
  // Scales come first, whatever their order in the text.
  SmallVector<FormatFactor> ordered;
  for (FactorRole role : {FactorRole::Scale, FactorRole::Offset})
    llvm::copy_if(
        factors, std::back_inserter(ordered),
        [&](const FormatFactor &factor) { return factor.role == role; });
  return parser.getChecked<FormatAttr>(parser.getContext(), code, zero,
                                       ArrayRef<FormatFactor>(ordered),
                                       ArrayRef<int8_t>(values));
}

void FormatAttr::print(AsmPrinter &printer) const {
  printer << '<' << getCode();
  if (getZero())
    printer << ", zero " << getZero();
  if (!getValues().empty()) {
    printer << ", values [";
    llvm::interleaveComma(getValues(), printer.getStream(),
                          [&](int8_t value) { printer << int(value); });
    printer << ']';
  }
  SmallVector<FormatFactor> repeated(
      llvm::make_filter_range(getFactors(), [](const FormatFactor &factor) {
        return factor.role == FactorRole::Scale;
      }));
  repeatAsOffsets(repeated);
  bool repeats = hasOffset() && getFactors() == ArrayRef(repeated);
  for (const FormatFactor &factor : getFactors()) {
    bool isScale = factor.role == FactorRole::Scale;
    if (isScale || !repeats)
      printer << (isScale ? ", scale " : ", offset ") << factor.type << " per "
              << factor.rows << 'x' << factor.cols;
  }
  printer << (repeats ? ", offset>" : ">");
}

LogicalResult FormatAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 Type code, int64_t zero,
                                 ArrayRef<FormatFactor> factors,
                                 ArrayRef<int8_t> values) {
  bool isFloat = isa<Float32Type, Float16Type, BFloat16Type>(code);
  unsigned bits = code.isIntOrFloat() ? code.getIntOrFloatBitWidth() : 0;
  bool isUnsigned = code.isUnsignedInteger() && bits >= 2 && bits <= 8;
  if (!isFloat && !isa<Float8E4M3FNType, Float4E2M1FNType>(code) &&
      !code.isSignlessInteger(8) && !isUnsigned) // C1
    return emitError() << "expects code f32, f16, bf16, f8E4M3FN, f4E2M1FN, i8 "
                          "or ui2 to ui8, but got "
                       << code;
  for (const FormatFactor &factor : factors)
    if (!(isa<Float32Type, Float16Type, BFloat16Type, Float8E8M0FNUType>(
              factor.type) ||
          factor.type.isSignlessInteger(8) ||
          factor.type.isUnsignedInteger(8)) ||
        factor.rows < 1 || factor.cols < 1) // C2
      return emitError() << "expects factors f32, f16, bf16, f8E8M0FNU, i8 or "
                            "ui8 per block of at least 1x1, but got "
                         << factor.type << " per " << factor.rows << "x"
                         << factor.cols;
  auto isScale = [](const FormatFactor &factor) {
    return factor.role == FactorRole::Scale;
  };
  if (!factors.empty() && llvm::none_of(factors, isScale)) // C3
    return emitError() << "expects a scale beside the offset";
  if ((code.isInteger() || bits < 8) && factors.empty()) // C4
    return emitError() << "expects a scale for code " << code;
  if (isFloat && !factors.empty()) // C4
    return emitError() << "expects no scale for code " << code;
  if (zero < 0 || zero >> (isUnsigned ? bits : 0) != 0) // C5
    return emitError() << "expects zero to be a number of an unsigned code, "
                          "but got "
                       << zero << " for " << code;
  if (isUnsigned && bits == 8 && zero != 128) // C5
    return emitError() << "expects zero 128 for code ui8, but got " << zero;
  for (const FormatFactor &a : factors)
    for (const FormatFactor &b : factors)
      if (a.cols >= b.cols && a.cols % b.cols != 0) // C6
        return emitError() << "expects columns of factors to divide each "
                              "other, but got "
                           << b.cols << " and " << a.cols;
  if (values.empty())
    return success();
  if (!isUnsigned || bits > 4 || zero != 0) // C7
    return emitError() << "expects values beside a code of ui2, ui3 or ui4 "
                          "without zero, but got "
                       << code;
  if (values.size() != size_t(1) << bits) // C7
    return emitError() << "expects " << (1 << bits) << " values for " << code
                       << ", but got " << values.size();
  return success();
}

bool FormatAttr::hasOffset() const {
  return llvm::any_of(getFactors(), [](const FormatFactor &factor) {
    return factor.role == FactorRole::Offset;
  });
}

int64_t FormatAttr::getScaleRows() const {
  int64_t rows = 1;
  for (const FormatFactor &factor : getFactors())
    rows = std::max(rows, factor.rows);
  return rows;
}

int64_t FormatAttr::getScaleCols() const {
  int64_t cols = hasScale() ? getFactors().front().cols : 1;
  for (const FormatFactor &factor : getFactors())
    cols = std::min(cols, factor.cols);
  return cols;
}

int64_t FormatAttr::getCodeBits() const {
  return getCode().getIntOrFloatBitWidth();
}

FormatAttr FormatAttr::getWidened() const {
  if (!hasScale())
    return *this;
  MLIRContext *context = getContext();
  SmallVector<FormatFactor, 2> factors = {{FactorRole::Scale,
                                           Float32Type::get(context),
                                           getScaleRows(), getScaleCols()}};
  if (hasOffset())
    repeatAsOffsets(factors);
  Type code = getCode().isInteger() ? Type(IntegerType::get(context, 8))
                                    : Type(Float8E4M3FNType::get(context));
  return FormatAttr::get(context, code, /*zero=*/0, factors);
}

//===----------------------------------------------------------------------===//
// PanelAttr
//===----------------------------------------------------------------------===//

Attribute PanelAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> size;
  bool pair = false;
  SMLoc loc;
  if (parser.parseLess() || parser.getCurrentLocation(&loc) ||
      parser.parseDimensionList(size, /*allowDynamic=*/false,
                                /*withTrailingX=*/false))
    return {};
  if (succeeded(parser.parseOptionalComma())) {
    if (parser.parseKeyword("pair"))
      return {};
    pair = true;
  }
  if (parser.parseGreater())
    return {};
  if (size.size() != 2) {
    parser.emitError(loc) << "expects a panel of rows x depth, but got "
                          << size.size() << " sizes";
    return {};
  }
  return parser.getChecked<PanelAttr>(parser.getContext(), size[0], size[1],
                                      pair);
}

void PanelAttr::print(AsmPrinter &printer) const {
  printer << '<' << getRows() << 'x' << getDepth()
          << (getPair() ? ", pair>" : ">");
}

LogicalResult PanelAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t rows, int64_t depth, bool pair) {
  if (rows < 1 || depth < 1) // C1
    return emitError() << "expects a panel of at least 1x1, but got " << rows
                       << "x" << depth;
  if (pair && rows % 2 != 0) // C2
    return emitError() << "expects an even number of rows with pair, but got "
                       << rows;
  return success();
}

bool FormatAttr::fitsPanel(int64_t cols, int64_t depth) const {
  if (!hasScale())
    return true;
  PanelLayout codes(kPanelHeight, cols, kPanelHeight, depth, /*pair=*/false,
                    getCodeBits());
  bool isWholeRow = getScaleCols() >= cols && getCodeBits() >= 8;
  return isWholeRow || getScaleCols() % codes.periodCols == 0;
}

//===----------------------------------------------------------------------===//
// WeightType
//===----------------------------------------------------------------------===//

static ParseResult parseWeightShape(AsmParser &parser,
                                    SmallVector<int64_t> &shape) {
  return parser.parseDimensionList(shape, /*allowDynamic=*/false,
                                   /*withTrailingX=*/false);
}

static void printWeightShape(AsmPrinter &printer, ArrayRef<int64_t> shape) {
  llvm::interleave(shape, printer.getStream(), "x");
}

#define GET_TYPEDEF_CLASSES
#include "dialects/Tenon/TenonOpsTypes.cpp.inc"

LogicalResult WeightType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> shape, FormatAttr format,
                                 PanelAttr layout) {
  if (shape.empty() ||
      llvm::any_of(shape, [](int64_t d) { return d < 1; })) // C1
    return emitError() << "expects at least one dimension, and each positive";
  if (shape.size() < 2 && (layout || format.hasScale())) // C2
    return emitError() << "expects a matrix for a scale or a panel, but got a "
                          "vector of "
                       << shape.front();
  constexpr int64_t mostBits = int64_t(1) << 56;
  int64_t bits = format.getCodeBits();
  for (int64_t size : shape)
    if (llvm::MulOverflow(bits, size, bits) || bits >= mostBits) // C3
      return emitError() << "expects quantized values of less than 2^56 bits";
  if (layout && !format.fitsPanel(shape.back(), layout.getDepth())) // C4
    return emitError() << "expects columns that lie together in a panel to "
                          "share their scales, but got blocks of "
                       << format.getScaleCols() << " columns";
  return success();
}

int64_t WeightType::getMatrices() const {
  int64_t count = 1;
  for (int64_t size : getShape().drop_back(std::min<int64_t>(2, getRank())))
    count *= size;
  return count;
}

PanelLayout WeightType::getPanelLayout() const {
  assert(getLayout() && "has no layout");
  FormatAttr format = getFormat();
  SmallVector<PanelLayout::Factor, 4> factors;
  for (const FormatFactor &factor : format.getFactors())
    factors.push_back({factor.type.getIntOrFloatBitWidth(), factor.cols});
  return PanelLayout(getRows(), getCols(), getLayout().getRows(),
                     getLayout().getDepth(), getLayout().getPair(),
                     format.getCodeBits(), factors);
}

int64_t WeightType::getMatrixBytes() const {
  if (getLayout())
    return getPanelLayout().getMatrixBytes();
  int64_t elements = getRank() == 1 ? getCols() : getRows() * getCols();
  return elements * getFormat().getCodeBytes();
}

WeightType WeightType::dropStack() const {
  return withShape(getShape().drop_front());
}

WeightType WeightType::withShape(ArrayRef<int64_t> shape) const {
  return WeightType::get(getContext(), shape, getFormat(), getLayout());
}

void TenonDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Tenon/TenonOpsTypes.cpp.inc"
      >();
}
