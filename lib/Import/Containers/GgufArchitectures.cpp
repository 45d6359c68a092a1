// What each architecture of GGUF means: keys, names of tensors, and what is unsaid.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"
#include "tenon/Import/Containers/Messages.h"

using namespace tenon;
using llvm::json::Object;

//===----------------------------------------------------------------------===//
// Names and keys that several architectures share
//===----------------------------------------------------------------------===//

static constexpr GgufName twoNorms[] = {
    {"ffn_norm", "post_attention_layernorm"},
};

static constexpr GgufName expertNames[] = {
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate_inp", "mlp.gate"},
    {"ffn_gate_exps", "mlp.experts.gate_proj"},
    {"ffn_up_exps", "mlp.experts.up_proj"},
    {"ffn_down_exps", "mlp.experts.down_proj"},
    {"ffn_gate_up_exps.weight", "mlp.experts.gate_up_proj"},
    // Of those with a gated expert that all tokens share.
    {"ffn_gate_shexp", "mlp.shared_expert.gate_proj"},
    {"ffn_up_shexp", "mlp.shared_expert.up_proj"},
    {"ffn_down_shexp", "mlp.shared_expert.down_proj"},
    {"ffn_gate_inp_shexp", "mlp.shared_expert_gate", /*isRow=*/true},
};

static constexpr GgufKey qwenExpertKeys[] = {
    {"expert_count", "num_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_feed_forward_length", "moe_intermediate_size"},
    {"expert_shared_feed_forward_length", "shared_expert_intermediate_size"},
};

static constexpr GgufKey mixtralKeys[] = {
    {"expert_count", "num_local_experts"},
    {"expert_used_count", "num_experts_per_tok"},
};

// The experts of one MLP have the width of `expert_feed_forward_length`.
static constexpr GgufKey olmoeKeys[] = {
    {"expert_count", "num_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"attention.clamp_kqv", "clip_qkv", GgufKey::Kind::Float},
};

//===----------------------------------------------------------------------===//
// gemma3
//===----------------------------------------------------------------------===//

// Where each half of a layer has a norm on both sides, the one before the MLP
// has a name of its own.
static constexpr GgufName gemma3Names[] = {
    {"post_attention_norm", "post_attention_layernorm"},
    {"ffn_norm", "pre_feedforward_layernorm"},
    {"post_ffw_norm", "post_feedforward_layernorm"},
};

static constexpr GgufKey gemma3Keys[] = {
    {"attention.sliding_window", "sliding_window"},
    {"attention.sliding_window_pattern", "sliding_window_pattern"},
    {"rope.freq_base_swa", "rope_local_base_freq", GgufKey::Kind::Float},
    {"final_logit_softcapping", "final_logit_softcapping",
     GgufKey::Kind::Float},
    {"attn_logit_softcapping", "attn_logit_softcapping", GgufKey::Kind::Float},
};

/// Scores are scaled by the width of a head, but by that of an even split in
/// the size with so many layers, by which readers know it.
static void setQueryScale(Object &values, int64_t layersOfEvenSplit) {
  bool even = values.getInteger("num_hidden_layers") == layersOfEvenSplit;
  int64_t width = *values.getInteger("head_dim");
  int64_t split = *values.getInteger("hidden_size") /
                  *values.getInteger("num_attention_heads");
  values["query_pre_attn_scalar"] = even ? split : width;
}

static void dropZeros(Object &values) {
  if (values.getNumber("sliding_window") == 0.0)
    values["sliding_window_as_written"] = "0";
  for (llvm::StringRef key :
       {"sliding_window", "final_logit_softcapping", "attn_logit_softcapping"})
    if (values.getNumber(key) == 0.0)
      values.erase(key);
}

static void completeGemma3(Object &values) {
  values.erase("hidden_act");
  dropZeros(values);
  setQueryScale(values, /*layersOfEvenSplit=*/62);
}

//===----------------------------------------------------------------------===//
// gemma2, granite, phi3
//===----------------------------------------------------------------------===//

static constexpr GgufKey gemma2Keys[] = {
    {"attention.sliding_window", "sliding_window"},
    {"final_logit_softcapping", "final_logit_softcapping",
     GgufKey::Kind::Float},
    {"attn_logit_softcapping", "attn_logit_softcapping", GgufKey::Kind::Float},
};

static void completeGemma2(Object &values) {
  values.erase("hidden_act");
  dropZeros(values);
  setQueryScale(values, /*layersOfEvenSplit=*/46);
}

static constexpr GgufKey graniteKeys[] = {
    {"attention.scale", "attention_multiplier", GgufKey::Kind::Float},
    {"embedding_scale", "embedding_multiplier", GgufKey::Kind::Float},
    {"residual_scale", "residual_multiplier", GgufKey::Kind::Float},
    {"logit_scale", "logits_scaling", GgufKey::Kind::Float},
};

static constexpr GgufName phi3Names[] = {
    {"ffn_norm", "post_attention_layernorm"},
    {"attn_qkv", "self_attn.qkv_proj"},
    {"ffn_up", "mlp.gate_up_proj"},
};

static constexpr GgufKey phi3Keys[] = {
    {"attention.sliding_window", "sliding_window"},
};

//===----------------------------------------------------------------------===//
// llama4
//===----------------------------------------------------------------------===//

static constexpr GgufName llama4Names[] = {
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "feed_forward.gate_proj"},
    {"ffn_up", "feed_forward.up_proj"},
    {"ffn_down", "feed_forward.down_proj"},
    {"ffn_gate_inp", "mlp.gate"},
    {"ffn_gate_exps", "mlp.experts.gate_proj"},
    {"ffn_up_exps", "mlp.experts.up_proj"},
    {"ffn_down_exps", "mlp.experts.down_proj"},
    {"ffn_gate_shexp", "feed_forward.shared_expert.gate_proj"},
    {"ffn_up_shexp", "feed_forward.shared_expert.up_proj"},
    {"ffn_down_shexp", "feed_forward.shared_expert.down_proj"},
};

