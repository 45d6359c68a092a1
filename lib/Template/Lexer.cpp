// Cuts the source of a template into tokens.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Lexer.h"

#include "Characters.h"

#include <algorithm>
#include <cctype>

namespace tenon::jinja {

namespace {

class Lexer {
public:
  Lexer(std::string source, std::string &error)
      : source(std::move(source)), error(error) {}

  std::vector<Token> run();

private:
  void lexText();
  void lexComment();
  bool lexRaw(size_t afterSign);
  void lexTag(bool isBlock);
  bool endTag(bool isBlock);
  void lexName();
  void lexNumber();
  void lexString(char quote);
  void lexOperator();
  size_t skipDigits(size_t from) const;
  void fail(const std::string &text) {
    if (error.empty())
      error = "line " + std::to_string(line) + ": " + text;
  }
  void push(Token::Kind kind, std::string text) {
    tokens.push_back({kind, std::move(text), line});
  }
  /// Goes to another place, counting lines.
  void moveTo(size_t place) {
    line +=
        unsigned(std::count(source.begin() + at, source.begin() + place, '\n'));
    at = place;
  }
  size_t skipSpace(size_t from) const;
  char peek(size_t ahead) const {
    return at + ahead < source.size() ? source[at + ahead] : '\0';
  }
  bool startsWith(size_t from, std::string_view text) const {
    return source.compare(from, text.size(), text) == 0;
  }

  std::string source;
  std::string &error;
  std::vector<Token> tokens;
  size_t at = 0;
  unsigned line = 1;
  /// Whether the last tag ended with the end of a line.
  bool isLineStart = true;
  /// Open brackets inside a tag.
  std::string open;
};

} // namespace

/// Every end of a line becomes a newline; one at the very end is dropped.
static std::string normalizeLines(std::string_view source) {
  std::string result;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n')
      continue;
    result += source[i] == '\r' ? '\n' : source[i];
  }
  if (!result.empty() && result.back() == '\n')
    result.pop_back();
  return result;
}

size_t Lexer::skipSpace(size_t from) const {
  std::string_view rest = std::string_view(source).substr(from);
  return source.size() - strip(rest, /*left=*/true, /*right=*/false).size();
}

void Lexer::lexText() {
  size_t tag = at;
  auto isTag = [&](size_t place) {
    return source[place] == '{' && place + 1 < source.size() &&
           (source[place + 1] == '{' || source[place + 1] == '%' ||
            source[place + 1] == '#');
  };
  while (tag < source.size() && !isTag(tag))
    ++tag;
  std::string text = source.substr(at, tag - at);
  if (tag == source.size()) {
    if (!text.empty())
      push(Token::Kind::Text, std::move(text));
    at = tag;
    return;
  }
  char kind = source[tag + 1];
  char sign = tag + 2 < source.size() ? source[tag + 2] : '\0';
  bool hasSign = sign == '-' || sign == '+';
  if (sign == '-') {
    text = strip(text, /*left=*/false, /*right=*/true);
  } else if (sign != '+' && kind != '{') {
    size_t lineBegin = text.rfind('\n') + 1;
    std::string_view blanks = std::string_view(text).substr(lineBegin);
    if ((lineBegin || isLineStart) && strip(blanks, true, false).empty())
      text.resize(lineBegin);
  }
  if (!text.empty())
    push(Token::Kind::Text, std::move(text));
  isLineStart = false;
  moveTo(tag);
  size_t inside = tag + 2 + hasSign;
  if (kind == '%' && lexRaw(inside))
    return;
  moveTo(inside);
  if (kind == '#')
    return lexComment();
  push(kind == '%' ? Token::Kind::BlockBegin : Token::Kind::VariableBegin, "");
  lexTag(kind == '%');
}

void Lexer::lexComment() {
  size_t end = source.find("#}", at);
  if (end == std::string::npos)
    return fail("a comment has no end, '#}'");
  char sign = end > at ? source[end - 1] : '\0';
  size_t next = end + 2;
  if (sign == '-')
    next = skipSpace(next);
  else if (sign != '+' && next < source.size() && source[next] == '\n')
    ++next;
  isLineStart = source[next - 1] == '\n';
  moveTo(next);
}

