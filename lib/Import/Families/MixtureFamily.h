// Llama's kin with experts in some layers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_IMPORT_FAMILIES_MIXTUREFAMILY_H
#define TENON_LIB_IMPORT_FAMILIES_MIXTUREFAMILY_H

#include "ExpertMixture.h"
#include "PreNormFamily.h"

namespace tenon {

/// A family derives from this, reads its mixture in `readDetails`, and says
/// which layers have no experts.
class MixtureFamily : public PreNormFamily {
public:
  using PreNormFamily::PreNormFamily;

  LayerStructure getStructure(int64_t layer) const override;

protected:
  /// Reads what Qwen's configurations say: experts, the layers that have none,
  /// and whether weights are normalized.
  void readQwenExperts(ConfigReader &config);

  std::optional<int64_t> getWindow(LayerStructure structure) const override;
  mlir::Value buildMlp(BlockBuilder &block, LayerStructure structure,
                       mlir::Value x) const override;

  ExpertMixture mixture;
  /// Layers with experts begin here, and are every so many-th from 0.
  int64_t firstDense = 0, period = 1;
  /// Further layers without experts.
  std::vector<int64_t> denseLayers;
};

} // namespace tenon

#endif // TENON_LIB_IMPORT_FAMILIES_MIXTUREFAMILY_H
