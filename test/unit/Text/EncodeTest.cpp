// The rest of the C API: flags, special tokens, sizes, stray bytes, long texts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Inputs.h"
#include "Tokenizer.h"

#include <chrono>
#include <gtest/gtest.h>
#include <random>
#include <thread>

namespace tenon::test {

namespace {

class Encode : public testing::TestWithParam<const char *> {
protected:
  TokenizerPtr tokenizer = openInput(GetParam());
};

} // namespace

static int32_t find(const tenon_tokenizer &tokenizer, const std::string &text) {
  return tenon_text_find(&tokenizer, text.data(), text.size());
}

TEST_P(Encode, brings_stray_bytes_back) {
  const std::string texts[] = {
      std::string(1, '\0'),
      "\xff",
      "a\x80z",
      "\xe2\x82",
      " \xe2\x82 x",
      "\xed\xa0\x80\xed\xb0\x80",
      "\xf4\x90\x80\x80 \xc0\xaf",
      "h\xc3\xa9\xc3",
      "<|im_start|>\xfe<s>\xfe \xfe",
  };
  for (const std::string &text : texts)
    for (uint32_t flags : {0, int(TENON_TEXT_PARSE_SPECIAL)}) {
      Tokens tokens = encode(*tokenizer, text, flags);
      EXPECT_EQ(decode(*tokenizer, tokens), text);
      EXPECT_EQ(stream(*tokenizer, tokens, /*isUtf8=*/false), text);
    }
  // Noise has marks that normal form C composes.
  if (GetParam() == std::string("qwen2"))
    return;
  std::mt19937 random(1);
  std::string noise;
  for (int i = 0; i < 100'000; ++i)
    noise += char(random());
  EXPECT_TRUE(decode(*tokenizer, encode(*tokenizer, noise, 0)) == noise);
}

// Every step is linear, but for a sort; a quadratic one would take hours.
TEST_P(Encode, takes_long_runs_in_linear_time) {
  constexpr size_t size = 1 << 20;
  for (const char *unit : {"a", " ", "\n", "7", "!", "\u4f60", "<", " \n",
                           "e\u0301\u0316", "\u0301\u0316", "<|im_end"}) {
    std::string text;
    while (text.size() < size)
      text += unit;
    auto begin = std::chrono::steady_clock::now();
    Tokens tokens = encode(*tokenizer, text, TENON_TEXT_PARSE_SPECIAL);
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - begin;
    EXPECT_LT(time.count(), 60) << unit;
    // Normal form C changes this one.
    if (std::string(unit).find("\u0316") == std::string::npos)
      EXPECT_TRUE(decode(*tokenizer, tokens) == text) << unit;
  }
}

TEST_P(Encode, takes_an_empty_text) {
  EXPECT_EQ(encode(*tokenizer, "", 0), Tokens());
  Tokens special = encode(*tokenizer, "", TENON_TEXT_ADD_SPECIAL);
  bool adds = tenon_text_add_bos(tokenizer.get());
  EXPECT_EQ(special, adds ? Tokens{tenon_text_bos(tokenizer.get())} : Tokens());
  EXPECT_EQ(decode(*tokenizer, {}), "");
}

TEST_P(Encode, names_the_size_it_needs) {
  std::string text = "hello world";
  Tokens expected = encode(*tokenizer, text, 0);
  Tokens tokens(expected.size(), -7);
  uint64_t count = 0;
  EXPECT_EQ(tenon_text_encode(tokenizer.get(), text.data(), text.size(), 0,
                              tokens.data(), expected.size() - 1, &count),
            TENON_TEXT_BUFFER_TOO_SMALL);
  EXPECT_EQ(count, expected.size());
  EXPECT_EQ(tokens, Tokens(expected.size(), -7));
  EXPECT_EQ(tenon_text_encode(tokenizer.get(), text.data(), text.size(), 0,
                              tokens.data(), expected.size(), &count),
            TENON_TEXT_OK);
  EXPECT_EQ(tokens, expected);
}

TEST_P(Encode, refuses_negative_tokens) {
  int32_t size = tenon_text_vocabulary(tokenizer.get());
  for (int32_t token : {-1, INT32_MIN}) {
    uint64_t bytes = 0;
    EXPECT_EQ(
        tenon_text_decode(tokenizer.get(), &token, 1, 0, nullptr, 0, &bytes),
        TENON_TEXT_INVALID_ARGUMENT);
    EXPECT_EQ(tenon_text_last_error(),
              "token " + std::to_string(token) +
                  " does not exist: the tokenizer has tokens 0 to " +
                  std::to_string(size - 1));
    EXPECT_FALSE(tenon_text_is_special(tokenizer.get(), token));
  }
  for (int32_t token = 0; token < size; ++token)
    decode(*tokenizer, {token});
}

// Rows of a model that stand for no token change nothing, wherever they are
// drawn.
TEST_P(Encode, gives_no_text_to_rows_beyond_the_vocabulary) {
  int32_t size = tenon_text_vocabulary(tokenizer.get());
  Tokens tokens = encode(*tokenizer, " a b\U0001f9ff c", 0);
  std::string text = decode(*tokenizer, tokens);
  for (int32_t row : {size, size + 100, INT32_MAX}) {
    EXPECT_EQ(decode(*tokenizer, {row}), "");
    EXPECT_FALSE(tenon_text_is_special(tokenizer.get(), row));
    EXPECT_FALSE(tenon_text_is_eos(tokenizer.get(), row));
    for (size_t at = 0; at <= tokens.size(); ++at) {
      Tokens more = tokens;
      more.insert(more.begin() + at, row);
      EXPECT_EQ(decode(*tokenizer, more), text) << row << " at " << at;
      EXPECT_EQ(stream(*tokenizer, more, /*isUtf8=*/true), text);
    }
  }
}

// A text that is out and what a stream writes behind it are the whole text,
// wherever the border is: before a space, or inside of a character.
TEST_P(Encode, streams_continue_what_is_out) {
  std::vector<char> buffer(tenon_text_stream_capacity(tokenizer.get()));
  for (const char *text :
       {"Hello world", " a  b ", "x\U0001f9ffy\u00e9", "a\n"})
    for (uint32_t flags : {0, int(TENON_TEXT_SKIP_SPECIAL)}) {
      Tokens tokens = encode(*tokenizer, text, TENON_TEXT_ADD_SPECIAL);
      std::string whole = decode(*tokenizer, tokens, flags);
      for (size_t border = 0; border <= tokens.size(); ++border) {
        Tokens prompt(tokens.begin(), tokens.begin() + border);
        std::string result = decode(*tokenizer, prompt, flags);
        tenon_text_stream state;
        ASSERT_EQ(tenon_text_stream_continue(tokenizer.get(), flags,
                                             prompt.data(), border, &state),
                  TENON_TEXT_OK);
        uint64_t size = 0;
        for (size_t i = border; i < tokens.size(); ++i) {
          ASSERT_EQ(tenon_text_stream_next(&state, tokens[i], buffer.data(),
                                           buffer.size(), &size),
                    TENON_TEXT_OK);
          result.append(buffer.data(), size);
        }
        ASSERT_EQ(tenon_text_stream_finish(&state, buffer.data(), buffer.size(),
                                           &size),
                  TENON_TEXT_OK);
        result.append(buffer.data(), size);
        EXPECT_EQ(result, whole) << text << " at " << border;
      }
    }
  tenon_text_stream state;
  int32_t token = -1;
  EXPECT_EQ(tenon_text_stream_continue(tokenizer.get(), 0, &token, 1, &state),
            TENON_TEXT_INVALID_ARGUMENT);
}

// The size is checked before a byte is read.
TEST_P(Encode, refuses_texts_that_are_too_long) {
  const uint64_t size = (uint64_t(1) << 29) + 1;
  uint64_t count = 7;
  EXPECT_EQ(tenon_text_encode(tokenizer.get(), "", size, TENON_TEXT_ADD_SPECIAL,
                              nullptr, 0, &count),
            TENON_TEXT_INVALID_ARGUMENT);
  EXPECT_STREQ(tenon_text_last_error(),
               "a text may have 536870912 bytes, but this one has 536870913; "
               "encode it in parts");
  EXPECT_EQ(count, 0u);
}

// Every token is found by its text or is no one's: an added one comes first.
TEST_P(Encode, finds_tokens_by_their_text) {
  for (const char *text : {"", "no such token at all"})
    EXPECT_EQ(find(*tokenizer, text), -1);
  for (int32_t token = 0; token < tenon_text_vocabulary(tokenizer.get());
       ++token) {
    std::string text(tokenizer->textOf(token));
    int32_t found = find(*tokenizer, text);
    if (found >= 0)
      EXPECT_EQ(tokenizer->textOf(found), text);
    if (tenon_text_is_special(tokenizer.get(), token) && !text.empty())
      EXPECT_EQ(found, token) << text;
  }
}

// A buffer of exactly the size is enough, and one byte less is not.
TEST_P(Encode, decodes_into_the_size_it_names) {
  Tokens tokens = encode(*tokenizer, "hello  world", 0);
  char text[13] = "............";
  uint64_t size = 0;
  EXPECT_EQ(tenon_text_decode(tokenizer.get(), tokens.data(), tokens.size(), 0,
                              text, 11, &size),
            TENON_TEXT_BUFFER_TOO_SMALL);
  EXPECT_EQ(size, 12u);
  EXPECT_STREQ(text, "............");
  EXPECT_STREQ(tenon_text_last_error(),
               "the text has 12 bytes, but the buffer has 11");
  EXPECT_EQ(tenon_text_decode(tokenizer.get(), tokens.data(), tokens.size(), 0,
                              text, 12, &size),
            TENON_TEXT_OK);
  EXPECT_STREQ(text, "hello  world");
}

TEST_P(Encode, may_be_used_by_several_threads) {
  std::string text = readInput("torture.txt");
  Tokens expected = encode(*tokenizer, text, 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 3; ++round)
        EXPECT_EQ(encode(*tokenizer, text, 0), expected);
    });
  for (std::thread &thread : threads)
    thread.join();
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Encode, testing::ValuesIn(tokenizerNames));