static constexpr GgufKey llama4Keys[] = {
    {"expert_count", "num_local_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_feed_forward_length", "expert_width"},
    {"interleave_moe_layer_step", "interleave_moe_layer_step"},
    {"attention.sliding_window", "sliding_window"},
};

/// What the metadata calls the width of an MLP is that of the dense ones here.
/// Readers know the chunks, and that the size with 128 experts has no norms of
/// heads; a window of 0 says that no layer has chunks and that all rotate.
static void completeLlama4(Object &values) {
  if (const llvm::json::Value *dense = values.get("intermediate_size"))
    values["intermediate_size_mlp"] = *dense;
  if (const llvm::json::Value *width = values.get("expert_width"))
    values["intermediate_size"] = *width;
  values.erase("expert_width");
  values["use_qk_norm"] = values.getInteger("num_local_experts") != 128;
  bool isPlain = values.getInteger("sliding_window") == 0;
  values.erase("sliding_window");
  if (!isPlain)
    return;
  values.erase("attention_chunk_size");
  values["no_rope_layer_interval"] = 65536;
}

//===----------------------------------------------------------------------===//
// gpt2, bert
//===----------------------------------------------------------------------===//

static constexpr GgufName gpt2Names[] = {
    {"attn_norm", "ln_1"},          {"attn_qkv", "attn.c_attn"},
    {"attn_output", "attn.c_proj"}, {"ffn_norm", "ln_2"},
    {"ffn_up", "mlp.c_fc"},         {"ffn_down", "mlp.c_proj"},
};

static constexpr GgufKey layerNormKeys[] = {
    {"attention.layer_norm_epsilon", "layer_norm_eps", GgufKey::Kind::Float},
};

static constexpr GgufName bertNames[] = {
    {"attn_q", "attention.self.query"},
    {"attn_k", "attention.self.key"},
    {"attn_v", "attention.self.value"},
    {"attn_output", "attention.output.dense"},
    {"attn_output_norm", "attention.output.LayerNorm"},
    {"ffn_up", "intermediate.dense"},
    {"ffn_down", "output.dense"},
    {"layer_output_norm", "output.LayerNorm"},
};

static constexpr GgufKey bertKeys[] = {
    {"attention.layer_norm_epsilon", "layer_norm_eps", GgufKey::Kind::Float},
    {"attention.causal", "is_decoder", GgufKey::Kind::Bool},
    {"pooling_type", "pooling_type"},
};

/// A pooling of 1 is the mean, and 2 the first token.
static void completeBert(Object &values) {
  values["hidden_act"] = "gelu";
  values["embedding_pooling"] =
      values.getInteger("pooling_type") == 2 ? "first" : "mean";
}

