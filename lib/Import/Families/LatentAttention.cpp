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

Value LatentAttention::buildQuery(BlockBuilder &block, Value x) const {
  int64_t width = plain + turned;
  if (!queryRank)
    return block.linear(x, "q", "self_attn.q_proj", {heads, width});
  Value latent = block.linear(x, "q_a", "self_attn.q_a_proj", *queryRank, bias);
  latent = block.norm(latent, "q_norm", "self_attn.q_a_layernorm", *queryRank,
                      latentNorm);
  return block.linear(latent, "q_b", "self_attn.q_b_proj", {heads, width});
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

Value LatentAttention::build(BlockBuilder &block, Value x) const {
  int64_t hidden = cast<RankedTensorType>(x.getType()).getShape().back();
  Value query = block.rope(buildQuery(block, x), rope, RopeEnd::Last);
  // The rows hold the latent and, behind it, what is turned; only the latent
  // is normalized.
  Value joint = block.linear(x, "kv_a", "self_attn.kv_a_proj_with_mqa",
                             rank + turned, bias);
  joint = block.norm(joint, "kv_norm", "self_attn.kv_a_layernorm", rank,
                     latentNorm);
  Value cache = block.updateCache(0, block.rope(joint, rope, RopeEnd::Last));
  Value expand = buildExpansion(block);

  const StepOperands &step = block.getStep();
  auto mask = MaskAttr::get(block.getBuilder().getContext(), MaskKind::Causal,
                            /*window=*/std::nullopt);
  Value rows = MlaAttentionOp::create(
      block.getBuilder(), block.getLoc("attention"),
      block.getRows({heads, value}), query, cache, step.layer, expand,
      step.positions, step.slots, step.blocks, plain, block.f32(scale), mask,
      /*probabilities=*/TypeAttr());
  return block.linear(rows, "o", "self_attn.o_proj", hidden, bias);
}
