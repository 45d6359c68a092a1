// What a config.json leaves out: the sizes that its published class fills in.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/HuggingFace.h"

using namespace tenon;
using llvm::json::Object;
using llvm::json::Value;

namespace {
/// A key with null is absent like one that is not there, except where null says
/// something of its own.
enum class Null { IsAbsent, Speaks };

struct ClassDefault {
  llvm::StringLiteral key;
  int64_t value;
  Null null = Null::IsAbsent;
};
} // namespace

// The configuration classes of transformers 5.24. Files that its older versions
// wrote leave out what is equal to the default. Values that a family reads with
// a default of its own are not listed.

static constexpr ClassDefault llama[] = {
    {"vocab_size", 32000},        {"hidden_size", 4096},
    {"intermediate_size", 11008}, {"num_hidden_layers", 32},
    {"num_attention_heads", 32},  {"max_position_embeddings", 2048},
};

// Null heads of keys are as many as those of queries, and a null window is
// none.
static constexpr ClassDefault qwen2[] = {
    {"vocab_size", 151936},
    {"hidden_size", 4096},
    {"intermediate_size", 22016},
    {"num_hidden_layers", 32},
    {"num_attention_heads", 32},
    {"num_key_value_heads", 32, Null::Speaks},
    {"max_position_embeddings", 32768},
    {"sliding_window", 4096, Null::Speaks},
};

// Like Qwen2, and the width of a head does not follow from the others.
static constexpr ClassDefault qwen3[] = {
    {"head_dim", 128},
};

static constexpr ClassDefault gemma3[] = {
    {"vocab_size", 262208},
    {"hidden_size", 2304},
    {"intermediate_size", 9216},
    {"num_hidden_layers", 26},
    {"num_attention_heads", 8},
    {"num_key_value_heads", 4},
    {"head_dim", 256},
    {"max_position_embeddings", 131072},
    {"sliding_window", 4096, Null::Speaks},
};

// Null says that queries have no latent, and that no layer has experts.
static constexpr ClassDefault deepSeekV2[] = {
    {"vocab_size", 102400},
    {"hidden_size", 4096},
    {"intermediate_size", 11008},
    {"num_hidden_layers", 32},
    {"num_attention_heads", 32},
    {"max_position_embeddings", 2048},
    {"q_lora_rank", 1536, Null::Speaks},
    {"kv_lora_rank", 512},
    {"qk_nope_head_dim", 128},
    {"qk_rope_head_dim", 64},
    {"v_head_dim", 128},
    {"n_routed_experts", 64, Null::Speaks},
    {"n_shared_experts", 2, Null::Speaks},
    {"moe_intermediate_size", 1407},
};

static constexpr ClassDefault deepSeekV3[] = {
    {"vocab_size", 129280},
    {"hidden_size", 7168},
    {"intermediate_size", 18432},
    {"num_hidden_layers", 61},
    {"num_attention_heads", 128},
    {"max_position_embeddings", 4096},
    {"q_lora_rank", 1536, Null::Speaks},
    {"kv_lora_rank", 512},
    {"qk_nope_head_dim", 128},
    {"qk_rope_head_dim", 64},
    {"v_head_dim", 128},
    {"n_routed_experts", 256, Null::Speaks},
    {"n_shared_experts", 1, Null::Speaks},
    {"num_experts_per_tok", 8},
    {"moe_intermediate_size", 2048},
};

// Like V3, whose values fill in the rest.
static constexpr ClassDefault deepSeekV32[] = {
    {"max_position_embeddings", 163840},
    {"q_lora_rank", 1536, Null::Speaks},
};

// A null window is none, and a file without the key has one.
static constexpr ClassDefault mistral[] = {
    {"vocab_size", 32000},
    {"hidden_size", 4096},
    {"intermediate_size", 14336},
    {"num_hidden_layers", 32},
    {"num_attention_heads", 32},
    {"num_key_value_heads", 8, Null::Speaks},
    {"max_position_embeddings", 131072},
    {"sliding_window", 4096, Null::Speaks},
};

