// Translates split patterns from Oniguruma to PCRE2.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#define PCRE2_CODE_UNIT_WIDTH 8

#include "SplitPattern.h"

#include "llvm/ADT/StringExtras.h"
#include <pcre2.h>

using namespace llvm;

namespace tenon {

// PCRE2 counts U+180E as white space; Unicode and Oniguruma no longer do. So
// `\s` is spelled out.
static const StringLiteral whiteSpace =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029})"
    R"(\x{202f}\x{205f}\x{3000})";

/// Whether PCRE2 takes a pattern; if not, why and where.
static bool compiles(StringRef pattern, int &error, size_t &offset) {
  pcre2_code *code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()),
                                   pattern.size(), PCRE2_UTF | PCRE2_UCP,
                                   &error, &offset, nullptr);
  pcre2_code_free(code);
  return code;
}

namespace {

/// Reads one pattern from front to back.
class Translator {
public:
  Translator(StringRef pattern, StringRef file)
      : pattern(pattern), file(file) {}

  Expected<std::string> translate();

private:
  Error translateEscape();
  void takeProperty();
  Error translateClassCharacter();
  Error translateCharacter();
  Error refuse(StringRef part, StringRef reason);
  char peek(size_t ahead) const {
    return at + ahead < pattern.size() ? pattern[at + ahead] : '\0';
  }
  void take(size_t count) {
    result += pattern.substr(at, count);
    at += count;
  }

  StringRef pattern;
  StringRef file;
  size_t at = 0;
  size_t classBegin = 0; // where the first character of a class may stand
  bool inClass = false;
  std::string result;
};

} // namespace

Error Translator::refuse(StringRef part, StringRef reason) {
  return createStringError(
      "%s: split pattern '%s' uses '%s' at byte %zu, %s; express it with \\s, "
      "\\S, \\d, \\p{...}, classes, groups and quantifiers",
      file.str().c_str(), pattern.str().c_str(), part.str().c_str(), at,
      reason.str().c_str());
}

Error Translator::translateEscape() {
  char escape = peek(1);
  if (escape == 's' || (escape == 'S' && !inClass)) {
    if (inClass)
      result += whiteSpace;
    else
      result += ((escape == 's' ? "[" : "[^") + whiteSpace + "]").str();
    at += 2;
    return Error::success();
  }
  if (!isAlnum(escape) || StringRef("dpPrntf").contains(escape)) {
    if ((escape == 'p' || escape == 'P') && peek(2) == '{')
      takeProperty();
    else
      take(2);
    return Error::success();
  }
  return refuse(pattern.substr(at, 2),
                "which has another meaning in PCRE2 or cannot stand there");
}

/// For PCRE2 the name of a script stands for its extensions as well, such as
/// punctuation that several scripts share. `sc:` asks for the script alone.
void Translator::takeProperty() {
  // The brace that ends a property ends no quantifier.
  size_t size = std::min(pattern.find('}', at), pattern.size() - 1) + 1 - at;
  StringRef name = pattern.substr(at + 3, size - 3);
  bool isNegated = name.consume_front("^");
  std::string script =
      (pattern.substr(at, 3) + (isNegated ? "^" : "") + "sc:" + name).str();
  int error = 0;
  size_t offset = 0;
  if (!compiles(script, error, offset))
    return take(size);
  result += script;
  at += size;
}

Error Translator::translateClassCharacter() {
  if (peek(0) == '[')
    return refuse("[", "a class inside a class");
  if (peek(0) == '&' && peek(1) == '&')
    return refuse("&&", "an intersection of classes");
  if (peek(0) == ']' && at != classBegin)
    inClass = false;
  take(1);
  return Error::success();
}

Error Translator::translateCharacter() {
  if (peek(0) == '[') {
    inClass = true;
    take(peek(1) == '^' ? 2 : 1);
    classBegin = at;
    return Error::success();
  }
  // Oniguruma, as the publishers use it, matches them at every line, and lets
  // a dot match all but the end of one.
  if (peek(0) == '^' || peek(0) == '$') {
    result += peek(0) == '^' ? "(?m:^)" : "(?m:$)";
    ++at;
    return Error::success();
  }
  if (peek(0) == '.') {
    result += R"([^\n])";
    ++at;
    return Error::success();
  }
  if (peek(0) == '}' && peek(1) == '+')
    return refuse("}+", "which is not possessive everywhere");
  if (peek(0) == '(' && peek(1) == '?' &&
      !StringRef(":=!<>i").contains(peek(2)))
    return refuse(pattern.substr(at, 3), "a group of another kind");
  take(1);
  return Error::success();
}

Expected<std::string> Translator::translate() {
  while (at < pattern.size()) {
    Error error = peek(0) == '\\' ? translateEscape()
                  : inClass       ? translateClassCharacter()
                                  : translateCharacter();
    if (error)
      return std::move(error);
  }
  return result;
}

/// Returns why PCRE2 does not take a pattern.
static Error checkPattern(StringRef pattern, StringRef file) {
  int error = 0;
  size_t offset = 0;
  if (compiles(pattern, error, offset))
    return Error::success();
  char reason[128] = "";
  pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR *>(reason),
                          sizeof(reason));
  return createStringError("%s: split pattern '%s' is wrong at byte %zu: %s",
                           file.str().c_str(), pattern.str().c_str(), offset,
                           reason);
}

Expected<std::string> translatePattern(StringRef pattern, StringRef file) {
  Expected<std::string> result = Translator(pattern, file).translate();
  if (!result)
    return result.takeError();
  if (Error error = checkPattern(*result, file))
    return std::move(error);
  return result;
}

std::string quotePattern(StringRef text) {
  std::string result;
  for (char c : text) {
    if (StringRef("\\^$.|?*+()[]{}").contains(c))
      result += '\\';
    result += c;
  }
  return result;
}

} // namespace tenon
