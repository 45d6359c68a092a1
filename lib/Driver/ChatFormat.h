// Conversations as the text that a model continues.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_CHATFORMAT_H
#define TENON_LIB_DRIVER_CHATFORMAT_H

#include "tenon/Import/ChatTemplate.h"
#include "tenon/Template/Template.h"

namespace tenon {

struct ChatMessage {
  std::string role; // system, user or assistant
  std::string content;
};

/// The template of an artifact.
class ChatFormat {
public:
  /// Reads chat.json of an artifact.
  static llvm::Expected<ChatFormat> open(llvm::StringRef artifact);

  /// Renders messages and the beginning of an answer, as the publishers' library
  /// does with add_generation_prompt.
  llvm::Expected<std::string>
  render(llvm::ArrayRef<ChatMessage> messages) const;

private:
  std::string artifact;
  std::unique_ptr<jinja::Template> parsed;
  jinja::Dict tokens;
};

/// The text of chat.json; empty when the model has no template. A template that
/// cannot be rendered is stored all the same: `warnings` gets a line.
std::string writeChatFormat(const ChatTemplate &chat,
                            std::vector<std::string> &warnings);

} // namespace tenon

#endif // TENON_LIB_DRIVER_CHATFORMAT_H