/// Takes `{% raw %}...{% endraw %}`, whose text is no template.
bool Lexer::lexRaw(size_t afterSign) {
  size_t word = skipSpace(afterSign);
  if (!startsWith(word, "raw"))
    return false;
  size_t close = skipSpace(word + 3);
  bool strips = startsWith(close, "-%}");
  if (!strips && !startsWith(close, "%}"))
    return false;
  size_t begin = strips ? skipSpace(close + 3) : close + 2;
  moveTo(begin);
  for (size_t tag = source.find("{%", at); tag != std::string::npos;
       tag = source.find("{%", tag + 1)) {
    char sign = tag + 2 < source.size() ? source[tag + 2] : '\0';
    size_t name = skipSpace(tag + 2 + (sign == '-' || sign == '+'));
    if (!startsWith(name, "endraw"))
      continue;
    size_t end = skipSpace(name + 6);
    char endSign = end < source.size() ? source[end] : '\0';
    size_t brace = end + (endSign == '-' || endSign == '+');
    if (!startsWith(brace, "%}"))
      continue;
    std::string text = source.substr(begin, tag - begin);
    if (sign == '-')
      text = strip(text, false, true);
    else if (sign != '+') {
      size_t lineBegin = text.rfind('\n') + 1;
      if ((lineBegin || source[begin - 1] == '\n') &&
          strip(std::string_view(text).substr(lineBegin), true, false).empty())
        text.resize(lineBegin);
    }
    push(Token::Kind::Text, std::move(text));
    size_t next = brace + 2;
    if (endSign == '-')
      next = skipSpace(next);
    else if (endSign != '+' && next < source.size() && source[next] == '\n')
      ++next;
    isLineStart = source[next - 1] == '\n';
    moveTo(next);
    return true;
  }
  fail("'raw' has no 'endraw'");
  return true;
}

/// Takes the end of a tag, if it is here.
bool Lexer::endTag(bool isBlock) {
  std::string_view close = isBlock ? "%}" : "}}";
  char sign = peek(0);
  bool strips = sign == '-' && startsWith(at + 1, close);
  bool keeps = isBlock && sign == '+' && startsWith(at + 1, close);
  if (!strips && !keeps && !startsWith(at, close))
    return false;
  push(isBlock ? Token::Kind::BlockEnd : Token::Kind::VariableEnd, "");
  size_t next = at + close.size() + (strips || keeps);
  if (strips)
    next = skipSpace(next);
  else if (isBlock && !keeps && next < source.size() && source[next] == '\n')
    ++next;
  isLineStart = source[next - 1] == '\n';
  moveTo(next);
  return true;
}

void Lexer::lexTag(bool isBlock) {
  open.clear();
  while (error.empty()) {
    moveTo(skipSpace(at));
    if (at == source.size())
      return fail(isBlock ? "a tag has no end, '%}'"
                          : "a tag has no end, '}}'");
    if (open.empty() && endTag(isBlock))
      return;
    unsigned char c = static_cast<unsigned char>(source[at]);
    if (std::isdigit(c))
      lexNumber();
    else if (std::isalpha(c) || c == '_')
      lexName();
    else if (c == '\'' || c == '"')
      lexString(char(c));
    else
      lexOperator();
  }
}

void Lexer::lexName() {
  size_t end = at;
  while (end < source.size() &&
         (std::isalnum(static_cast<unsigned char>(source[end])) ||
          source[end] == '_'))
    ++end;
  push(Token::Kind::Name, source.substr(at, end - at));
  at = end;
}

size_t Lexer::skipDigits(size_t from) const {
  auto isDigitAt = [&](size_t place) {
    return place < source.size() &&
           std::isdigit(static_cast<unsigned char>(source[place]));
  };
  while (isDigitAt(from) ||
         (from < source.size() && source[from] == '_' && isDigitAt(from + 1)))
    ++from;
  return from;
}

