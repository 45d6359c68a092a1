// Characters of a string, as Python counts and classifies them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Characters.h"

#include <algorithm>
#include <cstdio>
#include <utf8proc.h>

namespace tenon::jinja {

static Character readCharacter(std::string_view text) {
  int32_t code = 0;
  utf8proc_ssize_t size =
      utf8proc_iterate(reinterpret_cast<const uint8_t *>(text.data()),
                       utf8proc_ssize_t(text.size()), &code);
  if (size <= 0)
    return {text.substr(0, 1), 0xdc00u | uint8_t(text.front())};
  return {text.substr(0, size_t(size)), uint32_t(code)};
}

std::vector<Character> characters(std::string_view text) {
  std::vector<Character> result;
  result.reserve(text.size());
  while (!text.empty()) {
    result.push_back(readCharacter(text));
    text.remove_prefix(result.back().bytes.size());
  }
  return result;
}

size_t countCharacters(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count)
    text.remove_prefix(readCharacter(text).bytes.size());
  return count;
}

bool isSpace(uint32_t code) {
  return (code >= 0x9 && code <= 0xd) || (code >= 0x1c && code <= 0x20) ||
         code == 0x85 || code == 0xa0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
         code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

/// The last character of a text.
static Character readLast(std::string_view text) {
  size_t begin = text.size() - 1;
  while (begin && text.size() - begin < 4 && (text[begin] & 0xc0) == 0x80)
    --begin;
  Character last = readCharacter(text.substr(begin));
  if (last.bytes.size() == text.size() - begin)
    return last;
  return readCharacter(text.substr(text.size() - 1));
}

std::optional<Character> characterAt(std::string_view text, int64_t place) {
  while (!text.empty()) {
    if (place == 0 || place == -1)
      return place ? readLast(text) : readCharacter(text);
    if (place > 0)
      text.remove_prefix(readCharacter(text).bytes.size());
    else
      text.remove_suffix(readLast(text).bytes.size());
    place += place > 0 ? -1 : 1;
  }
  return std::nullopt;
}

std::string_view strip(std::string_view text, bool left, bool right,
                       const std::string *set) {
  std::vector<Character> chosen;
  if (set)
    chosen = characters(*set);
  auto goes = [&](const Character &c) {
    if (!set)
      return isSpace(c.code);
    return std::any_of(chosen.begin(), chosen.end(), [&](const Character &one) {
      return one.bytes == c.bytes;
    });
  };
  while (left && !text.empty() && goes(readCharacter(text)))
    text.remove_prefix(readCharacter(text).bytes.size());
  while (right && !text.empty() && goes(readLast(text)))
    text.remove_suffix(readLast(text).bytes.size());
  return text;
}

void appendCode(uint32_t code, std::string &text) {
  uint8_t bytes[4];
  utf8proc_ssize_t size = utf8proc_encode_char(int32_t(code), bytes);
  text.append(reinterpret_cast<char *>(bytes),
              size_t(std::max<utf8proc_ssize_t>(size, 0)));
}

static bool isPrintable(uint32_t code) {
  if (code == ' ')
    return true;
  switch (utf8proc_category(int32_t(code))) {
  case UTF8PROC_CATEGORY_CN:
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_ZS:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
    return false;
  default:
    return true;
  }
}

void appendEscaped(const Character &character, char quote, std::string &text) {
  uint32_t code = character.code;
  if (code == uint32_t(quote) || code == '\\')
    text += '\\';
  char escape = code == '\n'   ? 'n'
                : code == '\r' ? 'r'
                : code == '\t' ? 't'
                               : 0;
  if (escape) {
    text += {'\\', escape};
    return;
  }
  if (isPrintable(code)) {
    text += character.bytes;
    return;
  }
  char number[16];
  snprintf(number, sizeof(number),
           code < 0x100     ? "\\x%02x"
           : code < 0x10000 ? "\\u%04x"
                            : "\\U%08x",
           code);
  text += number;
}

/// Characters whose other case is several characters, or depends on what is next
/// to them.
static bool hasSpecialCase(uint32_t code, Case to) {
  if (to == Case::Lower)
    return code == 0x130 || code == 0x3a3;
  return code == 0xdf || code == 0x149 || code == 0x1f0 || code == 0x390 ||
         code == 0x3b0 || code == 0x587 || (code >= 0x1e96 && code <= 0x1e9a) ||
         (code >= 0x1f50 && code <= 0x1ffc) ||
         (code >= 0xfb00 && code <= 0xfb17);
}

bool changeCase(const Character &character, Case to, std::string &text) {
  if (hasSpecialCase(character.code, to))
    return false;
  if (character.bytes.size() == 1 && character.code >= 0x80) {
    text += character.bytes;
    return true;
  }
  int32_t code = int32_t(character.code);
  appendCode(uint32_t(to == Case::Upper ? utf8proc_toupper(code)
                                        : utf8proc_tolower(code)),
             text);
  return true;
}

bool isLetter(uint32_t code) {
  switch (utf8proc_category(int32_t(code))) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
    return true;
  default:
    return false;
  }
}

bool isDigit(uint32_t code) {
  return utf8proc_category(int32_t(code)) == UTF8PROC_CATEGORY_ND;
}

} // namespace tenon::jinja
