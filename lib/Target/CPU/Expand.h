// What each op of the tile dialect becomes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_EXPAND_H
#define TENON_LIB_TARGET_CPU_EXPAND_H

#include "dialects/Tile/Tile.h"
#include "VectorBuilder.h"

namespace tenon {

// Each writes the loops of an op on memrefs where the builder stands, or fails
// with an error on the op; the op itself is left to the caller.

mlir::LogicalResult expand(VectorBuilder &b, tile::ContractOp op);

mlir::LogicalResult expand(VectorBuilder &b, tile::AttendInitOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::AttendOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::AttendFinishOp op);

mlir::LogicalResult expand(VectorBuilder &b, mlir::memref::CopyOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::FillOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::ConvertOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::AddOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::AddBiasOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::GluOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::GluPairsOp op);

mlir::LogicalResult expand(VectorBuilder &b, tile::NormOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::RopeOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::EmbedOp op);

mlir::LogicalResult expand(VectorBuilder &b, tile::RouteOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::GroupOp op);
mlir::LogicalResult expand(VectorBuilder &b, tile::CombineOp op);

/// The values that replace the results.
VectorBuilder::Values expand(VectorBuilder &b, tile::KeyRangeOp op);

/// The keys from the largest lower bound up to, without it, the smallest upper
/// one, for queries at `first` to `last`.
std::pair<mlir::Value, mlir::Value>
buildKeyRange(VectorBuilder &b, VisibleAttr::KeyRange range, mlir::Value first,
              mlir::Value last, mlir::Value length);

/// A row-major weight, a vector or a table, as a memref of its shape.
mlir::FailureOr<mlir::Value> viewRowMajor(VectorBuilder &b, mlir::Operation *op,
                                          mlir::Value weight);

/// Puts a number into every element of a memory.
void fill(VectorBuilder &b, mlir::Value memref, mlir::Value scalar);

/// The sum of `term` over the columns of a row, in an order that follows from
/// their number alone.
mlir::Value sumRow(VectorBuilder &b, int64_t columns, int64_t width,
                   llvm::function_ref<mlir::Value(mlir::Value, int64_t)> term);

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_EXPAND_H
