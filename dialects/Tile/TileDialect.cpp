// The tile dialect, its attributes, and the generated code of its ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon::tile;

#include "dialects/Tile/TileOpsDialect.cpp.inc"
#include "dialects/Tile/TileOpsEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/TileOpsAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.cpp.inc"

void TileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tile/TileOpsAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Tile/TileOps.cpp.inc"
      >();
}

LogicalResult TileDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attr) {
  if (attr.getName() != kBucketName)
    return op->emitOpError() << "has unknown attribute " << attr.getName()
                             << "; the dialect knows " << kBucketName;
  if (!isa<FunctionOpInterface>(op) || !isa<BucketAttr>(attr.getValue()))
    return op->emitOpError()
           << "expects " << kBucketName
           << " to be a bucket, on a function, but got " << attr.getValue();
  return success();
}

LogicalResult BucketAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t tokens) {
  if (tokens < 1) // C1
    return emitError() << "expects room for at least one token, but got "
                       << tokens;
  return success();
}

LogicalResult ConfigAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t rows, int64_t panels, int64_t keys,
                                 Split split) {
  if (rows < 1 || panels < 1 || keys < 1) // C1
    return emitError() << "expects sizes to be positive, but got rows " << rows
                       << ", panels " << panels << " and keys " << keys;
  return success();
}

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
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}
