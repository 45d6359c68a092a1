// Parses tokens into the statements of a template.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEMPLATE_PARSER_H
#define TENON_LIB_TEMPLATE_PARSER_H

#include "Ast.h"
#include "Lexer.h"

namespace tenon::jinja {

/// Reads tokens from front to back. The first thing that is wrong is kept as the
/// error; what is parsed after it is not used.
class Parser {
public:
  Parser(std::vector<Token> tokens, std::string &error)
      : tokens(std::move(tokens)), error(error) {}

  Body parse();

private:
  // ParseStatements.cpp.
  Body parseBody(std::initializer_list<std::string_view> ends);
  void parseTag(Body &body);
  void parseStatement(Body &body, const std::string &keyword);
  void parseSet(Statement &statement);
  void parseIf(Statement &statement);
  void parseFor(Statement &statement);
  void parseMacro(Statement &statement);
  void parseCall(Statement &statement);
  void parseFilterBlock(Statement &statement);
  void parseWith(Statement &statement);
  void endBlock(std::string_view name);
  std::vector<Parameter> parseParameters();
  Target parseTarget(bool mayBeMember);
  Target parseOneTarget(bool mayBeMember);

  // ParseExpressions.cpp: from the weakest operator to the strongest.
  ExpressionPtr parseTuple(bool withConditional = true);
  ExpressionPtr parseExpression();
  ExpressionPtr parseOr();
  ExpressionPtr parseAnd();
  ExpressionPtr parseNot();
  ExpressionPtr parseCompare();
  ExpressionPtr parseSum();
  ExpressionPtr parseConcat();
  ExpressionPtr parseProduct();
  ExpressionPtr parsePower();
  ExpressionPtr parseUnary(bool withFilters = true);
  ExpressionPtr parsePrimary();
  ExpressionPtr parseNumber();
  ExpressionPtr parseBrackets();
  ExpressionPtr parsePostfix(ExpressionPtr expression);
  ExpressionPtr parseFilters(ExpressionPtr expression);
  ExpressionPtr parseOneFilter(ExpressionPtr expression);
  ExpressionPtr parseTest(ExpressionPtr expression);
  ExpressionPtr parseSubscript(ExpressionPtr expression);
  ExpressionPtr parseCallOf(ExpressionPtr callee);
  void parseArguments(CallArguments &arguments);
  ExpressionPtr make(Expression::Kind kind);
  ExpressionPtr join(Expression::Kind kind, std::string name,
                     ExpressionPtr left, ExpressionPtr right);
  ExpressionPtr finish(ExpressionPtr expression);

  const Token &token() const { return tokens[at]; }
  const Token &next() const {
    return tokens[at + 1 < tokens.size() ? at + 1 : at];
  }
  bool isOperator(std::string_view text) const {
    return token().kind == Token::Kind::Operator && token().text == text;
  }
  bool isName(std::string_view text) const {
    return token().kind == Token::Kind::Name && token().text == text;
  }
  void advance() {
    if (token().kind != Token::Kind::End)
      ++at;
  }
  bool takeOperator(std::string_view text);
  bool takeName(std::string_view text);
  void expectOperator(std::string_view text);
  std::string expectName();
  void expect(Token::Kind kind);
  bool failed() const { return !error.empty(); }
  void fail(const std::string &text);
  void failAtToken(const std::string &expected);

  /// Bounds recursion: blocks and brackets inside of one another.
  struct Nesting;

  std::vector<Token> tokens;
  size_t at = 0;
  unsigned nesting = 0;
  unsigned loops = 0;
  std::string &error;
};

} // namespace tenon::jinja

#endif // TENON_LIB_TEMPLATE_PARSER_H
