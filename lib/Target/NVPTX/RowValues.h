// Elements of the rows that a kernel computes, each from the elements it needs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_ROWVALUES_H
#define TENON_LIB_TARGET_NVPTX_ROWVALUES_H

#include "PackedWeight.h"

namespace tenon::nvptx {

/// The row of a token is flat here, heads one after the other. An element of an
/// op is computed where it is stored, from elements of the op's operands, so
/// nothing lies between ops but the statistics of norms, in shared memory.
class RowValues {
public:
  /// Places statistics.
  explicit RowValues(DeviceKernel &kernel);

  int64_t getWidth() const { return width; }

  /// Computes the statistics of all norms for a token; all threads take part.
  void computeStatistics(mlir::Value token);
  /// `getWidth()` elements from the flat index `at` on.
  Values evaluate(mlir::Value row, mlir::Value token, mlir::Value at);

private:
  Values evaluateOp(mlir::Value row, mlir::Value token, mlir::Value at);
  mlir::Value applyPointwise(PointwiseOp op, mlir::Value x);
  mlir::Value getTemperature(TemperRowsOp op, mlir::Value token);
  Values evaluateNorm(NormOp op, mlir::Value token, mlir::Value at);
  mlir::Value loadFactor(mlir::Value argument, mlir::Value index);
  Values evaluateRope(RopeOp op, mlir::Value token, mlir::Value at);
  Values rotateHalves(RopeOp op, mlir::Value token, mlir::Value at,
                      mlir::Value place);
  Values rotateNeighbors(RopeOp op, mlir::Value token, mlir::Value at,
                         mlir::Value place);
  /// Cosines and sines of `count` pairs from `pair` on.
  std::pair<Values, Values> loadRotation(RopeOp op, mlir::Value token,
                                         mlir::Value pair, int64_t count);
  Values evaluateEmbedding(EmbeddingOp op, mlir::Value token, mlir::Value at);
  Values evaluateCombine(MoeCombineOp op, mlir::Value token, mlir::Value at);
  Values evaluateView(mlir::Operation *op, mlir::Value token, mlir::Value at);
  Values loadArgument(mlir::Value argument, mlir::Value token, mlir::Value at);

  void computeForHeads(NormOp op, mlir::Value token);
  void computeForRow(NormOp op, mlir::Value token);
  /// Sum over a row from `first` on by every `step`th group of elements, minus
  /// `mean` and squared if there is one.
  mlir::Value sumElements(NormOp op, mlir::Value token, mlir::Value row,
                          mlir::Value first, int64_t step, mlir::Value mean,
                          bool squared);
  mlir::Value sumOfWarp(mlir::Value value);
  mlir::Value sumOfBlock(mlir::Value value);
  mlir::Value getDeviation(NormOp op, mlir::Value squares);
  void storeStatistics(NormOp op, mlir::Value head, mlir::Value deviation,
                       mlir::Value mean);

  DeviceKernel &kernel;
  DeviceBuilder &b;
  int64_t width;
  int64_t partialsAt = 0;
  llvm::DenseMap<mlir::Operation *, int64_t> statisticsAt;
};

/// Why the rows of a kernel cannot be computed, if so.
Refusal checkRows(tile::KernelOp kernel);

/// Neighbors that are computed at once: a power of two up to 4.
int64_t getRowWidth(tile::KernelOp kernel);

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_ROWVALUES_H
