// Parses the expressions of a template.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Parser.h"

#include "Nesting.h"
#include "Numbers.h"

#include <algorithm>

namespace tenon::jinja {

using Kind = Expression::Kind;

ExpressionPtr Parser::make(Kind kind) {
  auto expression = std::make_unique<Expression>();
  expression->kind = kind;
  expression->line = token().line;
  return expression;
}

/// Counts the levels below an expression whose operands are all there. Chains of
/// operators are as deep as they are long.
ExpressionPtr Parser::finish(ExpressionPtr expression) {
  constexpr unsigned limit = 400;
  auto count = [&](const ExpressionPtr &operand) {
    if (operand)
      expression->depth = std::max(expression->depth, operand->depth + 1);
  };
  for (const ExpressionPtr &operand : expression->operands)
    count(operand);
  for (const ExpressionPtr &operand : expression->arguments.positional)
    count(operand);
  for (const auto &[name, operand] : expression->arguments.named)
    count(operand);
  count(expression->arguments.spreadList);
  count(expression->arguments.spreadDict);
  if (expression->depth > limit)
    fail("an expression is nested too deeply, or too long");
  return expression;
}

ExpressionPtr Parser::join(Kind kind, std::string name, ExpressionPtr left,
                           ExpressionPtr right) {
  ExpressionPtr expression = make(kind);
  expression->name = std::move(name);
  expression->operands.push_back(std::move(left));
  expression->operands.push_back(std::move(right));
  return finish(std::move(expression));
}

/// An expression, or several with commas between them.
ExpressionPtr Parser::parseTuple(bool withConditional) {
  auto parseOne = [&] {
    return withConditional ? parseExpression() : parseOr();
  };
  auto isEnd = [&] {
    return token().kind == Token::Kind::VariableEnd ||
           token().kind == Token::Kind::BlockEnd ||
           token().kind == Token::Kind::End || isOperator(")") ||
           (!withConditional && (isName("if") || isName("recursive")));
  };
  ExpressionPtr tuple = make(Kind::Tuple);
  if (isEnd()) {
    failAtToken("an expression");
    return tuple;
  }
  ExpressionPtr first = parseOne();
  if (!isOperator(","))
    return first;
  tuple->operands.push_back(std::move(first));
  while (takeOperator(",") && !isEnd())
    tuple->operands.push_back(parseOne());
  return finish(std::move(tuple));
}

ExpressionPtr Parser::parseExpression() {
  Nesting level(nesting);
  if (level.isTooDeep())
    fail("expressions are nested too deeply");
  ExpressionPtr expression = parseOr();
  while (takeName("if")) {
    ExpressionPtr conditional =
        join(Kind::Conditional, "", std::move(expression), parseOr());
    conditional->operands.push_back(takeName("else") ? parseExpression()
                                                     : nullptr);
    expression = finish(std::move(conditional));
  }
  return expression;
}

ExpressionPtr Parser::parseOr() {
  ExpressionPtr left = parseAnd();
  while (takeName("or"))
    left = join(Kind::Or, "", std::move(left), parseAnd());
  return left;
}

ExpressionPtr Parser::parseAnd() {
  ExpressionPtr left = parseNot();
  while (takeName("and"))
    left = join(Kind::And, "", std::move(left), parseNot());
  return left;
}

ExpressionPtr Parser::parseNot() {
  if (!isName("not"))
    return parseCompare();
  Nesting level(nesting);
  if (level.isTooDeep())
    fail("expressions are nested too deeply");
  ExpressionPtr expression = make(Kind::Not);
  advance();
  expression->operands.push_back(parseNot());
  return finish(std::move(expression));
}

ExpressionPtr Parser::parseCompare() {
  static constexpr std::string_view known[] = {"==", "!=", "<",
                                               "<=", ">",  ">="};
  ExpressionPtr expression = make(Kind::Compare);
  expression->operands.push_back(parseSum());
  while (!failed()) {
    const auto *found =
        std::find_if(std::begin(known), std::end(known),
                     [&](std::string_view op) { return isOperator(op); });
    std::string name;
    if (found != std::end(known))
      name = *found;
    else if (isName("in"))
      name = "in";
    else if (isName("not") && next().kind == Token::Kind::Name &&
             next().text == "in")
      name = "not in";
    else
      break;
    advance();
    if (name == "not in")
      advance();
    expression->operators.push_back(std::move(name));
    expression->operands.push_back(parseSum());
  }
  if (expression->operators.empty())
    return std::move(expression->operands.front());
  return finish(std::move(expression));
}

ExpressionPtr Parser::parseSum() {
  ExpressionPtr left = parseConcat();
  while (isOperator("+") || isOperator("-")) {
    std::string name = token().text;
    advance();
    left = join(Kind::Binary, name, std::move(left), parseConcat());
  }
  return left;
}

ExpressionPtr Parser::parseConcat() {
  ExpressionPtr concat = make(Kind::Concat);
  concat->operands.push_back(parseProduct());
  while (takeOperator("~"))
    concat->operands.push_back(parseProduct());
  if (concat->operands.size() == 1)
    return std::move(concat->operands.front());
  return finish(std::move(concat));
}

ExpressionPtr Parser::parseProduct() {
  ExpressionPtr left = parsePower();
  while (isOperator("*") || isOperator("/") || isOperator("//") ||
         isOperator("%")) {
    std::string name = token().text;
    advance();
    left = join(Kind::Binary, name, std::move(left), parsePower());
  }
  return left;
}

ExpressionPtr Parser::parsePower() {
  ExpressionPtr left = parseUnary();
  while (takeOperator("**"))
    left = join(Kind::Binary, "**", std::move(left), parseUnary());
  return left;
}

ExpressionPtr Parser::parseUnary(bool withFilters) {
  ExpressionPtr expression;
  if (isOperator("-") || isOperator("+")) {
    Nesting level(nesting);
    if (level.isTooDeep())
      fail("expressions are nested too deeply");
    expression = make(Kind::Unary);
    expression->name = token().text;
    advance();
    expression->operands.push_back(parseUnary(/*withFilters=*/false));
    expression = finish(std::move(expression));
  } else {
    expression = parsePrimary();
  }
  expression = parsePostfix(std::move(expression));
  return withFilters ? parseFilters(std::move(expression))
                     : std::move(expression);
}

ExpressionPtr Parser::parseNumber() {
  ExpressionPtr expression = make(Kind::Constant);
  if (token().kind == Token::Kind::Float) {
    expression->value = Value::real(parseReal(token().text).value_or(0));
  } else {
    std::optional<int64_t> value = parseInteger(token().text);
    if (!value)
      fail("integer '" + token().text + "' has more than 64 bits");
    expression->value = Value::integer(value.value_or(0));
  }
  advance();
  return expression;
}

ExpressionPtr Parser::parsePrimary() {
  if (token().kind == Token::Kind::Integer ||
      token().kind == Token::Kind::Float)
    return parseNumber();
  ExpressionPtr expression = make(Kind::Constant);
  if (token().kind == Token::Kind::String) {
    std::string text;
    for (; token().kind == Token::Kind::String; advance())
      text += token().text;
    expression->value = Value::string(std::move(text));
    return expression;
  }
  if (token().kind == Token::Kind::Operator)
    return parseBrackets();
  std::string name = expectName();
  if (name == "true" || name == "True" || name == "false" || name == "False") {
    expression->value = Value::boolean(name[0] == 't' || name[0] == 'T');
  } else if (name == "none" || name == "None") {
    expression->value = Value::none();
  } else {
    expression->kind = Kind::Name;
    expression->name = std::move(name);
  }
  return expression;
}

/// A tuple or an expression in parentheses, a list, or a dictionary.
ExpressionPtr Parser::parseBrackets() {
  Nesting level(nesting);
  if (level.isTooDeep())
    fail("expressions are nested too deeply");
  if (takeOperator("(")) {
    if (takeOperator(")"))
      return make(Kind::Tuple);
    ExpressionPtr inner = parseTuple();
    expectOperator(")");
    return inner;
  }
  bool isDict = isOperator("{");
  ExpressionPtr expression = make(isDict ? Kind::Dict : Kind::List);
  if (!takeOperator(isDict ? "{" : "[")) {
    failAtToken("an expression");
    return expression;
  }
  std::string_view close = isDict ? "}" : "]";
  while (!failed() && !isOperator(close)) {
    if (!expression->operands.empty())
      expectOperator(",");
    if (isOperator(close))
      break;
    expression->operands.push_back(parseExpression());
    if (!isDict)
      continue;
    expectOperator(":");
    expression->operands.push_back(parseExpression());
  }
  expectOperator(close);
  return finish(std::move(expression));
}

ExpressionPtr Parser::parsePostfix(ExpressionPtr expression) {
  while (!failed()) {
    if (isOperator("."))
      expression = parseSubscript(std::move(expression));
    else if (isOperator("["))
      expression = parseSubscript(std::move(expression));
    else if (isOperator("("))
      expression = parseCallOf(std::move(expression));
    else
      break;
  }
  return expression;
}

ExpressionPtr Parser::parseSubscript(ExpressionPtr object) {
  ExpressionPtr expression = make(Kind::Attribute);
  expression->operands.push_back(std::move(object));
  if (takeOperator(".")) {
    if (token().kind == Token::Kind::Integer) {
      expression->kind = Kind::Item;
      expression->operands.push_back(parseNumber());
    } else {
      expression->name = expectName();
    }
    return finish(std::move(expression));
  }
  expectOperator("[");
  expression->kind = Kind::Item;
  ExpressionPtr first = isOperator(":") ? nullptr : parseExpression();
  expression->operands.push_back(std::move(first));
  if (isOperator(":")) {
    expression->kind = Kind::Slice;
    for (int part = 0; part < 2; ++part) {
      bool isThere = takeOperator(":") && !isOperator(":") && !isOperator("]");
      expression->operands.push_back(isThere ? parseExpression() : nullptr);
    }
  }
  if (isOperator(","))
    fail("an index of several parts is not supported");
  expectOperator("]");
  return finish(std::move(expression));
}

void Parser::parseArguments(CallArguments &arguments) {
  expectOperator("(");
  bool isFirst = true;
  while (!failed() && !isOperator(")")) {
    if (!std::exchange(isFirst, false))
      expectOperator(",");
    if (isOperator(")"))
      break;
    if (takeOperator("*")) {
      arguments.spreadList = parseExpression();
    } else if (takeOperator("**")) {
      arguments.spreadDict = parseExpression();
    } else if (token().kind == Token::Kind::Name &&
               next().kind == Token::Kind::Operator && next().text == "=") {
      std::string name = expectName();
      advance();
      arguments.named.emplace_back(std::move(name), parseExpression());
    } else {
      if (!arguments.named.empty() || arguments.spreadList ||
          arguments.spreadDict)
        fail("an argument without a name comes after one with a name");
      arguments.positional.push_back(parseExpression());
    }
  }
  expectOperator(")");
}

ExpressionPtr Parser::parseCallOf(ExpressionPtr callee) {
  ExpressionPtr expression = make(Kind::Call);
  expression->operands.push_back(std::move(callee));
  parseArguments(expression->arguments);
  return finish(std::move(expression));
}

/// Filters and tests bind stronger than all operators between two values.
ExpressionPtr Parser::parseFilters(ExpressionPtr expression) {
  while (!failed()) {
    if (takeOperator("|"))
      expression = parseOneFilter(std::move(expression));
    else if (expression && isName("is"))
      expression = parseTest(std::move(expression));
    else if (expression && isOperator("("))
      expression = parseCallOf(std::move(expression));
    else
      break;
  }
  return expression;
}

ExpressionPtr Parser::parseOneFilter(ExpressionPtr operand) {
  ExpressionPtr expression = make(Kind::Filter);
  expression->name = expectName();
  expression->operands.push_back(std::move(operand));
  if (isOperator("("))
    parseArguments(expression->arguments);
  return finish(std::move(expression));
}

ExpressionPtr Parser::parseTest(ExpressionPtr operand) {
  advance();
  bool isNegated = takeName("not");
  ExpressionPtr expression = make(Kind::Test);
  expression->name = expectName();
  expression->operands.push_back(std::move(operand));
  bool isName = token().kind == Token::Kind::Name;
  bool takesOne = token().kind == Token::Kind::String ||
                  token().kind == Token::Kind::Integer ||
                  token().kind == Token::Kind::Float || isOperator("[") ||
                  isOperator("{") ||
                  (isName && token().text != "else" && token().text != "or" &&
                   token().text != "and");
  if (isOperator("(")) {
    parseArguments(expression->arguments);
  } else if (takesOne) {
    if (this->isName("is"))
      fail("tests cannot be chained with 'is'");
    expression->arguments.positional.push_back(parsePostfix(parsePrimary()));
  }
  expression = finish(std::move(expression));
  if (!isNegated)
    return expression;
  ExpressionPtr negation = make(Kind::Not);
  negation->operands.push_back(std::move(expression));
  return finish(std::move(negation));
}

} // namespace tenon::jinja
