// What DeepSeek-V2 and V3 share: latent attention, then experts or a dense MLP.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_DEEPSEEKFAMILY_H
#define TENON_LIB_IMPORT_FAMILIES_DEEPSEEKFAMILY_H

#include "ExpertMixture.h"
#include "Family.h"
#include "LatentAttention.h"

namespace tenon {

/// A version derives from this and says how experts are chosen.
class DeepSeekFamily : public Family {
public:
  using Family::Family;

  LayerStructure getStructure(int64_t layer) const override;
  std::vector<llvm::SmallVector<int64_t>> getCacheRows() const override {
    return attention.getCacheRows();
  }
  mlir::Value buildLayer(BlockBuilder &block, LayerStructure structure,
                         mlir::Value x) const override;

protected:
  /// The variant of a layer with experts and a correction of their scores.
  static constexpr unsigned withRouterBias = 1;

  void readLayers(ConfigReader &config) override;
  /// Reads the router.
  virtual void readRouter(ConfigReader &config) = 0;
  /// Whether a correction takes part in the choice of experts.
  virtual bool hasRouterBias(int64_t layer) const = 0;
  /// Layers with dense MLPs in front, in a file that does not say it.
  virtual int64_t getDefaultDense() const = 0;

  ExpertMixture mixture;
  LatentAttention attention;

private:
  bool hasExperts = false;
  int64_t firstDense = 0, expertPeriod = 1, denseWidth = 1;
  Activation activation = Activation::Silu;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_DEEPSEEKFAMILY_H
