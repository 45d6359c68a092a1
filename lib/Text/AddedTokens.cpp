// Cuts tokens out of a text by narrowing a sorted list byte by byte.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AddedTokens.h"

#include "tenon/Runtime/TokenizerFormat.h"
#include "Utf8.h"

#include <algorithm>
#include <tuple>
#include <utf8proc.h>

namespace tenon::text {

void AddedTokens::add(std::string text, uint32_t id, uint32_t flags) {
  canBegin[uint8_t(text[0])] = true;
  entries.push_back({std::move(text), id, flags});
}

void AddedTokens::sort() {
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    return std::tie(a.text, a.id) < std::tie(b.text, b.id);
  });
}

int32_t AddedTokens::find(std::string_view text) const {
  auto entry = std::lower_bound(
      entries.begin(), entries.end(), text,
      [](const Entry &a, std::string_view b) { return a.text < b; });
  return entry != entries.end() && entry->text == text ? entry->id : -1;
}

const AddedTokens::Entry *AddedTokens::longestAt(std::string_view text) const {
  const Entry *found = nullptr;
  auto first = entries.begin(), last = entries.end();
  // All entries from first to last begin with the same `depth` bytes of the
  // text, and the shortest of them comes first.
  for (size_t depth = 0; first != last; ++depth) {
    if (first->text.size() == depth)
      found = &*first;
    if (depth == text.size())
      break;
    uint8_t byte = text[depth];
    auto at = [&](const Entry &entry) {
      return depth < entry.text.size() ? int(uint8_t(entry.text[depth])) : -1;
    };
    first = std::partition_point(
        first, last, [&](const Entry &entry) { return at(entry) < byte; });
    last = std::partition_point(
        first, last, [&](const Entry &entry) { return at(entry) == byte; });
  }
  return found;
}

static bool isWhiteSpace(uint32_t c) {
  return (c >= 0x9 && c <= 0xd) || c == 0x20 || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/// Returns whether a character counts as part of a word: letters, marks,
/// decimal digits, connectors, joiners, and symbols that Unicode calls
/// alphabetic.
static bool isWordCharacter(uint32_t c) {
  switch (utf8proc_category(c)) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_PC:
    return true;
  default:
    return c == 0x200c || c == 0x200d || (c >= 0x24b6 && c <= 0x24e9) ||
           (c >= 0x1f130 && c <= 0x1f149) || (c >= 0x1f150 && c <= 0x1f169) ||
           (c >= 0x1f170 && c <= 0x1f189);
  }
}

/// Returns the last character of a text, which is Invalid when it is none.
static Character readLastCharacter(std::string_view text) {
  for (size_t size = 1; size <= std::min<size_t>(4, text.size()); ++size) {
    std::string_view tail = text.substr(text.size() - size);
    if ((uint8_t(tail[0]) & 0xc0) == 0x80)
      continue;
    Character character = readCharacter(tail);
    if (character.kind == Character::Kind::Whole && character.size == size)
      return character;
    break;
  }
  return {Character::Kind::Invalid, 0, 0};
}

static bool isWhole(const Character &character) {
  return character.kind == Character::Kind::Whole;
}

static bool isSingleWord(std::string_view text, size_t begin, size_t end) {
  Character before = readLastCharacter(text.substr(0, begin));
  if (isWhole(before) && isWordCharacter(before.value))
    return false;
  if (end == text.size())
    return true;
  Character after = readCharacter(text.substr(end));
  return !isWhole(after) || !isWordCharacter(after.value);
}

static size_t stripLeft(std::string_view text, size_t from, size_t begin) {
  while (begin > from) {
    Character before = readLastCharacter(text.substr(0, begin));
    if (!isWhole(before) || !isWhiteSpace(before.value))
      break;
    begin -= before.size;
  }
  // A match in front may already have taken these spaces and more.
  return std::max(begin, from);
}

static size_t stripRight(std::string_view text, size_t end) {
  while (end < text.size()) {
    Character after = readCharacter(text.substr(end));
    if (!isWhole(after) || !isWhiteSpace(after.value))
      break;
    end += after.size;
  }
  return end;
}

void AddedTokens::cut(std::string_view text, bool parseSpecial,
                      std::vector<CutPart> &parts) const {
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    const Entry *entry =
        canBegin[uint8_t(text[at])] ? longestAt(text.substr(at)) : nullptr;
    if (!entry) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + entry->text.size();
    at = end;
    if ((entry->flags & TENON_ADDED_SPECIAL) && !parseSpecial)
      continue;
    if ((entry->flags & TENON_ADDED_SINGLE_WORD) &&
        !isSingleWord(text, begin, end))
      continue;
    if (entry->flags & TENON_ADDED_STRIP_LEFT)
      begin = stripLeft(text, done, begin);
    if (entry->flags & TENON_ADDED_STRIP_RIGHT)
      end = stripRight(text, end);
    if (done < begin)
      parts.push_back({-1, text.substr(done, begin - done)});
    parts.push_back({int32_t(entry->id), entry->text});
    done = end;
  }
  if (done < text.size())
    parts.push_back({-1, text.substr(done)});
}

} // namespace tenon::text
