// Layers of Gemma 2 and 3.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GemmaFamily.h"
#include "RotaryEmbedding.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

void GemmaFamily::readLayers(ConfigReader &config) {
  // In a file of norms that include the 1, they are ordinary norms that scale
  // before they round.
  norm.order =
      source.normsIncludeOne() ? NormOrder::ScaleThenCast : NormOrder::OnePlus;
  // A model that runs in bfloat16 rounds this root; this one runs in f32.
  embeddingScale = std::sqrt(static_cast<double>(hidden));

  attention.read(config, hidden, /*defaultWidth=*/256);
  attention.inputBias = config.getBool("attention_bias", false);
  attention.outputBias = attention.inputBias;
  attention.scale =
      1 / std::sqrt(config.getF32("query_pre_attn_scalar", 256.0));
  if (config.has("attn_logit_softcapping"))
    attention.softcap = config.getF32("attn_logit_softcapping");
  config.expectFalse("use_bidirectional_attention");

  mlpWidth = config.getSize("intermediate_size");
  activation = readActivation(config, "hidden_activation", "gelu_pytorch_tanh");
  int64_t rotated = attention.readRotatedWidth(config);
  globalRope = readRope(config, context, rotated, getQueryKeyPairing(),
                        getDefaultTheta(), source.getRopeDivisors());
  localRope = globalRope;
  readDetails(config, rotated);
}

Value GemmaFamily::buildLayer(BlockBuilder &block, LayerStructure structure,
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
