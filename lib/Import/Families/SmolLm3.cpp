// SmolLM3: Llama in which every few layers do not rotate.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PreNormFamily.h"

using namespace tenon;

namespace {
class SmolLm3 : public PreNormFamily {
  using PreNormFamily::PreNormFamily;

  double getDefaultTheta() const override { return 2e6; }
  bool isTiedByDefault() const override { return true; }
  LayerStructure getStructure(int64_t layer) const override;
  RopeAttr getRope(LayerStructure structure) const override;
  void readDetails(ConfigReader &config) override;

  /// Layer by layer.
  llvm::SmallVector<bool> rotates;
};
} // namespace

static constexpr unsigned withoutRope = 1;

void SmolLm3::readDetails(ConfigReader &config) {
  attention.inputBias = config.getBool("attention_bias", false);
  attention.outputBias = attention.inputBias;
  mlpBias = config.getBool("mlp_bias", false);
  int64_t interval = config.getCount("no_rope_layer_interval", 4);
  for (int64_t layer = 0; layer < layers; ++layer)
    rotates.push_back((layer + 1) % interval != 0);
  if (config.has("no_rope_layers")) {
    // A 1 stands for a layer that rotates, whatever the key says.
    std::vector<int64_t> listed = config.getIntList("no_rope_layers", {0, 1});
    if (static_cast<int64_t>(listed.size()) < layers) {
      config.complain("no_rope_layers", "expects an entry for each of the " +
                                            llvm::Twine(layers) +
                                            " layers, but has " +
                                            llvm::Twine(listed.size()));
      return;
    }
    rotates.assign(listed.begin(), listed.begin() + layers);
  }
  if (config.getBool("use_sliding_window", false) &&
      config.has("sliding_window"))
    windows.read(config, layers,
                 [&](int64_t layer) { return !rotates[layer]; });
}

LayerStructure SmolLm3::getStructure(int64_t layer) const {
  LayerStructure structure = PreNormFamily::getStructure(layer);
  structure.variant = rotates[layer] ? 0 : withoutRope;
  return structure;
}

RopeAttr SmolLm3::getRope(LayerStructure structure) const {
  return structure.variant == withoutRope ? RopeAttr() : rope;
}

std::unique_ptr<Family> tenon::createSmolLm3(mlir::MLIRContext *context,
                                             const ModelSource &source) {
  return std::make_unique<SmolLm3>(context, source);
}
