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

Attribute FormatAttr::parse(AsmParser &parser, Type) {
  Type code, scale;
  SmallVector<int64_t> block = {0, 0};
  bool hasOffset = false;
  if (parser.parseLess() || parser.parseType(code))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    if (succeeded(parser.parseOptionalKeyword("offset"))) {
      hasOffset = true;
      continue;
    }
    block.clear();
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword("scale") || parser.parseType(scale) ||
        parser.parseKeyword("per") ||
        parser.parseDimensionList(block, /*allowDynamic=*/false,
                                  /*withTrailingX=*/false))
      return {};
    if (block.size() != 2) {
      parser.emitError(loc) << "expects a block of rows x columns, but got "
                            << block.size() << " sizes";
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<FormatAttr>(parser.getContext(), code, scale,
                                       block[0], block[1], hasOffset);
}

void FormatAttr::print(AsmPrinter &printer) const {
  printer << '<' << getCode();
  if (hasScale())
    printer << ", scale " << getScale() << " per " << getScaleRows() << 'x'
            << getScaleCols();
  printer << (getHasOffset() ? ", offset>" : ">");
}

LogicalResult FormatAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 Type code, Type scale, int64_t scaleRows,
                                 int64_t scaleCols, bool hasOffset) {
  bool isFloat = isa<Float32Type, Float16Type, BFloat16Type>(code);
  if (!isFloat && !isa<Float8E4M3FNType>(code) &&
      !code.isSignlessInteger(8)) // C1
    return emitError()
           << "expects code f32, f16, bf16, f8E4M3FN or i8, but got " << code;
  if (scale && (!scale.isF32() || scaleRows < 1 || scaleCols < 1)) // C2
    return emitError()
           << "expects scale f32 per block of at least 1x1, but got " << scale
           << " per " << scaleRows << "x" << scaleCols;
  if (hasOffset && !scale) // C3
    return emitError() << "expects a scale beside the offset";
  if (code.isSignlessInteger(8) && !scale) // C4
    return emitError() << "expects a scale for code i8";
  if (isFloat && scale) // C4
    return emitError() << "expects no scale for code " << code;
  return success();
}

int64_t FormatAttr::getCodeBytes() const {
  return getCode().getIntOrFloatBitWidth() / 8;
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
  return success();
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
  PanelLayout layout;
  layout.rows = getRows();
  layout.cols = getCols();
  layout.height = getLayout().getRows();
  layout.depth = getLayout().getDepth();
  layout.pair = getLayout().getPair();
  layout.codeBytes = getFormat().getCodeBytes();
  layout.groupCols = getFormat().hasScale() ? getFormat().getScaleCols() : 0;
  layout.hasOffset = getFormat().getHasOffset();
  return layout;
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
