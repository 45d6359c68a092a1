// Normal form C, white space marks, and characters of UTF-8.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Normalizer.h"

#include "tenon/Runtime/TokenizerFormat.h"
#include "Utf8.h"

#include <gtest/gtest.h>
#include <vector>

using namespace tenon::text;

static std::string nfc(std::string_view text) {
  return normalize(text, TENON_TOKENIZER_NFC, /*prefix=*/false);
}

TEST(Normalizer, composes) {
  EXPECT_EQ(nfc(""), "");
  EXPECT_EQ(nfc("e\u0301"), "\u00e9");
  EXPECT_EQ(nfc("\u212b"), "\u00c5");
  // Excluded from composition.
  EXPECT_EQ(nfc("\u0958"), "\u0915\u093c");
  // A class in between blocks, a smaller one does not.
  EXPECT_EQ(nfc("a\u0315\u0300"), "\u00e0\u0315");
  EXPECT_EQ(nfc("a\u0328\u0301"), "\u0105\u0301");
  EXPECT_EQ(nfc("\u1100\u1161\u11a8"), "\uac01");
  EXPECT_EQ(nfc(std::string("a\0e\u0301", 5)), std::string("a\0\u00e9", 4));
}

// Marks of two classes in turn are the worst case of sorting by exchange.
TEST(Normalizer, orders_long_runs_of_marks) {
  std::string text = "x", above, below;
  for (int i = 0; i < 200'000; ++i) {
    text += "\u030d\u0316";
    above += "\u030d";
    below += "\u0316";
  }
  EXPECT_TRUE(nfc(text) == "x" + below + above);
}

TEST(Normalizer, marks_spaces) {
  uint32_t flags = TENON_TOKENIZER_SPACE_MARK;
  EXPECT_EQ(normalize("a  b", flags, false), "a\u2581\u2581b");
  EXPECT_EQ(normalize("a", flags, true), "\u2581a");
  EXPECT_EQ(normalize("", flags, true), "\u2581");
}

TEST(Utf8, tells_whole_from_incomplete_and_invalid) {
  using Kind = Character::Kind;
  auto kind = [](std::string_view text) { return readCharacter(text).kind; };
  EXPECT_EQ(kind("\x7f"), Kind::Whole);
  EXPECT_EQ(kind("\xf0\x9f\x98\x80"), Kind::Whole);
  EXPECT_EQ(readCharacter("\xf0\x9f\x98\x80").value, 0x1f600u);
  EXPECT_EQ(readCharacter("\xf4\x8f\xbf\xbf").value, 0x10ffffu);
  EXPECT_EQ(kind("\xf0\x9f\x98"), Kind::Incomplete);
  EXPECT_EQ(kind("\xe2"), Kind::Incomplete);
  EXPECT_EQ(kind("\x80"), Kind::Invalid);
  EXPECT_EQ(kind("\xc1\x81"), Kind::Invalid);         // too long a spelling
  EXPECT_EQ(kind("\xe0\x9f\x80"), Kind::Invalid);     // the same
  EXPECT_EQ(kind("\xed\xa0\x80"), Kind::Invalid);     // a surrogate
  EXPECT_EQ(kind("\xed\xa0"), Kind::Invalid);         // half of one
  EXPECT_EQ(kind("\xf4\x90\x80\x80"), Kind::Invalid); // beyond U+10FFFF
  EXPECT_EQ(kind("\xe2\x41"), Kind::Invalid);
}

/// Spells a character by the definition.
static std::string spell(uint32_t c) {
  auto more = [&](int shift) { return char(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80)
    return {char(c)};
  if (c < 0x800)
    return {char(0xc0 | c >> 6), more(0)};
  if (c < 0x10000)
    return {char(0xe0 | c >> 12), more(6), more(0)};
  return {char(0xf0 | c >> 18), more(12), more(6), more(0)};
}

TEST(Utf8, reads_every_character) {
  for (uint32_t c = 0; c < 0x110000; ++c) {
    std::string text = spell(c);
    bool isSurrogate = c >= 0xd800 && c < 0xe000;
    Character whole = readCharacter(text + "x");
    ASSERT_EQ(whole.kind == Character::Kind::Whole, !isSurrogate) << c;
    ASSERT_EQ(countWholeBytes(text), isSurrogate ? 0 : text.size()) << c;
    if (isSurrogate)
      continue;
    ASSERT_EQ(whole.value, c);
    ASSERT_EQ(whole.size, text.size()) << c;
    for (size_t size = 1; size < text.size(); ++size)
      ASSERT_EQ(readCharacter(std::string_view(text).substr(0, size)).kind,
                Character::Kind::Incomplete)
          << c;
  }
}

// Two bytes begin a character if some character begins with them.
TEST(Utf8, knows_every_beginning) {
  std::vector<bool> begins(0x10000), alone(0x100);
  for (uint32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000)
      continue;
    std::string text = spell(c) + "x";
    alone[uint8_t(text[0])] = true;
    if (text.size() > 2)
      begins[uint8_t(text[0]) << 8 | uint8_t(text[1])] = true;
  }
  for (uint32_t pair = 0; pair < 0x10000; ++pair) {
    const char text[2] = {char(pair >> 8), char(pair)};
    bool isValid = begins[pair] || pair < 0x8000;
    ASSERT_EQ(readCharacter({text, 2}).kind != Character::Kind::Invalid,
              isValid)
        << pair;
    ASSERT_EQ(readCharacter({text, 1}).kind != Character::Kind::Invalid,
              alone[pair >> 8])
        << pair;
  }
  // Every byte after the second may be any that continues.
  for (unsigned byte = 0; byte < 0x100; ++byte)
    for (std::string text : {"\xe1\x80", "\xf1\x80", "\xf1\x80\x80"}) {
      bool continues = (byte & 0xc0) == 0x80;
      EXPECT_EQ(readCharacter(text + char(byte)).kind !=
                    Character::Kind::Invalid,
                continues)
          << byte;
    }
}

// At every place, the first byte that is none stops the count.
TEST(Utf8, counts_whole_bytes) {
  for (size_t size = 0; size < 40; ++size)
    for (size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = char(0xff);
      EXPECT_EQ(countWholeBytes(text), at) << size;
      text.replace(at, 1, "\u00e9");
      EXPECT_EQ(countWholeBytes(text), size + 1);
    }
}