// The template of tokenizer.json puts the token in front.
TEST(Special, llama3) {
  TokenizerPtr tokenizer = openInput("llama3");
  int32_t bos = find(*tokenizer, "<|begin_of_text|>");
  int32_t end = find(*tokenizer, "<|eot_id|>");
  ASSERT_GE(bos, 0);
  EXPECT_EQ(tenon_text_bos(tokenizer.get()), bos);
  EXPECT_TRUE(tenon_text_add_bos(tokenizer.get()));
  EXPECT_FALSE(tenon_text_add_eos(tokenizer.get()));
  EXPECT_TRUE(tenon_text_is_eos(tokenizer.get(), end));
  EXPECT_FALSE(tenon_text_is_eos(tokenizer.get(), bos));
  const int32_t *ends = nullptr;
  // The one that the folder names, and another one by its name.
  ASSERT_EQ(tenon_text_eos(tokenizer.get(), &ends), 2u);
  EXPECT_EQ(ends[0], end);
  EXPECT_EQ(ends[1], find(*tokenizer, "<|end_of_text|>"));

  uint32_t flags = TENON_TEXT_ADD_SPECIAL | TENON_TEXT_PARSE_SPECIAL;
  Tokens tokens = encode(*tokenizer, "a<|eot_id|>", flags);
  ASSERT_GE(tokens.size(), 3u);
  EXPECT_EQ(tokens.front(), bos);
  EXPECT_EQ(tokens.back(), end);
  EXPECT_EQ(decode(*tokenizer, tokens), "<|begin_of_text|>a<|eot_id|>");
  EXPECT_EQ(decode(*tokenizer, tokens, TENON_TEXT_SKIP_SPECIAL), "a");
  // Text of strangers makes no special token.
  for (int32_t token : encode(*tokenizer, "a<|eot_id|>", 0))
    EXPECT_FALSE(tenon_text_is_special(tokenizer.get(), token));
}

