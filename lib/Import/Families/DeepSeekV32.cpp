// DeepSeek-V3.2: V3 whose tokens attend to keys that an indexer selects.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DeepSeekFamily.h"

using namespace tenon;

namespace {
class DeepSeekV32 : public DeepSeekFamily {
  using DeepSeekFamily::DeepSeekFamily;

  LayerStructure getStructure(int64_t layer) const override;
  void readLayers(ConfigReader &config) override;
  void readLayerKinds(ConfigReader &config);
  void readRouter(ConfigReader &config) override {
    mixture.readSigmoidRouter(config, /*defaultGroups=*/8, /*defaultKeep=*/4,
                              /*defaultScale=*/2.5);
  }
  bool hasRouterBias(int64_t layer) const override {
    return ExpertMixture::hasCorrection(source, layer);
  }
  int64_t getDefaultDense() const override { return 3; }

  /// Layer by layer, where a file lists them.
  llvm::SmallVector<bool> isSparse;
};
} // namespace

/// Newer files list the layers with experts, and those with an indexer: all.
void DeepSeekV32::readLayerKinds(ConfigReader &config) {
  for (const std::string &type : config.getStringList("layer_types"))
    if (type != "indexed_attention")
      config.complain("layer_types", "expects 'indexed_attention' for every "
                                     "layer, but one is not");
  std::vector<std::string> kinds = config.getStringList("mlp_layer_types");
  bool isKnown = llvm::all_of(kinds, [](const std::string &kind) {
    return kind == "dense" || kind == "sparse";
  });
  if (!kinds.empty() &&
      (!isKnown || static_cast<int64_t>(kinds.size()) != layers)) {
    config.complain("mlp_layer_types",
                    "expects 'dense' or 'sparse' for each of the " +
                        llvm::Twine(layers) + " layers, but has " +
                        llvm::Twine(kinds.size()) + " entries" +
                        (isKnown ? "" : " and another one"));
    return;
  }
  for (const std::string &kind : kinds)
    isSparse.push_back(kind == "sparse");
}

LayerStructure DeepSeekV32::getStructure(int64_t layer) const {
  if (isSparse.empty())
    return DeepSeekFamily::getStructure(layer);
  if (!isSparse[layer])
    return {"dense"};
  return {"moe", hasRouterBias(layer) ? withRouterBias : 0};
}

void DeepSeekV32::readLayers(ConfigReader &config) {
  DeepSeekFamily::readLayers(config);
  if (config.failed())
    return;
  if (!attention.queryRank) {
    config.complain("q_lora_rank",
                    "is null, but the indexer's queries are made of that "
                    "latent; expects a positive integer");
    return;
  }
  readLayerKinds(config);
  attention.indexer.emplace();
  attention.indexer->read(config, context, attention.turned, positions);
}

std::unique_ptr<Family> tenon::createDeepSeekV32(mlir::MLIRContext *context,
                                                 const ModelSource &source) {
  return std::make_unique<DeepSeekV32>(context, source);
}
