// Keys of GGUF files that are absent mean what llama.cpp takes them to mean.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Inputs.h"

#include <gtest/gtest.h>

using namespace llvm;

namespace tenon::test {

static std::string key(StringRef name) {
  return ("tokenizer.ggml." + name).str();
}

/// A vocabulary with scores that has no key but those it must have.
static json::Object scoredKeys() {
  json::Array tokens({"<unk>", "<s>", "</s>"}), types({2, 3, 3});
  json::Array scores({0.0, 0.0, 0.0});
  auto add = [&](std::string text, int type, double score) {
    tokens.push_back(std::move(text));
    types.push_back(type);
    scores.push_back(score);
  };
  for (unsigned byte = 0; byte < 256; ++byte) {
    char name[8];
    snprintf(name, sizeof(name), "<0x%02X>", byte);
    add(name, 6, 0);
  }
  for (const char *text : {"\u2581", "a", "b", "\u2581a", "ab"})
    add(text, 1, -double(tokens.size()));
  return json::Object{
      {key("model"), "llama"},
      {key("tokens"), std::move(tokens)},
      {key("token_type"), std::move(types)},
      {key("scores"), std::move(scores)},
  };
}

/// A vocabulary with merges: all bytes, two merges and three special tokens.
static json::Object mergedKeys() {
  json::Array tokens, types;
  auto add = [&](std::string text, int type) {
    tokens.push_back(std::move(text));
    types.push_back(type);
  };
  // The spelling of bytes that is published with GPT-2.
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bool itself = (byte >= '!' && byte <= '~') ||
                  (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    unsigned c = itself ? byte : next++;
    std::string text;
    if (c < 0x80)
      text = char(c);
    else
      text = {char(0xc0 | c >> 6), char(0x80 | (c & 0x3f))};
    add(text, 1);
  }
  for (const char *text : {"ab", "\u0120a", "abc"})
    add(text, 1);
  for (const char *text : {"<s>", "</s>", "<|eot|>"})
    add(text, 3);
  return json::Object{
      {key("model"), "gpt2"},
      {key("tokens"), std::move(tokens)},
      {key("token_type"), std::move(types)},
      {key("merges"), json::Array({"a b", "\u0120 a"})},
      {key("bos_token_id"), 259},
      {key("eos_token_id"), 260},
  };
}

static TokenizerPtr compile(json::Object keys) {
  Expected<Bytes> bytes = compileTokenizerGguf(JsonMetadata(std::move(keys)));
  if (bytes)
    return openBytes(*bytes);
  ADD_FAILURE() << toString(bytes.takeError());
  return nullptr;
}

/// The keys with another value for one of them.
static json::Object with(json::Object keys, StringRef name, json::Value value) {
  keys[key(name)] = std::move(value);
  return keys;
}

static json::Object without(json::Object keys, StringRef name) {
  EXPECT_TRUE(keys.erase(key(name))) << name.str();
  return keys;
}

static Tokens encodeWithSpecial(const TokenizerPtr &tokenizer,
                                const std::string &text) {
  return encode(*tokenizer, text, TENON_TEXT_ADD_SPECIAL);
}

static Tokens endsOf(const TokenizerPtr &tokenizer) {
  const int32_t *ends = nullptr;
  uint64_t count = tenon_text_eos(tokenizer.get(), &ends);
  return Tokens(ends, ends + count);
}

// <s>, the space, and the text: what a file of Llama 2 means that says no more.
TEST(Defaults, scored) {
  constexpr int32_t mark = 259, a = 260, b = 261, marked = 262, ab = 263;
  TokenizerPtr tokenizer = compile(scoredKeys());
  EXPECT_EQ(encodeWithSpecial(tokenizer, "a"), Tokens({1, marked}));
  EXPECT_EQ(encodeWithSpecial(tokenizer, "ba"), Tokens({1, mark, b, a}));
  EXPECT_EQ(encodeWithSpecial(tokenizer, "ab"), Tokens({1, marked, b}));
  EXPECT_EQ(tenon_text_bos(tokenizer.get()), 1);
  EXPECT_EQ(endsOf(tokenizer), Tokens({2}));
  EXPECT_TRUE(tenon_text_add_bos(tokenizer.get()));
  EXPECT_FALSE(tenon_text_add_eos(tokenizer.get()));

  auto changed = [&](StringRef name, json::Value value) {
    return compile(with(scoredKeys(), name, std::move(value)));
  };
  for (bool value : {false, true}) {
    EXPECT_EQ(encodeWithSpecial(changed("add_space_prefix", value), "ab"),
              value ? Tokens({1, marked, b}) : Tokens({1, ab}));
    EXPECT_EQ(encodeWithSpecial(changed("add_bos_token", value), "a"),
              value ? Tokens({1, marked}) : Tokens({marked}));
    EXPECT_EQ(encodeWithSpecial(changed("add_eos_token", value), "a"),
              value ? Tokens({1, marked, 2}) : Tokens({1, marked}));
  }
  EXPECT_EQ(encodeWithSpecial(changed("bos_token_id", 2), "a"),
            Tokens({2, marked}));
  EXPECT_EQ(endsOf(changed("eos_token_id", 1)), Tokens({1, 2}));
}

// Without a piece for some byte a character is unknown: token 0, unless the
// file names another one.
TEST(Defaults, unknown_piece) {
  json::Object keys = scoredKeys();
  json::Array types = *keys.getArray(key("token_type"));
  for (json::Value &type : types)
    if (type == json::Value(6))
      type = 5;
  keys[key("token_type")] = std::move(types);
  keys[key("add_space_prefix")] = false;
  EXPECT_EQ(encode(*compile(keys), "axyb", 0), Tokens({260, 0, 261}));
  EXPECT_EQ(encode(*compile(with(keys, "unknown_token_id", 2)), "axyb", 0),
            Tokens({260, 2, 261}));
}

// An unused piece joins its neighbors and is then taken apart again, through
// other unused pieces.
TEST(Defaults, unused_pieces) {
  json::Object keys = scoredKeys();
  keys[key("add_space_prefix")] = false;
  auto add = [&](const char *text, int type) {
    keys.getArray(key("tokens"))->push_back(text);
    keys.getArray(key("token_type"))->push_back(type);
    keys.getArray(key("scores"))->push_back(-1000);
  };
  add("aba", 5); // 264: made of "ab" and "a"
  EXPECT_EQ(encode(*compile(keys), "aba", 0), Tokens({263, 260}));
  (*keys.getArray(key("token_type")))[263] = 5;
  EXPECT_EQ(encode(*compile(keys), "aba", 0), Tokens({260, 261, 260}));
  EXPECT_EQ(encode(*compile(keys), "ab", 0), Tokens({260, 261}));
  (*keys.getArray(key("token_type")))[264] = 1;
  EXPECT_EQ(encode(*compile(keys), "abaa", 0), Tokens({264, 260}));
}

// Without types, every token is a piece.
TEST(Defaults, token_type) {
  TokenizerPtr tokenizer = compile(without(mergedKeys(), "token_type"));
  for (int32_t token = 0; token < 262; ++token)
    EXPECT_FALSE(tenon_text_is_special(tokenizer.get(), token)) << token;
  Tokens special = {259};
  EXPECT_NE(encode(*tokenizer, "<s>", TENON_TEXT_PARSE_SPECIAL), special);
  EXPECT_EQ(encode(*compile(mergedKeys()), "<s>", TENON_TEXT_PARSE_SPECIAL),
            special);
}

// Whether <s> is in front without add_bos_token depends on the pre-tokenizer.
TEST(Defaults, add_bos_token) {
  const std::pair<const char *, bool> names[] = {
      {nullptr, false},       {"default", false},
      {"gpt-2", false},       {"llama-bpe", true},
      {"qwen2", false},       {"smollm", false},
      {"deepseek-v3", false}, {"deepseek-r1-qwen", false},
      {"chameleon", true},    {"jina-v5-nano", true},
      {"minicpm5", false},    {"whitespace", false},
  };
  for (auto [name, adds] : names) {
    json::Object keys = mergedKeys();
    if (name)
      keys[key("pre")] = name;
    SCOPED_TRACE(name ? name : "none");
    TokenizerPtr tokenizer = compile(keys);
    EXPECT_EQ(tenon_text_add_bos(tokenizer.get()), adds);
    EXPECT_FALSE(tenon_text_add_eos(tokenizer.get()));
    EXPECT_EQ(encodeWithSpecial(tokenizer, "") == Tokens({259}), adds);
    for (bool value : {false, true}) {
      EXPECT_EQ(
          tenon_text_add_bos(compile(with(keys, "add_bos_token", value)).get()),
          value);
      EXPECT_EQ(
          tenon_text_add_eos(compile(with(keys, "add_eos_token", value)).get()),
          value);
    }
  }
}

// None is added that the file does not have.
TEST(Defaults, no_token_to_add) {
  for (const char *name : {"bos_token_id", "eos_token_id"}) {
    json::Object keys = without(mergedKeys(), name);
    keys[key("add_bos_token")] = keys[key("add_eos_token")] = true;
    TokenizerPtr tokenizer = compile(keys);
    bool hasBos = name != StringRef("bos_token_id");
    EXPECT_EQ(tenon_text_bos(tokenizer.get()), hasBos ? 259 : -1);
    EXPECT_EQ(tenon_text_add_bos(tokenizer.get()), hasBos);
    EXPECT_EQ(tenon_text_add_eos(tokenizer.get()), !hasBos);
    // By its name.
    EXPECT_EQ(endsOf(tokenizer), Tokens({260}));
  }
}

// Each key that names a token that ends a turn, and names that need no key if
// the token is a special or an added one.
TEST(Defaults, ends) {
  for (const char *name : {"eot_token_id", "eom_token_id"}) {
    EXPECT_EQ(endsOf(compile(with(mergedKeys(), name, 261))),
              Tokens({260, 261}));
    EXPECT_EQ(endsOf(compile(with(mergedKeys(), name, 260))), Tokens({260}));
  }
  for (const char *name :
       {"<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>",
        "<|endoftext|>", "<|other|>", "<|return|>", "<|call|>",
        "<|end_of_text|>", "[EOT]", "<end_of_utterance>"})
    for (int type : {3, 4, 5}) {
      json::Object keys = mergedKeys();
      (*keys.getArray(key("tokens")))[261] = name;
      (*keys.getArray(key("token_type")))[261] = type;
      bool ends = type != 5 && StringRef(name) != "<|other|>";
      EXPECT_EQ(endsOf(compile(keys)),
                ends ? Tokens({260, 261}) : Tokens({260}))
          << name << " of type " << type;
    }
}

// How words are cut, which shows in merges that do not cross a cut, and whether
// a word that is a piece needs no merges.
TEST(Defaults, pre) {
  auto tokens = [](const char *name, const std::string &text) {
    json::Object keys = mergedKeys();
    if (name)
      keys[key("pre")] = name;
    return encode(*compile(keys), text, 0);
  };
  // No merge makes "abc", so only those that look at the whole word find it.
  EXPECT_EQ(tokens("llama-bpe", "abc"), Tokens({258}));
  for (const char *whole : {"minicpm5", "youtu", "granite-embed-multi-97m"})
    EXPECT_EQ(tokens(whole, "abc"), Tokens({258}));
  EXPECT_EQ(tokens("qwen2", "abc"), Tokens({256, 'c'}));
  EXPECT_EQ(tokens(nullptr, "abc"), Tokens({256, 'c'}));
  // Normal form C.
  EXPECT_EQ(tokens("qwen2", "e\u0301"), Tokens({0xc3, 0xa9}));
  for (const char *composed : {"deepseek-r1-qwen", "qwen35", "f2llmv2"})
    EXPECT_EQ(tokens(composed, "e\u0301"), Tokens({0xc3, 0xa9}));
  EXPECT_EQ(tokens("gpt-2", "e\u0301"), Tokens({'e', 0xcc, 0x81}));
}

/// The words of a text, no part of which may be there twice: each word becomes
/// one token.
static std::vector<std::string> cut(const char *name, const std::string &text) {
  json::Object keys = mergedKeys();
  if (name)
    keys[key("pre")] = name;
  json::Array &tokens = *keys.getArray(key("tokens"));
  json::Array &types = *keys.getArray(key("token_type"));
  json::Array merges;
  auto spell = [&](StringRef part) {
    std::string result;
    for (char c : part)
      result += tokens[uint8_t(c)].getAsString()->str();
    return result;
  };
  // Every part of the text becomes a piece, and is made from left to right: the
  // parts that begin first are made first.
  for (size_t begin = 0; begin < text.size(); ++begin)
    for (size_t size = 2; begin + size <= text.size(); ++size) {
      StringRef part = StringRef(text).substr(begin, size);
      merges.push_back(spell(part.drop_back()) + " " + spell(part.take_back()));
      if (part == "ab" || part == " a" || part == "abc")
        continue; // they are pieces already
      tokens.push_back(spell(part));
      types.push_back(1);
    }
  keys[key("merges")] = std::move(merges);
  TokenizerPtr tokenizer = compile(keys);
  std::vector<std::string> words;
  for (int32_t token : encode(*tokenizer, text, 0))
    words.push_back(decode(*tokenizer, {token}));
  return words;
}

TEST(Defaults, words) {
  using Words = std::vector<std::string>;
  // What a file without a pre-tokenizer gets: runs of punctuation, then words,
  // then digits by three.
  for (const char *name : {static_cast<const char *>(nullptr), "default"})
    EXPECT_EQ(cut(name, "ab 1234$+x"),
              Words({"ab", " ", "123", "4", "$+", "x"}));
  EXPECT_EQ(cut("gpt-2", "ab 1234$+x"), Words({"ab", " 1234", "$+", "x"}));
  EXPECT_EQ(cut("smollm", "ab 12$+x"), Words({"ab", " ", "1", "2", "$+", "x"}));
  EXPECT_EQ(cut("llama-bpe", "ab 1234$+x"),
            Words({"ab", " ", "123", "4", "$+", "x"}));
  EXPECT_EQ(cut("qwen2", "ab 12$+x"), Words({"ab", " ", "1", "2", "$+", "x"}));
  EXPECT_EQ(cut("deepseek-v3", "ab 1234$x"),
            Words({"ab", " ", "123", "4", "$x"}));
}

} // namespace tenon::test
