// A conversation between a user and a model.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Conversation.h"
#include "tenon/Driver/UsageError.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include "Prompt.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace tenon;

bool tenon::isConversation(const RunOptions &options) {
  return options.chat && !options.prompt && options.promptFile.empty();
}

llvm::Expected<std::unique_ptr<Conversation>>
Conversation::open(const RunOptions &options) {
  if (!options.tokens.empty() || !options.tokensFile.empty())
    return makeUsageError("--chat expects text, not tokens; use --prompt, "
                          "--prompt-file or the standard input");
  if (isConversation(options) && options.decodeLast)
    return makeUsageError("--decode-last expects --prompt or --prompt-file");
  llvm::Expected<ChatFormat> format = ChatFormat::open(options.artifact);
  if (!format)
    return format.takeError();
  std::unique_ptr<Conversation> conversation(
      new Conversation(std::move(*format), options.artifact));
  if (options.system)
    conversation->messages.push_back({"system", *options.system});
  return conversation;
}

llvm::Expected<bool> Conversation::readMessage(std::string &text) {
  bool isTerminal = llvm::sys::Process::StandardInIsUserInput();
  char *line = nullptr;
  size_t capacity = 0;
  text.clear();
  ssize_t size = 0;
  while (text.empty() && size >= 0) {
    if (isTerminal)
      llvm::errs() << "> ";
    size = ::getline(&line, &capacity, stdin);
    if (size < 0)
      break;
    text.assign(line, size_t(size));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
      text.pop_back();
  }
  int error = errno;
  free(line);
  if (size < 0 && ferror(stdin))
    return llvm::createStringError(
        llvm::Twine("cannot read the standard input: ") + strerror(error));
  if (size < 0 && isTerminal)
    llvm::errs() << '\n';
  return size >= 0;
}

llvm::Expected<std::vector<int32_t>>
Conversation::ask(std::string text, const OwnedTokenizer &tokenizer) {
  messages.push_back({"user", std::move(text)});
  llvm::Expected<std::string> rendered = format.render(messages);
  if (!rendered)
    return rendered.takeError();
  return encodeText(*rendered, artifact, TENON_TEXT_PARSE_SPECIAL, tokenizer);
}
