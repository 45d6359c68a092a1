// Attention over one latent vector for each position (MLA).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_LATENTATTENTION_H
#define TENON_LIB_IMPORT_FAMILIES_LATENTATTENTION_H

#include "BlockBuilder.h"
#include "ConfigReader.h"

namespace tenon {

struct LatentAttention {
  int64_t heads = 1;
  /// Rank of queries; none where they are projected at once.
  std::optional<int64_t> queryRank;
  int64_t rank = 1, plain = 1, turned = 1, value = 1;
  double scale = 1;
  bool bias = false;
  RopeAttr rope;

  void read(ConfigReader &config, mlir::MLIRContext *context);
  std::vector<llvm::SmallVector<int64_t>> getCacheRows() const {
    return {{rank + turned}};
  }
  mlir::Value build(BlockBuilder &block, mlir::Value x) const;

private:
  mlir::Value buildQuery(BlockBuilder &block, mlir::Value x) const;
  mlir::Value buildExpansion(BlockBuilder &block) const;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_LATENTATTENTION_H
