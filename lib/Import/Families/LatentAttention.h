// Attention over one latent vector for each position (MLA).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_LATENTATTENTION_H
#define TENON_LIB_IMPORT_FAMILIES_LATENTATTENTION_H

#include "BlockBuilder.h"
#include "ConfigReader.h"

namespace tenon {

/// Chooses the keys that latent attention sees: DeepSeek's lightning indexer.
struct Indexer {
  int64_t heads = 1, width = 1, top = 1;
  /// The most keys that a sequence of this compilation has.
  int64_t context = 1;
  RopeAttr rope;

  void read(ConfigReader &config, mlir::MLIRContext *context, int64_t rotated,
            int64_t positions);
  /// The selected keys of each token. `latent` is what queries are made of, and
  /// `cache` the number of the cache of index keys.
  mlir::Value build(BlockBuilder &block, mlir::Value x, mlir::Value latent,
                    unsigned cache) const;

private:
  mlir::Value buildKey(BlockBuilder &block, mlir::Value x) const;
};

struct LatentAttention {
  int64_t heads = 1;
  /// Rank of queries; none where they are projected at once.
  std::optional<int64_t> queryRank;
  int64_t rank = 1, plain = 1, turned = 1, value = 1;
  double scale = 1;
  bool bias = false;
  RopeAttr rope;
  /// Nothing where a token sees all keys.
  std::optional<Indexer> indexer;

  void read(ConfigReader &config, mlir::MLIRContext *context);
  std::vector<llvm::SmallVector<int64_t>> getCacheRows() const {
    if (indexer)
      return {{rank + turned}, {indexer->width}};
    return {{rank + turned}};
  }
  mlir::Value build(BlockBuilder &block, mlir::Value x) const;

private:
  /// What queries are made of: a latent, or `x` itself.
  mlir::Value buildQueryLatent(BlockBuilder &block, mlir::Value x) const;
  mlir::Value buildExpansion(BlockBuilder &block) const;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_LATENTATTENTION_H
