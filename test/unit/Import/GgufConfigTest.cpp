// What the metadata of GGUF files means, and the contradictions it may have.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"

#include "Expect.h"
#include "Images.h"

#include <cmath>

using namespace tenon;

static llvm::Expected<ModelConfig> buildConfig(const GgufImage &image) {
  std::string bytes = image.build();
  llvm::Expected<GgufContents> contents = parseGguf(bytes, "m.gguf");
  if (!contents)
    return contents.takeError();
  llvm::Expected<const GgufArchitecture *> architecture =
      getGgufArchitecture(contents->metadata);
  if (!architecture)
    return architecture.takeError();
  return buildGgufConfig(*contents, **architecture);
}

static std::string complain(const GgufImage &image) {
  return takeMessage(buildConfig(image));
}

TEST(GgufConfig, ReadsLlama) {
  ModelConfig config = takeValue(buildConfig(
      makeGgufModel("llama").addTensor("token_embd.weight", {8, 11}, 0, 352)));
  EXPECT_EQ(takeValue(config.getString("model_type")), "llama");
  EXPECT_EQ(takeValue(config.getInt("hidden_size")), 8);
  EXPECT_EQ(takeValue(config.getInt("intermediate_size")), 12);
  EXPECT_EQ(takeValue(config.getInt("num_hidden_layers")), 1);
  EXPECT_EQ(takeValue(config.getInt("max_position_embeddings")), 64);
  EXPECT_EQ(takeValue(config.getInt("num_attention_heads")), 2);
  // By default as many heads of keys, an even split, and the base 10000.
  EXPECT_EQ(takeValue(config.getInt("num_key_value_heads")), 2);
  EXPECT_EQ(takeValue(config.getInt("head_dim")), 4);
  EXPECT_EQ(takeValue(config.getFloat("rope_theta")), 10000.0);
  EXPECT_EQ(takeValue(config.getFloat("rms_norm_eps")), 0.5);
  EXPECT_EQ(takeValue(config.getInt("vocab_size")), 11);
  EXPECT_TRUE(takeValue(config.getBool("tie_word_embeddings")));
  EXPECT_FALSE(takeValue(config.getBool("attention_bias")));
  EXPECT_FALSE(config.has("rope_scaling"));
}

TEST(GgufConfig, SeesTensors) {
  ModelConfig config =
      takeValue(buildConfig(makeGgufModel("llama")
                                .addTensor("output.weight", {8, 11}, 0, 352)
                                .addTensor("blk.0.attn_q.bias", {8}, 0, 32)));
  EXPECT_FALSE(takeValue(config.getBool("tie_word_embeddings")));
  EXPECT_TRUE(takeValue(config.getBool("attention_bias")));
}

TEST(GgufConfig, TellsModelsOfOneArchitectureApart) {
  ModelConfig config = takeValue(
      buildConfig(makeGgufModel("llama").addInt("llama.expert_count", 8)));
  EXPECT_EQ(takeValue(config.getString("model_type")), "mixtral");
  EXPECT_EQ(takeValue(config.getInt("num_local_experts")), 8);
  config = takeValue(buildConfig(makeGgufModel("deepseek2")));
  EXPECT_EQ(takeValue(config.getString("model_type")), "deepseek_v2");
  config = takeValue(buildConfig(
      makeGgufModel("deepseek2").addInt("deepseek2.expert_gating_func", 2)));
  EXPECT_EQ(takeValue(config.getString("model_type")), "deepseek_v3");
}

TEST(GgufConfig, ReadsLatentAttention) {
  GgufImage image = makeGgufModel("deepseek2");
  image.addInt("deepseek2.attention.key_length", 40)
      .addInt("deepseek2.attention.value_length", 32)
      .addInt("deepseek2.rope.dimension_count", 8)
      .addInt("deepseek2.expert_group_count", 4);
  ModelConfig config = takeValue(buildConfig(image));
  EXPECT_EQ(takeValue(config.getInt("qk_nope_head_dim")), 32);
  EXPECT_EQ(takeValue(config.getInt("v_head_dim")), 32);
  EXPECT_EQ(takeValue(config.getString("topk_method")), "group_limited_greedy");
  EXPECT_FALSE(config.has("head_dim"));
  EXPECT_FALSE(config.has("num_key_value_heads"));
  // Files for the absorbed form say the widths of cached rows, too.
  config = takeValue(
      buildConfig(image.addInt("deepseek2.attention.key_length_mla", 24)
                      .addInt("deepseek2.attention.value_length_mla", 12)));
  EXPECT_EQ(takeValue(config.getInt("qk_nope_head_dim")), 16);
  EXPECT_EQ(takeValue(config.getInt("v_head_dim")), 12);
}

