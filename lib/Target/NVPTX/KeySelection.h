// Index scores of keys, and the selection of the largest.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_KEYSELECTION_H
#define TENON_LIB_TARGET_NVPTX_KEYSELECTION_H

#include "tenon/Analysis/KernelStructure.h"
#include "DeviceKernel.h"
#include "SharedTile.h"

namespace tenon::machine {
class GpuAttr;
} // namespace tenon::machine

namespace tenon::nvptx {

/// Sizes of what a block of threads has in shared memory.
struct SelectionSizes {
  /// Reads the sizes of the operands.
  SelectionSizes(IndexTopkOp op, SelectionAttr config);

  int64_t heads, headsPadded; // to rows of a matrix instruction
  int64_t depth, depthPadded;
  int64_t warps;
  int64_t kept;     // scores, at most
  int64_t capacity; // scores that are kept, and those of a chunk of keys
  int64_t queryParts;
  mlir::Type cacheType;
  /// Rows of the cache are whole units of 16 bytes, which are copied.
  bool copies;

  /// Tiles of 16 keys that a warp has: the next one of `bf16` is on its way.
  int64_t getBuffers() const { return copies && cacheType.isBF16() ? 2 : 1; }
  int64_t getQueryStride() const;
  int64_t getKeyStride() const;
  int64_t getQueryBytes() const { return headsPadded * getQueryStride(); }
  int64_t getKeyBytes() const { return 16 * getKeyStride(); }
  int64_t getSharedBytes() const;
};

/// Fails if no chunk of keys fits into the machine.
mlir::FailureOr<SelectionAttr> chooseSelection(IndexTopkOp op,
                                               machine::GpuAttr machine);
/// Why there is no device code for a selection of keys, however it is cut.
Refusal checkSelection(tile::KernelOp kernel, IndexTopkOp op);

/// Scores of keys. Each warp has tiles of 16 keys of its own.
class KeyScorer {
public:
  KeyScorer(DeviceKernel &kernel, IndexTopkOp op, const SelectionSizes &sizes);

  /// Makes the columns behind the last one of a key zeros for good.
  void clearPadding();
  /// Reads what belongs to a token; others may not read it yet.
  void beginToken(mlir::Value token);
  /// Calls `store` with the place and the score of each of `count` keys from
  /// `first` on.
  void score(mlir::Value first, mlir::Value count,
             llvm::function_ref<void(mlir::Value, mlir::Value)> store);

private:
  void loadQuery(mlir::Value token);
  void loadWeights(mlir::Value token);
  void beginTile(mlir::Value first, mlir::Value count, mlir::Value at,
                 mlir::Value buffer);
  void readTile(mlir::Value first, mlir::Value count, mlir::Value at);
  Values scoreTile(mlir::Value buffer);
  Values addHeads(mlir::Value tile, mlir::Value right, mlir::ValueRange totals);

  DeviceKernel &kernel;
  DeviceBuilder &b;
  IndexTopkOp op;
  SelectionSizes sizes;
  llvm::SmallVector<SharedTile> query; // parts
  SharedTile keys;
  int64_t weightsAt;
  mlir::Value pointer; // of the first key of a token's sequence
};

/// The largest scores so far, with their keys, in the order of the keys.
class KeySelector {
public:
  KeySelector(DeviceKernel &kernel, const SelectionSizes &sizes);

  void store(mlir::Value place, mlir::Value score, mlir::Value key);
  mlir::Value loadKey(mlir::Value place);
  /// Keeps the largest of the first `total` scores, which are too many; all
  /// threads take part.
  void keepLargest(mlir::Value total);

private:
  mlir::Value at(int64_t table, mlir::Value place);
  mlir::Value loadScore(mlir::Value place);
  mlir::Value count(mlir::Value least, mlir::Value total, mlir::Value partials);
  mlir::Value findThreshold(mlir::Value total);
  Values move(mlir::Value first, mlir::Value total, mlir::Value threshold,
              mlir::Value missing, mlir::ValueRange before);

  DeviceKernel &kernel;
  DeviceBuilder &b;
  SelectionSizes sizes;
  int64_t scoresAt, keysAt, partialsAt;
};

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_KEYSELECTION_H