static void completeGpt2(Object &values) { values["hidden_act"] = "gelu_new"; }

//===----------------------------------------------------------------------===//
// gpt-oss
//===----------------------------------------------------------------------===//

static constexpr GgufName gptOssNames[] = {
    {"post_attention_norm", "post_attention_layernorm"},
    {"attn_sinks.weight", "self_attn.sinks"},
    {"ffn_gate_inp", "mlp.router"},
    {"ffn_gate_exps", "mlp.experts.gate_proj"},
    {"ffn_up_exps", "mlp.experts.up_proj"},
    {"ffn_down_exps", "mlp.experts.down_proj"},
};

static constexpr GgufKey gptOssKeys[] = {
    {"expert_count", "num_local_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_feed_forward_length", "intermediate_size"},
    {"attention.sliding_window", "sliding_window"},
};

/// The metadata does not say that the ramp of frequencies begins between two of
/// them.
static void completeGptOss(Object &values) {
  Object *scaling = values.getObject("rope_scaling");
  if (scaling && scaling->getString("rope_type") == "yarn")
    (*scaling)["truncate"] = false;
}

//===----------------------------------------------------------------------===//
// deepseek2, deepseek32, glm4moe
//===----------------------------------------------------------------------===//

static constexpr GgufName deepSeekNames[] = {
    {"ffn_norm", "post_attention_layernorm"},
    {"post_attention_norm", "post_attention_layernorm"},
    {"attn_q_a", "self_attn.q_a_proj"},
    {"attn_q_a_norm", "self_attn.q_a_layernorm"},
    {"attn_q_b", "self_attn.q_b_proj"},
    {"attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"},
    {"attn_kv_a_norm", "self_attn.kv_a_layernorm"},
    {"attn_kv_b", "self_attn.kv_b_proj"},
    {"attn_k_b", "self_attn.k_b_proj"},
    {"attn_v_b", "self_attn.v_b_proj"},
    {"ffn_gate_inp", "mlp.gate"},
    {"exp_probs_b.bias", "mlp.gate.e_score_correction_bias"},
    {"ffn_gate_exps", "mlp.experts.gate_proj"},
    {"ffn_up_exps", "mlp.experts.up_proj"},
    {"ffn_down_exps", "mlp.experts.down_proj"},
    {"ffn_gate_up_exps.weight", "mlp.experts.gate_up_proj"},
    {"ffn_gate_shexp", "mlp.shared_experts.gate_proj"},
    {"ffn_up_shexp", "mlp.shared_experts.up_proj"},
    {"ffn_down_shexp", "mlp.shared_experts.down_proj"},
    // Of deepseek32.
    {"indexer.attn_q_b.weight", "self_attn.indexer.wq_b.weight"},
    {"indexer.attn_k.weight", "self_attn.indexer.wk.weight"},
    {"indexer.k_norm.weight", "self_attn.indexer.k_norm.weight"},
    {"indexer.k_norm.bias", "self_attn.indexer.k_norm.bias"},
    {"indexer.proj.weight", "self_attn.indexer.weights_proj.weight"},
};

static constexpr GgufKey glm4MoeKeys[] = {
    {"expert_count", "n_routed_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_feed_forward_length", "moe_intermediate_size"},
    {"expert_shared_count", "n_shared_experts"},
    {"leading_dense_block_count", "first_k_dense_replace"},
    {"expert_weights_scale", "routed_scaling_factor", GgufKey::Kind::Float},
    {"expert_weights_norm", "norm_topk_prob", GgufKey::Kind::Bool},
    {"expert_group_count", "n_group"},
    {"expert_group_used_count", "topk_group"},
    {"nextn_predict_layers", "num_nextn_predict_layers"},
};

