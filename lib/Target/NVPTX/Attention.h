// Attention over caches: how its rows, keys and values are cut into tiles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_ATTENTION_H
#define TENON_LIB_TARGET_NVPTX_ATTENTION_H

#include "dialects/Tenon/QueryBlocks.h"
#include "tenon/Analysis/KernelStructure.h"
#include "DeviceKernel.h"
#include "SharedTile.h"

namespace tenon::machine {
class GpuAttr;
} // namespace tenon::machine

namespace tenon::nvptx {

/// What the two ops say: the tokens of a block see neighboring keys, or each
/// token those that it has selected.
struct CacheAttention {
  explicit CacheAttention(AttentionOp op);
  explicit CacheAttention(SelectedAttentionOp op);
  /// Nothing if an op is neither.
  static std::optional<CacheAttention> match(mlir::Operation *op);

  mlir::Operation *op;
  mlir::TypedValue<mlir::RankedTensorType> query, key, result;
  /// Null if the value of a key is its first elements.
  mlir::TypedValue<mlir::RankedTensorType> value;
  mlir::Value layer, positions, slots, sinks;
  /// Exactly one of them is null.
  mlir::Value blocks, selected;
  MaskAttr mask; // of blocks
  llvm::APFloat scale;
  std::optional<llvm::APFloat> softcap;
  mlir::Type probabilities;

  int64_t getSelected() const {
    return mlir::cast<mlir::RankedTensorType>(selected.getType()).getDimSize(1);
  }
};

/// How a tile of a cache comes to shared memory.
enum class CacheCopy {
  /// `bf16` is copied one tile ahead, into two buffers.
  Ahead,
  /// `f32` is copied when it is needed, into one buffer.
  Single,
  /// Elements are read one by one: rows are not whole units of 16 bytes.
  Direct
};

/// A row is a head of a token; the heads that share keys are rows of the same
/// tile. A block of threads works on `16 rowTiles` rows. A tile of keys is the
/// same for every bucket, and keys are summed in their order, so that a token
/// has the same bits in a step of any size.
///
/// Each row of tiles belongs to `splits` warps. Each of them computes the
/// scores of its part of the keys, and the sums of its part of the value's
/// columns.
struct AttentionTiling {
  /// Reads the sizes of the operands.
  explicit AttentionTiling(const CacheAttention &op);
  void set(AttentionAttr config);
  /// Why warps cannot share the tiles, if so.
  Refusal check() const;
  /// Sets `splits` for `keys` and `rowTiles`.
  bool chooseSplits();

  int64_t heads = 0, groups = 0, headsOfGroup = 0;
  int64_t keySize = 0, valueSize = 0;
  int64_t keyPadded = 0, valuePadded = 0; // with zeros
  bool sharesValue = false;               // a value is a part of its key
  mlir::Type queryType, cacheType, probabilityType;
  CacheCopy copy = CacheCopy::Direct;
  int64_t keys = 0;     // of a tile
  int64_t rowTiles = 0; // of 16 rows
  int64_t splits = 0;

