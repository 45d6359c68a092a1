// Tensors with one row for each token that an op works on.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_ROWTENSORS_H
#define TENON_DIALECTS_TENON_ROWTENSORS_H

#include "mlir/IR/Operation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

namespace tenon {

/// The row tensors of a `TokenOpInterface`, of a view of rows and of a tensor with one
/// value everywhere. Empty for ops that work on anything else.
llvm::SmallVector<mlir::Value> getRowTensors(mlir::Operation *op);

/// The tensor whose rows a size counts, or null.
mlir::Value getCountedTensor(mlir::Value size);

/// Whether an op works on the rows of single tokens: a `RowOpInterface` with tensors.
bool isRowOp(mlir::Operation *op);

/// Sizes of the results of a `TokenOpInterface`: those of its tied operand; otherwise
/// the static sizes of a result, and the rows of the first row tensor.
llvm::LogicalResult reifyRows(mlir::Operation *op, mlir::OpBuilder &builder,
                              mlir::ReifiedRankedShapedTypeDims &shapes);

/// Lets ops of other dialects that graphs use answer as row ops.
void attachRowModels(mlir::MLIRContext &context);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_ROWTENSORS_H
