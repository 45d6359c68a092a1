// Layers with two norms.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PreNormFamily.h"
#include "RotaryEmbedding.h"

using namespace mlir;
using namespace tenon;

void PreNormFamily::readLayers(ConfigReader &config) {
  attention.read(config, hidden);
  mlpWidth = config.getSize("intermediate_size");
  activation = readActivation(config, "hidden_act", "silu");
  rope = readRope(config, context,
                  attention.readRotatedWidth(config, getDefaultRotatedPart()),
                  getQueryKeyPairing(), getDefaultTheta(),
                  source.getRopeDivisors(), positions);
  readDetails(config);
}

void PreNormFamily::readLateWindows(ConfigReader &config) {
  if (!config.getBool("use_sliding_window", false))
    return;
  int64_t first =
      config.getInt("max_window_layers", 28, {0, ConfigReader::maxCount});
  windows.read(config, layers, [&](int64_t layer) { return layer >= first; });
}

LayerStructure PreNormFamily::getStructure(int64_t layer) const {
  return windows.getStructure(layer);
}

Value PreNormFamily::buildLayer(BlockBuilder &block, LayerStructure structure,
                                Value x) const {
  Value h = block.norm(x, "norm1", "input_layernorm", hidden, norm);
  h = getAttention(structure).build(block, h, getRope(structure),
                                    getWindow(structure));
  x = addScaled(block, x, h);
  h = block.norm(x, "norm2", "post_attention_layernorm", hidden, norm);
  return addScaled(block, x, buildMlp(block, structure, h));
}

Value PreNormFamily::addScaled(BlockBuilder &block, Value x, Value h) const {
  if (residualScale)
    h = block.pointwise(PointwiseFunction::Scale, h, *residualScale, "scale");
  return block.add(x, h);
}

Value PreNormFamily::buildMlp(BlockBuilder &block, LayerStructure structure,
                              Value x) const {
  return block.gatedMlp(x, "", "mlp", mlpWidth, activation, mlpBias);
}
