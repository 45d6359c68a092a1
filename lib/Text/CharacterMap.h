// Replaces characters by a table that a tokenizer brings with it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_CHARACTERMAP_H
#define TENON_LIB_TEXT_CHARACTERMAP_H

#include "AddedTokens.h"
#include "TokenizerFile.h"

#include <string>
#include <string_view>

namespace tenon::text {

/// The table of an open tokenizer.bin; without one, nothing is replaced.
class CharacterMap {
public:
  explicit CharacterMap(const TokenizerFile &file) : file(file) {}

  /// What some bytes of a text are written as.
  struct Replacement {
    size_t size; // of what is replaced; 0 if nothing is
    std::string_view text;
  };

  /// Replaces what the shortest, or the longest, prefix of a text stands for.
  Replacement findShortest(std::string_view text) const {
    return find(text, /*takesFirst=*/true);
  }
  Replacement findLongest(std::string_view text) const {
    return find(text, /*takesFirst=*/false);
  }

private:
  Replacement find(std::string_view text, bool takesFirst) const;
  const TokenizerFile &file;
};

/// Replaces as sentencepiece does: the longest prefix that the map has, at each
/// place, but nothing of the tokens in `kept`. With
/// TENON_TOKENIZER_SINGLE_SPACES spaces at both ends go, and further ones behind
/// a space. What is behind the first `limit` bytes may be
/// left out.
std::string mapPrefixes(std::string_view text, const TokenizerFile &file,
                        const AddedTokens &kept, size_t limit);

/// Replaces as the tokenizers library does, which asks for less than it could:
/// each grapheme of up to 5 bytes, of which the map has a prefix, as a whole by
/// what the shortest one stands for; else each character of the grapheme.
std::string mapGraphemes(std::string_view text, const TokenizerFile &file,
                         size_t limit);

} // namespace tenon::text

#endif // TENON_LIB_TEXT_CHARACTERMAP_H