TEST(GgufConfig, LeavesOutLayersThatPredict) {
  GgufImage longer;
  longer.addString("general.architecture", "glm4moe")
      .addInt("glm4moe.embedding_length", 8)
      .addInt("glm4moe.block_count", 3)
      .addInt("glm4moe.attention.head_count", 2)
      .addInt("glm4moe.nextn_predict_layers", 1)
      .addFloat("glm4moe.expert_weights_scale", 0);
  ModelConfig config = takeValue(buildConfig(longer));
  EXPECT_EQ(takeValue(config.getInt("num_hidden_layers")), 2);
  EXPECT_EQ(takeValue(config.getFloat("routed_scaling_factor")), 1.0);
  EXPECT_EQ(takeValue(config.getFloat("partial_rotary_factor")), 1.0);
}

// Experts of one width, and a ramp that begins where the metadata cannot say.
TEST(GgufConfig, ReadsGptOss) {
  GgufImage image = makeGgufModel("gpt-oss");
  image.addInt("gpt-oss.expert_count", 4)
      .addInt("gpt-oss.expert_used_count", 2)
      .addInt("gpt-oss.expert_gating_func", 3)
      .addInt("gpt-oss.expert_feed_forward_length", 24)
      .addInt("gpt-oss.attention.sliding_window", 5)
      .addString("gpt-oss.rope.scaling.type", "yarn")
      .addFloat("gpt-oss.rope.scaling.factor", 32)
      .addInt("gpt-oss.rope.scaling.original_context_length", 16);
  ModelConfig config = takeValue(buildConfig(image));
  EXPECT_EQ(takeValue(config.getString("model_type")), "gpt_oss");
  EXPECT_EQ(takeValue(config.getInt("num_local_experts")), 4);
  EXPECT_EQ(takeValue(config.getInt("intermediate_size")), 24);
  EXPECT_EQ(takeValue(config.getInt("sliding_window")), 5);
  EXPECT_EQ(takeValue(config.getBool("rope_scaling.truncate")), false);
}

TEST(GgufConfig, ReadsGemma) {
  GgufImage image = makeGgufModel("gemma3");
  image.addInt("gemma3.attention.key_length", 6)
      .addInt("gemma3.attention.value_length", 6)
      .addInt("gemma3.attention.sliding_window", 3)
      .addFloat("gemma3.rope.freq_base", 1e6f);
  ModelConfig config = takeValue(buildConfig(image));
  EXPECT_EQ(takeValue(config.getString("model_type")), "gemma3_text");
  EXPECT_EQ(takeValue(config.getInt("head_dim")), 6);
  EXPECT_EQ(takeValue(config.getInt("sliding_window")), 3);
  EXPECT_EQ(takeValue(config.getInt("sliding_window_pattern")), 6);
  EXPECT_EQ(takeValue(config.getFloat("rope_theta")), 1e6);
  EXPECT_EQ(takeValue(config.getFloat("rope_local_base_freq")), 1e4);
  EXPECT_EQ(takeValue(config.getFloat("query_pre_attn_scalar")), 6.0);
}

TEST(GgufConfig, ScalesScoresOfGemmaByItsSize) {
  GgufImage image;
  image.addString("general.architecture", "gemma3")
      .addInt("gemma3.embedding_length", 84)
      .addInt("gemma3.block_count", 62)
      .addInt("gemma3.attention.head_count", 4)
      .addInt("gemma3.attention.key_length", 16);
  ModelConfig config = takeValue(buildConfig(image));
  EXPECT_EQ(takeValue(config.getFloat("query_pre_attn_scalar")), 21.0);
}

TEST(GgufConfig, ReadsEqualSizesOfLayers) {
  GgufImage image;
  image.addString("general.architecture", "llama")
      .addInt("llama.embedding_length", 8)
      .addInts("llama.attention.head_count", {4, 4, 4})
      .addInts("llama.feed_forward_length", {3, 3, 5});
  EXPECT_EQ(complain(image),
            "m.gguf: 'llama.feed_forward_length' expects the same value for "
            "all layers, but has 3 and 5");
}

