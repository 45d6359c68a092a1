// An open tokenizer: the tables, and what is built from them once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_TOKENIZER_H
#define TENON_LIB_TEXT_TOKENIZER_H

#include "AddedTokens.h"
#include "SplitStep.h"
#include "TokenizerFile.h"

#include <optional>
#include <vector>

struct tenon_tokenizer {
  /// Builds the rest from the tables of `file`, which is open.
  tenon_text_status build();

  /// Returns what text a token stands for.
  std::string_view textOf(int32_t token) const { return file.piece(token); }
  bool isSpecial(int32_t token) const;
  /// Writes a text of whole characters as the pieces are spelled; `prefix` asks
  /// for a space in front. Returns nothing if the text has more than `limit`
  /// bytes once its characters are replaced.
  std::optional<std::string> normalize(std::string_view text, bool prefix,
                                       size_t limit) const;

  tenon::text::TokenizerFile file;
  /// Tokens that are looked for in the text as it is, and in normalized text.
  tenon::text::AddedTokens rawTokens;
  tenon::text::AddedTokens normalizedTokens;
  std::vector<tenon::text::SplitStep> splits;
  /// By token: whether the text after it begins anew, with its own space.
  std::vector<bool> beginsAnew;
  uint64_t longestPiece = 0;
  float lowestScore = 0; // where pieces have one
};

namespace tenon::text {

/// Appends the tokens of a text; `flags` are TENON_TEXT_*.
tenon_text_status encode(const tenon_tokenizer &tokenizer,
                         std::string_view text, uint32_t flags,
                         std::vector<int32_t> &tokens);

} // namespace tenon::text

#endif // TENON_LIB_TEXT_TOKENIZER_H
