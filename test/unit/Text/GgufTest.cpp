// Tokenizers of GGUF files: what is read, and what is refused.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Inputs.h"

#include "llvm/ADT/STLExtras.h"
#include <gtest/gtest.h>

using namespace llvm;

namespace tenon::test {

/// Compiles metadata with one key changed.
static std::string compileGguf(const std::string &name, StringRef key,
                               json::Value value) {
  JsonMetadata metadata = readMetadata(name + "/metadata.json");
  metadata.values[("tokenizer.ggml." + key).str()] = std::move(value);
  Expected<Bytes> bytes = compileTokenizerGguf(metadata);
  return bytes ? "" : toString(bytes.takeError());
}

TEST(Gguf, refuses_inconsistent_metadata) {
  JsonMetadata good = readMetadata("scored/metadata.json");
  auto copy = [&](StringRef key) {
    return *good.values.getArray(("tokenizer.ggml." + key).str());
  };
  EXPECT_EQ(compileGguf("scored", "model", "rwkv"),
            "model.gguf: unknown tokenizer model 'rwkv'; known models: bert, "
            "gemma4, gpt2, llama, t5");
  EXPECT_EQ(compileGguf("scored", "model", nullptr),
            "model.gguf: 'tokenizer.ggml.model' is missing");
  EXPECT_EQ(compileGguf("scored", "tokens", json::Array()),
            "model.gguf: 'tokenizer.ggml.tokens' is missing or empty");
  EXPECT_EQ(compileGguf("scored", "scores", json::Array({1.0})),
            "model.gguf: expects as many scores as pieces, but got 1 and 1400");
  EXPECT_EQ(compileGguf("scored", "token_type", json::Array({1})),
            "model.gguf: expects as many entries of "
            "'tokenizer.ggml.token_type' as tokens, but got 1 and 1400");
  json::Object unigram = good.values;
  unigram["tokenizer.ggml.model"] = "t5";
  auto compileMap = [&](json::Value map) {
    unigram["tokenizer.ggml.precompiled_charsmap"] = std::move(map);
    Expected<Bytes> bytes = compileTokenizerGguf(JsonMetadata(unigram));
    return bytes ? "" : toString(bytes.takeError());
  };
  EXPECT_EQ(compileMap("text"),
            "model.gguf: expects 'tokenizer.ggml.precompiled_charsmap' to be "
            "an array of bytes");
  EXPECT_EQ(compileMap(json::Array({1, 2, 3})),
            "model.gguf: 'tokenizer.ggml.precompiled_charsmap' is damaged: it "
            "has 3 bytes");
  json::Array types = copy("token_type");
  types[7] = 9;
  EXPECT_EQ(compileGguf("scored", "token_type", std::move(types)),
            "model.gguf: token 7 has type 9; known types: 1 to 6");
  json::Array tokens = copy("tokens");
  tokens[1399] = *tokens[1398].getAsString();
  std::string same = compileGguf("scored", "tokens", std::move(tokens));
  EXPECT_TRUE(StringRef(same).starts_with(
      "model.gguf: identifiers 1398 and 1399 have one piece, '"))
      << same;
}

// None of them passes for a key that is absent.
TEST(Gguf, values_of_another_type) {
  for (StringRef name : {"model", "pre"})
    EXPECT_EQ(
        compileGguf("scored", name, 5),
        ("model.gguf: expects 'tokenizer.ggml." + name + "' to be a string")
            .str());
  for (StringRef name : {"add_bos_token", "add_eos_token", "add_space_prefix",
                         "remove_extra_whitespaces"})
    EXPECT_EQ(
        compileGguf("scored", name, 1),
        ("model.gguf: expects 'tokenizer.ggml." + name + "' to be a Boolean")
            .str());
  for (StringRef name :
       {"bos_token_id", "eos_token_id", "eot_token_id", "eom_token_id",
        "unknown_token_id", "cls_token_id", "seperator_token_id"})
    EXPECT_EQ(
        compileGguf("scored", name, "1"),
        ("model.gguf: expects 'tokenizer.ggml." + name + "' to be an integer")
            .str());
  EXPECT_EQ(compileGguf("scored", "token_type", "x"),
            "model.gguf: expects 'tokenizer.ggml.token_type' to be an array of "
            "integers");
  JsonMetadata metadata = readMetadata("scored/metadata.json");
  metadata.values["tokenizer.chat_template"] = 5;
  EXPECT_EQ(toString(compileTokenizerGguf(metadata).takeError()),
            "model.gguf: expects 'tokenizer.chat_template' to be a string");
}

// Tokens that do not exist are left out, and the user is told.
TEST(Gguf, leaves_absent_tokens_out) {
  for (StringRef name :
       {"bos_token_id", "eos_token_id", "unknown_token_id", "eot_token_id"})
    for (int64_t id : {int64_t(5000), int64_t(-1), int64_t(UINT32_MAX)}) {
      JsonMetadata metadata = readMetadata("scored/metadata.json");
      metadata.values[("tokenizer.ggml." + name).str()] = id;
      std::vector<std::string> warnings;
      Expected<Bytes> bytes = compileTokenizerGguf(metadata, &warnings);
      ASSERT_TRUE(bool(bytes)) << toString(bytes.takeError());
      EXPECT_EQ(warnings,
                id != 5000 ? std::vector<std::string>()
                           : std::vector<std::string>(
                                 {"model.gguf: 'tokenizer.ggml." + name.str() +
                                  "' names token 5000, but the tokenizer "
                                  "has no such piece among its 1400; it is "
                                  "left out"}));
      if (name == "bos_token_id")
        EXPECT_EQ(tenon_text_bos(openBytes(*bytes).get()), -1);
    }
}

static json::Object mergedMetadata() {
  return json::Object{
      {"tokenizer.ggml.model", "gpt2"},
      {"tokenizer.ggml.pre", "qwen2"},
      {"tokenizer.ggml.tokens",
       json::Array({"a", "b", "ab", "\u0120", "<|im_end|>", "[PAD5]"})},
      {"tokenizer.ggml.token_type", json::Array({1, 1, 1, 1, 3, 5})},
      {"tokenizer.ggml.merges", json::Array({"a b"})},
  };
}

TEST(Gguf, reads_merges) {
  Expected<Bytes> bytes = compileTokenizerGguf(JsonMetadata(mergedMetadata()));
  ASSERT_TRUE(bool(bytes)) << toString(bytes.takeError());
  TokenizerPtr tokenizer = openBytes(*bytes);
  EXPECT_EQ(encode(*tokenizer, "ab ba<|im_end|>", TENON_TEXT_PARSE_SPECIAL),
            Tokens({2, 3, 1, 0, 4}));
  EXPECT_TRUE(tenon_text_is_eos(tokenizer.get(), 4));
  EXPECT_EQ(tenon_text_bos(tokenizer.get()), -1);
}

/// A vocabulary in which all parts of a text merge: only a cut keeps them apart.
static json::Object makeWordMetadata(StringRef text) {
  std::vector<std::string> letters, known;
  for (char c : text)
    letters.push_back(c == ' '    ? "\u0120"
                      : c == '\n' ? "\u010a"
                                  : std::string(1, c));
  json::Array tokens, types, merges;
  auto add = [&](const std::string &piece) {
    if (is_contained(known, piece))
      return false;
    known.push_back(piece);
    tokens.push_back(piece);
    types.push_back(1);
    return true;
  };
  for (const std::string &letter : letters)
    add(letter);
  for (size_t i = 0; i < letters.size(); ++i) {
    std::string piece = letters[i];
    for (size_t j = i + 1; j < letters.size(); ++j) {
      std::string merge = piece + " " + letters[j];
      piece += letters[j];
      if (add(piece))
        merges.push_back(merge);
    }
  }
  json::Object keys = mergedMetadata();
  keys["tokenizer.ggml.tokens"] = std::move(tokens);
  keys["tokenizer.ggml.token_type"] = std::move(types);
  keys["tokenizer.ggml.merges"] = std::move(merges);
  return keys;
}

// Each name cuts as its publisher's tokenizer.json does: no merge crosses a cut.
TEST(Gguf, cuts_as_its_pre_tokenizer) {
  struct Row {
    const char *name;
    const char *text;
    std::vector<std::string> parts;
  };
  const Row rows[] = {
      {"gpt-2", "aa 11 .A", {"aa", " 11", " .", "A"}},
      {"exaone", "aa 11", {"aa", " ", "1", "1"}},
      {"deepseek-llm", "aa 11 .A", {"aa", " ", "11", " .", "A"}},
      {"deepseek-coder", "aa 11 .A", {"aa", " ", "1", "1", " .", "A"}},
      {"deepseek-llm", "a1\n\n", {"a", "1", "\n", "\n"}},
      {"tekken", "aAaa 111", {"a", "Aaa", " ", "1", "1", "1"}},
      {"gpt-4o", "aAAa 1111's", {"a", "AAa", " ", "111", "1", "'s"}},
      {"llama4", "a's", {"a's"}},
      {"chatglm-bpe", "a's1111", {"a", "'s", "111", "1"}},
      {"glm4", "a.\n\n a", {"a", ".\n\n", " a"}},
      {"falcon", "aa1111", {"aa", "111", "1"}},
      {"bloom", "aa11 a.", {"aa11", " a", "."}},
      {"viking", "aa11", {"aa", "1", "1"}},
      {"kimi-k2", "aA1111", {"a", "A", "111", "1"}},
      {"stablelm2", "a'S11", {"a", "'S", "1", "1"}},
      {"bailingmoe2", "a\n\na", {"a", "\n\n", "a"}},
      {"seed-coder", "a.\n", {"a", ".", "\n"}},
  };
  for (const Row &row : rows) {
    json::Object keys = makeWordMetadata(row.text);
    keys["tokenizer.ggml.pre"] = row.name;
    Expected<Bytes> bytes = compileTokenizerGguf(JsonMetadata(std::move(keys)));
    ASSERT_TRUE(bool(bytes)) << row.name << toString(bytes.takeError());
    TokenizerPtr tokenizer = openBytes(*bytes);
    std::vector<std::string> parts;
    for (int32_t token : encode(*tokenizer, row.text, 0))
      parts.push_back(decode(*tokenizer, {token}));
    EXPECT_EQ(parts, row.parts) << row.name;
  }
}

// Bytes that are named, and text that is not spelled in bytes.
TEST(Gguf, reads_bytes_and_letters_of_other_vocabularies) {
  JsonMetadata metadata(mergedMetadata());
  metadata.values["tokenizer.ggml.tokens"] =
      json::Array({"a", "b", "ab", "\u4f60", "<0x0A>", "<0x61>"});
  metadata.values["tokenizer.ggml.token_type"] =
      json::Array({1, 1, 1, 1, 6, 6});
  Expected<Bytes> bytes = compileTokenizerGguf(metadata);
  ASSERT_TRUE(bool(bytes)) << toString(bytes.takeError());
  TokenizerPtr tokenizer = openBytes(*bytes);
  EXPECT_EQ(encode(*tokenizer, "a\nab", 0), Tokens({0, 4, 2}));
  EXPECT_EQ(decode(*tokenizer, {3, 4, 5}), "\u4f60\na");
  metadata.values["tokenizer.ggml.tokens"] =
      json::Array({"a", "b", "ab", "\u4f60", "<0xG0>", "<0x61>"});
  bytes = compileTokenizerGguf(metadata);
  ASSERT_FALSE(bool(bytes));
  EXPECT_EQ(toString(bytes.takeError()),
            "model.gguf: token 4 is a byte, but is called '<0xG0>' instead of "
            "<0x00> to <0xFF>");
}

TEST(Gguf, refuses_merges_and_patterns_it_does_not_know) {
  auto message = [](StringRef key, json::Value value) {
    JsonMetadata metadata(mergedMetadata());
    metadata.values[("tokenizer.ggml." + key).str()] = std::move(value);
    Expected<Bytes> bytes = compileTokenizerGguf(metadata);
    return bytes ? "" : toString(bytes.takeError());
  };
  EXPECT_TRUE(
      StringRef(message("pre", "morse"))
          .starts_with("model.gguf: unknown pre-tokenizer 'morse'; "
                       "known pre-tokenizers: default, gpt-2, phi-2, "));
  EXPECT_EQ(message("merges", nullptr),
            "model.gguf: 'tokenizer.ggml.merges' is missing, but the tokenizer "
            "of kind gpt2 needs it");
  EXPECT_EQ(message("merges", json::Array({"ab"})),
            "model.gguf: merge 'ab' is not two pieces with a space between "
            "them");
  EXPECT_EQ(message("merges", json::Array({"a x"})),
            "model.gguf: merge 0, 'a x', has a right side that is not in the "
            "vocabulary");
}

} // namespace tenon::test
