// Characters of UTF-8, with everything refused that RFC 3629 refuses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEXT_UTF8_H
#define TENON_LIB_TEXT_UTF8_H

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenon::text {

/// The character that stands for a space inside pieces, U+2581.
inline constexpr std::string_view spaceMark = "\xe2\x96\x81";

/// The prefix of pieces that continue a word.
inline constexpr std::string_view wordMark = "##";

/// The character at the beginning of some bytes.
struct Character {
  enum class Kind : uint8_t {
    Whole,
    Incomplete, // all bytes there are begin a character
    Invalid,    // the first byte belongs to no character
  };
  Kind kind;
  uint8_t size;   // bytes of a whole character
  uint32_t value; // its code point
};

/// Reads the first character; `text` is not empty.
Character readCharacter(std::string_view text);

/// Returns how many bytes from the beginning are whole characters.
size_t countWholeBytes(std::string_view text);

} // namespace tenon::text

#endif // TENON_LIB_TEXT_UTF8_H
