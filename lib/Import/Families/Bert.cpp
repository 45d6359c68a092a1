// BERT: an encoder, whose tokens attend to all of their sequence.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Family.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

namespace {
class Bert : public Family {
  using Family::Family;

  LayerStructure getStructure(int64_t layer) const override {
    return {"dense"};
  }
  std::vector<llvm::SmallVector<int64_t>> getCacheRows() const override {
    return {{heads, hidden / heads}, {heads, hidden / heads}};
  }
  bool isEncoder() const override { return true; }
  SmallVector<StepOutput> getOutputs() const override;
  Value buildEmbedding(BlockBuilder &block, Value tokens) const override;
  Value buildLayer(BlockBuilder &block, LayerStructure structure,
                   Value x) const override;
  SmallVector<Value> buildOutputs(BlockBuilder &block,
                                  Value rows) const override;

  bool isTiedByDefault() const override { return true; }
  double getDefaultEps() const override { return 1e-12; }
  llvm::StringRef getEpsKey() const override { return "layer_norm_eps"; }
  void readLayers(ConfigReader &config) override;

  Value attend(BlockBuilder &block, Value x) const;

  int64_t heads = 1, mlpWidth = 1, segments = 1;
  Activation activation = Activation::Gelu;
  bool hasPooler = true;
};
} // namespace

void Bert::readLayers(ConfigReader &config) {
  norm.kind = NormKind::Layer;
  norm.order = NormOrder::ScaleThenCast;
  heads = readHeads(config, hidden);
  mlpWidth = config.getSize("intermediate_size");
  segments = config.getCount("type_vocab_size");
  activation = readActivation(config, "hidden_act", "gelu");
  config.getChoice("position_embedding_type", llvm::StringRef("absolute"),
                   {"absolute"});
  config.expectFalse("is_decoder");
  config.expectFalse("add_cross_attention");
  hasPooler =
      !source.knowsTensors() || source.getTensors().find("model.pooler.weight");
}

SmallVector<StepOutput> Bert::getOutputs() const {
  SmallVector<StepOutput> outputs{{Role::Embeddings, hidden}};
  if (hasPooler)
    outputs.push_back({Role::Pooled, hidden});
  return outputs;
}

Value Bert::buildEmbedding(BlockBuilder &block, Value tokens) const {
  const StepOperands &step = block.getStep();
  Value x = Family::buildEmbedding(block, tokens);
  x = block.add(x, block.embed(step.types, "types", "model.token_types.weight",
                               segments, hidden));
  x = block.add(x, block.embed(step.positions, "positions",
                               "model.embed_positions.weight", contextLength,
                               hidden));
  return block.norm(x, "embed_norm", "model.embed_norm", hidden, norm);
}

Value Bert::attend(BlockBuilder &block, Value x) const {
  auto project = [&](StringRef name, StringRef module) {
    return block.linear(x, name, ("attention.self." + module).str(),
                        {heads, hidden / heads}, /*hasBias=*/true);
  };
  Value query = project("q", "query");
  Value key = block.updateCache(0, project("k", "key"));
  Value value = block.updateCache(1, project("v", "value"));
  double scale = 1 / std::sqrt(static_cast<double>(hidden / heads));
  auto mask = MaskAttr::get(block.getBuilder().getContext(), MaskKind::Full);
  Value rows = block.attend(query, key, value, scale, mask);
  return block.linear(rows, "o", "attention.output.dense", hidden,
                      /*hasBias=*/true);
}

/// Post-norm: each sum is normalized.
Value Bert::buildLayer(BlockBuilder &block, LayerStructure structure,
                       Value x) const {
  x = block.add(attend(block, x), x);
  x = block.norm(x, "norm1", "attention.output.LayerNorm", hidden, norm);
  Value h = block.linear(x, "up", "intermediate.dense", mlpWidth,
                         /*hasBias=*/true);
  h = block.activate(activation, h, "act");
  h = block.linear(h, "down", "output.dense", hidden, /*hasBias=*/true);
  x = block.add(h, x);
  return block.norm(x, "norm2", "output.LayerNorm", hidden, norm);
}

SmallVector<Value> Bert::buildOutputs(BlockBuilder &block, Value rows) const {
  SmallVector<Value> outputs{rows};
  if (!hasPooler)
    return outputs;
  Value pooled = block.linear(rows, "pooler", "model.pooler", hidden,
                              /*hasBias=*/true);
  // 1 tanh(x / 1)
  outputs.push_back(
      block.pointwise(PointwiseFunction::Softcap, pooled, 1, "pooled"));
  return outputs;
}

std::unique_ptr<Family> tenon::createBert(MLIRContext *context,
                                          const ModelSource &source) {
  return std::make_unique<Bert>(context, source);
}