TEST(GgufConfig, ReadsScaling) {
  GgufImage linear = makeGgufModel("gemma3");
  linear.addString("gemma3.rope.scaling.type", "linear")
      .addFloat("gemma3.rope.scaling.factor", 8);
  ModelConfig config = takeValue(buildConfig(linear));
  EXPECT_EQ(takeValue(config.getString("rope_scaling.rope_type")), "linear");
  EXPECT_EQ(takeValue(config.getFloat("rope_scaling.factor")), 8.0);

  GgufImage yarn = makeGgufModel("qwen2");
  yarn.addString("qwen2.rope.scaling.type", "yarn")
      .addFloat("qwen2.rope.scaling.factor", 4)
      .addFloat("qwen2.rope.scaling.attn_factor", 0.5f)
      .addInt("qwen2.rope.scaling.original_context_length", 16);
  config = takeValue(buildConfig(yarn));
  EXPECT_EQ(takeValue(config.getString("rope_scaling.rope_type")), "yarn");
  EXPECT_EQ(
      takeValue(config.getInt("rope_scaling.original_max_position_embeddings")),
      16);
  EXPECT_DOUBLE_EQ(takeValue(config.getFloat("rope_scaling.attention_factor")),
                   0.5 * (0.1 * std::log(4.0) + 1));

  GgufImage old = makeGgufModel("llama");
  old.addFloat("llama.rope.scale_linear", 2);
  config = takeValue(buildConfig(old));
  EXPECT_EQ(takeValue(config.getFloat("rope_scaling.factor")), 2.0);

  GgufImage part = makeGgufModel("llama");
  part.addInt("llama.rope.dimension_count", 2);
  config = takeValue(buildConfig(part));
  EXPECT_EQ(takeValue(config.getFloat("partial_rotary_factor")), 0.5);
}

// What a key means that only some files have, and what its absence means.
TEST(GgufConfig, ReadsOptionalKeys) {
  auto yarn = [](float factor) {
    GgufImage image = makeGgufModel("llama");
    image.addString("llama.rope.scaling.type", "yarn")
        .addFloat("llama.rope.scaling.factor", factor)
        .addInt("llama.rope.scaling.original_context_length", 16);
    return image;
  };
  ModelConfig config = takeValue(buildConfig(yarn(4)));
  for (const char *key : {"attention_factor", "beta_fast", "beta_slow"})
    EXPECT_FALSE(config.has(std::string("rope_scaling.") + key)) << key;
  config = takeValue(
      buildConfig(yarn(0.5f)
                      .addFloat("llama.rope.scaling.attn_factor", 3)
                      .addFloat("llama.rope.scaling.yarn_beta_fast", 24)
                      .addFloat("llama.rope.scaling.yarn_beta_slow", 2)));
  // A context that is not stretched has no usual factor to multiply.
  EXPECT_EQ(takeValue(config.getFloat("rope_scaling.attention_factor")), 3.0);
  EXPECT_EQ(takeValue(config.getFloat("rope_scaling.beta_fast")), 24.0);
  EXPECT_EQ(takeValue(config.getFloat("rope_scaling.beta_slow")), 2.0);

  config = takeValue(buildConfig(
      makeGgufModel("llama").addFloat("llama.rope.scale_linear", 1)));
  EXPECT_FALSE(config.has("rope_scaling"));
  config = takeValue(buildConfig(
      makeGgufModel("llama").addString("llama.rope.scaling.type", "none")));
  EXPECT_FALSE(config.has("rope_scaling"));
  config = takeValue(
      buildConfig(makeGgufModel("llama").addInt("llama.expert_count", 0)));
  EXPECT_FALSE(takeValue(config.getBool("mlp_bias")));
  config = takeValue(buildConfig(
      makeGgufModel("llama").addTensor("blk.0.ffn_gate.bias", {12}, 0, 48)));
  EXPECT_TRUE(takeValue(config.getBool("mlp_bias")));
  EXPECT_FALSE(config.has("bos_token_id"));
  config =
      takeValue(buildConfig(makeGgufModel("llama")
                                .addInt("tokenizer.ggml.bos_token_id", 3)
                                .addInt("tokenizer.ggml.eos_token_id", 7)));
  EXPECT_EQ(takeValue(config.getInt("bos_token_id")), 3);
  EXPECT_EQ(takeValue(config.getInt("eos_token_id")), 7);
}