static constexpr GgufKey deepSeekKeys[] = {
    {"expert_count", "n_routed_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_feed_forward_length", "moe_intermediate_size"},
    {"expert_shared_count", "n_shared_experts"},
    {"leading_dense_block_count", "first_k_dense_replace"},
    {"expert_weights_scale", "routed_scaling_factor", GgufKey::Kind::Float},
    {"expert_weights_norm", "norm_topk_prob", GgufKey::Kind::Bool},
    {"expert_group_count", "n_group"},
    {"expert_group_used_count", "topk_group"},
    {"nextn_predict_layers", "num_nextn_predict_layers"},
    {"attention.q_lora_rank", "q_lora_rank"},
    {"attention.kv_lora_rank", "kv_lora_rank"},
    {"rope.dimension_count", "qk_rope_head_dim"},
    // Of files whose `key_length` is the width of a cached row.
    {"attention.key_length_mla", "qk_head_dim"},
    {"attention.value_length", "v_head_dim"},
    {"attention.value_length_mla", "v_head_dim"},
    // Of deepseek32.
    {"attention.indexer.head_count", "index_n_heads"},
    {"attention.indexer.key_length", "index_head_dim"},
    {"attention.indexer.top_k", "index_topk"},
};

static constexpr llvm::StringLiteral expertConstants =
    R"({"norm_topk_prob": false, "routed_scaling_factor": 1.0,
        "first_k_dense_replace": 0, "n_shared_experts": 0,
        "n_group": 1, "topk_group": 1, "partial_rotary_factor": 1.0})";

/// The last layers of a file may predict further tokens. A factor of 0 is one
/// that was not written.
static void completeExperts(Object &values) {
  if (values.getNumber("routed_scaling_factor") == 0.0)
    values["routed_scaling_factor"] = 1.0;
  std::optional<int64_t> layers = values.getInteger("num_hidden_layers");
  std::optional<int64_t> further =
      values.getInteger("num_nextn_predict_layers");
  if (layers && further && *further > 0 && *further < *layers)
    values["num_hidden_layers"] = *layers - *further;
}

static void completeDeepSeek(Object &values) {
  completeExperts(values);
  std::optional<int64_t> whole = values.getInteger("qk_head_dim");
  if (!whole)
    whole = values.getInteger("head_dim");
  std::optional<int64_t> turned = values.getInteger("qk_rope_head_dim");
  if (whole && turned)
    values["qk_nope_head_dim"] = *whole - *turned;
  values.erase("head_dim");
  values.erase("qk_head_dim");
  if (values.getInteger("q_lora_rank") == 0)
    values.erase("q_lora_rank");
  if (values.getInteger("n_routed_experts") == 0)
    values.erase("n_routed_experts");
  if (values.getInteger("n_group").value_or(1) > 1)
    values["topk_method"] = "group_limited_greedy";
  if (Object *scaling = values.getObject("rope_scaling"))
    // The factor of rotations is whole in the metadata, and is 1 where that
    // says nothing: the scores take what a stretched context asks for.
    if (scaling->get("rope_type")->getAsString() == "yarn" &&
        !scaling->get("attention_factor"))
      (*scaling)["attention_factor"] = 1.0;
}

