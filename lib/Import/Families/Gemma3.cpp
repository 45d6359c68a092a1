// The text model of Gemma 3: four norms in a layer, and mostly windows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GroupedAttention.h"
#include "LayerWindows.h"
#include "RotaryEmbedding.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

namespace {
class Gemma3 : public Family {
public:
  using Family::Family;

  LayerStructure getStructure(int64_t layer) const override {
    return windows.getStructure(layer);
  }
  std::vector<SmallVector<int64_t>> getCacheRows() const override {
    return attention.getCacheRows();
  }
  Value buildLayer(BlockBuilder &block, LayerStructure structure,
                   Value x) const override;

private:
  void readLayers(ConfigReader &config) override;
  bool isTiedByDefault() const override { return true; }

  GroupedAttention attention;
  LayerWindows windows;
  RopeAttr globalRope, localRope;
  int64_t mlpWidth = 1;
  Activation activation = Activation::GeluTanh;
};
} // namespace

void Gemma3::readLayers(ConfigReader &config) {
  // In a file of norms that include the 1, they are ordinary norms that scale
  // before they round.
  norm.order =
      source.normsIncludeOne() ? NormOrder::ScaleThenCast : NormOrder::OnePlus;
  // A model that runs in bfloat16 rounds this root; this one runs in f32.
  embeddingScale = std::sqrt(static_cast<double>(hidden));

  attention.read(config, hidden, /*defaultWidth=*/256);
  attention.headNorm = norm;
  attention.inputBias = config.getBool("attention_bias", false);
  attention.outputBias = attention.inputBias;
  attention.scale =
      1 / std::sqrt(config.getFloat("query_pre_attn_scalar", 256.0));
  if (config.has("attn_logit_softcapping"))
    attention.softcap = config.getFloat("attn_logit_softcapping");
  if (config.has("final_logit_softcapping"))
    config.complain("final_logit_softcapping",
                    "caps logits, which no model of this family does; expects "
                    "null");
  config.expectFalse("use_bidirectional_attention");

  mlpWidth = config.getSize("intermediate_size");
  activation = readActivation(config, "hidden_activation", "gelu_pytorch_tanh");
  int64_t turned = attention.readRotatedWidth(config);
  globalRope = readRope(config, context, turned, getQueryKeyPairing(),
                        /*defaultTheta=*/1e6, source.getRopeDivisors());
  localRope = readPlainRope(config, context, "rope_local_base_freq", turned,
                            getQueryKeyPairing(), /*defaultTheta=*/1e4);
  int64_t pattern = config.getCount("sliding_window_pattern", 6);
  windows.read(config, layers,
               [&](int64_t layer) { return (layer + 1) % pattern != 0; });
}

Value Gemma3::buildLayer(BlockBuilder &block, LayerStructure structure,
                         Value x) const {
  RopeAttr rope = LayerWindows::isLocal(structure) ? localRope : globalRope;
  Value h = block.norm(x, "norm1", "input_layernorm", hidden, norm);
  h = attention.build(block, h, rope, windows.getWindow(structure));
  h = block.norm(h, "norm2", "post_attention_layernorm", hidden, norm);
  x = block.add(x, h);
  h = block.norm(x, "norm3", "pre_feedforward_layernorm", hidden, norm);
  h = block.gatedMlp(h, "", "mlp", mlpWidth, activation);
  h = block.norm(h, "norm4", "post_feedforward_layernorm", hidden, norm);
  return block.add(x, h);
}

std::unique_ptr<Family> tenon::createGemma3(MLIRContext *context,
                                            const ModelSource &source) {
  return std::make_unique<Gemma3>(context, source);
}
