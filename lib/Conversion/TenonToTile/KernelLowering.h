// What the lowerings of all kernels share: loops, slices, the kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_CONVERSION_TENONTOTILE_KERNELLOWERING_H
#define TENON_LIB_CONVERSION_TENONTOTILE_KERNELLOWERING_H

#include "dialects/Tile/Tile.h"
#include "tenon/Analysis/KernelStructure.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

namespace tenon {

/// One slice of a tensor, with unit strides.
struct Slice {
  llvm::SmallVector<mlir::OpFoldResult> offsets, sizes;
};

/// Builds the loops of one kernel at the end of its body.
class KernelLowering {
public:
  KernelLowering(tile::KernelOp kernel, int64_t tokens);

  mlir::OpBuilder builder;
  tile::KernelOp kernel;
  KernelStructure structure;
  tile::ConfigAttr config;
  /// Most tokens of a step.
  int64_t tokens;
  mlir::Location loc;

  mlir::Value index(int64_t value);
  mlir::OpFoldResult attr(int64_t value) { return builder.getIndexAttr(value); }
  mlir::Value dim(mlir::Value tensor, int64_t dim);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, int64_t b);
  /// min(bound, end - begin), the size of a tile that may be cut off.
  mlir::Value tileSize(int64_t bound, mlir::Value begin, mlir::Value end);
  /// The integer at some place of a tensor of integers, as an index.
  mlir::Value loadIndex(mlir::Value tensor, mlir::ValueRange at);

  mlir::Value extract(mlir::Value source, const Slice &slice);
  mlir::Value insert(mlir::Value source, mlir::Value into, const Slice &slice);
  mlir::Value empty(llvm::ArrayRef<int64_t> shape,
                    mlir::Type element = mlir::Type());

  /// The argument of the kernel's block for its out with this number.
  mlir::Value out(unsigned number);

  using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value iv, mlir::ValueRange carried)>;
  llvm::SmallVector<mlir::Value> loop(mlir::Value begin, mlir::Value end,
                                      int64_t step, mlir::ValueRange carried,
                                      LoopBody body);

  /// What an iteration of a parallel loop gives back: a value and its place in
  /// the shared tensor with this number.
  struct Written {
    mlir::Value value;
    unsigned number;
    Slice slice;
  };
  using ParallelBody = llvm::function_ref<llvm::SmallVector<Written>(
      mlir::ValueRange ivs, mlir::ValueRange shared)>;
  /// A loop whose iterations workers share as the configuration says.
  mlir::ValueRange parallel(llvm::ArrayRef<mlir::OpFoldResult> bounds,
                            mlir::ValueRange shared, ParallelBody body,
                            std::optional<tile::Split> split = std::nullopt);

  /// Fails unless the kernel consists of its root, what joined it, and views,
  /// and yields the results of the last of them.
  llvm::LogicalResult verifyBody();

  /// Fails unless a weight lies in panels of 16 rows, paired or not.
  llvm::LogicalResult verifyLayout(mlir::Operation *op, WeightType weight,
                                   bool isPaired);

  /// Makes these values the results of the kernel and drops its old body.
  void finish(llvm::ArrayRef<mlir::Value> results);

private:
  mlir::Operation *oldYield;
  llvm::SmallVector<mlir::Operation *> oldOps;
};

// Each returns failure, with an error, for a body that it cannot write.
llvm::LogicalResult lowerRows(KernelLowering &lowering);
llvm::LogicalResult lowerLinear(KernelLowering &lowering, LinearOp op);
llvm::LogicalResult lowerHeadLinear(KernelLowering &lowering, HeadLinearOp op);
llvm::LogicalResult lowerGroupedLinear(KernelLowering &lowering,
                                       GroupedLinearOp op);
llvm::LogicalResult lowerGroup(KernelLowering &lowering, MoeDispatchOp op);
llvm::LogicalResult lowerAttention(KernelLowering &lowering, AttentionOp op);
llvm::LogicalResult lowerMlaAttention(KernelLowering &lowering,
                                      MlaAttentionOp op);
llvm::LogicalResult lowerSelectedAttention(KernelLowering &lowering,
                                           SelectedAttentionOp op);

} // namespace tenon

#endif // TENON_LIB_CONVERSION_TENONTOTILE_KERNELLOWERING_H
