// The spellings of config.json become one, and contradictions are found.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/HuggingFace.h"

#include "Expect.h"

using namespace tenon;

static ModelConfig parse(llvm::StringRef text) {
  return takeValue(parseHuggingFaceConfig(text, "config.json"));
}

static std::string complain(llvm::StringRef text) {
  return takeMessage(parseHuggingFaceConfig(text, "config.json"));
}

TEST(ModelConfig, ReadsValues) {
  ModelConfig config =
      parse(R"({"i": 7, "f": 1e-5, "whole": 3.0, "b": true, "s": "x",
                "n": null, "ints": [1, 2], "texts": ["a", "b"], "empty": [],
                "floats": [1, 0.5], "o": {"p": {"q": 5}}})");
  EXPECT_EQ(takeValue(config.getInt("i")), 7);
  EXPECT_EQ(takeValue(config.getInt("whole")), 3);
  EXPECT_EQ(takeValue(config.getInt("o.p.q")), 5);
  EXPECT_EQ(takeValue(config.getFloat("f")), 1e-5);
  EXPECT_EQ(takeValue(config.getFloat("i")), 7.0);
  EXPECT_TRUE(takeValue(config.getBool("b")));
  EXPECT_EQ(takeValue(config.getString("s")), "x");
  EXPECT_EQ(takeValue(config.getIntList("ints")), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(takeValue(config.getFloatList("floats")),
            (std::vector<double>{1, 0.5}));
  EXPECT_EQ(takeValue(config.getStringList("texts")),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(takeValue(config.getIntList("empty")).empty());
}

TEST(ModelConfig, FallsBack) {
  ModelConfig config = parse(R"({"n": null, "o": {}, "i": 3})");
  for (const char *key : {"n", "absent", "o.absent", "n.absent", "i.absent"}) {
    EXPECT_FALSE(config.has(key));
    EXPECT_EQ(takeValue(config.getInt(key, 5)), 5);
    EXPECT_EQ(takeValue(config.getFloat(key, 0.5)), 0.5);
    EXPECT_TRUE(takeValue(config.getBool(key, true)));
    EXPECT_EQ(takeValue(config.getString(key, "d")), "d");
    EXPECT_TRUE(takeValue(config.getIntList(key, false)).empty());
    EXPECT_TRUE(takeValue(config.getStringList(key, false)).empty());
    std::string missing = "config.json: '" + std::string(key) +
                          "' is missing; add it, or check that the file is "
                          "complete and of a known model type";
    EXPECT_EQ(takeMessage(config.getInt(key)), missing);
    EXPECT_EQ(takeMessage(config.getFloat(key)), missing);
    EXPECT_EQ(takeMessage(config.getBool(key)), missing);
    EXPECT_EQ(takeMessage(config.getString(key)), missing);
    EXPECT_EQ(takeMessage(config.getIntList(key)), missing);
    EXPECT_EQ(takeMessage(config.getStringList(key)), missing);
  }
}

TEST(ModelConfig, ChecksKindsAndRanges) {
  ModelConfig config = parse(
      R"({"big": 2147483648, "zero": 0, "minus": -1, "half": 0.5,
          "text": "1", "list": [1, -1], "mixed": ["a", 1], "huge": 1e999,
          "wide": 123456789012345678901234567890, "o": {}})");
  std::string start = "config.json: ";
  std::string rule = " expects an integer from 1 to 2147483647, but got ";
  EXPECT_EQ(takeMessage(config.getInt("big")),
            start + "'big'" + rule + "2147483648");
  EXPECT_EQ(takeMessage(config.getInt("zero")), start + "'zero'" + rule + "0");
  EXPECT_EQ(takeMessage(config.getInt("minus", 1)),
            start + "'minus'" + rule + "-1");
  EXPECT_EQ(takeMessage(config.getInt("half")),
            start + "'half'" + rule + "0.5");
  EXPECT_EQ(takeMessage(config.getInt("text")),
            start + "'text'" + rule + "'1'");
  EXPECT_EQ(takeMessage(config.getInt("o")),
            start + "'o'" + rule + "an object");
  EXPECT_NE(takeMessage(config.getInt("wide")).find("'wide'" + rule),
            std::string::npos);
  EXPECT_EQ(
      takeValue(config.getInt("zero", std::nullopt, IntRange::nonNegative())),
      0);
  EXPECT_EQ(takeMessage(config.getFloat("huge")),
            start + "'huge' expects a positive finite number, but got inf");
  EXPECT_EQ(takeMessage(config.getFloat("zero")),
            start + "'zero' expects a positive finite number, but got 0");
  EXPECT_EQ(takeMessage(config.getFloat("minus", std::nullopt,
                                        FloatRange::NonNegative)),
            start + "'minus' expects a finite number that is not negative, "
                    "but got -1");
  EXPECT_EQ(takeValue(config.getFloat("minus", std::nullopt, FloatRange::Any)),
            -1.0);
  EXPECT_EQ(takeMessage(config.getBool("zero")),
            start + "'zero' expects true or false, but got 0");
  EXPECT_EQ(takeMessage(config.getString("zero")),
            start + "'zero' expects a string, but got 0");
  EXPECT_EQ(takeMessage(config.getIntList("list")),
            start + "'list' expects a list of which each element is an "
                    "integer from 0 to 2147483647, but got -1");
  EXPECT_EQ(takeMessage(config.getStringList("mixed")),
            start + "'mixed' expects a list of strings, but got 1");
  EXPECT_EQ(takeMessage(config.getIntList("zero")),
            start + "'zero' expects a list, but got 0");
}