  int64_t getRows() const { return 16 * rowTiles; }
  /// Bytes between two rows in shared memory.
  int64_t getQueryStride() const {
    return SharedTile::getStride(queryType, keyPadded);
  }
  int64_t getKeyStride() const {
    return SharedTile::getStride(cacheType, keyPadded);
  }
  int64_t getValueStride() const {
    return sharesValue ? getKeyStride()
                       : SharedTile::getStride(cacheType, valuePadded);
  }
  int64_t getPowerStride() const {
    return SharedTile::getStride(probabilityType, keys);
  }
  int64_t getBuffers() const { return copy == CacheCopy::Ahead ? 2 : 1; }
  int64_t getTileBytes() const;
  int64_t getSharedBytes() const;

private:
  /// Whether so many warps can share the keys of a tile and the columns of a
  /// value.
  bool canSplit(int64_t count) const;
  /// Whether a warp's sums of values fit into its registers then.
  bool fitsRegisters(int64_t count) const;
};

/// Fails if no tiling fits into the machine.
mlir::FailureOr<AttentionAttr> chooseAttention(const CacheAttention &op,
                                               int64_t tokens,
                                               machine::GpuAttr machine);
/// Why there is no device code for an attention, however it is tiled.
Refusal checkAttention(tile::KernelOp kernel, const CacheAttention &op);

/// A cache, one head of one sequence of it, and where its tiles lie.
struct CacheTile : SharedTile {
  mlir::Value pointer;           // of the first key
  int64_t size = 0, keyStep = 0; // elements
};

class AttentionEmitter {
public:
  AttentionEmitter(DeviceKernel &kernel, const CacheAttention &op,
                   AttentionAttr config, const AttentionTiling &tiling);
  void emit();

private:
  /// What a block of threads works on.
  struct Block {
    mlir::Value first, count, slot, position, length; // of tokens
    mlir::Value group, firstRow, endRow;              // of rows
    mlir::Value lower, upper, allLower, allUpper;     // of keys
  };
  /// The bounds of the keys that queries at two positions see.
  std::pair<mlir::Value, mlir::Value> getKeys(MaskAttr::KeyRange range,
                                              mlir::Value first,
                                              mlir::Value last,
                                              mlir::Value length);
  mlir::Value getBlockRow(mlir::Value index);
  mlir::Value loadBlock(mlir::Value row, BlockColumn column);
  mlir::Value getLength(mlir::Value slot);
  Block readBlock(mlir::Value index, mlir::Value group);
  Block readToken(mlir::Value token, mlir::Value group);
  void setRows(Block &block, mlir::Value firstRow);
  void emitRows(const Block &block);
  std::pair<mlir::Value, mlir::Value> getTokenAndHead(const Block &block,
                                                      mlir::Value row);

  // AttentionCopies.cpp
  void clearPadding();
  void loadQuery(const Block &block);
  void locateCaches(const Block &block);
  void beginTile(const Block &block, mlir::Value key);
  void finishTile(const Block &block, mlir::Value key);
  void readTile(const Block &block, mlir::Value key);
  mlir::Value getPlace(const Block &block, mlir::Value key, mlir::Value valid);
  void forUnits(const CacheTile &cache, int64_t elements,
                llvm::function_ref<void(mlir::Value, mlir::Value)> body);
  mlir::Value getBuffer(mlir::Value key);

  // AttentionTiles.cpp
  Values runTile(const Block &block, mlir::Value key, mlir::ValueRange state);
  Values computeScores(mlir::Value buffer);
  mlir::Value getFirstRowOfLane();
  void maskScores(const Block &block, mlir::Value key, Values &scores);
  mlir::Value scaleScore(mlir::Value score);
  Values findMaxima(mlir::ValueRange scores);
  Values exchangeMaxima(mlir::ValueRange maxima);
  llvm::SmallVector<llvm::SmallVector<Values>>
  sharePowers(mlir::ValueRange powers);
  llvm::SmallVector<Values> splitPowers(mlir::ValueRange powers);
  void addValues(mlir::Value buffer,
                 llvm::ArrayRef<llvm::SmallVector<Values>> powers,
                 Values &sums);
  void storeRows(const Block &block, mlir::ValueRange state);
  mlir::Value getFinalFactor(const Block &block, mlir::Value row,
                             mlir::Value maximum, mlir::Value sum);

  DeviceKernel &kernel;
  DeviceBuilder &b;
  CacheAttention op;
  AttentionAttr config;
  AttentionTiling t;
  mlir::Value rowTile, split; // of the warp
  RowAccess queries;
  SharedTile query, powers;
  CacheTile keys, values;
  int64_t maximaAt = 0;
  /// Sums of a warp: columns of values in tiles of 8.
  int64_t columnTiles = 0;
};

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_ATTENTION_H