// The flags beside tokenizer.json decide, in one of two ways.
TEST(Special, flags_of_the_configuration) {
  EXPECT_FALSE(tenon_text_add_bos(openInput("qwen2").get()));
  EXPECT_EQ(tenon_text_bos(openInput("qwen2").get()), -1);
  EXPECT_TRUE(tenon_text_add_bos(openInput("deepseek3").get()));
  EXPECT_TRUE(tenon_text_add_bos(openInput("scored").get()));
}

// A token that was cut out has text behind it whose space in front is not of
// the text.
TEST(Special, space_prefix) {
  TokenizerPtr tokenizer = openInput("scored-prefix");
  std::string text = "x<end_of_turn>y <end_of_turn> z";
  Tokens tokens = encode(*tokenizer, text, TENON_TEXT_PARSE_SPECIAL);
  EXPECT_EQ(decode(*tokenizer, tokens), text);
  EXPECT_EQ(decode(*tokenizer, tokens, TENON_TEXT_SKIP_SPECIAL), "xy  z");
}

/// Returns the output of each token and that of the end.
static std::vector<std::string> outputs(const tenon_tokenizer &tokenizer,
                                        const Tokens &tokens) {
  std::vector<char> buffer(tenon_text_stream_capacity(&tokenizer));
  std::vector<std::string> result;
  tenon_text_stream state;
  tenon_text_stream_begin(&tokenizer, 0, &state);
  uint64_t size = 0;
  for (int32_t token : tokens) {
    EXPECT_EQ(tenon_text_stream_next(&state, token, buffer.data(),
                                     buffer.size(), &size),
              TENON_TEXT_OK);
    result.emplace_back(buffer.data(), size);
  }
  EXPECT_EQ(
      tenon_text_stream_finish(&state, buffer.data(), buffer.size(), &size),
      TENON_TEXT_OK);
  result.emplace_back(buffer.data(), size);
  return result;
}

