// The tokens that a run begins with.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Prompt.h"
#include "tenon/Driver/UsageError.h"
#include "tenon/Import/Containers/MappedFile.h"
#include "tenon/Import/JsonScan.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "Conversation.h"

#include <limits>

using namespace tenon;
using Tokens = std::vector<int32_t>;

bool tenon::isText(const RunOptions &options) {
  return options.prompt || !options.promptFile.empty();
}

llvm::Expected<Tokens> tenon::encodeText(const std::string &text,
                                         llvm::StringRef artifact,
                                         uint32_t flags,
                                         const OwnedTokenizer &tokenizer) {
  if (!tokenizer)
    return llvm::createStringError(
        "'" + artifact +
        "' has no tokenizer, because its model has none; use --tokens=1,2,3");
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

static llvm::Expected<Tokens> encode(const RunOptions &options,
                                     const std::string &text,
                                     const OwnedTokenizer &tokenizer) {
  if (options.chat) {
    llvm::Expected<std::unique_ptr<Conversation>> conversation =
        Conversation::open(options);
    if (!conversation)
      return conversation.takeError();
    return (*conversation)->ask(text, tokenizer);
  }
  // Whoever types a prompt may type special tokens.
  constexpr uint32_t flags = TENON_TEXT_ADD_SPECIAL | TENON_TEXT_PARSE_SPECIAL;
  return encodeText(text, options.artifact, flags, tokenizer);
}

/// The longest text that can be encoded at once.
static constexpr uint64_t maxTextBytes = uint64_t(1) << 29;

/// Reads until the end, or a byte too many.
static llvm::Expected<std::string> readStandardInput() {
  std::string text;
  std::vector<char> part(1 << 16);
  while (text.size() <= maxTextBytes) {
    llvm::Expected<size_t> size =
        llvm::sys::fs::readNativeFile(llvm::sys::fs::getStdinHandle(), part);
    if (!size)
      return size.takeError();
    if (*size == 0)
      return text;
    text.append(part.data(), *size);
  }
  return llvm::createStringError("the standard input has more than the " +
                                 llvm::Twine(maxTextBytes) +
                                 " bytes that a prompt may have");
}

llvm::Expected<std::string> tenon::readPromptText(const std::string &path) {
  return path == "-" ? readStandardInput() : readTextFile(path, maxTextBytes);
}

static llvm::Expected<Tokens> encodeFile(const RunOptions &options,
                                         const OwnedTokenizer &tokenizer) {
  llvm::Expected<std::string> text = readPromptText(options.promptFile);
  if (!text)
    return text.takeError();
  return encode(options, *text, tokenizer);
}

llvm::Expected<Tokens> tenon::readTokens(const std::string &path) {
  auto error = [&](const llvm::Twine &text) {
    return llvm::createStringError("'" + path + "' " + text +
                                   "; expects a JSON list: [1, 2, 3]");
  };
  llvm::Expected<std::string> text = readTextFile(path, maxJsonBytes);
  if (!text)
    return text.takeError();
  if (llvm::Error invalid = scanJson(*text, path))
    return std::move(invalid);
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(*text);
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
  unsigned given = options.prompt.has_value() + !options.promptFile.empty() +
                   !options.tokens.empty() + !options.tokensFile.empty();
  if (given != 1)
    return makeUsageError("expects one of --prompt, --prompt-file, --tokens "
                          "and --tokens-file, but got " +
                          llvm::Twine(given));
  if (options.system && !options.chat)
    return makeUsageError("--system expects --chat");
  if (options.chat && !isText(options))
    return makeUsageError("--chat expects text, not tokens; use --prompt, "
                          "--prompt-file or the standard input");
  llvm::Expected<Tokens> tokens =
      options.prompt ? encode(options, *options.prompt, tokenizer)
      : !options.promptFile.empty() ? encodeFile(options, tokenizer)
      : !options.tokensFile.empty() ? readTokens(options.tokensFile)
                                    : llvm::Expected<Tokens>(options.tokens);
  if (tokens && tokens->empty())
    return llvm::createStringError(
        "the prompt has no token; write a longer one");
  return tokens;
}
