// The nvptx dialect: constraints of its attributes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/NVPTX/Nvptx.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

#include "dialects/NVPTX/NvptxAttrsDialect.cpp.inc"
#include "dialects/NVPTX/NvptxAttrsEnums.cpp.inc"
#include "dialects/NVPTX/NvptxAttrsInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/NVPTX/NvptxAttrs.cpp.inc"

using EmitError = function_ref<InFlightDiagnostic()>;

/// Keys of a tile of attention: their scores stay in registers.
static constexpr int64_t kMostKeys = 1024;
/// Keys between two selections: what shared memory could hold at most.
static constexpr int64_t kMostSelectionKeys = 65536;

/// Rows of a matrix instruction, as it is used by attention.
static constexpr int64_t kTileRows = 2 * 8;

void NvptxDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/NVPTX/NvptxAttrs.cpp.inc"
      >();
}

LogicalResult NvptxDialect::verifyOperationAttribute(Operation *op,
                                                     NamedAttribute attr) {
  StringRef name = attr.getName(), expected;
  Attribute value = attr.getValue();
  bool fits = false;
  if (name == kLaunchName) {
    expected = "a #nvptx.launch, on a tile.kernel";
    fits = isa<tile::KernelOp>(op) && isa<LaunchAttr>(value);
  } else if (name == kRefusedName) {
    expected = "a string, on a tile.kernel";
    fits = isa<tile::KernelOp>(op) && isa<StringAttr>(value);
  } else if (name == kSharedBytesName) {
    expected = "a number of bytes, on a function";
    auto bytes = dyn_cast<IntegerAttr>(value);
    fits = isa<FunctionOpInterface>(op) && bytes &&
           bytes.getType().isInteger(64) && bytes.getInt() >= 0;
  } else {
    return op->emitOpError() << "has unknown attribute " << attr.getName()
                             << "; the dialect knows " << kLaunchName << ", "
                             << kRefusedName << " and " << kSharedBytesName;
  }
  if (!fits)
    return op->emitOpError() << "expects " << name << " to be " << expected
                             << ", but got " << value;
  return success();
}

//===----------------------------------------------------------------------===//
// ContractionAttr
//===----------------------------------------------------------------------===//

static LogicalResult verifySplit(EmitError emitError, int64_t panels,
                                 int64_t parts, int64_t warps) {
  if (panels != 2 || warps != parts) // C3
    return emitError() << "expects split columns to have 2 panels and a warp "
                          "for each part, but got "
                       << panels << " panels, " << parts << " parts and "
                       << warps << " warps";
  return success();
}

static LogicalResult verifyWhole(EmitError emitError, int64_t tokens,
                                 int64_t panels, int64_t warps) {
  int64_t pairs = panels / 2;
  if (!llvm::isPowerOf2_64(panels) || warps % pairs != 0 ||
      tokens % (8 * (warps / pairs)) != 0) // C4
    return emitError() << "expects warps to share pairs of a power of two of "
                          "panels and multiples of 8 tokens, but got "
                       << panels << " panels, " << tokens << " tokens and "
                       << warps << " warps";
  return success();
}

LogicalResult ContractionAttr::verify(EmitError emitError, int64_t tokens,
                                      int64_t panels, int64_t stages,
                                      int64_t parts, Columns columns,
                                      int64_t warps) {
  if (tokens > 512 || panels > 64 || stages > 16 || parts > 64) // C5
    return emitError()
           << "expects at most 512 tokens, 64 panels, 16 stages and "
              "64 parts, but got "
           << tokens << ", " << panels << ", " << stages << " and " << parts;
  if (tokens < 1 || tokens % 8 != 0 || panels < 1 || panels % 2 != 0) // C1
    return emitError() << "expects a positive multiple of 8 tokens and of 2 "
                          "panels, but got "
                       << tokens << " and " << panels;
  if (stages < 2 || parts < 1 || warps < 1 || warps > kMostWarps) // C2
    return emitError() << "expects at least 2 stages and 1 part, and between "
                          "1 and "
                       << kMostWarps << " warps, but got " << stages << ", "
                       << parts << " and " << warps;
  return columns == Columns::Split
             ? verifySplit(emitError, panels, parts, warps)
             : verifyWhole(emitError, tokens, panels, warps);
}

int64_t ContractionAttr::getBlockWarps() const { return getWarps(); }

int64_t ContractionAttr::getBlockTokens() const { return 0; }

//===----------------------------------------------------------------------===//
// AttentionAttr
//===----------------------------------------------------------------------===//

LogicalResult AttentionAttr::verify(EmitError emitError, int64_t tokens,
                                    int64_t rows, int64_t keys,
                                    int64_t splits) {
  if (tokens > tile::BucketAttr::kMostTokens || keys > kMostKeys) // C3
    return emitError() << "expects at most " << tile::BucketAttr::kMostTokens
                       << " tokens and " << kMostKeys << " keys, but got "
                       << tokens << " and " << keys;
  if (tokens < 1 || splits < 1 || splits > kMostWarps || rows < 1 ||
      rows % kTileRows != 0 || keys < 1 || !llvm::isPowerOf2_64(keys) ||
      keys % (kTileRows * splits) != 0) // C1
    return emitError() << "expects tokens, a multiple of 16 rows, and a power "
                          "of two of keys that is a multiple of 16 times "
                          "splits, but got "
                       << tokens << " tokens, " << rows << " rows, " << keys
                       << " keys and " << splits << " splits";
  if (rows / kTileRows * splits > kMostWarps) // C2
    return emitError() << "expects at most " << kMostWarps << " warps, but got "
                       << rows / kTileRows * splits;
  return success();
}

int64_t AttentionAttr::getBlockWarps() const {
  return getRows() / kTileRows * getSplits();
}

int64_t AttentionAttr::getBlockTokens() const { return getTokens(); }

//===----------------------------------------------------------------------===//
// SelectionAttr, RowsAttr, DispatchAttr
//===----------------------------------------------------------------------===//

static LogicalResult verifyWarps(EmitError emitError, int64_t warps) {
  if (warps < 1 || warps > kMostWarps)
    return emitError() << "expects between 1 and " << kMostWarps
                       << " warps, but got " << warps;
  return success();
}

LogicalResult SelectionAttr::verify(EmitError emitError, int64_t keys,
                                    int64_t warps) {
  if (keys < 1 || keys > kMostSelectionKeys) // C2
    return emitError() << "expects between 1 and " << kMostSelectionKeys
                       << " keys, but got " << keys;
  return verifyWarps(emitError, warps); // C1
}

int64_t SelectionAttr::getBlockWarps() const { return getWarps(); }

int64_t SelectionAttr::getBlockTokens() const { return 0; }

LogicalResult RowsAttr::verify(EmitError emitError, int64_t warps) {
  return verifyWarps(emitError, warps); // C1
}

int64_t RowsAttr::getBlockWarps() const { return getWarps(); }

int64_t RowsAttr::getBlockTokens() const { return 0; }

LogicalResult DispatchAttr::verify(EmitError emitError, int64_t warps) {
  return verifyWarps(emitError, warps); // C1
}

int64_t DispatchAttr::getBlockWarps() const { return getWarps(); }

int64_t DispatchAttr::getBlockTokens() const { return 0; }

//===----------------------------------------------------------------------===//
// LaunchAttr
//===----------------------------------------------------------------------===//

LogicalResult LaunchAttr::verify(EmitError emitError, SymbolRefAttr function,
                                 int64_t blocks) {
  if (blocks < 1) // C1
    return emitError() << "expects at least one block, but got " << blocks;
  return success();
}
