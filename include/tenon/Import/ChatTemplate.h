// Reads the template by which a model writes conversations.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_CHATTEMPLATE_H
#define TENON_IMPORT_CHATTEMPLATE_H

#include "tenon/Import/Tokenizer.h"

#include <utility>

namespace tenon {

/// A template in the language of Jinja, and the texts of the tokens that it may
/// name: `bos_token`, `eos_token`, ...
struct ChatTemplate {
  /// Empty when the model has none.
  std::string source;
  std::vector<std::pair<std::string, std::string>> tokens;
};

/// Reads `chat_template.jinja` of a folder, else the key `chat_template` of its
/// `tokenizer_config.json`, of whose several templates the one named `default`
/// counts. `warnings` gets a line where there are some and none counts.
llvm::Expected<ChatTemplate>
readChatTemplate(llvm::StringRef folder, std::vector<std::string> &warnings);

/// Reads the key `tokenizer.chat_template`.
ChatTemplate readChatTemplate(const GgufMetadataView &metadata);

} // namespace tenon

#endif // TENON_IMPORT_CHATTEMPLATE_H
