// Reads UTF-8 strictly.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Utf8.h"

#include <cstring>

namespace tenon::text {

Character readCharacter(std::string_view text) {
  using Kind = Character::Kind;
  uint8_t lead = text[0];
  if (lead < 0x80)
    return {Kind::Whole, 1, lead};
  if (lead < 0xc2 || lead > 0xf4)
    return {Kind::Invalid, 0, 0};

  unsigned size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // Only the second byte has further limits: they exclude longer spellings of
  // a shorter character, surrogates, and what lies beyond U+10FFFF.
  uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  uint32_t value = lead & (0xff >> (size + 1));
  for (unsigned i = 1; i < size; ++i) {
    if (i == text.size())
      return {Kind::Incomplete, 0, 0};
    uint8_t byte = text[i];
    if (byte < low || byte > high)
      return {Kind::Invalid, 0, 0};
    low = 0x80, high = 0xbf;
    value = value << 6 | (byte & 0x3f);
  }
  return {Kind::Whole, uint8_t(size), value};
}

size_t countWholeBytes(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    uint64_t eight;
    if (text.size() - at >= sizeof(eight)) {
      memcpy(&eight, text.data() + at, sizeof(eight));
      if (!(eight & 0x8080808080808080u)) {
        at += sizeof(eight);
        continue;
      }
    }
    Character character = readCharacter(text.substr(at));
    if (character.kind != Character::Kind::Whole)
      break;
    at += character.size;
  }
  return at;
}

} // namespace tenon::text
