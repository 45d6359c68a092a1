// A damaged tokenizer.bin is refused, or at least harmless.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Inputs.h"

#include "tenon/Runtime/TokenizerFormat.h"

#include <cstdio>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

namespace tenon::test {

static tenon_text_status tryOpen(const Bytes &bytes, TokenizerPtr &tokenizer) {
  tenon_tokenizer *opened = nullptr;
  tenon_text_status status =
      tenon_text_open_memory(bytes.data(), bytes.size(), &opened);
  tokenizer.reset(opened);
  EXPECT_EQ(status == TENON_TEXT_OK, opened != nullptr);
  return status;
}

static std::string refusal(const Bytes &bytes) {
  TokenizerPtr tokenizer;
  EXPECT_EQ(tryOpen(bytes, tokenizer), TENON_TEXT_INVALID_FILE);
  return tenon_text_last_error();
}

TEST(Damage, every_flipped_byte_is_refused) {
  Bytes bytes = compileInput("llama3");
  TokenizerPtr tokenizer;
  ASSERT_EQ(tryOpen(bytes, tokenizer), TENON_TEXT_OK);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= 1 << i % 8;
    EXPECT_NE(tryOpen(bytes, tokenizer), TENON_TEXT_OK) << i;
    bytes[i] ^= 1 << i % 8;
  }
}

TEST(Damage, every_other_length_is_refused) {
  Bytes bytes = compileInput("scored");
  TokenizerPtr tokenizer;
  for (size_t size = 0; size < bytes.size(); size += size < 1000 ? 1 : 997)
    EXPECT_NE(tryOpen(Bytes(bytes.begin(), bytes.begin() + size), tokenizer),
              TENON_TEXT_OK)
        << size;
  bytes.push_back(0);
  EXPECT_NE(tryOpen(bytes, tokenizer), TENON_TEXT_OK);
}

/// Runs whatever a tokenizer can do over a short text.
static void use(const tenon_tokenizer &tokenizer, const std::string &text) {
  for (uint32_t flags : {0, 3}) {
    uint64_t count = 0;
    Tokens tokens(8 * text.size() + 1000);
    // Any status will do, but a match limit is all that may fail here.
    if (tenon_text_encode(&tokenizer, text.data(), text.size(), flags,
                          tokens.data(), tokens.size(), &count))
      continue;
    tokens.resize(count);
    stream(tokenizer, tokens, /*isUtf8=*/false);
    decode(tokenizer, tokens, TENON_TEXT_SKIP_SPECIAL);
  }
  const int32_t *ends = nullptr;
  tenon_text_eos(&tokenizer, &ends);
  tenon_text_add_bos(&tokenizer);
  tenon_text_find(&tokenizer, text.data(), 3);
}

// Here the hash is right, so that the checks behind it are what stops a lie.
TEST(Damage, lies_with_a_right_hash_are_harmless) {
  std::string text = readInput("torture.txt").substr(0, 700) + "<|im_end|>";
  std::mt19937 random(7);
  unsigned refused = 0, opened = 0;
  for (const char *name : tokenizerNames) {
    const Bytes original = compileInput(name);
    for (int i = 0; i < 2000; ++i) {
      Bytes bytes = original;
      // Every second one lies in the header, whose fields matter most.
      size_t range = i % 2 ? bytes.size() : sizeof(tenon_tokenizer_header);
      for (unsigned n = 1 + random() % 4; n > 0; --n)
        bytes[random() % range] = random() % 3 ? random() : 0xff;
      renewHash(bytes);
      TokenizerPtr tokenizer;
      if (tryOpen(bytes, tokenizer)) {
        ++refused;
        continue;
      }
      ++opened;
      use(*tokenizer, text);
    }
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_GT(opened, 1000u);
}

TEST(Damage, another_version_names_both) {
  Bytes bytes = compileInput("llama3");
  uint32_t version = 9;
  memcpy(&bytes[offsetof(tenon_tokenizer_header, version)], &version, 4);
  EXPECT_EQ(refusal(bytes),
            "'tokenizer in memory' has version 9 of the tokenizer format, this "
            "library reads version 3; compile the model again");
}

TEST(Damage, messages_name_the_reason) {
  Bytes bytes = compileInput("llama3");
  bytes.back() ^= 1;
  EXPECT_EQ(refusal(bytes),
            "'tokenizer in memory' is damaged: its hash does not match its "
            "content; compile the model again");
  EXPECT_EQ(refusal({}),
            "'tokenizer in memory' is damaged: it is shorter than its header; "
            "compile the model again");

  tenon_tokenizer *tokenizer = nullptr;
  EXPECT_EQ(tenon_text_open("/nonexistent/tokenizer.bin", &tokenizer),
            TENON_TEXT_INVALID_FILE);
  EXPECT_STREQ(tenon_text_last_error(),
               "cannot open '/nonexistent/tokenizer.bin': No such file or "
               "directory");
  EXPECT_EQ(tenon_text_open("/", &tokenizer), TENON_TEXT_INVALID_FILE);
  EXPECT_EQ(tokenizer, nullptr);
}

TEST(Damage, an_empty_file) {
  std::string path = testing::TempDir() + "tenon-tokenizer-XXXXXX";
  int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  close(file);
  tenon_tokenizer *opened = nullptr;
  EXPECT_EQ(tenon_text_open(path.c_str(), &opened), TENON_TEXT_INVALID_FILE);
  unlink(path.c_str());
  EXPECT_EQ(tenon_text_last_error(),
            "'" + path +
                "' is not a file with content; give the tokenizer.bin of an "
                "artifact");
}

TEST(Damage, opens_a_file) {
  Bytes bytes = compileInput("deepseek3");
  std::string path = testing::TempDir() + "tenon-tokenizer-XXXXXX";
  int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  ASSERT_EQ(write(file, bytes.data(), bytes.size()), ssize_t(bytes.size()));
  close(file);
  tenon_tokenizer *opened = nullptr;
  EXPECT_EQ(tenon_text_open(path.c_str(), &opened), TENON_TEXT_OK);
  TokenizerPtr tokenizer(opened);
  unlink(path.c_str());
  ASSERT_TRUE(tokenizer);
  std::string text = readInput("torture.txt");
  EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text, 0)), text);
}

} // namespace tenon::test