static constexpr ClassDefault mixtral[] = {
    {"vocab_size", 32000},
    {"hidden_size", 4096},
    {"intermediate_size", 14336},
    {"num_hidden_layers", 32},
    {"num_attention_heads", 32},
    {"num_key_value_heads", 8, Null::Speaks},
    {"max_position_embeddings", 131072},
    {"num_local_experts", 8},
    {"num_experts_per_tok", 2},
};

static constexpr ClassDefault qwen2Moe[] = {
    {"vocab_size", 151936},
    {"hidden_size", 2048},
    {"intermediate_size", 5632},
    {"num_hidden_layers", 24},
    {"num_attention_heads", 16},
    {"num_key_value_heads", 16, Null::Speaks},
    {"max_position_embeddings", 32768},
    {"sliding_window", 4096, Null::Speaks},
    {"moe_intermediate_size", 1408},
    {"shared_expert_intermediate_size", 5632},
    {"num_experts_per_tok", 4},
    {"num_experts", 60},
};

static constexpr ClassDefault qwen3Moe[] = {
    {"vocab_size", 151936},
    {"hidden_size", 2048},
    {"intermediate_size", 6144},
    {"num_hidden_layers", 24},
    {"num_attention_heads", 32},
    {"num_key_value_heads", 4},
    {"max_position_embeddings", 32768},
    {"sliding_window", 4096, Null::Speaks},
    {"moe_intermediate_size", 768},
    {"num_experts_per_tok", 8},
    {"num_experts", 128},
};

static constexpr ClassDefault olmoe[] = {
    {"vocab_size", 50304},       {"hidden_size", 2048},
    {"intermediate_size", 2048}, {"num_hidden_layers", 16},
    {"num_attention_heads", 16}, {"max_position_embeddings", 4096},
    {"num_experts_per_tok", 8},  {"num_experts", 64},
};

static constexpr ClassDefault glm4Moe[] = {
    {"vocab_size", 151552},
    {"hidden_size", 4096},
    {"intermediate_size", 10944},
    {"num_hidden_layers", 46},
    {"num_attention_heads", 96},
    {"num_key_value_heads", 8},
    {"max_position_embeddings", 131072},
    {"moe_intermediate_size", 1408},
    {"num_experts_per_tok", 8},
    {"n_shared_experts", 1},
    {"n_routed_experts", 128},
};

// Null caps nothing.
static constexpr ClassDefault gemma2[] = {
    {"vocab_size", 256000},
    {"hidden_size", 2304},
    {"intermediate_size", 9216},
    {"num_hidden_layers", 26},
    {"num_attention_heads", 8},
    {"num_key_value_heads", 4},
    {"head_dim", 256},
    {"max_position_embeddings", 8192},
    {"sliding_window", 4096, Null::Speaks},
    {"final_logit_softcapping", 30, Null::Speaks},
    {"attn_logit_softcapping", 50, Null::Speaks},
};

static constexpr ClassDefault phi3[] = {
    {"vocab_size", 32064},       {"hidden_size", 3072},
    {"intermediate_size", 8192}, {"num_hidden_layers", 32},
    {"num_attention_heads", 32}, {"max_position_embeddings", 4096},
};

static constexpr ClassDefault gptOss[] = {
    {"vocab_size", 201088},
    {"hidden_size", 2880},
    {"intermediate_size", 2880},
    {"num_hidden_layers", 36},
    {"num_attention_heads", 64},
    {"num_key_value_heads", 8, Null::Speaks},
    {"head_dim", 64},
    {"max_position_embeddings", 131072},
    {"sliding_window", 128, Null::Speaks},
    {"num_local_experts", 128},
    {"num_experts_per_tok", 4},
};

