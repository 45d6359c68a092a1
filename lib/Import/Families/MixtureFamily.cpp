// Layers with grouped attention and experts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixtureFamily.h"

using namespace mlir;
using namespace tenon;

namespace {
/// What a variant of a layer with experts adds up.
enum Variant : unsigned { WithWindow = 1, WithRouterBias = 2 };
} // namespace

void MixtureFamily::readQwenExperts(ConfigReader &config) {
  // Newer writers of qwen3_moe have another name for it.
  static constexpr llvm::StringLiteral older = "num_experts",
                                       newer = "num_local_experts";
  mixture.read(config,
               {config.has(newer) ? newer : older, "moe_intermediate_size"});
  mixture.readSoftmaxRouter(config);
  mixture.activation = activation;
  period = config.getCount("decoder_sparse_step", 1);
  if (config.has("mlp_only_layers"))
    denseLayers =
        config.getIntList("mlp_only_layers", {0, ConfigReader::maxCount});
}

LayerStructure MixtureFamily::getStructure(int64_t layer) const {
  LayerStructure dense = PreNormFamily::getStructure(layer);
  if (layer < firstDense || (layer + 1) % period != 0 ||
      llvm::is_contained(denseLayers, layer))
    return dense;
  bool corrected = mixture.scoring == Scoring::Sigmoid &&
                   ExpertMixture::hasCorrection(source, layer);
  return {"moe", (LayerWindows::isLocal(dense) ? WithWindow : 0u) |
                     (corrected ? WithRouterBias : 0u)};
}

std::optional<int64_t>
MixtureFamily::getWindow(LayerStructure structure) const {
  if (structure.name == "moe" && (structure.variant & WithWindow))
    return windows.getWindow({LayerWindows::localName});
  return PreNormFamily::getWindow(structure);
}

Value MixtureFamily::buildMlp(BlockBuilder &block, LayerStructure structure,
                              Value x) const {
  if (structure.name == "moe")
    return mixture.build(block, x, structure.variant & WithRouterBias);
  return PreNormFamily::buildMlp(block, structure, x);
}
