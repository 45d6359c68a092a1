// Reads and builds attention over latent vectors.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LatentAttention.h"
#include "RotaryEmbedding.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

// The norms of latents were published with a fixed eps, not `rms_norm_eps`.
static constexpr NormStyle latentNorm = {1e-6, NormOrder::CastThenScale};

void LatentAttention::read(ConfigReader &config, MLIRContext *context) {
  heads = config.getCount("num_attention_heads");
  if (config.has("q_lora_rank"))
    queryRank = config.getSize("q_lora_rank");
  rank = config.getSize("kv_lora_rank");
  plain = config.getSize("qk_nope_head_dim");
  turned = config.getSize("qk_rope_head_dim");
  value = config.getSize("v_head_dim");
  bias = config.getBool("attention_bias", false);
  bool neighbors = config.getBool("rope_interleave", true);
  rope = readRope(config, context, turned,
                  neighbors ? RopePairing::Interleaved : RopePairing::Half,
                  /*defaultTheta=*/1e4);

  scale = 1 / std::sqrt(static_cast<double>(plain + turned));
  if (rope.getScaling() == RopeScaling::None)
    return;
  // A stretched context makes scores too small; both query and key repair it.
  double magnitude =
      getYarnMagnitude(config.getFloat("rope_scaling.factor"),
                       config.getFloat("rope_scaling.mscale_all_dim", 0.0,
                                       FloatRange::NonNegative));
  scale *= magnitude * magnitude;
}

Value LatentAttention::buildQueryLatent(BlockBuilder &block, Value x) const {
  if (!queryRank)
    return x;
  Value latent = block.linear(x, "q_a", "self_attn.q_a_proj", *queryRank, bias);
  return block.norm(latent, "q_norm", "self_attn.q_a_layernorm", *queryRank,
                    latentNorm);
}

/// Some files hold the rows of keys and of values apart, head by head, and
/// those of keys transposed.
Value LatentAttention::buildExpansion(BlockBuilder &block) const {
  static constexpr llvm::StringLiteral keys = "self_attn.k_b_proj.weight";
  if (!block.knows(keys))
    return block.weight("kv_b", "self_attn.kv_b_proj.weight",
                        {heads * (plain + value), rank}, WeightRole::Matrix);
  Value keyRows =
      block.weight("k_b", keys, {heads, rank, plain}, WeightRole::Matrix);
  Value valueRows = block.weight("v_b", "self_attn.v_b_proj.weight",
                                 {heads, value, rank}, WeightRole::Matrix);
  return block.concatRows("kv_b", block.transpose("k_b_rows", keyRows),
                          valueRows);
}

//===----------------------------------------------------------------------===//
// Indexer
//===----------------------------------------------------------------------===//

void Indexer::read(ConfigReader &config, MLIRContext *mlirContext,
                   int64_t rotated, int64_t positions) {
  heads = config.getCount("index_n_heads", 64);
  width = config.getSize("index_head_dim", 128);
  top = config.getSize("index_topk", 2048);
  context = positions;
  if (width < rotated)
    config.complain("index_head_dim",
                    "expects at least 'qk_rope_head_dim', but they are " +
                        llvm::Twine(width) + " and " + llvm::Twine(rotated));
  // Halves, whatever the pairs of the attention are.
  rope = readRope(config, mlirContext, rotated, RopePairing::Half,
                  /*defaultTheta=*/1e4);
}

/// One key for all heads, with a layer norm.
Value Indexer::buildKey(BlockBuilder &block, Value x) const {
  Value key = block.linear(x, "index_k", "self_attn.indexer.wk", width);
  return block.norm(
      key, "index_norm", "self_attn.indexer.k_norm", width,
      {latentNorm.eps, NormOrder::ScaleThenCast, NormKind::Layer});
}

/// Published code also turns both rows by a Hadamard matrix, which changes no
/// product and serves to round them to 8 bits.
Value Indexer::build(BlockBuilder &block, Value x, Value latent,
                     unsigned cache) const {
  Value query =
      block.linear(latent, "index_q", "self_attn.indexer.wq_b", {heads, width});
  query = block.rope(query, rope, RopeEnd::First);
  Value keys = block.updateCache(
      cache, block.rope(buildKey(block, x), rope, RopeEnd::First));
  Value weights =
      block.linear(x, "index_weights", "self_attn.indexer.weights_proj", heads,
                   /*hasBias=*/false, WeightRole::PlainMatrix);
  // The factors of a product and of a head are positive, so they may be in
  // front of the sum.
  double scale =
      1 / std::sqrt(static_cast<double>(heads) * static_cast<double>(width));
  const StepOperands &step = block.getStep();
  OpBuilder &builder = block.getBuilder();
  return IndexTopkOp::create(builder, block.getLoc("index"),
                             block.getRows(top, builder.getI32Type()), query,
                             keys, step.layer, weights, step.positions,
                             step.slots, context, block.f32(scale));
}

Value LatentAttention::build(BlockBuilder &block, Value x) const {
  int64_t hidden = cast<RankedTensorType>(x.getType()).getShape().back();
  Value latent = buildQueryLatent(block, x);
  Value query = queryRank ? block.linear(latent, "q_b", "self_attn.q_b_proj",
                                         {heads, plain + turned})
                          : block.linear(x, "q", "self_attn.q_proj",
                                         {heads, plain + turned});
  query = block.rope(query, rope, RopeEnd::Last);
  // The rows hold the latent and, after it, what is rotated; only the latent
  // is normalized.
  Value joint = block.linear(x, "kv_a", "self_attn.kv_a_proj_with_mqa",
                             rank + turned, bias);
  joint = block.norm(joint, "kv_norm", "self_attn.kv_a_layernorm", rank,
                     latentNorm);
  Value cache = block.updateCache(0, block.rope(joint, rope, RopeEnd::Last));
  Value selected;
  if (indexer)
    selected = indexer->build(block, x, latent, /*cache=*/1);
  Value expand = buildExpansion(block);

  const StepOperands &step = block.getStep();
  auto mask = MaskAttr::get(block.getBuilder().getContext(), MaskKind::Causal,
                            /*window=*/std::nullopt);
  Value rows = MlaAttentionOp::create(
      block.getBuilder(), block.getLoc("attention"),
      block.getRows({heads, value}), query, cache, step.layer, expand,
      step.positions, step.slots, step.blocks, selected, plain,
      block.f32(scale), mask,
      /*probabilities=*/TypeAttr());
  return block.linear(rows, "o", "self_attn.o_proj", hidden, bias);
}
