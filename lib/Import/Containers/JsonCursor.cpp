// Reads JSON text token by token, without recursion and without a tree.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/JsonCursor.h"
#include "tenon/Import/Containers/Messages.h"
#include "tenon/Import/JsonScan.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

using namespace tenon;
using Token = JsonCursor::Token;

llvm::Error JsonCursor::makeError(const llvm::Twine &message) const {
  llvm::StringRef before = text.take_front(tokenStart);
  size_t line = before.count('\n') + 1;
  size_t newline = before.rfind('\n');
  size_t column =
      newline == llvm::StringRef::npos ? tokenStart + 1 : tokenStart - newline;
  return makeImportError(file + ": line " + llvm::Twine(line) + ", column " +
                         llvm::Twine(column) + ": " + message);
}

void JsonCursor::skipSpace() {
  position = text.find_first_not_of(" \t\r\n", position);
  if (position == llvm::StringRef::npos)
    position = text.size();
  tokenStart = position;
}

bool JsonCursor::consume(char c) {
  if (position == text.size() || text[position] != c)
    return false;
  ++position;
  return true;
}

void JsonCursor::finishValue() {
  state = inObject.empty() ? State::Done : State::CommaOrEnd;
}

llvm::Expected<Token> JsonCursor::next() {
  skipSpace();
  if (state == State::CommaOrEnd) {
    if (consume(',')) {
      state = inObject.back() ? State::Key : State::Value;
      skipSpace();
    } else if (consume(inObject.back() ? '}' : ']')) {
      return close(inObject.back() ? Token::ObjectEnd : Token::ArrayEnd);
    } else {
      return makeError(inObject.back() ? "expects ',' or '}' in an object"
                                       : "expects ',' or ']' in an array");
    }
  }
  switch (state) {
  case State::Done:
    if (position != text.size())
      return makeError("expects nothing after the value");
    return Token::End;
  case State::KeyOrEnd:
    if (consume('}'))
      return close(Token::ObjectEnd);
    return lexKey();
  case State::Key:
    return lexKey();
  case State::ValueOrEnd:
    if (consume(']'))
      return close(Token::ArrayEnd);
    return lexValue();
  default:
    return lexValue();
  }
}

llvm::Error JsonCursor::expect(Token kind, const llvm::Twine &what) {
  llvm::Expected<Token> found = next();
  if (!found)
    return found.takeError();
  if (*found != kind)
    return makeError("expects " + what);
  return llvm::Error::success();
}

llvm::Expected<Token> JsonCursor::open(Token kind) {
  if (inObject.size() == maxJsonDepth)
    return makeError("nests objects and arrays more than " +
                     llvm::Twine(maxJsonDepth) + " deep");
  inObject.push_back(kind == Token::ObjectBegin);
  state = kind == Token::ObjectBegin ? State::KeyOrEnd : State::ValueOrEnd;
  return kind;
}

llvm::Expected<Token> JsonCursor::close(Token kind) {
  inObject.pop_back();
  finishValue();
  return kind;
}

llvm::Expected<Token> JsonCursor::lexKey() {
  if (!consume('"'))
    return makeError("expects a key in double quotes");
  if (llvm::Error error = lexString())
    return error;
  size_t keyStart = tokenStart;
  skipSpace();
  if (!consume(':'))
    return makeError("expects ':' after a key");
  tokenStart = keyStart;
  state = State::Value;
  return Token::Key;
}

llvm::Expected<Token> JsonCursor::lexValue() {
  if (consume('{'))
    return open(Token::ObjectBegin);
  if (consume('['))
    return open(Token::ArrayBegin);
  if (consume('"')) {
    if (llvm::Error error = lexString())
      return error;
    finishValue();
    return Token::String;
  }
  if (position < text.size() &&
      (text[position] == '-' || llvm::isDigit(text[position])))
    return lexNumber();
  return lexLiteral();
}

