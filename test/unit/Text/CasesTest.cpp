// Each key of tokenizer.json absent, null and with each value.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TokenizerFolder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace tenon::test {

namespace {

/// The cases that python/tokenizer/make_cases.py has written.
class Cases : public TokenizerFolder {
protected:
  void SetUp() override {
    TokenizerFolder::SetUp();
    Expected<json::Value> value = json::parse(readInput("cases.json"));
    ASSERT_TRUE(bool(value)) << toString(value.takeError());
    root = std::move(*value->getAsObject());
  }

  /// Compiles a tokenizer as a folder that has this tokenizer.json alone.
  TokenizerPtr compile(json::Object json) {
    write("tokenizer.json", formatv("{0}", json::Value(std::move(json))).str());
    EXPECT_EQ(TokenizerFolder::compile(), "");
    return std::move(tokenizer);
  }

  json::Object root;
};

} // namespace

/// Puts a value at a path, or takes away what is there.
static void edit(json::Object &tokenizer, const json::Array &edit) {
  const json::Array &path = *edit[0].getAsArray();
  json::Object *place = &tokenizer;
  for (const json::Value &name : ArrayRef(path.data(), path.size() - 1))
    place = place->getObject(*name.getAsString());
  StringRef last = *path.back().getAsString();
  if (edit.size() == 1)
    EXPECT_TRUE(place->erase(last)) << last.str();
  else
    (*place)[last] = edit[1];
}

static Tokens readTokens(const json::Value &value) {
  Tokens tokens;
  for (const json::Value &token : *value.getAsArray())
    tokens.push_back(*token.getAsInteger());
  return tokens;
}

// Tokens must be those of the library that defines the file.
TEST_F(Cases, encode_as_the_library_does) {
  static constexpr uint32_t flags[3] = {TENON_TEXT_PARSE_SPECIAL, 0,
                                        TENON_TEXT_PARSE_SPECIAL |
                                            TENON_TEXT_ADD_SPECIAL};
  const json::Array &texts = *root.getArray("texts");
  ASSERT_GE(root.getArray("cases")->size(), 150u);
  for (const json::Value &value : *root.getArray("cases")) {
    const json::Object &one = *value.getAsObject();
    SCOPED_TRACE(one.getString("name")->str());
    json::Object source =
        *root.getObject("bases")->getObject(*one.getString("base"));
    for (const json::Value &change : *one.getArray("edits"))
      edit(source, *change.getAsArray());
    TokenizerPtr tokenizer = compile(std::move(source));
    ASSERT_TRUE(tokenizer);
    const json::Array &rows = *one.getArray("tokens");
    ASSERT_EQ(rows.size(), texts.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      const json::Array &row = *rows[i].getAsArray();
      for (size_t way = 0; way < 3; ++way)
        EXPECT_EQ(encode(*tokenizer, texts[i].getAsString()->str(), flags[way]),
                  readTokens(row[row.size() == 1 ? 0 : way]))
            << "way " << way << " of '" << texts[i].getAsString()->str() << "'";
    }
  }
}

/// Returns whether one of some ranges has a character.
static bool isInside(const json::Array &ranges, unsigned character) {
  return llvm::any_of(ranges, [&](const json::Value &range) {
    const json::Array &ends = *range.getAsArray();
    return character >= *ends[0].getAsInteger() &&
           character <= *ends[1].getAsInteger();
  });
}

// Which characters are part of a word, and which are white space.
TEST_F(Cases, characters_beside_tokens) {
  auto make = [&](StringRef flag) {
    json::Object source = *root.getObject("bases")->getObject("bytes");
    source["added_tokens"] = json::Array(
        {json::Object{{"id", 1000}, {"content", "<t>"}, {flag, true}}});
    return compile(std::move(source));
  };
  TokenizerPtr single = make("single_word"), left = make("lstrip"),
               right = make("rstrip");
  ASSERT_TRUE(single && left && right);
  const json::Object &characters = *root.getObject("characters");
  for (const json::Value &block : *characters.getArray("blocks"))
    for (unsigned c = *(*block.getAsArray())[0].getAsInteger(),
                  end = *(*block.getAsArray())[1].getAsInteger();
         c != end; ++c) {
      char bytes[UNI_MAX_UTF8_BYTES_PER_CODE_POINT], *to = bytes;
      ConvertCodePointToUTF8(c, to);
      std::string text(bytes, to);
      bool isWord = isInside(*characters.getArray("words"), c);
      bool isSpace = isInside(*characters.getArray("spaces"), c);
      EXPECT_EQ(!is_contained(encode(*single, text + "<t>", 0), 1000), isWord)
          << c;
      EXPECT_EQ(!is_contained(encode(*single, "<t>" + text, 0), 1000), isWord)
          << c;
      EXPECT_EQ(encode(*left, text + "<t>", 0) == Tokens({1000}), isSpace) << c;
      EXPECT_EQ(encode(*right, "<t>" + text, 0) == Tokens({1000}), isSpace)
          << c;
    }
}

