// Reads, compiles and runs the tokenizers of the tests.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Inputs.h"

#include "tenon/Runtime/TokenizerFormat.h"
#include "Utf8.h"

#include "llvm/Support/MemoryBuffer.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace llvm;

namespace tenon::test {

const char *const tokenizerNames[6] = {"deepseek3", "llama2", "llama3",
                                       "qwen2",     "scored", "scored-prefix"};

std::string inputPath(const std::string &name) {
  return std::string(TENON_TEXT_INPUTS) + "/" + name;
}

std::string readInput(const std::string &name) {
  auto buffer = MemoryBuffer::getFile(inputPath(name));
  EXPECT_TRUE(buffer) << name;
  return buffer ? (*buffer)->getBuffer().str() : "";
}

JsonMetadata readMetadata(const std::string &name) {
  Expected<json::Value> value = json::parse(readInput(name));
  if (!value) {
    ADD_FAILURE() << toString(value.takeError());
    return JsonMetadata({});
  }
  return JsonMetadata(std::move(*value->getAsObject()));
}

Bytes compileInput(const std::string &name) {
  bool isScored = StringRef(name).starts_with("scored");
  Expected<Bytes> bytes =
      isScored ? compileTokenizerGguf(readMetadata(name + "/metadata.json"))
               : compileTokenizerJson(inputPath(name));
  if (bytes)
    return std::move(*bytes);
  ADD_FAILURE() << name << ": " << toString(bytes.takeError());
  return {};
}

TokenizerPtr openBytes(const Bytes &bytes) {
  tenon_tokenizer *tokenizer = nullptr;
  EXPECT_EQ(tenon_text_open_memory(bytes.data(), bytes.size(), &tokenizer),
            TENON_TEXT_OK)
      << tenon_text_last_error();
  return TokenizerPtr(tokenizer);
}

TokenizerPtr openInput(const std::string &name) {
  return openBytes(compileInput(name));
}

void renewHash(Bytes &bytes) {
  tenon_tokenizer_header header;
  memcpy(&header, bytes.data(), sizeof(header));
  header.hash = 0;
  uint64_t parts[2] = {
      tenon_hash(&header, sizeof(header)),
      tenon_hash(bytes.data() + sizeof(header), bytes.size() - sizeof(header))};
  header.hash = tenon_hash(parts, sizeof(parts));
  memcpy(bytes.data(), &header, sizeof(header));
}

Tokens encode(const tenon_tokenizer &tokenizer, const std::string &text,
              uint32_t flags) {
  // A character can be replaced by as many as 18.
  Tokens tokens(18 * text.size() + 16);
  uint64_t count = 0;
  EXPECT_EQ(tenon_text_encode(&tokenizer, text.data(), text.size(), flags,
                              tokens.data(), tokens.size(), &count),
            TENON_TEXT_OK)
      << tenon_text_last_error();
  tokens.resize(count);
  return tokens;
}

std::string decode(const tenon_tokenizer &tokenizer, const Tokens &tokens,
                   uint32_t flags) {
  uint64_t size = 0;
  tenon_text_decode(&tokenizer, tokens.data(), tokens.size(), flags, nullptr, 0,
                    &size);
  std::string text(size, '\0');
  EXPECT_EQ(tenon_text_decode(&tokenizer, tokens.data(), tokens.size(), flags,
                              text.data(), text.size(), &size),
            TENON_TEXT_OK)
      << tenon_text_last_error();
  return text;
}

std::string stream(const tenon_tokenizer &tokenizer, const Tokens &tokens,
                   bool isUtf8) {
  std::vector<char> buffer(tenon_text_stream_capacity(&tokenizer));
  tenon_text_stream state;
  tenon_text_stream_begin(&tokenizer, 0, &state);
  std::string text;
  uint64_t size = 0;
  for (int32_t token : tokens) {
    EXPECT_EQ(tenon_text_stream_next(&state, token, buffer.data(),
                                     buffer.size(), &size),
              TENON_TEXT_OK);
    std::string_view output(buffer.data(), size);
    if (isUtf8)
      EXPECT_EQ(text::countWholeBytes(output), size);
    text += output;
  }
  EXPECT_EQ(
      tenon_text_stream_finish(&state, buffer.data(), buffer.size(), &size),
      TENON_TEXT_OK);
  if (isUtf8)
    EXPECT_EQ(size, 0u);
  return text.append(buffer.data(), size);
}

} // namespace tenon::test