llvm::Expected<Token> JsonCursor::lexLiteral() {
  size_t end = position;
  while (end < text.size() && (llvm::isAlnum(text[end]) || text[end] == '_'))
    ++end;
  token = text.slice(position, end);
  // The writer of Python prints these, against the standard.
  if (token == "NaN" || token == "Infinity")
    return makeError("expects a finite number, but got " + token);
  if (token != "true" && token != "false" && token != "null") {
    if (position == text.size())
      return makeError("expects a value, but the text ends");
    return makeError("expects a value, but got " +
                     quote(token.empty() ? text.substr(position, 1) : token));
  }
  position = end;
  finishValue();
  return Token::Literal;
}

bool JsonCursor::lexDigits() {
  size_t start = position;
  while (position < text.size() && llvm::isDigit(text[position]))
    ++position;
  return position > start;
}

llvm::Expected<Token> JsonCursor::lexNumber() {
  bool negative = consume('-');
  if (negative && text.substr(position).starts_with("Infinity"))
    return makeError("expects a finite number, but got -Infinity");
  if (!consume('0') && !lexDigits())
    return makeError("expects digits after '-'");
  if (consume('.') && !lexDigits())
    return makeError("expects digits after '.'");
  if (consume('e') || consume('E')) {
    if (!consume('+'))
      consume('-');
    if (!lexDigits())
      return makeError("expects digits in an exponent");
  }
  token = text.slice(tokenStart, position);
  finishValue();
  return Token::Number;
}

llvm::Error JsonCursor::lexString() {
  size_t start = position;
  bool escaped = false;
  while (position < text.size()) {
    unsigned char c = text[position];
    if (c == '"') {
      token = escaped ? unescaped.str() : text.slice(start, position);
      ++position;
      return llvm::Error::success();
    }
    if (c < 0x20)
      return makeError("expects a control character in a string to be escaped");
    ++position;
    if (c == '\\') {
      if (!escaped)
        unescaped = text.slice(start, position - 1);
      escaped = true;
      if (llvm::Error error = lexEscape())
        return error;
    } else if (escaped) {
      unescaped.push_back(char(c));
    }
  }
  return makeError("expects a string to end with a double quote");
}

llvm::Expected<unsigned> JsonCursor::lexHex() {
  unsigned value = 0;
  llvm::StringRef digits = text.substr(position, 4);
  if (digits.size() < 4 || !llvm::all_of(digits, llvm::isHexDigit) ||
      digits.getAsInteger(16, value))
    return makeError("expects four hexadecimal digits after '\\u'");
  position += 4;
  return value;
}

llvm::Error JsonCursor::lexEscape() {
  if (position == text.size())
    return makeError("expects a string to end with a double quote");
  char c = text[position++];
  static constexpr llvm::StringLiteral names = "\"\\/bfnrt";
  static constexpr llvm::StringLiteral values = "\"\\/\b\f\n\r\t";
  if (size_t index = names.find(c); index != llvm::StringRef::npos) {
    unescaped.push_back(values[index]);
    return llvm::Error::success();
  }
  if (c != 'u')
    return makeError("has an unknown escape " +
                     quote(text.substr(position - 2, 2)) + " in a string");
  llvm::Expected<unsigned> unit = lexHex();
  if (!unit)
    return unit.takeError();
  unsigned code = *unit;
  bool isHigh = code >= 0xd800 && code < 0xdc00;
  if (isHigh && text.substr(position).starts_with("\\u")) {
    position += 2;
    llvm::Expected<unsigned> low = lexHex();
    if (!low)
      return low.takeError();
    if (*low < 0xdc00 || *low > 0xdfff)
      return makeError("expects surrogates in pairs");
    code = 0x10000 + ((code - 0xd800) << 10) + (*low - 0xdc00);
  } else if (code >= 0xd800 && code < 0xe000) {
    return makeError("expects surrogates in pairs");
  }
  char bytes[4];
  char *end = bytes;
  llvm::ConvertCodePointToUTF8(code, end);
  unescaped.append(bytes, end);
  return llvm::Error::success();
}