namespace {

/// A tokenizer with a space in front and a token `<t>`, and what decoding it
/// yields.
class Decode : public Cases, public testing::WithParamInterface<unsigned> {
protected:
  void SetUp() override {
    Cases::SetUp();
    isSpecial = GetParam() & 1;
    isNormalized = GetParam() & 2;
    json::Object source = *root.getObject("bases")->getObject("prefixed");
    const json::Object &pieces = *source.getObject("model")->getObject("vocab");
    token = pieces.size();
    marked = *pieces.getInteger("\u2581a");
    plain = *pieces.getInteger("b");
    mark = *pieces.getInteger("\u2581");
    source["added_tokens"] = json::Array({json::Object{
        {"id", token},
        {"content", "<t>"},
        {"special", isSpecial},
        {"normalized", isNormalized},
    }});
    tokenizer = compile(std::move(source));
    ASSERT_TRUE(tokenizer);
  }

  /// Behind this token the text has a space in front again: what was cut out
  /// of the text as it is has split it, and a special token may have been put
  /// there without any text.
  bool beginsAnew() const { return isSpecial || !isNormalized; }

  /// The text by the rule, piece by piece.
  std::string expected(const Tokens &tokens, bool skip) const {
    std::string text;
    bool atStart = true;
    for (int32_t one : tokens) {
      if (one == token) {
        text += skip && isSpecial ? "" : "<t>";
        atStart = beginsAnew();
        continue;
      }
      bool isMarked = one == marked || one == mark;
      text += isMarked && !atStart ? " " : "";
      text += one == marked ? "a" : one == plain ? "b" : "";
      atStart = false;
    }
    return text;
  }

  int32_t token = 0, marked = 0, plain = 0, mark = 0;
  bool isSpecial = false, isNormalized = false;
  TokenizerPtr tokenizer;
};

} // namespace

// The token at every place of every list of up to five of four tokens: at the
// start, between others, at the end, several times.
TEST_P(Decode, every_list_of_tokens) {
  const int32_t choices[] = {token, marked, plain, mark};
  for (unsigned length = 0; length <= 5; ++length)
    for (unsigned number = 0; number < 1u << 2 * length; ++number) {
      Tokens tokens;
      for (unsigned i = 0; i < length; ++i)
        tokens.push_back(choices[number >> 2 * i & 3]);
      for (bool skip : {false, true})
        ASSERT_EQ(decode(*tokenizer, tokens,
                         skip ? uint32_t(TENON_TEXT_SKIP_SPECIAL) : 0),
                  expected(tokens, skip))
            << testing::PrintToString(tokens) << " skip " << skip;
      ASSERT_EQ(stream(*tokenizer, tokens, /*isUtf8=*/true),
                expected(tokens, false))
          << testing::PrintToString(tokens);
    }
}

/// Returns a text with each occurrence of a part replaced.
static std::string replace(std::string text, StringRef part, StringRef by) {
  for (size_t at = 0; (at = text.find(part.str(), at)) != text.npos;
       at += by.size())
    text.replace(at, part.size(), by.str());
  return text;
}

// Texts come back with the token, and without it when special ones are left
// out.
TEST_P(Decode, texts_come_back) {
  for (std::string text : {"<t>", "a<t>b", "<t>b", " <t>", "<t> ", " a <t> b ",
                           "<t><t>", "<t> <t>", "a<t>  b<t>", "<t>a<t>a<t>"}) {
    Tokens tokens = encode(*tokenizer, text, TENON_TEXT_PARSE_SPECIAL);
    // One that is cut out of normalized text has no space of its own behind it,
    // and is not told from one that was put in front of a text that has.
    if (isSpecial && isNormalized)
      text = replace(text, "<t> ", "<t>");
    EXPECT_EQ(decode(*tokenizer, tokens), text);
    EXPECT_EQ(stream(*tokenizer, tokens, /*isUtf8=*/true), text);
    EXPECT_EQ(decode(*tokenizer, tokens, TENON_TEXT_SKIP_SPECIAL),
              isSpecial ? replace(text, "<t>", "") : text);
  }
}

INSTANTIATE_TEST_SUITE_P(Flags, Decode, testing::Range(0u, 4u));

} // namespace tenon::test
