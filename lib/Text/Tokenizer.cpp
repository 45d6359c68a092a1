// Builds what a tokenizer needs besides its tables.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Tokenizer.h"

#include "Normalizer.h"
#include "Utf8.h"

#include <algorithm>

using namespace tenon::text;

tenon_text_status tenon_tokenizer::build() {
  beginsAnew.resize(file.numPieces());
  for (const tenon_added_token &token : file.added) {
    std::string text(file.piece(token.id));
    if (!(token.flags & TENON_ADDED_NORMALIZED)) {
      rawTokens.add(text, token.id, token.flags);
      beginsAnew[token.id] = true;
      continue;
    }
    if (countWholeBytes(text) == text.size())
      text = normalize(text, file.header().flags, /*prefix=*/false);
    normalizedTokens.add(text, token.id, token.flags);
  }
  rawTokens.sort();
  normalizedTokens.sort();

  for (const tenon_split &split : file.splits) {
    tenon_text_status status = splits.emplace_back().compile(
        file.pattern(split), split.behavior, split.invert);
    if (status)
      return status;
  }
  if (file.scores.size)
    lowestScore = *std::min_element(file.scores.begin(), file.scores.end());
  for (uint32_t id = 0; id < file.numPieces(); ++id)
    longestPiece = std::max<uint64_t>(longestPiece, file.piece(id).size());
  return TENON_TEXT_OK;
}

bool tenon_tokenizer::isSpecial(int32_t token) const {
  uint8_t kind = file.kinds[token];
  return kind == TENON_PIECE_CONTROL || kind == TENON_PIECE_UNKNOWN;
}
