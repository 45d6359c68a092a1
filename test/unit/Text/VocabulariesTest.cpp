// Tokenizers whose files are not tokenizer.json, and Unigram.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "JsonMetadata.h"
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

/// The tokens of the libraries for each text, in one case of a table.
class Libraries : public TokenizerFolder {
protected:
  void expectTokens(StringRef table, size_t minTexts, size_t minCases);

private:
  void open(const json::Object &one);
};

void Libraries::open(const json::Object &one) {
  clear();
  if (const json::Object *metadata = one.getObject("metadata")) {
    Expected<Bytes> bytes = compileTokenizerGguf(JsonMetadata(*metadata));
    ASSERT_TRUE(bool(bytes)) << toString(bytes.takeError());
    tokenizer = openBytes(*bytes);
    return;
  }
  for (const auto &[name, bytes] : *one.getObject("files"))
    write(name, decodeBytes(*bytes.getAsString()));
  ASSERT_EQ(compile(), "");
}

void Libraries::expectTokens(StringRef table, size_t minTexts,
                             size_t minCases) {
  Expected<json::Value> root = json::parse(readInput(table.str()));
  ASSERT_TRUE(bool(root)) << toString(root.takeError());
  const json::Array &texts = *root->getAsObject()->getArray("texts");
  const json::Array &cases = *root->getAsObject()->getArray("cases");
  ASSERT_GE(texts.size(), minTexts);
  ASSERT_GE(cases.size(), minCases);
  for (const json::Value &value : cases) {
    const json::Object &one = *value.getAsObject();
    SCOPED_TRACE(one.getString("name")->str());
    ASSERT_NO_FATAL_FAILURE(open(one));
    // sentencepiece itself never parses special tokens.
    const json::Object *files = one.getObject("files");
    bool isModel = !files || files->get("tokenizer.model");
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

// Tokens must be those of sentencepiece, tokenizers and transformers; the tables
// are those of python/tokenizer/make_vocabularies.py and make_maps.py.
TEST_F(Libraries, vocabularies) { expectTokens("vocabularies.json", 300, 10); }
TEST_F(Libraries, maps) { expectTokens("maps.json", 400, 13); }

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

// Otherwise the other half would be left of a character that begins with it.
TEST_F(Vocabularies, user_defined_piece_that_is_half_a_character) {
  std::string piece;
  appendField(piece, 1, std::string("\xe4\xbd"));
  appendField(piece, 3, uint64_t(4));
  std::string model;
  appendField(model, 1, piece);
  for (bool map : {false, true}) {
    std::string spec;
    appendField(spec, 4, uint64_t(map));
    write("tokenizer.model", makeModel("", spec) + model);
    ASSERT_EQ(compile(), "");
    EXPECT_EQ(encode(*tokenizer, "a\u4f60a", 0), Tokens({3, 4, 0, 4}));
  }
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
  appendField(field, 2, std::string("map"));
  write("tokenizer.model", makeModel("", field));
  EXPECT_EQ(compile(), "tokenizer.model: precompiled_charsmap is damaged: it "
                       "has 3 bytes");
  field.clear();
  appendField(field, 5, uint64_t(0));
  write("tokenizer.model", makeModel("", field));
  EXPECT_EQ(compile(), "tokenizer.model: a normalizer without "
                       "escape_whitespaces is not known");
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

/// A map of 512 units that makes b of a; one number can be changed.
static std::string makeMap(size_t index = 0, uint32_t value = 0,
                           const std::string &texts = std::string("b\0", 2)) {
  std::vector<uint32_t> units(513);
  units[0] = 2048;
  units[1] = 256 << 10;                            // the root
  units[1 + (256 ^ 'a')] = 'a' | 1 << 8 | 1 << 10; // with a value, next to it
  units[1 + (256 ^ 'a' ^ 1)] = 1u << 31;           // text 0
  if (index)
    units[index] = value;
  return std::string(reinterpret_cast<char *>(units.data()), 4 * units.size()) +
         texts;
}

// A trie that leads out of itself, in circles, or to no text.
TEST_F(Vocabularies, map_that_is_damaged) {
  auto message = [&](const std::string &map) {
    write(
        "tokenizer.json",
        R"({"normalizer": {"type": "Precompiled", "precompiled_charsmap": ")" +
            encodeBase64(map) +
            R"("}, "model": {"type": "Unigram", "vocab": [["a", -1], )"
            R"(["b", 0]], "unk_id": 1}})");
    return compile();
  };
  const std::string damaged =
      "tokenizer.json: 'precompiled_charsmap' of normalizer Precompiled is "
      "damaged: ";
  const std::string absent =
      damaged + "its trie names a replacement that is not there";
  ASSERT_EQ(message(makeMap()), "");
  EXPECT_EQ(encode(*tokenizer, "ab", 0), Tokens({1, 1}));
  EXPECT_EQ(message("abc"), damaged + "it has 3 bytes");
  EXPECT_EQ(message(makeMap().substr(0, 100)),
            damaged + "its first number, the size of a trie, is 2048, but 96 "
                      "bytes follow");
  EXPECT_EQ(message(makeMap(0, 0, "b")),
            damaged + "its replacements are no texts");
  EXPECT_EQ(message(makeMap(0, 0, std::string("\xff\0", 2))),
            damaged + "its replacements are no texts");
  size_t value = 1 + (256 ^ 'a' ^ 1), node = 1 + (256 ^ 'a');
  EXPECT_EQ(message(makeMap(value, 1u << 31 | 1)), absent);
  EXPECT_EQ(message(makeMap(value, 1u << 31 | 2)), absent);
  EXPECT_EQ(message(makeMap(node, 'a' | 1 << 8 | 0x1fffffu << 10)), absent);
  // Its child is itself, or nothing at all.
  EXPECT_EQ(message(makeMap(node, 'a' | uint32_t('a') << 10)), "");
  EXPECT_EQ(encode(*tokenizer, "aaab", 0), Tokens({0, 0, 0, 1}));
  EXPECT_EQ(message(makeMap(1, 0xffffffffu)), "");
  EXPECT_EQ(message(makeMap() + std::string(1, '\0')), "");
}

// Steps of a pipeline whose order would make other texts are refused.
TEST_F(Vocabularies, normalizers_out_of_order) {
  const std::string map =
      R"({"type": "Precompiled", "precompiled_charsmap": ")" +
      encodeBase64(makeMap()) + R"("})";
  auto message = [&](const std::string &normalizers, const std::string &split) {
    write(
        "tokenizer.json",
        R"({"normalizer": {"type": "Sequence", "normalizers": [)" +
            normalizers +
            R"(]}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [)" +
            split +
            R"(]}, "model": {"type": "Unigram", "vocab": [["a", -1]]}})");
    return compile();
  };
  const std::string strip = R"({"type": "Strip"})",
                    words = R"({"type": "WhitespaceSplit"})";
  auto join = [](const std::string &to) {
    return R"({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": ")" +
           to + R"("})";
  };
  auto space = [](const std::string &members) {
    return R"({"type": "Metaspace")" + members + "}";
  };
  const std::string file = "tokenizer.json: ";
  EXPECT_EQ(message(map + "," + strip + "," + join(" "), words), "");
  EXPECT_EQ(message(strip + "," + map, words),
            file + "normalizer Precompiled is not the first one");
  EXPECT_EQ(message(R"({"type": "Precompiled"})", words),
            file + "expects normalizer Precompiled to have a "
                   "'precompiled_charsmap'");
  EXPECT_EQ(message(join(" ") + "," + strip, words),
            file + "normalizer Strip comes after one that changes spaces");
  EXPECT_EQ(message(join("x"), words),
            file + "normalizer Replace makes 'x' of spaces in a row; only a "
                   "space and \u2581 are known");
  EXPECT_EQ(message(join("\u2581"), words + "," + space("")),
            file + "normalizer Replace makes \u2581 of spaces in a row, but no "
                   "part does so of a single one");
  EXPECT_EQ(message(R"({"type": "Prepend", "prepend": "\u2581"},)" + join(" "),
                    words),
            file + "normalizer Replace joins spaces after they were changed");
  EXPECT_EQ(
      message(strip, words + "," + space(R"(, "prepend_scheme": "first")")),
      file + "prepend_scheme of Metaspace is 'first'; behind WhitespaceSplit "
             "only 'always' is known");
  EXPECT_EQ(message(R"({"type": "Strip", "strip_left": 1})", words),
            file + "'strip_left' of Strip expects true or false, but is 1");
}

// The mark in front of a word is the space that was taken.
TEST_F(Vocabularies, words_with_marks_give_back_spaces) {
  write("tokenizer.json",
        R"({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [)"
        R"({"type": "WhitespaceSplit"}, {"type": "Metaspace"}]}, "model": )"
        R"({"type": "Unigram", "vocab": [["\u2581a", -1], ["a", -2]]}})");
  ASSERT_EQ(compile(), "");
  EXPECT_EQ(encode(*tokenizer, "a \n aa", 0), Tokens({0, 0, 1}));
  EXPECT_EQ(decode(*tokenizer, {0, 0, 1}, 0), "a aa");
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
