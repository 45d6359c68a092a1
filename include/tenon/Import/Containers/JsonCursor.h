// Reads JSON text token by token, without recursion and without a tree.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_CONTAINERS_JSONCURSOR_H
#define TENON_IMPORT_CONTAINERS_JSONCURSOR_H

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tenon {

/// A cursor over one JSON text. The header of a checkpoint may be many
/// megabytes of numbers, for which a tree would take twenty times the text;
/// the cursor takes none.
class JsonCursor {
public:
  enum class Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Key,
    String,
    Number,
    Literal, // true, false or null
    End,     // of the text
  };

  /// `file` is the name to print in messages; the text must outlive the cursor.
  JsonCursor(llvm::StringRef text, llvm::StringRef file)
      : text(text), file(file) {}

  /// Reads the next token, or reports what is wrong with the text there.
  llvm::Expected<Token> next();
  /// After a key or a string: its characters, with escapes resolved, valid
  /// until the next token. After a number or literal: its spelling.
  llvm::StringRef getText() const { return token; }
  /// Reads a token and requires its kind; `what` describes it in messages.
  llvm::Error expect(Token kind, const llvm::Twine &what);
  /// An error at the last token.
  llvm::Error makeError(const llvm::Twine &message) const;

private:
  enum class State {
    Value,
    ValueOrEnd, // after [
    KeyOrEnd,   // after {
    Key,        // after a comma in an object
    CommaOrEnd,
    Done,
  };

  void skipSpace();
  bool consume(char c);
  llvm::Expected<Token> lexValue();
  llvm::Expected<Token> lexKey();
  llvm::Expected<Token> open(Token kind);
  llvm::Expected<Token> close(Token kind);
  llvm::Expected<Token> lexNumber();
  llvm::Expected<Token> lexLiteral();
  llvm::Error lexString();
  llvm::Error lexEscape();
  llvm::Expected<unsigned> lexHex();
  bool lexDigits();
  void finishValue();

  llvm::StringRef text;
  llvm::StringRef file;
  size_t position = 0;
  size_t tokenStart = 0;
  llvm::StringRef token;
  llvm::SmallString<64> unescaped;
  llvm::SmallVector<bool, 64> inObject;
  State state = State::Value;
};

} // namespace tenon

#endif // TENON_IMPORT_CONTAINERS_JSONCURSOR_H
