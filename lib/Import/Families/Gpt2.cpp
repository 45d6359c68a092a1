// GPT-2: layer norms, learned positions, and an MLP without a gate.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Family.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

namespace {
class Gpt2 : public Family {
  using Family::Family;

  LayerStructure getStructure(int64_t layer) const override {
    return {"dense", scalesByLayer ? static_cast<unsigned>(layer) : 0};
  }
  std::vector<llvm::SmallVector<int64_t>> getCacheRows() const override {
    return {{heads, hidden / heads}, {heads, hidden / heads}};
  }
  Value buildEmbedding(BlockBuilder &block, Value tokens) const override;
  Value buildLayer(BlockBuilder &block, LayerStructure structure,
                   Value x) const override;

  bool isTiedByDefault() const override { return true; }
  double getDefaultEps() const override { return 1e-5; }
  llvm::StringRef getEpsKey() const override { return "layer_norm_eps"; }
  void readLayers(ConfigReader &config) override;

  /// `x` times the matrix of a module, which has a bias.
  Value project(BlockBuilder &block, Value x, StringRef name, StringRef module,
                int64_t inputs, int64_t outputs) const;
  Value attend(BlockBuilder &block, Value x, double scale) const;

  int64_t heads = 1, mlpWidth = 1;
  Activation activation = Activation::GeluTanh;
  double scale = 1;
  /// Scores of layer n are divided by n + 1, too.
  bool scalesByLayer = false;
};
} // namespace

void Gpt2::readLayers(ConfigReader &config) {
  norm.kind = NormKind::Layer;
  norm.order = NormOrder::ScaleThenCast;
  heads = readHeads(config, hidden);
  mlpWidth = config.getSize("intermediate_size", 4 * hidden);
  activation = readActivation(config, "hidden_act", "gelu_new");
  if (config.getBool("scale_attn_weights", true))
    scale = 1 / std::sqrt(static_cast<double>(hidden / heads));
  scalesByLayer = config.getBool("scale_attn_by_inverse_layer_idx", false);
  // Scores are f32 here, which is what it asks for.
  config.getBool("reorder_and_upcast_attn", false);
  config.expectFalse("add_cross_attention");
}

Value Gpt2::buildEmbedding(BlockBuilder &block, Value tokens) const {
  Value words = Family::buildEmbedding(block, tokens);
  Value places =
      block.embed(block.getStep().positions, "positions",
                  "model.embed_positions.weight", contextLength, hidden);
  return block.add(words, places);
}

Value Gpt2::project(BlockBuilder &block, Value x, StringRef name,
                    StringRef module, int64_t inputs, int64_t outputs) const {
  if (!source.storesInputsAsRows())
    return block.linear(x, name, module, outputs, /*hasBias=*/true);
  Value stored =
      block.weight((name + "_columns").str(), (module + ".weight").str(),
                   {inputs, outputs}, WeightRole::Matrix);
  Value bias = block.weight((name + "_bias").str(), (module + ".bias").str(),
                            outputs, WeightRole::Vector);
  return block.product(x, block.transpose(name, stored), name, outputs, bias);
}

Value Gpt2::attend(BlockBuilder &block, Value x, double scale) const {
  Value all = project(block, x, "qkv", "attn.c_attn", hidden, 3 * hidden);
  auto take = [&](int64_t part) {
    return block.splitHeads(block.columns(all, part * hidden, hidden), heads);
  };
  Value query = take(0);
  Value key = block.updateCache(0, take(1));
  Value value = block.updateCache(1, take(2));
  auto mask = MaskAttr::get(block.getBuilder().getContext(), MaskKind::Causal);
  Value rows = block.attend(query, key, value, scale, mask);
  return project(block, rows, "o", "attn.c_proj", hidden, hidden);
}

Value Gpt2::buildLayer(BlockBuilder &block, LayerStructure structure,
                       Value x) const {
  Value h = block.norm(x, "norm1", "ln_1", hidden, norm);
  x = block.add(x, attend(block, h, scale / (structure.variant + 1)));
  h = block.norm(x, "norm2", "ln_2", hidden, norm);
  h = project(block, h, "up", "mlp.c_fc", hidden, mlpWidth);
  h = block.activate(activation, h, "act");
  h = project(block, h, "down", "mlp.c_proj", mlpWidth, hidden);
  return block.add(x, h);
}

std::unique_ptr<Family> tenon::createGpt2(MLIRContext *context,
                                          const ModelSource &source) {
  return std::make_unique<Gpt2>(context, source);
}
