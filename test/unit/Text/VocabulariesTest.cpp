// Tokenizers whose files are not tokenizer.json, and Unigram.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TokenizerFolder.h"

#include "llvm/Support/Base64.h"

using namespace llvm;

namespace tenon::test {

using Vocabularies = TokenizerFolder;

static std::string decodeBytes(StringRef text) {
  std::vector<char> bytes;
  EXPECT_FALSE(bool(decodeBase64(text, bytes)));
  return std::string(bytes.begin(), bytes.end());
}

/// Appends a field of a message: a number, or bytes.
static void appendField(std::string &message, unsigned number, uint64_t value) {
  message += char(number << 3 & 0x7f);
  if (number > 15) {
    message.back() = char((number << 3 & 0x7f) | 0x80);
    message += char(number >> 4);
  }
  message += char(value);
}
static void appendField(std::string &message, unsigned number,
                        const std::string &bytes) {
  message += char(number << 3 | 2);
  message += char(bytes.size());
  message += bytes;
}

// Tokens must be those of sentencepiece, tokenizers and transformers; the tables
// are those of python/tokenizer/make_vocabularies.py.
TEST_F(Vocabularies, encode_as_their_libraries_do) {
  Expected<json::Value> root = json::parse(readInput("vocabularies.json"));
  ASSERT_TRUE(bool(root)) << toString(root.takeError());
  const json::Array &texts = *root->getAsObject()->getArray("texts");
  const json::Array &cases = *root->getAsObject()->getArray("cases");
  ASSERT_GE(texts.size(), 300u);
  ASSERT_GE(cases.size(), 10u);
  for (const json::Value &value : cases) {
    const json::Object &one = *value.getAsObject();
    SCOPED_TRACE(one.getString("name")->str());
    clear();
    for (const auto &[name, bytes] : *one.getObject("files"))
      write(name, decodeBytes(*bytes.getAsString()));
    ASSERT_EQ(compile(), "");
    // sentencepiece itself never parses special tokens.
    bool isModel = one.getObject("files")->get("tokenizer.model") != nullptr;
    uint32_t flags = isModel ? 0 : TENON_TEXT_PARSE_SPECIAL;
    for (auto [text, tokens] : zip_equal(texts, *one.getArray("tokens"))) {
      if (tokens.getAsNull())
        continue;
      Tokens expected;
      for (const json::Value &token : *tokens.getAsArray())
        expected.push_back(int32_t(*token.getAsInteger()));
      EXPECT_EQ(encode(*tokenizer, text.getAsString()->str(), flags), expected)
          << "'" << text.getAsString()->str() << "'";
    }
  }
}

/// The smallest tokenizer.model: <unk>, <s>, </s>, U+2581 and a.
static std::string makeModel(const std::string &trainer = "",
                             const std::string &normalizer = "") {
  std::string model;
  const std::pair<const char *, int> pieces[] = {
      {"<unk>", 2}, {"<s>", 3}, {"</s>", 3}, {"\u2581", 1}, {"a", 1}};
  for (const auto &[text, type] : pieces) {
    std::string piece;
    appendField(piece, 1, std::string(text));
    appendField(piece, 3, uint64_t(type));
    appendField(model, 1, piece);
  }
  appendField(model, 2, trainer);
  std::string spec;
  appendField(spec, 4, uint64_t(0));
  appendField(model, 3, normalizer.empty() ? spec : normalizer);
  return model;
}

TEST_F(Vocabularies, tokenizer_model) {
  write("tokenizer.model", makeModel());
  ASSERT_EQ(compile(), "");
  EXPECT_EQ(encode(*tokenizer, "a", 0), Tokens({3, 4}));
  EXPECT_EQ(encode(*tokenizer, "a", TENON_TEXT_ADD_SPECIAL), Tokens({1, 3, 4}));
  EXPECT_EQ(encode(*tokenizer, "ax<s>", TENON_TEXT_PARSE_SPECIAL),
            Tokens({3, 4, 0, 1}));
  EXPECT_EQ(tenon_text_bos(tokenizer.get()), 1);
  EXPECT_TRUE(tenon_text_is_eos(tokenizer.get(), 2));

  // The files beside it count as they do beside tokenizer.json.
  write("tokenizer_config.json",
        R"({"add_bos_token": false, "added_tokens_decoder": )"
        R"({"5": {"content": "<x>"}, "1": {"content": "<s>"}}})");
  ASSERT_EQ(compile(), "");
  EXPECT_EQ(encode(*tokenizer, "a<x>", TENON_TEXT_ADD_SPECIAL),
            Tokens({3, 4, 5}));
}

TEST_F(Vocabularies, tokenizer_model_that_is_unknown_or_damaged) {
  std::string field;
  appendField(field, 3, uint64_t(3));
  write("tokenizer.model", makeModel(field));
  EXPECT_EQ(compile(), "tokenizer.model: unknown model type 3; known types: 1 "
                       "(Unigram), 2 (BPE)");
  field.clear();
  appendField(field, 24, uint64_t(1));
  write("tokenizer.model", makeModel(field));
  EXPECT_EQ(compile(),
            "tokenizer.model: treat_whitespace_as_suffix is not known");
  field.clear();
  appendField(field, 1, std::string("nmt_nfkc"));
  appendField(field, 2, std::string("map"));
  write("tokenizer.model", makeModel("", field));
  EXPECT_EQ(compile(),
            "tokenizer.model: the normalizer 'nmt_nfkc', which has a "
            "precompiled_charsmap, is not known");
  field.clear();
  appendField(field, 4, uint64_t(1));
  write("tokenizer.model", makeModel("", field));
  EXPECT_EQ(compile(), "tokenizer.model: a normalizer with "
                       "remove_extra_whitespaces is not known");
  // Any beginning and any change of a byte is an error or a tokenizer.
  std::string model = makeModel();
  for (size_t size = 0; size < model.size(); ++size) {
    write("tokenizer.model", model.substr(0, size));
    compile();
    std::string changed = model;
    changed[size] = char(changed[size] ^ 0x85);
    write("tokenizer.model", changed);
    compile();
  }
  write("tokenizer.model", model.substr(0, model.size() - 1));
  EXPECT_EQ(compile(), "tokenizer.model: is no model of sentencepiece, or is "
                       "damaged");
}

TEST_F(Vocabularies, vocabulary_and_merges) {
  write("vocab.json", R"({"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3})");
  write("merges.txt", "#version: 0.2\na b\n\n");
  ASSERT_EQ(compile(), "");
  EXPECT_EQ(encode(*tokenizer, "ab<|endoftext|>a", TENON_TEXT_PARSE_SPECIAL),
            Tokens({2, 3, 0}));
  EXPECT_TRUE(tenon_text_is_eos(tokenizer.get(), 3));
  write("merges.txt", "a c\n");
  EXPECT_EQ(compile(), "vocab.json: merge 0, 'a c', has a right side that is "
                       "not in the vocabulary");
  write("tokenizer_config.json", R"({"tokenizer_class": "RobertaTokenizer"})");
  EXPECT_EQ(compile(),
            "tokenizer_config.json: the class 'RobertaTokenizer' is not known "
            "without tokenizer.json; known classes: GPT2Tokenizer, "
            "Qwen2Tokenizer");
}

TEST_F(Vocabularies, unigram_that_is_wrong) {
  auto message = [&](const std::string &members) {
    write("tokenizer.json",
          R"({"model": {"type": "Unigram", )" + members + "}}");
    return compile();
  };
  EXPECT_EQ(message(R"("vocab": [["a", -1], ["<unk>", 0]], "unk_id": 1)"), "");
  EXPECT_EQ(encode(*tokenizer, "axxa", 0), Tokens({0, 1, 0}));
  EXPECT_EQ(message(R"("vocab": {"a": 0})"),
            "tokenizer.json: expects model.vocab of Unigram to be an array");
  EXPECT_EQ(message(R"("vocab": [["a"]])"),
            "tokenizer.json: expects piece 0 of Unigram to be a text and a "
            "score");
  EXPECT_EQ(message(R"("vocab": [["a", 0]], "unk_id": 7)"),
            "tokenizer.json: model.unk_id names no piece");
}

} // namespace tenon::test
