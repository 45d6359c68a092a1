// The tile dialect, its attributes and its ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_TILE_H
#define TENON_DIALECTS_TILE_TILE_H

#include "dialects/Tenon/Tenon.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/SCF/IR/DeviceMappingInterface.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

#include "dialects/Tile/TileOpsDialect.h.inc"
#include "dialects/Tile/TileOpsEnums.h.inc"

#include "dialects/Tile/TileInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/TileOpsAttrs.h.inc"

namespace tenon::tile {

template <typename ConcreteOp>
class ReadsOuts : public mlir::OpTrait::TraitBase<ConcreteOp, ReadsOuts> {};

template <typename ConcreteOp>
class WorksInPlace : public mlir::OpTrait::TraitBase<ConcreteOp, WorksInPlace> {
};

template <typename ConcreteOp>
class MultipliesInputs
    : public mlir::OpTrait::TraitBase<ConcreteOp, MultipliesInputs> {};

/// A destination-style op reads its inputs, writes its outs, and reads these if
/// it has the trait `ReadsOuts`, as far as they are memrefs.
void getDestinationEffects(
    mlir::DestinationStyleOpInterface op,
    llvm::SmallVectorImpl<
        mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>>
        &effects);

/// Whether a function was a kernel before it was outlined.
bool isKernel(mlir::Operation *function);

/// Maximum number of tokens of the steps that a function is for; 0 without a
/// bucket, and for null.
int64_t getBucketTokens(mlir::Operation *function);

/// Lets One-Shot Bufferize rewrite the destination-style ops of the dialect.
void registerBufferizationModels(mlir::DialectRegistry &registry);

} // namespace tenon::tile

#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/TileOpsTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.h.inc"

#endif // TENON_DIALECTS_TILE_TILE_H
