// Builds what a tokenizer needs besides its tables.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Tokenizer.h"

#include "CharacterMap.h"
#include "Normalizer.h"
#include "Utf8.h"

#include <algorithm>

using namespace tenon::text;

/// No text of an added token becomes longer than this by its normalization.
static constexpr size_t longestAdded = 1 << 16;

tenon_text_status tenon_tokenizer::build() {
  beginsAnew.resize(file.numPieces());
  for (const tenon_added_token &token : file.added) {
    std::string text(file.piece(token.id));
    if (!(token.flags & TENON_ADDED_NORMALIZED)) {
      rawTokens.add(text, token.id, token.flags);
      beginsAnew[token.id] = true;
      continue;
    }
    // Normalized text is whole characters, and so is what is cut out of it.
    if (countWholeBytes(text) != text.size())
      continue;
    // The map of sentencepiece leaves these alone, others do not.
    if (!file.has(TENON_TOKENIZER_MAP_PREFIXES))
      text = normalize(text, /*prefix=*/false, longestAdded).value_or("");
    if (!text.empty())
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

std::optional<std::string> tenon_tokenizer::normalize(std::string_view text,
                                                      bool prefix,
                                                      size_t limit) const {
  uint32_t flags = file.header().flags;
  std::string mapped;
  if (flags & TENON_TOKENIZER_MAP_PREFIXES)
    mapped = mapPrefixes(text, file, normalizedTokens, limit);
  else if (flags & TENON_TOKENIZER_MAP_GRAPHEMES)
    mapped = mapGraphemes(text, file, limit);
  else
    return tenon::text::normalize(text, flags, prefix);
  if (mapped.size() > limit)
    return std::nullopt;
  // A text of spaces alone has none in front either.
  if ((flags & TENON_TOKENIZER_SINGLE_SPACES) && mapped.empty())
    prefix &= text.empty();
  return tenon::text::normalize(mapped, flags, prefix);
}

bool tenon_tokenizer::isSpecial(int32_t token) const {
  uint8_t kind = file.kinds[token];
  return kind == TENON_PIECE_CONTROL || kind == TENON_PIECE_UNKNOWN;
}