static void completeDeepSeekV3(Object &values) {
  completeDeepSeek(values);
  values.erase("topk_method");
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

// Files of `llama`, `granite` and `smollm3` hold query and key rows for a rotation of
// neighbors; those of the others keep the order of the checkpoint. The norms of
// Gemma multiply by 1 + weight, and the writers of its files add the 1.
// llama.cpp reads llama, qwen2 and gemma3 so: test/e2e/llamacpp.test holds its
// logits. Files of deepseek2 say by a gating function of 2 that experts are
// chosen by sigmoids.
static constexpr GgufArchitecture architectures[] = {
    {"llama", "mixtral", false, RowOrder::Interleaved, "expert_count", 1,
     mixtralKeys, expertNames},
    {"llama", "llama", false, RowOrder::Interleaved, "", 0, {}, twoNorms},
    {"qwen2", "qwen2", false, RowOrder::HalfSplit, "", 0, {}, twoNorms},
    {"qwen2moe", "qwen2_moe", false, RowOrder::HalfSplit, "", 0, qwenExpertKeys,
     expertNames, R"({"norm_topk_prob": false})"},
    {"qwen3", "qwen3", false, RowOrder::HalfSplit, "", 0, {}, twoNorms},
    {"qwen3moe", "qwen3_moe", false, RowOrder::HalfSplit, "", 0, qwenExpertKeys,
     expertNames, R"({"norm_topk_prob": true})"},
    {"olmoe", "olmoe", false, RowOrder::HalfSplit, "", 0, olmoeKeys,
     expertNames, R"({"norm_topk_prob": false})"},
    {"smollm3",
     "smollm3",
     false,
     RowOrder::Interleaved,
     "",
     0,
     {},
     twoNorms,
     R"({"no_rope_layer_interval": 4})"},
    {"llama4", "llama4_text", false, RowOrder::Interleaved, "", 0, llama4Keys,
     llama4Names,
     R"({"attention_chunk_size": 8192, "floor_scale": 8192, "attn_scale": 0.1,
         "no_rope_layer_interval": 4, "interleave_moe_layer_step": 1})",
     false, completeLlama4, 2},
    {"granite", "granite", false, RowOrder::Interleaved, "", 0, graniteKeys,
     twoNorms},
    {"phi3", "phi3", false, RowOrder::HalfSplit, "", 0, phi3Keys, phi3Names,
     "{}", false, dropZeros},
    {"gemma2", "gemma2", true, RowOrder::HalfSplit, "", 0, gemma2Keys,
     gemma3Names,
     R"({"hidden_activation": "gelu_pytorch_tanh", "sliding_window": 4096,
         "final_logit_softcapping": 30.0, "attn_logit_softcapping": 50.0})",
     false, completeGemma2},
    {"gemma3", "gemma3_text", true, RowOrder::HalfSplit, "", 0, gemma3Keys,
     gemma3Names,
     R"({"hidden_activation": "gelu_pytorch_tanh",
         "rope_local_base_freq": 10000.0, "sliding_window_pattern": 6})",
     false, completeGemma3},
    {"gpt2", "gpt2", false, RowOrder::HalfSplit, "", 0, layerNormKeys,
     gpt2Names, "{}", false, completeGpt2},
    {"bert", "bert", false, RowOrder::HalfSplit, "", 0, bertKeys, bertNames,
     "{}", false, completeBert},
    {"gpt-oss", "gpt_oss", false, RowOrder::HalfSplit, "", 0, gptOssKeys,
     gptOssNames, "{}", false, completeGptOss, 3},
    {"glm4moe", "glm4_moe", false, RowOrder::HalfSplit, "", 0, glm4MoeKeys,
     deepSeekNames, expertConstants, false, completeExperts, 2},
    {"deepseek2", "deepseek_v3", false, RowOrder::HalfSplit,
     "expert_gating_func", 2, deepSeekKeys, deepSeekNames, expertConstants,
     true, completeDeepSeekV3, 2},
    {"deepseek2", "deepseek_v2", false, RowOrder::HalfSplit, "", 0,
     deepSeekKeys, deepSeekNames, expertConstants, true, completeDeepSeek},
    {"deepseek32", "deepseek_v32", false, RowOrder::HalfSplit, "", 0,
     deepSeekKeys, deepSeekNames, expertConstants, true, completeDeepSeekV3, 2},
};

/// Fails if experts are chosen in another way than the architecture does.
static llvm::Error checkGating(const GgufMetadata &metadata,
                               const GgufArchitecture &architecture) {
  std::string key = (architecture.name + ".expert_gating_func").str();
  int64_t gating = metadata.getInt(key).value_or(0);
  if (gating == 0 || gating == architecture.gating)
    return llvm::Error::success();
  return makeImportError(
      metadata.getFile() + ": " + quote(key) + " is " + llvm::Twine(gating) +
      ", but a model of type " + quote(architecture.modelType) + " has " +
      llvm::Twine(architecture.gating) +
      " (1 is a softmax, 2 a sigmoid, 3 a softmax over the chosen); no other "
      "one is read");
}

llvm::Expected<const GgufArchitecture *>
tenon::getGgufArchitecture(const GgufMetadata &metadata) {
  std::optional<llvm::StringRef> name =
      metadata.getString("general.architecture");
  if (!name)
    return makeImportError(metadata.getFile() +
                           ": the string 'general.architecture' is missing");
  std::string known;
  llvm::StringRef last;
  for (const GgufArchitecture &architecture : architectures) {
    std::string condition =
        (architecture.name + "." + architecture.condition).str();
    if (architecture.name == *name &&
        (architecture.condition.empty() ||
         metadata.getInt(condition).value_or(0) >= architecture.atLeast)) {
      if (llvm::Error error = checkGating(metadata, architecture))
        return std::move(error);
      return &architecture;
    }
    if (architecture.name != last)
      known += (known.empty() ? "" : ", ") + architecture.name.str();
    last = architecture.name;
  }
  return makeImportError(metadata.getFile() + ": unknown architecture " +
                         quote(*name) + "; known architectures: " + known);
}
