// The tokens that a run begins with.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_PROMPT_H
#define TENON_LIB_DRIVER_PROMPT_H

#include "tenon/Driver/Run.h"
#include "OpenModel.h"

namespace tenon {

/// Whether the prompt is text, and not a list of tokens.
bool isText(const RunOptions &options);

/// Encodes a text; `flags` are those of tenon_text_encode. There is an error where
/// the artifact has no tokenizer.
llvm::Expected<std::vector<int32_t>>
encodeText(const std::string &text, llvm::StringRef artifact, uint32_t flags,
           const OwnedTokenizer &tokenizer);

/// The bytes of a file, or those of the standard input for `-`.
llvm::Expected<std::string> readPromptText(const std::string &path);

/// Reads a JSON list of tokens.
llvm::Expected<std::vector<int32_t>> readTokens(const std::string &path);

/// Encodes the text, or reads the tokens, that the options name. There is at
/// least one.
llvm::Expected<std::vector<int32_t>>
readPrompt(const RunOptions &options, const OwnedTokenizer &tokenizer);

} // namespace tenon

#endif // TENON_LIB_DRIVER_PROMPT_H
