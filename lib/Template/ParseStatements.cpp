// Parses the statements of a template.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Parser.h"

#include "Nesting.h"

#include <algorithm>

namespace tenon::jinja {

void Parser::fail(const std::string &text) {
  if (failed())
    return;
  error = "line " + std::to_string(token().line) + ": " + text;
  // What follows is not read.
  at = tokens.size() - 1;
}

static std::string describe(const Token &token) {
  switch (token.kind) {
  case Token::Kind::Text:
    return "text";
  case Token::Kind::VariableBegin:
    return "'{{'";
  case Token::Kind::VariableEnd:
    return "'}}'";
  case Token::Kind::BlockBegin:
    return "'{%'";
  case Token::Kind::BlockEnd:
    return "'%}'";
  case Token::Kind::String:
    return "a string";
  case Token::Kind::End:
    return "the end of the template";
  default:
    return "'" + token.text + "'";
  }
}

void Parser::failAtToken(const std::string &expected) {
  fail("expects " + expected + ", but got " + describe(token()));
}

bool Parser::takeOperator(std::string_view text) {
  bool found = isOperator(text);
  if (found)
    advance();
  return found;
}

bool Parser::takeName(std::string_view text) {
  bool found = isName(text);
  if (found)
    advance();
  return found;
}

void Parser::expectOperator(std::string_view text) {
  if (!takeOperator(text))
    failAtToken("'" + std::string(text) + "'");
}

std::string Parser::expectName() {
  if (token().kind != Token::Kind::Name) {
    failAtToken("a name");
    return "";
  }
  std::string name = token().text;
  advance();
  return name;
}

void Parser::expect(Token::Kind kind) {
  if (token().kind != kind)
    return failAtToken(kind == Token::Kind::BlockEnd ? "'%}'" : "'}}'");
  advance();
}

Body Parser::parse() {
  Body body = parseBody({});
  if (!failed() && token().kind != Token::Kind::End)
    fail("'" + next().text + "' ends no block");
  return body;
}

/// Parses until the tag of one of the names that end a block, whose name is the
/// next token then.
Body Parser::parseBody(std::initializer_list<std::string_view> ends) {
  Body body;
  Nesting level(nesting);
  if (level.isTooDeep())
    fail("blocks are nested too deeply");
  while (token().kind != Token::Kind::End) {
    if (token().kind == Token::Kind::Text) {
      body.push_back(std::make_unique<Statement>());
      body.back()->kind = Statement::Kind::Text;
      body.back()->line = token().line;
      body.back()->text = token().text;
      advance();
      continue;
    }
    if (token().kind == Token::Kind::VariableBegin) {
      body.push_back(std::make_unique<Statement>());
      body.back()->kind = Statement::Kind::Output;
      body.back()->line = token().line;
      advance();
      body.back()->expression = parseTuple();
      expect(Token::Kind::VariableEnd);
      continue;
    }
    // An end that is not asked for is left to the caller, which complains.
    bool isEnd = std::find(ends.begin(), ends.end(), next().text) != ends.end();
    if (isEnd || next().text.rfind("end", 0) == 0 || next().text == "else" ||
        next().text == "elif") {
      if (isEnd || ends.size() == 0)
        break;
      advance();
      fail("unexpected '" + token().text + "'");
      break;
    }
    advance();
    parseTag(body);
  }
  if (ends.size() && !failed()) {
    if (token().kind == Token::Kind::End)
      fail("a block has no '" + std::string(*(ends.end() - 1)) + "'");
    advance();
  }
  return body;
}

/// Takes the name that ends a block and the end of its tag.
void Parser::endBlock(std::string_view name) {
  if (!takeName(name))
    failAtToken("'" + std::string(name) + "'");
  expect(Token::Kind::BlockEnd);
}

void Parser::parseTag(Body &body) {
  std::string keyword = expectName();
  if (!failed())
    parseStatement(body, keyword);
}

void Parser::parseStatement(Body &body, const std::string &keyword) {
  struct Known {
    std::string_view keyword;
    Statement::Kind kind;
    void (Parser::*parse)(Statement &);
  };
  static constexpr Known known[] = {
      {"set", Statement::Kind::Set, &Parser::parseSet},
      {"if", Statement::Kind::If, &Parser::parseIf},
      {"for", Statement::Kind::For, &Parser::parseFor},
      {"macro", Statement::Kind::Macro, &Parser::parseMacro},
      {"call", Statement::Kind::Call, &Parser::parseCall},
      {"filter", Statement::Kind::Filter, &Parser::parseFilterBlock},
      {"with", Statement::Kind::With, &Parser::parseWith},
  };
  body.push_back(std::make_unique<Statement>());
  Statement &statement = *body.back();
  statement.line = token().line;
  for (const Known &one : known)
    if (one.keyword == keyword) {
      statement.kind = one.kind;
      return (this->*one.parse)(statement);
    }
  if (keyword == "break" || keyword == "continue") {
    statement.kind =
        keyword == "break" ? Statement::Kind::Break : Statement::Kind::Continue;
    if (!loops)
      fail("'" + keyword + "' is not inside of a loop");
    return expect(Token::Kind::BlockEnd);
  }
  if (keyword == "generation") {
    statement.kind = Statement::Kind::Scope;
    expect(Token::Kind::BlockEnd);
    statement.body = parseBody({"endgeneration"});
    return endBlock("endgeneration");
  }
  fail("the statement '" + keyword +
       "' is not supported; supported statements: break, call, continue, "
       "filter, for, generation, if, macro, raw, set, with");
}

Target Parser::parseOneTarget(bool mayBeMember) {
  Target target;
  if (takeOperator("(")) {
    Nesting level(nesting);
    if (level.isTooDeep())
      fail("names are nested too deeply");
    target = parseTarget(/*mayBeMember=*/false);
    expectOperator(")");
    return target;
  }
  target.name = expectName();
  for (std::string_view reserved :
       {"true", "false", "none", "True", "False", "None"})
    if (target.name == reserved)
      fail("cannot assign to '" + target.name + "'");
  if (mayBeMember && takeOperator("."))
    target.member = expectName();
  return target;
}

Target Parser::parseTarget(bool mayBeMember) {
  Target first = parseOneTarget(mayBeMember);
  if (!isOperator(",") || !first.member.empty())
    return first;
  Target all;
  all.parts.push_back(std::move(first));
  while (takeOperator(",") && !isName("in") && !isOperator("="))
    all.parts.push_back(parseOneTarget(/*mayBeMember=*/false));
  return all;
}

void Parser::parseSet(Statement &statement) {
  statement.target = parseTarget(/*mayBeMember=*/true);
  if (takeOperator("=")) {
    statement.expression = parseTuple();
    return expect(Token::Kind::BlockEnd);
  }
  statement.kind = Statement::Kind::SetBlock;
  if (!statement.target.parts.empty())
    fail("a block is assigned to several names");
  if (isOperator("|"))
    statement.expression = parseFilters(nullptr);
  expect(Token::Kind::BlockEnd);
  statement.body = parseBody({"endset"});
  endBlock("endset");
}

void Parser::parseIf(Statement &statement) {
  while (!failed()) {
    Statement::Branch &branch = statement.branches.emplace_back();
    branch.condition = parseTuple(/*withConditional=*/false);
    expect(Token::Kind::BlockEnd);
    branch.body = parseBody({"elif", "else", "endif"});
    if (takeName("elif"))
      continue;
    if (takeName("else")) {
      expect(Token::Kind::BlockEnd);
      statement.branches.emplace_back().body = parseBody({"endif"});
    }
    return endBlock("endif");
  }
}

void Parser::parseFor(Statement &statement) {
  statement.target = parseTarget(/*mayBeMember=*/false);
  if (!takeName("in"))
    failAtToken("'in'");
  statement.expression = parseTuple(/*withConditional=*/false);
  if (takeName("if"))
    statement.condition = parseExpression();
  if (isName("recursive"))
    fail("recursive loops are not supported");
  expect(Token::Kind::BlockEnd);
  ++loops;
  statement.body = parseBody({"else", "endfor"});
  --loops;
  if (takeName("else")) {
    expect(Token::Kind::BlockEnd);
    statement.otherwise = parseBody({"endfor"});
  }
  endBlock("endfor");
}

std::vector<Parameter> Parser::parseParameters() {
  std::vector<Parameter> parameters;
  expectOperator("(");
  while (!failed() && !isOperator(")")) {
    if (!parameters.empty())
      expectOperator(",");
    if (isOperator(")"))
      break;
    Parameter &parameter = parameters.emplace_back();
    parameter.name = expectName();
    if (takeOperator("="))
      parameter.value = parseExpression();
    else if (parameters.size() > 1 && parameters[parameters.size() - 2].value)
      fail("parameter '" + parameter.name +
           "' has no default, but one before it has");
  }
  expectOperator(")");
  return parameters;
}

void Parser::parseMacro(Statement &statement) {
  statement.name = expectName();
  statement.parameters = parseParameters();
  expect(Token::Kind::BlockEnd);
  // A loop around the macro is none of its own.
  unsigned outer = std::exchange(loops, 0);
  statement.body = parseBody({"endmacro"});
  loops = outer;
  endBlock("endmacro");
}

void Parser::parseCall(Statement &statement) {
  if (isOperator("("))
    statement.parameters = parseParameters();
  statement.expression = parseExpression();
  if (!failed() && statement.expression->kind != Expression::Kind::Call)
    fail("expects a call after 'call'");
  expect(Token::Kind::BlockEnd);
  unsigned outer = std::exchange(loops, 0);
  statement.body = parseBody({"endcall"});
  loops = outer;
  endBlock("endcall");
}

void Parser::parseFilterBlock(Statement &statement) {
  statement.expression = parseOneFilter(nullptr);
  if (isOperator("|"))
    statement.expression = parseFilters(std::move(statement.expression));
  expect(Token::Kind::BlockEnd);
  statement.body = parseBody({"endfilter"});
  endBlock("endfilter");
}

void Parser::parseWith(Statement &statement) {
  while (!failed() && token().kind != Token::Kind::BlockEnd) {
    if (!statement.assignments.empty())
      expectOperator(",");
    Target target = parseTarget(/*mayBeMember=*/false);
    expectOperator("=");
    statement.assignments.emplace_back(std::move(target), parseExpression());
  }
  expect(Token::Kind::BlockEnd);
  statement.body = parseBody({"endwith"});
  endBlock("endwith");
}

} // namespace tenon::jinja
