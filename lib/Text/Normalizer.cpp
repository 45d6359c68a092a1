// Normal forms by utf8proc, what BERT does to a text, and spaces as U+2581.
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

/// The characters of normal form D.
static std::vector<int32_t> decomposeCanonically(std::string_view text) {
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
  return characters;
}

static void appendCharacter(std::string &text, int32_t character) {
  uint8_t bytes[4];
  utf8proc_ssize_t size = utf8proc_encode_char(character, bytes);
  text.append(reinterpret_cast<char *>(bytes), size);
}

static std::string composeCanonically(std::string_view text) {
  std::vector<int32_t> characters = decomposeCanonically(text);
  utf8proc_ssize_t count = utf8proc_normalize_utf32(
      characters.data(), characters.size(),
      utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE));

  std::string composed;
  for (utf8proc_ssize_t i = 0; i < count; ++i)
    appendCharacter(composed, characters[i]);
  return composed;
}

/// The property White_Space of Unicode.
static bool isWhiteSpace(int32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static bool isControl(int32_t c) {
  if (c == '\t' || c == '\n' || c == '\r')
    return false;
  utf8proc_category_t category = utf8proc_category(c);
  return c == 0 || c == 0xfffd || category == UTF8PROC_CATEGORY_CC ||
         category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CO;
}

/// The blocks that the published tokenizers take, with their gap.
static bool isIdeograph(int32_t c) {
  static constexpr int32_t blocks[][2] = {
      {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xf900, 0xfaff},
      {0x20000, 0x2a6df}, {0x2a700, 0x2b81f}, {0x2b920, 0x2ceaf},
      {0x2f800, 0x2fa1f},
  };
  return std::any_of(std::begin(blocks), std::end(blocks), [&](auto &block) {
    return c >= block[0] && c <= block[1];
  });
}

/// Calls `visit(character)` for each character of a text.
template <typename Visit>
static void forEachCharacter(std::string_view text, Visit visit) {
  while (!text.empty()) {
    Character character = readCharacter(text);
    text.remove_prefix(character.size);
    visit(int32_t(character.value));
  }
}

static std::string cleanCharacters(std::string_view text, uint32_t flags) {
  std::string result;
  forEachCharacter(text, [&](int32_t c) {
    bool isSpaced =
        (flags & TENON_TOKENIZER_SPACE_IDEOGRAPHS) && isIdeograph(c);
    if ((flags & TENON_TOKENIZER_CLEAN) && isControl(c))
      return;
    if ((flags & TENON_TOKENIZER_CLEAN) && isWhiteSpace(c))
      c = ' ';
    if (isSpaced)
      result.push_back(' ');
    appendCharacter(result, c);
    if (isSpaced)
      result.push_back(' ');
  });
  return result;
}

static std::string stripAccents(std::string_view text) {
  std::string result;
  for (int32_t c : decomposeCanonically(text))
    if (utf8proc_category(c) != UTF8PROC_CATEGORY_MN)
      appendCharacter(result, c);
  return result;
}

static std::string writeLowerCase(std::string_view text) {
  std::string result;
  forEachCharacter(text, [&](int32_t c) {
    // The one character whose lower case is two.
    appendCharacter(result, c == 0x130 ? 'i' : utf8proc_tolower(c));
    if (c == 0x130)
      appendCharacter(result, 0x307);
  });
  return result;
}

static std::string stripEnds(std::string_view text, uint32_t flags) {
  auto isSpaceAt = [&](size_t at) {
    return isWhiteSpace(int32_t(readCharacter(text.substr(at)).value));
  };
  while ((flags & TENON_TOKENIZER_STRIP_LEFT) && !text.empty() && isSpaceAt(0))
    text.remove_prefix(readCharacter(text).size);
  while ((flags & TENON_TOKENIZER_STRIP_RIGHT) && !text.empty()) {
    size_t last = text.size() - 1;
    while ((text[last] & 0xc0) == 0x80)
      --last;
    if (!isSpaceAt(last))
      break;
    text = text.substr(0, last);
  }
  return std::string(text);
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
  std::string result = stripEnds(text, flags);
  if (flags & TENON_TOKENIZER_JOIN_SPACES)
    result.erase(std::unique(result.begin(), result.end(),
                             [](char a, char b) { return a == ' ' && b == a; }),
                 result.end());
  if (flags & (TENON_TOKENIZER_CLEAN | TENON_TOKENIZER_SPACE_IDEOGRAPHS))
    result = cleanCharacters(result, flags);
  if ((flags & TENON_TOKENIZER_STRIP_ACCENTS) && !isAscii(result))
    result = stripAccents(result);
  if (flags & TENON_TOKENIZER_LOWERCASE)
    result = writeLowerCase(result);
  if ((flags & TENON_TOKENIZER_NFC) && !isAscii(result))
    result = composeCanonically(result);
  if (prefix)
    result.insert(result.begin(), ' ');
  return flags & TENON_TOKENIZER_SPACE_MARK ? markSpaces(result) : result;
}

} // namespace tenon::text