TEST(GgufConfig, ReadsOptionalKeysOfGemma) {
  ModelConfig config = takeValue(
      buildConfig(makeGgufModel("gemma3")
                      .addInt("gemma3.attention.sliding_window", 0)
                      .addInt("gemma3.attention.sliding_window_pattern", 4)
                      .addFloat("gemma3.rope.freq_base_swa", 500)
                      .addFloat("gemma3.final_logit_softcapping", 0)
                      .addFloat("gemma3.attn_logit_softcapping", 0)));
  EXPECT_FALSE(config.has("sliding_window"));
  EXPECT_EQ(takeValue(config.getInt("sliding_window_pattern")), 4);
  EXPECT_EQ(takeValue(config.getFloat("rope_local_base_freq")), 500.0);
  EXPECT_FALSE(config.has("final_logit_softcapping"));
  EXPECT_FALSE(config.has("attn_logit_softcapping"));
  EXPECT_EQ(takeValue(config.getString("hidden_activation")),
            "gelu_pytorch_tanh");
  config = takeValue(buildConfig(
      makeGgufModel("gemma3").addFloat("gemma3.attn_logit_softcapping", 50)));
  EXPECT_EQ(takeValue(config.getFloat("attn_logit_softcapping")), 50.0);
}

TEST(GgufConfig, StopsContradictions) {
  EXPECT_EQ(complain(makeGgufModel("llama").addInt(
                "llama.attention.head_count_kv", 3)),
            "m.gguf: 'llama.attention.head_count' expects a multiple of the "
            "head count of keys, but they are 2 and 3");
  EXPECT_EQ(complain(makeGgufModel("llama").addInt(
                "llama.attention.head_count_kv", 0)),
            "m.gguf: 'llama.attention.head_count_kv' (num_key_value_heads) "
            "expects an integer from 1 to 2147483647, but got 0");
  EXPECT_EQ(complain(makeGgufModel("llama").addInt(
                "llama.attention.value_length", 5)),
            "m.gguf: 'llama.attention.value_length' expects the width of "
            "keys, 4, but is 5");
  EXPECT_EQ(
      complain(makeGgufModel("llama")
                   .addInt("llama.vocab_size", 12)
                   .addTensor("token_embd.weight", {8, 11}, 0, 352)),
      "m.gguf: 'llama.vocab_size' is 12, but 'token_embd.weight' has 11 rows");
  EXPECT_EQ(
      complain(makeGgufModel("llama").addInt("llama.rope.dimension_count", 3)),
      "m.gguf: 'llama.rope.dimension_count' expects an even number from 2 to "
      "the width of a head, 4, but is 3");
  EXPECT_EQ(complain(makeGgufModel("qwen2").addInt("qwen2.expert_count", 8)),
            "m.gguf: 'qwen2.expert_count' is 8, but models of this "
            "architecture have no such thing; expects 0");
  EXPECT_EQ(complain(makeGgufModel("qwen2").addInt(
                "qwen2.attention.sliding_window", 16)),
            "m.gguf: 'qwen2.attention.sliding_window' is 16, but models of "
            "this architecture have no such thing; expects 0");
  EXPECT_EQ(complain(makeGgufModel("llama").addFloat("llama.logit_scale", 8)),
            "m.gguf: 'llama.logit_scale' is 8, but models of this "
            "architecture have no such thing; expects 1");
  EXPECT_EQ(
      complain(makeGgufModel("deepseek2")
                   .addFloat("deepseek2.attention.temperature_scale", 0.5f)),
      "m.gguf: 'deepseek2.attention.temperature_scale' is 0.5, but "
      "models of this architecture have no such thing; expects 0");
  EXPECT_EQ(
      complain(makeGgufModel("qwen3").addBool("qwen3.attention.causal", false)),
      "m.gguf: 'qwen3.attention.causal' is false, but the mask is causal; "
      "expects true");
}