TEST(HuggingFaceConfig, StopsWrongText) {
  EXPECT_EQ(complain(R"({"rms_norm_eps": NaN})"),
            "config.json: line 1, column 18: expects a finite number, but got "
            "NaN");
  EXPECT_EQ(complain(R"({"a": 1, "a": 2})"),
            "config.json: line 1, column 16: has the key 'a' twice in the "
            "object that ends here");
  EXPECT_EQ(complain(std::string(1000000, '[')),
            "config.json: line 1, column 65: nests objects and arrays more "
            "than 64 deep");
  EXPECT_EQ(complain("[1]"), "config.json: expects an object, but got [1]");
}

TEST(HuggingFaceConfig, UnwrapsText) {
  ModelConfig config = parse(
      R"({"model_type": "gemma3", "torch_dtype": "bfloat16", "eos_token_id": 1,
          "text_config": {"model_type": "gemma3_text", "hidden_size": 5,
                          "eos_token_id": null}})");
  EXPECT_EQ(takeValue(config.getString("model_type")), "gemma3_text");
  EXPECT_EQ(takeValue(config.getInt("hidden_size")), 5);
  EXPECT_EQ(takeValue(config.getInt("eos_token_id")), 1);
  EXPECT_EQ(takeValue(config.getString("dtype")), "bfloat16");
  EXPECT_FALSE(config.has("text_config"));
  EXPECT_FALSE(config.has("torch_dtype"));
  EXPECT_EQ(complain(R"({"text_config": 3})"),
            "config.json: 'text_config' expects an object, but got 3");
}

TEST(HuggingFaceConfig, RenamesQuantization) {
  ModelConfig config =
      parse(R"({"compression_config": {"quant_method": "fp8"}})");
  EXPECT_EQ(takeValue(config.getString("quantization_config.quant_method")),
            "fp8");
  EXPECT_FALSE(config.has("compression_config"));
}

TEST(HuggingFaceConfig, FillsInWhatTheClassSays) {
  ModelConfig config =
      parse(R"({"model_type": "qwen3", "num_key_value_heads": null,
                "hidden_size": null, "vocab_size": 7})");
  EXPECT_EQ(takeValue(config.getInt("head_dim")), 128);
  EXPECT_EQ(takeValue(config.getInt("hidden_size")), 4096);
  EXPECT_EQ(takeValue(config.getInt("vocab_size")), 7);
  // As many as those of queries.
  EXPECT_FALSE(config.has("num_key_value_heads"));
  // Of a class that is not known, nothing is.
  EXPECT_FALSE(parse(R"({"model_type": "x"})").has("hidden_size"));
}

