// Tokens must be those of the implementations that wrote the goldens.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Inputs.h"

#include "llvm/ADT/StringExtras.h"
#include <gtest/gtest.h>

using namespace llvm;

namespace tenon::test {

namespace {

class Golden : public testing::TestWithParam<const char *> {};
/// Of tokenizers that keep what they cut.
class RoundTrip : public testing::TestWithParam<const char *> {};

} // namespace

/// Returns the lines with their ends, and the whole text as the last case.
static std::vector<std::string> splitCases(StringRef text) {
  std::vector<std::string> cases;
  StringRef rest = text;
  while (true) {
    size_t end = rest.find('\n');
    if (end == StringRef::npos)
      break;
    cases.push_back(rest.take_front(end + 1).str());
    rest = rest.drop_front(end + 1);
  }
  cases.push_back(rest.str());
  cases.push_back(text.str());
  return cases;
}

static std::vector<std::string> tortureCases() {
  return splitCases(readInput("torture.txt"));
}

/// Returns what decoding gives back for a text.
static std::vector<std::string> decodedCases(StringRef name) {
  if (name == "qwen2") // has normal form C
    return splitCases(readInput("torture-nfc.txt"));
  std::vector<std::string> cases = tortureCases();
  // The others spell U+2581 like a space.
  if (name == "llama2" || name.starts_with("scored"))
    for (std::string &text : cases)
      for (size_t at; (at = text.find("\u2581")) != std::string::npos;)
        text.replace(at, 3, " ");
  return cases;
}

TEST_P(Golden, encodes) {
  TokenizerPtr tokenizer = openInput(GetParam());
  std::string goldens = readInput(std::string(GetParam()) + "/goldens.txt");
  SmallVector<StringRef> lines;
  StringRef(goldens).split(lines, '\n', -1, /*KeepEmpty=*/false);
  std::vector<std::string> cases = tortureCases();
  ASSERT_GE(cases.size(), 100u);
  ASSERT_EQ(lines.size(), 2 * cases.size());

  for (size_t i = 0; i < lines.size(); ++i) {
    auto [word, numbers] = lines[i].split(' ');
    Tokens expected;
    for (StringRef number : split(numbers, ' '))
      if (!number.empty() && number.getAsInteger(10, expected.emplace_back()))
        FAIL() << "golden " << i << " is not a list of numbers";
    uint32_t flags = word == "special" ? TENON_TEXT_PARSE_SPECIAL : 0;
    EXPECT_EQ(encode(*tokenizer, cases[i / 2], flags), expected)
        << word.str() << ": " << cases[i / 2];
  }
}

TEST_P(RoundTrip, comes_back) {
  TokenizerPtr tokenizer = openInput(GetParam());
  std::vector<std::string> cases = tortureCases();
  std::vector<std::string> expected = decodedCases(GetParam());
  ASSERT_EQ(cases.size(), expected.size());
  for (size_t i = 0; i < cases.size(); ++i)
    for (uint32_t flags : {0, int(TENON_TEXT_PARSE_SPECIAL)}) {
      // This token takes the white space around it.
      if (StringRef(GetParam()) == "qwen2" &&
          StringRef(cases[i]).contains("[STRIP]"))
        continue;
      Tokens tokens = encode(*tokenizer, cases[i], flags);
      EXPECT_EQ(decode(*tokenizer, tokens), expected[i]);
      EXPECT_EQ(stream(*tokenizer, tokens, /*isUtf8=*/true), expected[i]);
    }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Golden, testing::ValuesIn(tokenizerNames));
INSTANTIATE_TEST_SUITE_P(WordPieces, Golden, testing::Values("bert"));
INSTANTIATE_TEST_SUITE_P(Tokenizers, RoundTrip,
                         testing::ValuesIn(tokenizerNames));

} // namespace tenon::test
