// The tokens that a run begins with.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_PROMPT_H
#define TENON_LIB_DRIVER_PROMPT_H

#include "tenon/Driver/Run.h"
#include "OpenModel.h"

namespace tenon {

/// Whether the prompt is text, and not a list of tokens.
bool isText(const RunOptions &options);

/// Encodes the text, or reads the tokens, that the options name. There is at
/// least one.
llvm::Expected<std::vector<int32_t>>
readPrompt(const RunOptions &options, const OwnedTokenizer &tokenizer);

} // namespace tenon

#endif // TENON_LIB_DRIVER_PROMPT_H
