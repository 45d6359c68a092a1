// How files spell patterns, bytes and characters.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Tokenizer/ByteAlphabet.h"
#include "lib/Import/Tokenizer/SplitPattern.h"
#include "lib/Import/Tokenizer/SurrogatePairs.h"

#include <gtest/gtest.h>

using namespace llvm;

namespace tenon::test {

static std::string translate(StringRef pattern) {
  Expected<std::string> result = translatePattern(pattern, "f");
  return result ? *result : "error: " + toString(result.takeError());
}

static bool isRefused(StringRef pattern, StringRef part) {
  return StringRef(translate(pattern))
      .contains((" uses '" + part + "' at byte ").str());
}

TEST(Pattern, keeps_what_means_the_same) {
  for (StringRef pattern : {"a",
                            R"(\d\p{L}\P{N}\r\n\t\f\.\\)",
                            R"(\p{L}+)",
                            R"(\pL+)",
                            "a{2}",
                            "a{1,3}?",
                            "[a-z]",
                            "[^a]",
                            "[]a]",
                            "[^]a]",
                            "[a&b]",
                            R"([\]\p{L}}+])",
                            "(a|b)",
                            "(?:a)",
                            "(?=a)",
                            "(?!a)",
                            "(?<=a)",
                            "(?>a)",
                            "(?i:a)",
                            "a++",
                            R"([^\r\n\p{L}]?)",
                            "}"})
    EXPECT_EQ(translate(pattern), pattern);
}

TEST(Pattern, spells_white_space_out) {
  const std::string spaces =
      R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028})"
      R"(\x{2029}\x{202f}\x{205f}\x{3000})";
  EXPECT_EQ(translate(R"(a\sb)"), "a[" + spaces + "]b");
  EXPECT_EQ(translate(R"(\S)"), "[^" + spaces + "]");
  EXPECT_EQ(translate(R"([a\sb]\s)"), "[a" + spaces + "b][" + spaces + "]");
  EXPECT_EQ(translate(R"([^\s]\S)"), "[^" + spaces + "][^" + spaces + "]");
}

TEST(Pattern, refuses_what_means_something_else) {
  EXPECT_TRUE(isRefused(R"([\S])", R"(\S)"));
  for (char escape : StringRef("abwBDWhHRXKAzZGQEgkx1"))
    EXPECT_TRUE(
        isRefused(std::string("a\\") + escape, std::string("\\") + escape))
        << escape;
  EXPECT_TRUE(isRefused("[a[b]]", "["));
  EXPECT_TRUE(isRefused("[a&&b]", "&&"));
  EXPECT_TRUE(isRefused("a{2}+", "}+"));
  for (StringRef group : {"(?#", "(?P", "(?m", "(?|", "(?'"})
    EXPECT_TRUE(isRefused((group + "a)").str(), group)) << group.str();
  for (StringRef wrong : {"(", "[", "a)", R"(\p{)", R"(\p{Xx})", "*", "\\"})
    EXPECT_TRUE(StringRef(translate(wrong)).starts_with("error: "))
        << wrong.str();
}

// Oniguruma matches them at each line; a dot is no end of a line.
TEST(Pattern, spells_lines_out) {
  EXPECT_EQ(translate("a$"), "a(?m:$)");
  EXPECT_EQ(translate("(^a)"), "((?m:^)a)");
  EXPECT_EQ(translate(".+"), "[^\\n]+");
  EXPECT_EQ(translate("[.$^]"), "[.$^]");
  EXPECT_EQ(translate(R"(\.\$\^)"), R"(\.\$\^)");
}

// Not what other scripts use as well, such as a full stop.
TEST(Pattern, names_scripts_alone) {
  EXPECT_EQ(translate(R"(\p{Han}+)"), R"(\p{sc:Han}+)");
  EXPECT_EQ(translate(R"([\P{Greek}\p{^Thai}])"),
            R"([\P{sc:Greek}\p{^sc:Thai}])");
  EXPECT_EQ(translate(R"(\p{Lu}\p{Any})"), R"(\p{Lu}\p{Any})");
}

TEST(Pattern, quotes) {
  EXPECT_EQ(quotePattern(R"(\^$.|?*+()[]{}a-&,)"),
            R"(\\\^\$\.\|\?\*\+\(\)\[\]\{\}a-&,)");
}

TEST(Bytes, of_every_character) {
  unsigned found = 0;
  std::vector<bool> seen(256);
  for (unsigned c = 0; c < 0x800; ++c) {
    std::string text = {char(c)};
    if (c >= 0x80)
      text = {char(0xc0 | c >> 6), char(0x80 | (c & 0x3f))};
    std::optional<std::string> bytes = bytesOfSpelling("a" + text);
    // Printable characters of Latin-1 are themselves; 68 others follow.
    bool itself = (c >= 0x21 && c <= 0x7e) || (c >= 0xa1 && c <= 0xac) ||
                  (c >= 0xae && c <= 0xff);
    ASSERT_EQ(bytes.has_value(), itself || (c >= 0x100 && c < 0x144)) << c;
    if (!bytes)
      continue;
    ASSERT_EQ(bytes->size(), 2u);
    uint8_t byte = bytes->back();
    EXPECT_FALSE(seen[byte]) << c;
    seen[byte] = true;
    ++found;
    if (itself)
      EXPECT_EQ(byte, c);
  }
  EXPECT_EQ(found, 256u);
  EXPECT_EQ(bytesOfSpelling("\u0100"), std::string(1, '\0'));
  EXPECT_EQ(bytesOfSpelling("\u0120\u0121\u0143"), " \x7f\xad");
  EXPECT_EQ(bytesOfSpelling(""), "");
  for (StringRef wrong : {" ", "\xc4", "a\xc4",
                          "\xc4"
                          "a",
                          "\x80", "\u2581"})
    EXPECT_EQ(bytesOfSpelling(wrong), std::nullopt);
}

TEST(Surrogates, become_characters) {
  auto same = [](StringRef text) {
    EXPECT_EQ(resolveSurrogatePairs(text), text);
  };
  EXPECT_EQ(resolveSurrogatePairs(R"(a\ud800\udc00b)"), "a\U00010000b");
  EXPECT_EQ(resolveSurrogatePairs(R"(\uDBFF\uDFFF)"), "\U0010ffff");
  EXPECT_EQ(resolveSurrogatePairs(R"(\ud83d\ude00\ud83d\ude01)"),
            "\U0001f600\U0001f601");
  EXPECT_EQ(resolveSurrogatePairs(R"(\\\ud83d\ude00)"), "\\\\\U0001f600");
  for (StringRef text :
       {"", "a", R"(\n)", R"(\u0041)", R"(\ud7ff\udc00)", R"(\udc00\udc00)",
        R"(\ud800\udbff)", R"(\ud800\ue000)", R"(\ud800)", R"(\ud800x\udc00)",
        R"(\\ud83d\ude00)", R"(\ud800\udc0)", "\\", R"(\udc00\ud800)"})
    same(text);
}

} // namespace tenon::test
