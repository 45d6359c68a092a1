// Evaluates the expressions of a template.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include <algorithm>

namespace tenon::jinja {

using Kind = Expression::Kind;

Value Interpreter::evaluate(const Expression &expression) {
  constexpr unsigned limit = 1000;
  if (!spend(8))
    return {};
  if (depth >= limit)
    return fail("the template calls itself too often");
  ++depth;
  line = expression.line;
  Value value = evaluateNode(expression);
  --depth;
  return failed() ? Value() : value;
}

Value Interpreter::evaluateNode(const Expression &expression) {
  auto operand = [&](size_t index) {
    return evaluate(*expression.operands[index]);
  };
  switch (expression.kind) {
  case Kind::Constant:
    return expression.value;
  case Kind::Name:
    return evaluateName(expression);
  case Kind::List:
  case Kind::Tuple:
  case Kind::Dict:
  case Kind::Concat:
    return evaluateItems(expression);
  case Kind::Attribute:
    return getAttribute(operand(0), expression.name);
  case Kind::Item: {
    Value object = operand(0);
    return getItem(object, operand(1));
  }
  case Kind::Slice: {
    Value parts[4];
    for (size_t i = 0; i < 4; ++i)
      parts[i] = expression.operands[i] ? operand(i) : Value::none();
    return getSlice(parts[0], parts[1], parts[2], parts[3]);
  }
  case Kind::Call: {
    Value callee = operand(0);
    line = expression.line;
    return call(callee, evaluateArguments(expression.arguments));
  }
  case Kind::Filter:
    return evaluateFilter(expression, Value());
  case Kind::Test: {
    Value value = operand(0);
    return Value::boolean(applyTest(expression.name, value,
                                    evaluateArguments(expression.arguments)));
  }
  default:
    return evaluateOperator(expression);
  }
}

/// The nodes that compute a value from those of their operands.
Value Interpreter::evaluateOperator(const Expression &expression) {
  auto operand = [&](size_t index) {
    return evaluate(*expression.operands[index]);
  };
  switch (expression.kind) {
  case Kind::Not:
    return Value::boolean(!operand(0).isTrue());
  case Kind::Unary:
    return applyUnary(expression.name, operand(0));
  case Kind::Binary: {
    Value left = operand(0);
    return applyBinary(expression.name, left, operand(1));
  }
  case Kind::And: {
    Value left = operand(0);
    return left.isTrue() ? operand(1) : left;
  }
  case Kind::Or: {
    Value left = operand(0);
    return left.isTrue() ? left : operand(1);
  }
  case Kind::Compare:
    return evaluateCompare(expression);
  case Kind::Conditional:
    if (operand(1).isTrue())
      return operand(0);
    if (expression.operands[2])
      return operand(2);
    return Value::undefined("a conditional expression without 'else' has no "
                            "value here");
  default:
    return {};
  }
}

Value Interpreter::evaluateName(const Expression &expression) {
  for (const Scope *at = scope.get(); at; at = at->outer.get()) {
    if (!spend(1 + at->names.size() / 2))
      return {};
    for (const auto &[name, value] : at->names)
      if (name == expression.name)
        return value;
  }
  return getGlobal(expression.name);
}

Value Interpreter::evaluateItems(const Expression &expression) {
  List items;
  for (const ExpressionPtr &operand : expression.operands) {
    items.push_back(evaluate(*operand));
    if (failed())
      return {};
  }
  if (expression.kind == Kind::List)
    return makeList(std::move(items));
  if (expression.kind == Kind::Tuple)
    return makeTuple(std::move(items));
  if (expression.kind == Kind::Concat) {
    std::string text;
    for (const Value &item : items)
      text += print(item);
    return makeString(std::move(text));
  }
  Dict entries;
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].isSequence() || items[i].is(Value::Kind::Dict))
      return fail(std::string("a value of type ") + typeName(items[i]) +
                  " cannot be a key");
    auto known =
        std::find_if(entries.begin(), entries.end(), [&](const auto &entry) {
          return equal(entry.first, items[i]);
        });
    if (failed())
      return {};
    if (known != entries.end())
      known->second = items[i + 1];
    else
      entries.emplace_back(items[i], items[i + 1]);
  }
  return makeDict(std::move(entries));
}

Value Interpreter::evaluateCompare(const Expression &expression) {
  Value left = evaluate(*expression.operands[0]);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = evaluate(*expression.operands[i + 1]);
    if (!compare(expression.operators[i], left, right))
      return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

/// Filters what a block has printed, where the innermost operand is missing.
Value Interpreter::evaluateFilter(const Expression &expression,
                                  const Value &text) {
  const ExpressionPtr &operand = expression.operands[0];
  Value value = !operand                        ? text
                : operand->kind == Kind::Filter ? evaluateFilter(*operand, text)
                                                : evaluate(*operand);
  Arguments arguments = evaluateArguments(expression.arguments);
  line = expression.line;
  return failed() ? Value() : applyFilter(expression.name, value, arguments);
}

Arguments Interpreter::evaluateArguments(const CallArguments &arguments) {
  Arguments result;
  for (const ExpressionPtr &argument : arguments.positional)
    result.positional.push_back(evaluate(*argument));
  if (arguments.spreadList) {
    List elements = iterate(evaluate(*arguments.spreadList));
    // Whatever is called copies them again.
    if (spend(4 * elements.size()))
      result.positional.insert(result.positional.end(), elements.begin(),
                               elements.end());
  }
  for (const auto &[name, argument] : arguments.named)
    result.named.emplace_back(name, evaluate(*argument));
  if (!arguments.spreadDict)
    return result;
  Value dict = evaluate(*arguments.spreadDict);
  if (!dict.is(Value::Kind::Dict)) {
    fail("expects a dictionary after '**'");
    return result;
  }
  for (const auto &[name, value] : dict.asDict())
    result.named.emplace_back(name.asString(), value);
  return result;
}

} // namespace tenon::jinja