// A character of four bytes comes out when its last byte does.
TEST(Stream, holds_back_incomplete_characters) {
  TokenizerPtr tokenizer = openInput("scored");
  Tokens tokens = encode(*tokenizer, "\U0001f9ff", 0);
  using Outputs = std::vector<std::string>;
  ASSERT_EQ(tokens.size(), 4u);
  EXPECT_EQ(outputs(*tokenizer, tokens),
            Outputs({"", "", "", "\U0001f9ff", ""}));
  // The end gives out what nothing will complete any more.
  EXPECT_EQ(outputs(*tokenizer, {tokens[0], tokens[1]}),
            Outputs({"", "", "\xf0\x9f"}));
  // What cannot become a character is not held back.
  EXPECT_EQ(outputs(*tokenizer, {tokens[3], tokens[0], tokens[0]}),
            Outputs({"\xbf", "", "\xf0", "\xf0"}));
}

// The end gives out what is held, once, and starts a stream anew; an end that
// fails may be repeated.
TEST(Stream, starts_anew_at_the_end) {
  TokenizerPtr tokenizer = openInput("scored-prefix");
  Tokens emoji = encode(*tokenizer, "\U0001f9ff", 0);
  Tokens word = encode(*tokenizer, "x", 0);
  tenon_text_stream state;
  tenon_text_stream_begin(tokenizer.get(), 0, &state);
  std::vector<char> buffer(tenon_text_stream_capacity(tokenizer.get()));
  uint64_t size = 0;
  auto next = [&](int32_t token) {
    EXPECT_EQ(tenon_text_stream_next(&state, token, buffer.data(),
                                     buffer.size(), &size),
              TENON_TEXT_OK);
    return std::string(buffer.data(), size);
  };
  emoji.pop_back();
  for (int32_t token : emoji)
    EXPECT_EQ(next(token), "");
  EXPECT_EQ(tenon_text_stream_finish(&state, buffer.data(), 2, &size),
            TENON_TEXT_BUFFER_TOO_SMALL);
  for (const char *expected : {"\xf0\x9f\xa7", ""}) {
    EXPECT_EQ(tenon_text_stream_finish(&state, buffer.data(), 3, &size),
              TENON_TEXT_OK);
    EXPECT_EQ(std::string(buffer.data(), size), expected);
  }
  // The space in front is that of a beginning again.
  std::string text;
  for (int32_t token : word)
    text += next(token);
  EXPECT_EQ(text, "x");
}

// A call that fails may be repeated.
TEST(Stream, keeps_its_state_when_the_buffer_is_too_small) {
  TokenizerPtr tokenizer = openInput("scored");
  Tokens tokens = encode(*tokenizer, "\U0001f9ff", 0);
  tenon_text_stream state;
  tenon_text_stream_begin(tokenizer.get(), 0, &state);
  char buffer[4];
  uint64_t size = 0;
  for (size_t i = 0; i < 3; ++i)
    ASSERT_EQ(tenon_text_stream_next(&state, tokens[i], buffer, 0, &size),
              TENON_TEXT_OK);
  EXPECT_EQ(tenon_text_stream_next(&state, tokens[3], buffer, 3, &size),
            TENON_TEXT_BUFFER_TOO_SMALL);
  EXPECT_EQ(size, 4u);
  EXPECT_EQ(tenon_text_stream_next(&state, tokens[3], buffer, 4, &size),
            TENON_TEXT_OK);
  EXPECT_EQ(std::string(buffer, size), "\U0001f9ff");
}

} // namespace tenon::test
