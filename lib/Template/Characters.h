// Characters of a string, as Python counts and classifies them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEMPLATE_CHARACTERS_H
#define TENON_LIB_TEMPLATE_CHARACTERS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::jinja {

/// A character and its bytes. A byte that is no UTF-8 is a character by itself.
struct Character {
  std::string_view bytes;
  uint32_t code;
};

std::vector<Character> characters(std::string_view text);
size_t countCharacters(std::string_view text);
/// Returns the character at a place, which counts from the end where it is
/// negative, or nothing.
std::optional<Character> characterAt(std::string_view text, int64_t place);
/// What reading all characters of so many bytes takes, in units of work: each is
/// as large as three of them.
inline uint64_t unitsOfCharacters(size_t bytes) { return 3 * bytes; }

/// Python's `str.isspace` of one character.
bool isSpace(uint32_t code);

/// Drops characters from the ends that satisfy `isSpace`, or that are among
/// `set` where that is not null.
std::string_view strip(std::string_view text, bool left, bool right,
                       const std::string *set = nullptr);

/// Appends a character as Python's `repr` writes it inside of these quotes.
void appendEscaped(const Character &character, char quote, std::string &text);

/// Appends UTF-8.
void appendCode(uint32_t code, std::string &text);

enum class Case { Upper, Lower };
/// Changes the case. Returns false for a character that Python changes into
/// several, or by its neighbors; `text` is then not complete.
bool changeCase(const Character &character, Case to, std::string &text);

bool isLetter(uint32_t code);
bool isDigit(uint32_t code);

} // namespace tenon::jinja

#endif // TENON_LIB_TEMPLATE_CHARACTERS_H
