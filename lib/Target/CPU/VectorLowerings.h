// How files say which ops they lower to vector code, and what they share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_VECTORLOWERINGS_H
#define TENON_LIB_TARGET_CPU_VECTORLOWERINGS_H

#include "dialects/Tile/Tile.h"
#include "VectorBuilder.h"
#include "lib/Target/CPU/VectorLowering.h.inc"

namespace tenon {

/// Attaches the interface to an op, given the function that lowers it.
template <auto lower>
struct VectorLowering;
template <typename OpTy,
          mlir::LogicalResult (*lower)(VectorBuilder &b, OpTy op)>
struct VectorLowering<lower>
    : VectorLoweringOpInterface::ExternalModel<VectorLowering<lower>, OpTy> {
  mlir::LogicalResult lowerToVectors(mlir::Operation *op,
                                     VectorBuilder &b) const {
    return lower(b, mlir::cast<OpTy>(op));
  }
  static void attach(mlir::MLIRContext &context) {
    OpTy::template attachInterface<VectorLowering>(context);
  }
};

template <auto... lower>
void attachLowerings(mlir::MLIRContext &context) {
  (VectorLowering<lower>::attach(context), ...);
}

// Each attaches the lowerings of one file.
void attachAttendLowerings(mlir::MLIRContext &context);
void attachContractLowerings(mlir::MLIRContext &context);
void attachElementLowerings(mlir::MLIRContext &context);
void attachExpertLowerings(mlir::MLIRContext &context);
void attachIndexerLowerings(mlir::MLIRContext &context);
void attachRowLowerings(mlir::MLIRContext &context);
void attachKeyRangeLowerings(mlir::MLIRContext &context);

/// The keys from the largest lower bound up to, without it, the smallest upper
/// one, for queries at `first` to `last`.
std::pair<mlir::Value, mlir::Value>
buildKeyRange(VectorBuilder &b, MaskAttr::KeyRange range, mlir::Value first,
              mlir::Value last, mlir::Value length);

/// A row-major weight, a vector or a table, as a memref of its shape; with
/// `matrix` that one of a stack of columns as a memref of one dimension. Null without
/// a weight.
mlir::FailureOr<mlir::Value> viewRowMajor(VectorBuilder &b, mlir::Operation *op,
                                          mlir::Value weight,
                                          mlir::Value matrix = mlir::Value());

/// Puts a number into every element of a memory.
void fill(VectorBuilder &b, mlir::Value memref, mlir::Value scalar);

/// The sum of `term` over the columns of a row, in an order that follows from
/// their number alone.
mlir::Value sumRow(VectorBuilder &b, int64_t columns, int64_t width,
                   llvm::function_ref<mlir::Value(mlir::Value, int64_t)> term);

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_VECTORLOWERINGS_H
