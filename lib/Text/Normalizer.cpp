// Normal form C by utf8proc, and spaces as U+2581.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Normalizer.h"

#include "tenon/Runtime/TokenizerFormat.h"
#include "Utf8.h"

#include <algorithm>
#include <utf8proc.h>
#include <vector>

namespace tenon::text {

static bool isAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return uint8_t(c) < 0x80; });
}

static int combiningClass(int32_t character) {
  return utf8proc_get_property(character)->combining_class;
}

/// Sorts every run of combining marks by their class. utf8proc can do that too,
/// but in quadratic time for a long run.
static void orderMarks(std::vector<int32_t> &characters) {
  // Class, place and character of each mark of a run: 8, 32 and 21 bits.
  std::vector<uint64_t> keys;
  auto isMark = [](int32_t c) { return combiningClass(c) != 0; };
  auto last = characters.begin();
  while (true) {
    auto first = std::find_if(last, characters.end(), isMark);
    if (first == characters.end())
      return;
    last = std::find_if_not(first, characters.end(), isMark);
    keys.clear();
    for (auto mark = first; mark != last; ++mark)
      keys.push_back(uint64_t(combiningClass(*mark)) << 53 |
                     uint64_t(mark - first) << 21 | *mark);
    std::sort(keys.begin(), keys.end());
    std::transform(keys.begin(), keys.end(), first,
                   [](uint64_t key) { return key & 0x1fffff; });
  }
}

static std::string composeCanonically(std::string_view text) {
  std::vector<int32_t> characters;
  characters.reserve(text.size());
  // Hangul and canonical mappings yield at most 4 characters for one.
  int32_t parts[8];
  int lastClass = 0;
  while (!text.empty()) {
    Character character = readCharacter(text);
    text.remove_prefix(character.size);
    utf8proc_ssize_t count =
        utf8proc_decompose_char(character.value, parts, std::size(parts),
                                UTF8PROC_DECOMPOSE, &lastClass);
    characters.insert(characters.end(), parts, parts + count);
  }
  orderMarks(characters);
  utf8proc_ssize_t count = utf8proc_normalize_utf32(
      characters.data(), characters.size(),
      utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE));

  std::string composed;
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    uint8_t bytes[4];
    utf8proc_ssize_t size = utf8proc_encode_char(characters[i], bytes);
    composed.append(reinterpret_cast<char *>(bytes), size);
  }
  return composed;
}

static std::string markSpaces(std::string_view text) {
  std::string marked;
  marked.reserve(text.size() + text.size() / 2);
  for (char c : text) {
    if (c == ' ')
      marked.append(spaceMark);
    else
      marked.push_back(c);
  }
  return marked;
}

std::string normalize(std::string_view text, uint32_t flags, bool prefix) {
  std::string result;
  if ((flags & TENON_TOKENIZER_NFC) && !isAscii(text))
    result = composeCanonically(text);
  else
    result = text;
  if (prefix)
    result.insert(result.begin(), ' ');
  return flags & TENON_TOKENIZER_SPACE_MARK ? markSpaces(result) : result;
}

} // namespace tenon::text
