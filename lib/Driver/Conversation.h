// A conversation between a user and a model.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_CONVERSATION_H
#define TENON_LIB_DRIVER_CONVERSATION_H

#include "tenon/Driver/Run.h"
#include "ChatFormat.h"
#include "OpenModel.h"

namespace tenon {

/// Whether the messages of the user are the lines of the standard input.
bool isConversation(const RunOptions &options);

class Conversation {
public:
  /// Opens the template of the artifact, and begins with the message of the
  /// system, if there is one.
  static llvm::Expected<std::unique_ptr<Conversation>>
  open(const RunOptions &options);

  /// Reads a line that is not empty, for which a terminal gets a prompt. Returns
  /// false at the end of the standard input.
  llvm::Expected<bool> readMessage(std::string &text);

  /// Adds a message of the user. Returns the tokens of all messages and of the
  /// beginning of the answer. As in the publishers' library, special tokens are
  /// those that the text spells: the template writes them.
  llvm::Expected<std::vector<int32_t>> ask(std::string text,
                                           const OwnedTokenizer &tokenizer);

  /// Adds the answer of the model.
  void addAnswer(llvm::StringRef text) {
    messages.push_back({"assistant", text.str()});
  }

private:
  explicit Conversation(ChatFormat format, std::string artifact)
      : format(std::move(format)), artifact(std::move(artifact)) {}

  ChatFormat format;
  std::string artifact;
  std::vector<ChatMessage> messages;
};

} // namespace tenon

#endif // TENON_LIB_DRIVER_CONVERSATION_H