void Lexer::lexNumber() {
  size_t end = skipDigits(at);
  bool isFloat = false;
  // `messages[0].role`: a dot that no digit follows is an attribute.
  if (end + 1 < source.size() && source[end] == '.' &&
      std::isdigit(static_cast<unsigned char>(source[end + 1]))) {
    end = skipDigits(end + 1);
    isFloat = true;
  }
  if (end < source.size() && (source[end] == 'e' || source[end] == 'E')) {
    size_t digits = end + 1;
    if (digits < source.size() &&
        (source[digits] == '+' || source[digits] == '-'))
      ++digits;
    if (skipDigits(digits) != digits) {
      end = skipDigits(digits);
      isFloat = true;
    }
  }
  std::string text = source.substr(at, end - at);
  if (!isFloat && text.size() > 1 && text[0] == '0' &&
      text.find_first_not_of("0_") != std::string::npos)
    return fail("number '" + text + "' begins with 0");
  if (!isFloat && text == "0" && end < source.size() &&
      std::isalpha(static_cast<unsigned char>(source[end])))
    return fail("numbers are decimal here, but one begins with '0" +
                std::string(1, source[end]) + "'");
  push(isFloat ? Token::Kind::Float : Token::Kind::Integer, std::move(text));
  at = end;
}

static int hexValue(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = char(std::tolower(static_cast<unsigned char>(c)));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Appends what an escape of Python stands for; `text` begins after the
/// backslash and loses it. Returns false for one that is not complete.
static bool unescape(std::string_view &text, std::string &result) {
  static constexpr std::string_view names = "abfnrtv\\'\"";
  static constexpr std::string_view values = "\a\b\f\n\r\t\v\\'\"";
  char c = text.front();
  size_t known = names.find(c);
  text.remove_prefix(1);
  if (known != std::string_view::npos) {
    result += values[known];
    return true;
  }
  if (c == '\n')
    return true;
  size_t size = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  uint32_t code = 0;
  if (c >= '0' && c <= '7') {
    code = uint32_t(c - '0');
    for (int i = 0; i < 2 && !text.empty() && text[0] >= '0' && text[0] <= '7';
         ++i, text.remove_prefix(1))
      code = code * 8 + uint32_t(text[0] - '0');
    appendCode(code, result);
    return true;
  }
  if (!size) {
    result += {'\\', c};
    return c != 'N';
  }
  if (text.size() < size)
    return false;
  for (char digit : text.substr(0, size)) {
    if (hexValue(digit) < 0)
      return false;
    code = code * 16 + uint32_t(hexValue(digit));
  }
  text.remove_prefix(size);
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    return false;
  appendCode(code, result);
  return true;
}

void Lexer::lexString(char quote) {
  size_t end = at + 1;
  while (end < source.size() && source[end] != quote)
    end += source[end] == '\\' ? 2 : 1;
  if (end >= source.size())
    return fail("a string has no end");
  std::string_view rest = std::string_view(source).substr(at + 1, end - at - 1);
  std::string value;
  while (!rest.empty()) {
    char c = rest.front();
    rest.remove_prefix(1);
    if (c != '\\')
      value += c;
    else if (!unescape(rest, value))
      return fail("a string has an escape that stands for no character");
  }
  push(Token::Kind::String, std::move(value));
  moveTo(end + 1);
}

void Lexer::lexOperator() {
  static constexpr std::string_view known[] = {
      "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
      "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
  const auto *found =
      std::find_if(std::begin(known), std::end(known),
                   [&](std::string_view op) { return startsWith(at, op); });
  if (found == std::end(known))
    return fail("unexpected character '" + source.substr(at, 1) + "'");
  char c = found->front();
  if (c == '(' || c == '[' || c == '{')
    open += c == '(' ? ')' : char(c + 2);
  if (c == ')' || c == ']' || c == '}') {
    if (open.empty() || open.back() != c)
      return fail("unexpected '" + std::string(1, c) + "'");
    open.pop_back();
  }
  push(Token::Kind::Operator, std::string(*found));
  at += found->size();
}

std::vector<Token> Lexer::run() {
  while (at < source.size() && error.empty())
    lexText();
  push(Token::Kind::End, "");
  return std::move(tokens);
}

std::vector<Token> tokenize(std::string_view source, std::string &error) {
  error.clear();
  return Lexer(normalizeLines(source), error).run();
}

} // namespace tenon::jinja