TEST(GgufConfig, StopsWrongNumbers) {
  EXPECT_EQ(complain(makeGgufModel("llama").addFloat("llama.rope.freq_base",
                                                     std::nanf(""))),
            "m.gguf: 'llama.rope.freq_base' expects a finite number");
  EXPECT_EQ(complain(makeGgufModel("llama").addInts("llama.vocab_size", {})),
            "m.gguf: 'llama.vocab_size' expects an integer");
  EXPECT_EQ(complain(makeGgufModel("llama").addString("llama.vocab_size", "x")),
            "m.gguf: 'llama.vocab_size' expects an integer");
  EXPECT_EQ(complain(makeGgufModel("llama")
                         .addString("llama.rope.scaling.type", "linear")
                         .addFloat("llama.rope.scaling.factor", -1)),
            "m.gguf: 'llama.rope.scaling.factor' expects a positive number");
  EXPECT_EQ(complain(makeGgufModel("llama").addString("llama.rope.scaling.type",
                                                      "longrope")),
            "m.gguf: 'llama.rope.scaling.type' is 'longrope'; known types: "
            "none, linear, yarn");
  EXPECT_EQ(complain(makeGgufModel("deepseek2")
                         .addInt("deepseek2.nextn_predict_layers", 1)),
            "m.gguf: 'deepseek2.nextn_predict_layers' counts layers among "
            "those of 'deepseek2.block_count', and expects 0 or more, but less "
            "than that; they are 1 and 1");
  EXPECT_EQ(complain(makeGgufModel("phi3").addTensor("rope_factors_long.weight",
                                                     {2}, 0, 8)),
            "m.gguf: 'phi3.rope.scaling.original_context_length' expects a "
            "positive integer beside the tensor 'rope_factors_long.weight'");
  EXPECT_EQ(complain(GgufImage().addString("general.architecture", "llama")),
            "m.gguf: 'llama.attention.head_count' (num_attention_heads) is "
            "missing; add it, or check that the file is complete and of a "
            "known model type");
  EXPECT_EQ(complain(GgufImage()
                         .addString("general.architecture", "llama")
                         .addInt("llama.attention.head_count", 3)
                         .addInt("llama.embedding_length", 8)),
            "m.gguf: 'llama.attention.key_length' is missing, and 8 channels "
            "are no multiple of 3 heads");
}

static std::string readDivisors(const GgufImage &image,
                                std::vector<double> &divisors) {
  std::string bytes = image.build();
  llvm::Expected<GgufContents> contents = parseGguf(bytes, "m.gguf");
  if (!contents)
    return takeMessage(contents.takeError());
  ModelConfig config = takeValue(buildConfig(image));
  llvm::Expected<std::vector<double>> read =
      readGgufRopeDivisors(bytes, *contents, config);
  if (!read)
    return takeMessage(read.takeError());
  divisors = *read;
  return "no error";
}

TEST(GgufConfig, ReadsRopeDivisors) {
  std::vector<double> divisors;
  EXPECT_EQ(readDivisors(makeGgufModel("llama"), divisors), "no error");
  EXPECT_TRUE(divisors.empty());
  EXPECT_EQ(readDivisors(makeGgufModel("llama").addFloats("rope_freqs.weight",
                                                          {1.0f, 8.0f}),
                         divisors),
            "no error");
  EXPECT_EQ(divisors, (std::vector<double>{1.0, 8.0}));
  EXPECT_EQ(readDivisors(
                makeGgufModel("llama").addFloats("rope_freqs.weight", {1.0f}),
                divisors),
            "m.gguf: tensor 'rope_freqs.weight' expects type F32 and shape "
            "[2], but has F32 and [1]");
  // Of a head of which a part rotates, there are divisors for that part.
  EXPECT_EQ(readDivisors(makeGgufModel("llama")
                             .addInt("llama.rope.dimension_count", 2)
                             .addFloats("rope_freqs.weight", {3.0f}),
                         divisors),
            "no error");
  EXPECT_EQ(divisors, (std::vector<double>{3.0}));
  for (float wrong : {0.0f, -1.0f, std::nanf(""), INFINITY})
    EXPECT_EQ(readDivisors(makeGgufModel("llama").addFloats("rope_freqs.weight",
                                                            {1.0f, wrong}),
                           divisors),
              "m.gguf: tensor 'rope_freqs.weight' expects positive finite "
              "numbers, but element 1 is not");
}
