// Layers of DeepSeek-V2 and V3.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DeepSeekFamily.h"

using namespace mlir;
using namespace tenon;

void DeepSeekFamily::readLayers(ConfigReader &config) {
  attention.read(config, context);
  activation = readActivation(config, "hidden_act", "silu");
  config.expectFalse("mlp_bias");
  hasExperts = config.has("n_routed_experts");
  firstDense = config.getInt("first_k_dense_replace", getDefaultDense(),
                             {0, ConfigReader::maxCount});
  expertPeriod = config.getCount("moe_layer_freq", 1);
  denseWidth = config.getSize("intermediate_size");
  if (!hasExperts)
    return;
  mixture.activation = activation;
  mixture.read(config);
  mixture.readShared(config);
  if (!config.failed())
    readRouter(config);
}

LayerStructure DeepSeekFamily::getStructure(int64_t layer) const {
  if (!hasExperts || layer < firstDense || layer % expertPeriod != 0)
    return {"dense"};
  return {"moe", hasRouterBias(layer) ? withRouterBias : 0};
}

Value DeepSeekFamily::buildLayer(BlockBuilder &block, LayerStructure structure,
                                 Value x) const {
  Value h = block.norm(x, "norm1", "input_layernorm", hidden, norm);
  x = block.add(x, attention.build(block, h));
  h = block.norm(x, "norm2", "post_attention_layernorm", hidden, norm);
  if (structure.name == "moe")
    h = mixture.build(block, h, structure.variant == withRouterBias);
  else
    h = block.gatedMlp(h, "", "mlp", denseWidth, activation);
  return block.add(x, h);
}
