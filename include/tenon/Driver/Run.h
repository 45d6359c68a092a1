// Continues a prompt with a compiled model.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DRIVER_RUN_H
#define TENON_DRIVER_RUN_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// Exactly one of `prompt`, `promptFile`, `tokens` and `tokensFile` is given. With
/// `chat`, the first two are a message of a user; with neither, each line of the
/// standard input is one, and the answers before it are part of the conversation.
struct RunOptions {
  std::string artifact;
  std::optional<std::string> prompt;
  /// A file that holds the prompt and nothing else; `-` is the standard input.
  std::string promptFile;
  std::vector<int32_t> tokens;
  /// A JSON list of tokens.
  std::string tokensFile;
  /// Writes messages by the chat template of the model.
  bool chat = false;
  /// With `chat`: a message of the system before all others.
  std::optional<std::string> system;
  /// Most tokens to generate, for each answer; nothing for 64, and with `chat` for
  /// all until the answer ends.
  std::optional<uint32_t> count;
  /// 0 takes the most likely token.
  float temperature = 0;
  /// 1 keeps all tokens, 0 the most likely one.
  float topP = 1;
  /// 0 keeps all tokens.
  uint32_t topK = 0;
  uint64_t seed = 0;
  /// 0 for one per CPU that the process may use.
  uint32_t threads = 0;
  /// Tokens of one step of the prefill; 0 for the largest bucket.
  uint32_t chunk = 0;
  /// So many tokens at the end of the prompt are steps of one token each, as
  /// generated ones are.
  uint32_t decodeLast = 0;
  /// Receives float32 [tokens, vocabulary]: a row for each token that the model
  /// was given.
  std::string dumpLogits;
  /// Continues after tokens that end a text.
  bool ignoreEos = false;
  bool verify = false;
  bool json = false;
};

/// Writes what follows the prompt, or the answers, to the standard output as it
/// comes, and to the standard error why it ended and tokens per second.
llvm::Error runModel(const RunOptions &options);

} // namespace tenon

#endif // TENON_DRIVER_RUN_H
