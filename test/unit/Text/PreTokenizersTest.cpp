// How the pre-tokenizers of GGUF files cut text, and what they spell tokens in.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Inputs.h"
#include "JsonMetadata.h"

#include "SplitStep.h"
#include "lib/Import/Tokenizer/GgufPreTokenizers.h"
#include "lib/Import/Tokenizer/SplitPattern.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <gtest/gtest.h>
#include <set>

using namespace llvm;

namespace tenon::test {

static std::string print(json::Value value) {
  return formatv("{0}", value).str();
}

/// Cuts text as a pre-tokenizer does; gives back the sizes of the words.
class Cutter {
public:
  explicit Cutter(const GgufPreTokenizer &preTokenizer) {
    for (StringRef pattern : preTokenizer.patterns) {
      Expected<std::string> translated = translatePattern(pattern, "f");
      EXPECT_TRUE(bool(translated)) << toString(translated.takeError());
      EXPECT_EQ(steps.emplace_back().compile(*translated, preTokenizer.behavior,
                                             /*invert=*/false),
                TENON_TEXT_OK);
    }
  }

  std::string cut(StringRef text) const {
    text::SplitScratch scratch(text.size());
    std::vector<std::string_view> words = {text}, finer;
    for (const text::SplitStep &step : steps) {
      finer.clear();
      for (std::string_view word : words)
        EXPECT_EQ(step.split(word, scratch, finer), TENON_TEXT_OK);
      words.swap(finer);
    }
    json::Array sizes;
    for (std::string_view word : words)
      if (!word.empty())
        sizes.push_back(int64_t(word.size()));
    return print(std::move(sizes));
  }

private:
  std::vector<text::SplitStep> steps;
};

// The table is that of python/tokenizer/make_words.py, and has every name.
TEST(PreTokenizers, cut_as_the_tokenizers_library_does) {
  Expected<json::Value> root = json::parse(readInput("words.json"));
  ASSERT_TRUE(bool(root)) << toString(root.takeError());
  std::vector<std::string> texts;
  for (const json::Value &text : *root->getAsObject()->getArray("texts"))
    texts.push_back(text.getAsString()->str());
  std::string torture = readInput("torture.txt");
  SmallVector<StringRef> lines;
  StringRef(torture).split(lines, '\n');
  for (StringRef line : lines)
    texts.push_back(line.str());
  ASSERT_GE(texts.size(), 140u);

  std::string names;
  for (const json::Value &value : *root->getAsObject()->getArray("cases")) {
    const json::Object &one = *value.getAsObject();
    for (const json::Value &name : *one.getArray("names")) {
      SCOPED_TRACE(name.getAsString()->str());
      const GgufPreTokenizer *found = findGgufPreTokenizer(*name.getAsString());
      ASSERT_NE(found, nullptr);
      names += name.getAsString()->str() + "\n";
      Cutter cutter(*found);
      for (auto [text, words] : zip_equal(texts, *one.getArray("words")))
        EXPECT_EQ(cutter.cut(text), print(words)) << text;
    }
  }
  std::string known = getGgufPreTokenizerNames();
  SmallVector<StringRef> left, right;
  StringRef(known).split(left, ", ");
  StringRef(names).trim().split(right, '\n');
  EXPECT_EQ(std::set(left.begin(), left.end()),
            std::set(right.begin(), right.end()));
  EXPECT_EQ(left.size(), right.size()) << "a name is there twice";
}

/// A vocabulary whose tokens are spelled as they are, which has three bytes.
static json::Object spelledKeys(StringRef model, StringRef pre) {
  json::Object keys{
      {"tokenizer.ggml.model", model},
      {"tokenizer.ggml.tokens",
       json::Array({"a", "b", "ab", "\u2581", "\u2581ab", "<0xC3>", "<0xA9>",
                    "\n", "\n\n", "\u4f60"})},
      {"tokenizer.ggml.token_type",
       json::Array({1, 1, 1, 1, 1, 6, 6, 1, 1, 1})},
      {"tokenizer.ggml.merges", json::Array({"a b", "\u2581 ab", "\n \n"})}};
  if (!pre.empty())
    keys["tokenizer.ggml.pre"] = pre;
  return keys;
}

// Spaces are marked, bytes stand for characters that are no token, and merges do
// not cross the end of a line.
TEST(PreTokenizers, tokens_that_are_no_spelling_of_bytes) {
  const std::pair<const char *, const char *> kinds[] = {
      {"gemma4", ""},
      {"gpt2", "gemma4"},
      {"gpt2", "granite-embed-multi-311m"},
      {"gpt2", "sarvam-moe"}};
  for (auto [model, pre] : kinds) {
    Expected<Bytes> bytes =
        compileTokenizerGguf(JsonMetadata(spelledKeys(model, pre)));
    ASSERT_TRUE(bool(bytes)) << toString(bytes.takeError());
    TokenizerPtr tokenizer = openBytes(*bytes);
    const std::string text = "ab ab\n\n\u00e9\u4f60 ";
    Tokens tokens = {2, 4, 8, 5, 6, 9, 3};
    EXPECT_EQ(encode(*tokenizer, text, 0), tokens);
    EXPECT_EQ(decode(*tokenizer, tokens, 0), text);
  }
}

// White space goes.
TEST(PreTokenizers, white_space) {
  Expected<Bytes> bytes =
      compileTokenizerGguf(JsonMetadata(spelledKeys("gpt2", "whitespace")));
  ASSERT_TRUE(bool(bytes)) << toString(bytes.takeError());
  EXPECT_EQ(encode(*openBytes(*bytes), " ab\n\tba ", 0), Tokens({2, 1, 0}));
}

} // namespace tenon::test
