// The tokenizers and texts that the tests of this folder share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_TEXT_INPUTS_H
#define TENON_TEST_UNIT_TEXT_INPUTS_H

#include "tenon/Text/text.h"
#include "JsonMetadata.h"

#include <memory>
#include <string>
#include <vector>

namespace tenon::test {

struct TokenizerDeleter {
  void operator()(tenon_tokenizer *tokenizer) const {
    tenon_text_close(tokenizer);
  }
};
using TokenizerPtr = std::unique_ptr<tenon_tokenizer, TokenizerDeleter>;
using Bytes = std::vector<uint8_t>;
using Tokens = std::vector<int32_t>;

/// Every tokenizer of test/Text/Inputs by the name of its folder.
extern const char *const tokenizerNames[6];

std::string inputPath(const std::string &name);
std::string readInput(const std::string &name);
JsonMetadata readMetadata(const std::string &name);

/// Compiles one of the tokenizers; fails the test when that fails.
Bytes compileInput(const std::string &name);
TokenizerPtr openBytes(const Bytes &bytes);
TokenizerPtr openInput(const std::string &name);

/// Gives an image of tokenizer.bin the hash of what is in it now.
void renewHash(Bytes &bytes);

/// These fail the test when the call fails.
Tokens encode(const tenon_tokenizer &tokenizer, const std::string &text,
              uint32_t flags);
std::string decode(const tenon_tokenizer &tokenizer, const Tokens &tokens,
                   uint32_t flags = 0);
/// Decodes token by token, checks that every output but the last is whole
/// characters if `isUtf8`, and returns all of it.
std::string stream(const tenon_tokenizer &tokenizer, const Tokens &tokens,
                   bool isUtf8);

} // namespace tenon::test

#endif // TENON_TEST_UNIT_TEXT_INPUTS_H
