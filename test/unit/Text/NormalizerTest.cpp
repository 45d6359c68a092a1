// Normal form C, white space marks, and characters of UTF-8.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Normalizer.h"

#include "tenon/Runtime/TokenizerFormat.h"
#include "Utf8.h"

#include <gtest/gtest.h>

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