// Null chunks are none, and null heads of keys as many as those of queries.
static constexpr ClassDefault llama4[] = {
    {"vocab_size", 202048},
    {"hidden_size", 5120},
    {"intermediate_size", 8192},
    {"intermediate_size_mlp", 16384},
    {"num_hidden_layers", 48},
    {"num_attention_heads", 40},
    {"num_key_value_heads", 8, Null::Speaks},
    {"head_dim", 128},
    {"max_position_embeddings", 131072},
    {"num_experts_per_tok", 1},
    {"num_local_experts", 16},
    {"attention_chunk_size", 8192, Null::Speaks},
};

static constexpr ClassDefault smolLm3[] = {
    {"vocab_size", 128256},
    {"hidden_size", 2048},
    {"intermediate_size", 11008},
    {"num_hidden_layers", 36},
    {"num_attention_heads", 16},
    {"num_key_value_heads", 4, Null::Speaks},
    {"max_position_embeddings", 32768},
};

static constexpr ClassDefault bert[] = {
    {"vocab_size", 30522},       {"hidden_size", 768},
    {"intermediate_size", 3072}, {"num_hidden_layers", 12},
    {"num_attention_heads", 12}, {"max_position_embeddings", 512},
    {"type_vocab_size", 2},
};

static constexpr ClassDefault gpt2[] = {
    {"vocab_size", 50257},
    {"hidden_size", 768},
    {"num_hidden_layers", 12},
    {"num_attention_heads", 12},
    {"max_position_embeddings", 1024},
};

static void add(Object &values, llvm::ArrayRef<ClassDefault> defaults) {
  for (const ClassDefault &entry : defaults) {
    const Value *present = values.get(entry.key);
    if (!present ||
        (present->kind() == Value::Null && entry.null == Null::IsAbsent))
      values[entry.key] = entry.value;
  }
}

void tenon::addRopeDefaults(llvm::json::Object &values) {
  auto isAbsent = [&](llvm::StringRef key) {
    const Value *value = values.get(key);
    const Object *object = value ? value->getAsObject() : nullptr;
    return !value || value->kind() == Value::Null ||
           (object && object->empty());
  };
  if (values.getString("model_type") == "gpt_oss" &&
      isAbsent("rope_parameters") && isAbsent("rope_scaling"))
    values["rope_scaling"] = Object{
        {"rope_type", "yarn"}, {"factor", 32.0},
        {"beta_fast", 32.0},   {"beta_slow", 1.0},
        {"truncate", false},   {"original_max_position_embeddings", 4096}};
}

void tenon::addClassDefaults(llvm::json::Object &values) {
  llvm::StringRef type = values.getString("model_type").value_or("");
  if (type == "llama" || type == "granite")
    add(values, llama);
  if (type == "gemma2")
    add(values, gemma2);
  if (type == "phi3")
    add(values, phi3);
  if (type == "qwen2" || type == "qwen3")
    add(values, qwen2);
  if (type == "qwen3")
    add(values, qwen3);
  if (type == "gemma3_text")
    add(values, gemma3);
  if (type == "deepseek_v2")
    add(values, deepSeekV2);
  if (type == "deepseek_v32")
    add(values, deepSeekV32);
  if (type == "deepseek_v3" || type == "deepseek_v32" || type == "kimi_k2")
    add(values, deepSeekV3);
  if (type == "mistral")
    add(values, mistral);
  if (type == "mixtral")
    add(values, mixtral);
  if (type == "qwen2_moe")
    add(values, qwen2Moe);
  if (type == "qwen3_moe")
    add(values, qwen3Moe);
  if (type == "olmoe")
    add(values, olmoe);
  if (type == "glm4_moe")
    add(values, glm4Moe);
  if (type == "llama4_text")
    add(values, llama4);
  if (type == "smollm3")
    add(values, smolLm3);
  if (type == "bert")
    add(values, bert);
  if (type == "gpt2")
    add(values, gpt2);
  if (type == "gpt_oss")
    add(values, gptOss);
}
