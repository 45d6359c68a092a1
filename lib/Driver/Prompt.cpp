// The tokens that a run begins with.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Prompt.h"
#include "tenon/Artifact/OutputFile.h"
#include "tenon/Driver/UsageError.h"
#include "tenon/Import/JsonScan.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <limits>

using namespace tenon;
using Tokens = std::vector<int32_t>;

static llvm::Expected<Tokens> encode(const RunOptions &options,
                                     const OwnedTokenizer &tokenizer) {
  if (!tokenizer)
    return llvm::createStringError(
        "'" + options.artifact +
        "' has no tokenizer, because its model has none; use --tokens=1,2,3");
  // Whoever types a prompt may type special tokens.
  constexpr uint32_t flags = TENON_TEXT_ADD_SPECIAL | TENON_TEXT_PARSE_SPECIAL;
  const std::string &text = *options.prompt;
  Tokens tokens(text.size() + 8);
  for (;;) {
    uint64_t count = 0;
    tenon_text_status status =
        tenon_text_encode(tokenizer.get(), text.data(), text.size(), flags,
                          tokens.data(), tokens.size(), &count);
    bool enough = status != TENON_TEXT_BUFFER_TOO_SMALL;
    tokens.resize(count);
    if (!enough)
      continue;
    if (llvm::Error error = check(status))
      return std::move(error);
    return tokens;
  }
}

static llvm::Expected<Tokens> readFile(const std::string &path) {
  auto error = [&](const llvm::Twine &text) {
    return llvm::createStringError("'" + path + "' " + text +
                                   "; expects a JSON list: [1, 2, 3]");
  };
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> file =
      llvm::MemoryBuffer::getFile(path);
  if (!file)
    return llvm::createStringError(
        "cannot open '" + path +
        "': " + llvm::StringRef(file.getError().message()).lower() +
        "; check the path");
  if (llvm::Error invalid = scanJson((*file)->getBuffer(), path))
    return std::move(invalid);
  llvm::Expected<llvm::json::Value> value =
      llvm::json::parse((*file)->getBuffer());
  if (!value)
    return value.takeError();
  const llvm::json::Array *list = value->getAsArray();
  if (!list)
    return error("is no list");
  Tokens tokens;
  for (const llvm::json::Value &entry : *list) {
    std::optional<int64_t> token = entry.getAsInteger();
    if (!token || *token < 0 || *token > std::numeric_limits<int32_t>::max())
      return error("has an entry " + llvm::Twine(tokens.size()) +
                   " that is no token");
    tokens.push_back(int32_t(*token));
  }
  return tokens;
}

llvm::Expected<Tokens> tenon::readPrompt(const RunOptions &options,
                                         const OwnedTokenizer &tokenizer) {
  unsigned given = options.prompt.has_value() + !options.tokens.empty() +
                   !options.tokensFile.empty();
  if (given != 1)
    return makeUsageError("expects one of --prompt, --tokens and "
                          "--tokens-file, but got " +
                          llvm::Twine(given));
  llvm::Expected<Tokens> tokens = options.prompt ? encode(options, tokenizer)
                                  : !options.tokensFile.empty()
                                      ? readFile(options.tokensFile)
                                      : llvm::Expected<Tokens>(options.tokens);
  if (tokens && tokens->empty())
    return llvm::createStringError(
        "the prompt has no token; write a longer one");
  return tokens;
}
