// Attention whose query heads share heads of keys and values in groups.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_GROUPEDATTENTION_H
#define TENON_LIB_IMPORT_FAMILIES_GROUPEDATTENTION_H

#include "BlockBuilder.h"
#include "ConfigReader.h"

namespace tenon {

struct GroupedAttention {
  int64_t heads = 1, keyHeads = 1, width = 1;
  double scale = 1;
  std::optional<double> softcap;
  bool inputBias = false, outputBias = false;
  /// Whether each head has a score without a value.
  bool hasSinks = false;
  /// Whether one matrix holds the rows of queries, then of keys and of values.
  bool joined = false;
  /// The largest element of queries, keys and values, before they rotate.
  std::optional<double> clip;
  /// Norms of each head of queries and keys, before they rotate.
  std::optional<NormStyle> headNorm;
  /// Norms of all heads of queries together, and of all heads of keys.
  std::optional<NormStyle> jointNorm;
  /// The eps of norms without weights of each head, after it has rotated.
  std::optional<double> rotatedNormEps;
  /// What queries are scaled by, according to their position.
  struct Temperature {
    int64_t interval = 1;
    double slope = 0;
  };
  std::optional<Temperature> temperature;
  /// Positions of a chunk: a query sees the keys of its own one.
  std::optional<int64_t> chunk;

  /// Reads the heads. Their width defaults to an even split of the channels, or
  /// to `defaultWidth` in families that have one.
  void read(ConfigReader &config, int64_t hidden, int64_t defaultWidth = 0);
  /// How many elements of a head rotate.
  int64_t readRotatedWidth(ConfigReader &config, double defaultPart = 1) const;
  /// What a position keeps in each of the two caches.
  std::vector<llvm::SmallVector<int64_t>> getCacheRows() const {
    return {{keyHeads, width}, {keyHeads, width}};
  }

  /// Nothing rotates without `rope`.
  mlir::Value build(BlockBuilder &block, mlir::Value x, RopeAttr rope,
                    std::optional<int64_t> window) const;

private:
  /// Rows of queries (`q`), keys or values, of the given shape.
  mlir::Value project(BlockBuilder &block, mlir::Value x, llvm::StringRef name,
                      llvm::ArrayRef<int64_t> row) const;
  /// Heads of queries or keys, normalized.
  mlir::Value projectHeads(BlockBuilder &block, mlir::Value x,
                           llvm::StringRef name, int64_t count) const;
  mlir::Value clamp(BlockBuilder &block, mlir::Value rows) const;
  /// Heads of queries or keys as attention takes them.
  mlir::Value finishHeads(BlockBuilder &block, mlir::Value rows,
                          RopeAttr rope) const;
  mlir::Value temper(BlockBuilder &block, mlir::Value query) const;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_GROUPEDATTENTION_H
