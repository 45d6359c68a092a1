// Largest sizes of buffers in functions with a bucket.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_ANALYSIS_BUFFERSIZEBOUNDS_H
#define TENON_ANALYSIS_BUFFERSIZEBOUNDS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

namespace tenon {

/// Knows that the first dimension of an argument has at most as many rows as the
/// bucket of its function has tokens, if the function is public or has no
/// callers and the role of the argument is neither a cache nor memory. Follows
/// sizes from there through arithmetic, views, loops and calls; what a loop
/// carries must not grow. A size that depends on anything else, such as the
/// length of a cache, has no bound.
class BufferSizeBounds {
public:
  explicit BufferSizeBounds(mlir::ModuleOp module);

  /// The most bytes that a buffer can have.
  std::optional<int64_t> getBytes(mlir::Value buffer);

private:
  std::optional<int64_t> getValue(mlir::Value value);
  std::optional<int64_t> getSize(mlir::OpFoldResult size);
  std::optional<int64_t> getDim(mlir::Value buffer, int64_t dim);
  std::optional<int64_t> getDimOfView(mlir::Operation *view, int64_t dim);
  /// Of a buffer that a loop passes from one iteration to the next.
  std::optional<int64_t> getDimOfCarried(mlir::scf::ForOp loop, unsigned number,
                                         int64_t dim);
  std::optional<int64_t> getDimOfArgument(mlir::BlockArgument arg, int64_t dim);

  /// Calls of each function.
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::func::CallOp>>
      calls;
  /// Arguments that are being followed, so that recursion ends.
  llvm::SmallVector<mlir::Value> open;
};

} // namespace tenon

#endif // TENON_ANALYSIS_BUFFERSIZEBOUNDS_H
