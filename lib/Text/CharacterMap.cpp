// Walks a double array over the bytes of a text, and replaces what it finds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CharacterMap.h"

#include "Utf8.h"

#include <cstring>
#include <utf8proc.h>

namespace tenon::text {

/// Whether a character begins at a place of a text of whole characters.
static bool isBoundary(std::string_view text, size_t at) {
  return at == text.size() || (text[at] & 0xc0) != 0x80;
}

/// No index of the table, nor any index with a byte added, lies outside of it
/// unseen: what does is no match.
CharacterMap::Replacement CharacterMap::find(std::string_view text,
                                             bool takesFirst) const {
  Replacement found = {0, {}};
  const Table<uint32_t> &units = file.mapUnits;
  const Table<char> &texts = file.mapTexts;
  if (!units.size)
    return found;
  size_t node = tenon_map_children(units[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = text[i];
    size_t at = node ^ byte;
    if (!byte || at >= units.size || !tenon_map_is_reached(units[at], byte))
      break;
    node = at ^ tenon_map_children(units[at]);
    if (!tenon_map_has_value(units[at]) || node >= units.size ||
        !isBoundary(text, i + 1))
      continue;
    // A replacement begins where the one in front of it ends.
    size_t begin = tenon_map_value(units[node]);
    if (begin >= texts.size || (begin && texts[begin - 1]))
      continue;
    found = {i + 1, {texts.data + begin, strlen(texts.data + begin)}};
    if (takesFirst)
      break;
  }
  return found;
}

namespace {

/// Writes text whose spaces stand alone, where that is asked for.
class SpacedText {
public:
  explicit SpacedText(bool single) : single(single), wasSpace(single) {}

  void append(std::string_view part) {
    while (wasSpace && !part.empty() && part.front() == ' ')
      part.remove_prefix(1);
    if (part.empty())
      return;
    text.append(part);
    wasSpace = single && part.back() == ' ';
  }
  size_t size() const { return text.size(); }

  /// A mark that the text ends with counts as a space.
  std::string finish() {
    auto endsWith = [&](std::string_view end) {
      return text.size() >= end.size() &&
             std::string_view(text).substr(text.size() - end.size()) == end;
    };
    while (single && (endsWith(" ") || endsWith(spaceMark)))
      text.resize(text.size() - (endsWith(" ") ? 1 : spaceMark.size()));
    return std::move(text);
  }

private:
  std::string text;
  bool single;
  bool wasSpace; // also in front of the text
};

} // namespace

std::string mapPrefixes(std::string_view text, const TokenizerFile &file,
                        const AddedTokens &kept, size_t limit) {
  CharacterMap map(file);
  SpacedText result(file.has(TENON_TOKENIZER_SINGLE_SPACES));
  while (!text.empty() && result.size() <= limit) {
    size_t size = kept.longestSize(text);
    CharacterMap::Replacement found = {size, text.substr(0, size)};
    if (!found.size)
      found = map.findLongest(text);
    if (!found.size) {
      found.size = readCharacter(text).size;
      found.text = text.substr(0, found.size);
    }
    result.append(found.text);
    text.remove_prefix(found.size);
  }
  return result.finish();
}

/// Returns how many bytes of a text its first grapheme has.
static size_t countGraphemeBytes(std::string_view text) {
  Character character = readCharacter(text);
  size_t size = character.size;
  utf8proc_int32_t state = 0;
  while (size < text.size()) {
    Character next = readCharacter(text.substr(size));
    if (utf8proc_grapheme_break_stateful(character.value, next.value, &state))
      break;
    character = next;
    size += next.size;
  }
  return size;
}

std::string mapGraphemes(std::string_view text, const TokenizerFile &file,
                         size_t limit) {
  constexpr size_t longest = 5;
  CharacterMap map(file);
  std::string result;
  while (!text.empty() && result.size() <= limit) {
    std::string_view rest = text.substr(0, countGraphemeBytes(text));
    text.remove_prefix(rest.size());
    if (rest.size() <= longest) {
      CharacterMap::Replacement whole = map.findShortest(rest);
      if (whole.size) {
        result.append(whole.text);
        continue;
      }
    }
    while (!rest.empty() && result.size() <= limit) {
      std::string_view part = rest.substr(0, readCharacter(rest).size);
      rest.remove_prefix(part.size());
      CharacterMap::Replacement found = map.findShortest(part);
      result.append(found.size ? found.text : part);
    }
  }
  return result;
}

} // namespace tenon::text
