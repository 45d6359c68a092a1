// The tile dialect, its attributes, and the generated code of its ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon::tile;

#include "dialects/Tile/TileInterfaces.cpp.inc"
#include "dialects/Tile/TileOpsDialect.cpp.inc"
#include "dialects/Tile/TileOpsEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/TileOpsAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/TileOpsTypes.cpp.inc"

/// Reads `<rows = 6>` for a `#tile.config`, or any configuration in full.
static OptionalParseResult
parseKernelConfig(OpAsmParser &parser, KernelConfigAttrInterface &config) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute attribute;
  if (*loc.getPointer() == '<') {
    attribute = ConfigAttr::parse(parser, Type());
    config = cast_or_null<KernelConfigAttrInterface>(attribute);
    return ParseResult(failure(!config));
  }
  OptionalParseResult result = parser.parseOptionalAttribute(attribute);
  if (!result.has_value() || failed(*result))
    return result;
  config = dyn_cast<KernelConfigAttrInterface>(attribute);
  if (!config)
    return ParseResult(parser.emitError(loc, "expects a configuration of a "
                                             "kernel, but got ")
                       << attribute);
  return ParseResult(success());
}

static void printKernelConfig(OpAsmPrinter &printer, KernelOp,
                              KernelConfigAttrInterface config) {
  if (auto tiles = dyn_cast<ConfigAttr>(config))
    return printer.printStrippedAttrOrType(tiles);
  printer << config;
}

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.cpp.inc"

void TileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tile/TileOpsAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Tile/TileOpsTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Tile/TileOps.cpp.inc"
      >();
}

LogicalResult TileDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attr) {
  StringRef name = attr.getName(), what;
  Attribute value = attr.getValue();
  bool fits = false;
  if (name == kBucketName) {
    what = "bucket";
    fits = isa<BucketAttr>(value);
  } else if (name == kMemoryName) {
    what = "memory";
    fits = isa<MemoryAttr>(value);
  } else if (name == kKernelName) {
    what = "config";
    fits = isa<KernelConfigAttrInterface, UnitAttr>(value);
  } else {
    return op->emitOpError() << "has unknown attribute " << attr.getName()
                             << "; the dialect knows " << kBucketName << ", "
                             << kKernelName << " and " << kMemoryName;
  }
  if (!isa<FunctionOpInterface>(op) || !fits)
    return op->emitOpError() << "expects " << attr.getName() << " to be a "
                             << what << ", on a function, but got " << value;
  return success();
}

int64_t tenon::tile::getBucketTokens(Operation *function) {
  if (!function)
    return 0;
  auto bucket = function->getAttrOfType<BucketAttr>(TileDialect::kBucketName);
  return bucket ? bucket.getTokens() : 0;
}

bool tenon::tile::isKernel(Operation *function) {
  return function->hasAttr(TileDialect::kKernelName);
}

LogicalResult MemoryAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t arena, int64_t scratch) {
  if (arena < 0 || scratch < 0) // C1
    return emitError() << "expects sizes not to be negative, but got arena "
                       << arena << " and scratch " << scratch;
  return success();
}

LogicalResult BucketAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t tokens) {
  if (tokens < 1 || tokens > kMostTokens) // C1
    return emitError() << "expects room for 1 to " << kMostTokens
                       << " tokens, but got " << tokens;
  return success();
}

LogicalResult ConfigAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t rows, int64_t block, int64_t panels,
                                 int64_t keys, Split split) {
  if (rows < 1 || panels < 1 || keys < 1) // C1
    return emitError() << "expects sizes to be positive, but got rows " << rows
                       << ", panels " << panels << " and keys " << keys;
  if (block < 0 || block % rows) // C2
    return emitError() << "expects block to be a multiple of rows, but got "
                       << block << " and " << rows;
  return success();
}

int64_t ConfigAttr::getBlockTokens() const { return getBlock(); }

int64_t WorkerAttr::getMappingId() const { return 0; }

bool WorkerAttr::isLinearMapping() const { return false; }

int64_t WorkerAttr::getRelativeIndex() const { return 0; }

void tenon::tile::getDestinationEffects(
    DestinationStyleOpInterface op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<BaseMemRefType>(operand.get().getType()))
      continue;
    if (!op.isDpsInit(&operand) || op->hasTrait<ReadsOuts>())
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}