TEST(HuggingFaceConfig, NormalizesRope) {
  ModelConfig old = parse(
      R"({"rope_theta": 5e5, "rope_scaling": {"type": "yarn", "factor": 40}})");
  EXPECT_EQ(takeValue(old.getFloat("rope_theta")), 5e5);
  EXPECT_EQ(takeValue(old.getString("rope_scaling.rope_type")), "yarn");
  EXPECT_FALSE(old.has("rope_scaling.type"));

  ModelConfig recent = parse(
      R"({"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5,
          "factor": 8, "partial_rotary_factor": 0.5}})");
  EXPECT_EQ(takeValue(recent.getFloat("rope_theta")), 5e5);
  EXPECT_EQ(takeValue(recent.getFloat("partial_rotary_factor")), 0.5);
  EXPECT_EQ(takeValue(recent.getString("rope_scaling.rope_type")), "llama3");
  EXPECT_EQ(takeValue(recent.getInt("rope_scaling.factor")), 8);
  EXPECT_FALSE(recent.has("rope_scaling.rope_theta"));
  EXPECT_FALSE(recent.has("rope_parameters"));

  // Null says nothing, and so contradicts nothing.
  ModelConfig both = parse(
      R"({"rope_theta": 5, "rope_scaling": {"type": "linear", "factor": 2},
          "rope_parameters": {"rope_theta": null, "factor": null}})");
  EXPECT_EQ(takeValue(both.getFloat("rope_theta")), 5.0);
  EXPECT_EQ(takeValue(both.getFloat("rope_scaling.factor")), 2.0);

  ModelConfig nested = parse(
      R"({"rope_parameters": {
           "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
           "full_attention": {"rope_type": "linear", "factor": 8.0,
                              "rope_theta": 1e6}}})");
  EXPECT_EQ(takeValue(nested.getFloat("rope_theta")), 1e6);
  EXPECT_EQ(takeValue(nested.getFloat("rope_local_base_freq")), 1e4);
  EXPECT_EQ(takeValue(nested.getString("rope_scaling.rope_type")), "linear");
}

TEST(HuggingFaceConfig, DropsScalingThatDoesNothing) {
  for (const char *text :
       {R"({"rope_scaling": null})", R"({"rope_scaling": {}})",
        R"({"rope_scaling": {"rope_type": "default"}})",
        R"({"rope_scaling": {"type": "default"}})",
        R"({"rope_parameters": {"rope_type": "default", "rope_theta": 1e4}})"})
    EXPECT_FALSE(parse(text).has("rope_scaling")) << text;
}

TEST(HuggingFaceConfig, NormalizesWindows) {
  for (const char *text :
       {R"({"sliding_window": 0})", R"({"sliding_window": null})",
        R"({"sliding_window": 9, "use_sliding_window": false})"})
    EXPECT_FALSE(parse(text).has("sliding_window")) << text;
  EXPECT_TRUE(parse(R"({"sliding_window": 9})").has("sliding_window"));
  EXPECT_EQ(takeValue(parse(R"({"_sliding_window_pattern": 6})")
                          .getInt("sliding_window_pattern")),
            6);
}

TEST(HuggingFaceConfig, StopsContradictions) {
  EXPECT_EQ(complain(R"({"dtype": "float16", "torch_dtype": "float32"})"),
            "config.json: 'dtype' is \"float16\", but 'torch_dtype' is "
            "\"float32\"; remove one of the two");
  EXPECT_EQ(complain(R"({"rope_theta": 1, "rope_parameters": {"rope_theta":
                     2}})"),
            "config.json: 'rope_theta' is 1, but 'rope_parameters.rope_theta' "
            "is 2; remove one of the two");
  EXPECT_EQ(complain(R"({"rope_scaling": {"rope_type": "yarn", "factor": 1},
                     "rope_parameters": {"factor": 2}})"),
            "config.json: 'rope_scaling.factor' is 1, but "
            "'rope_parameters.factor' is 2; remove one of the two");
  EXPECT_EQ(complain(R"({"rope_scaling": {"type": "a", "rope_type": "b"}})"),
            "config.json: 'rope_scaling.rope_type' is \"b\", but "
            "'rope_scaling.type' is \"a\"; remove one of the two");
  EXPECT_EQ(complain(R"({"rope_scaling": 3})"),
            "config.json: 'rope_scaling' expects an object, but got 3");
  EXPECT_EQ(complain(R"({"rope_parameters": {"sliding_attention":
                     {"rope_type": "linear"}}})"),
            "config.json: 'rope_parameters.sliding_attention.rope_type' is "
            "\"linear\", but frequencies of layers with a window can only be "
            "\"default\"");
  EXPECT_EQ(complain(R"({"num_hidden_layers": 3, "layer_types": ["a"]})"),
            "config.json: 'layer_types' expects one entry for each of the 3 "
            "layers, but has 1");
  for (const char *heads : {"0", "3", "-2"})
    EXPECT_EQ(complain(R"({"num_attention_heads": 8, "num_key_value_heads": )" +
                       std::string(heads) + "}"),
              "config.json: 'num_attention_heads' expects a multiple of "
              "'num_key_value_heads', but they are 8 and " +
                  std::string(heads));
}
