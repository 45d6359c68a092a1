// What a kernel consists of: its root, and the ops that joined it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_ANALYSIS_KERNELSTRUCTURE_H
#define TENON_ANALYSIS_KERNELSTRUCTURE_H

#include "dialects/Tenon/Tenon.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tenon {

/// What `tenon-form-kernels` puts around a root, as every target reads it
/// again:
///
///   norm(x) -> root -> root + addend -> yield
///
/// with views of rows, sizes and constants between them.
struct KernelStructure {
  /// Reads the body of a kernel.
  explicit KernelStructure(mlir::Block &body);

  /// The op whose results the kernel yields: the addition, or the root.
  mlir::Operation *getLast() { return add ? add.getOperation() : root; }

  /// The first op that a kernel is formed around; null if there is none, but
  /// ops on rows. All that follows is null then.
  KernelRootOpInterface root;
  /// A norm that the kernel computes again before its root; may be null.
  NormOp norm;
  /// The addition of another summand, if the root takes one and the kernel
  /// yields the sum; null otherwise.
  mlir::arith::AddFOp add;
  mlir::Value addend;
  /// The first op that is none of these; null if there is none.
  mlir::Operation *foreign = nullptr;
  /// Whether the kernel yields all results of the last op, and nothing else.
  bool yieldsLast = false;
};

/// The rows of a tensor as they are read through views: row `t` begins
/// `t * stride + first` elements after the start of `base`.
struct RowAccess {
  mlir::Value base;
  int64_t stride = 0;
  int64_t first = 0;
};

/// Whether a slice shows columns of rows, from a known one on. How many rows it
/// has is not asked.
bool isColumnSlice(mlir::tensor::ExtractSliceOp slice);

/// Follows views of rows up to what is no view; fails if some view does not
/// keep whole rows.
mlir::FailureOr<RowAccess> resolveRowViews(mlir::Value value);

} // namespace tenon

#endif // TENON_ANALYSIS_KERNELSTRUCTURE_H
