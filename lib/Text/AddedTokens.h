// Pieces that are cut out of a text before it is tokenized.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_ADDEDTOKENS_H
#define TENON_LIB_TEXT_ADDEDTOKENS_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::text {

/// A part of a text: a token that was cut out, or what lies between two.
struct CutPart {
  int32_t token; // -1: text
  std::string_view text;
};

/// Finds tokens by their text, the longest at each place, leftmost first.
class AddedTokens {
public:
  /// `flags` are TENON_ADDED_*.
  void add(std::string text, uint32_t id, uint32_t flags);
  /// Call this once after the last token was added.
  void sort();

  /// Cuts a text. Special tokens count as text unless `parseSpecial`.
  void cut(std::string_view text, bool parseSpecial,
           std::vector<CutPart> &parts) const;

  /// Returns how many bytes the longest token at the beginning of a text has.
  size_t longestSize(std::string_view text) const {
    const Entry *entry =
        text.empty() || !canBegin[uint8_t(text[0])] ? nullptr : longestAt(text);
    return entry ? entry->text.size() : 0;
  }

  /// Returns the token with exactly this text, or -1.
  int32_t find(std::string_view text) const;

private:
  struct Entry {
    std::string text;
    uint32_t id;
    uint32_t flags;
  };
  const Entry *longestAt(std::string_view text) const;

  std::vector<Entry> entries; // ascending text
  bool canBegin[256] = {};
};

} // namespace tenon::text

#endif // TENON_LIB_TEXT_ADDEDTOKENS_H
