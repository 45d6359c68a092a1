// Arithmetic and comparisons, as in Python.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include <algorithm>
#include <cmath>

namespace tenon::jinja {

static std::string describe(const std::string &op, const Value &left,
                            const Value &right) {
  for (const Value *value : {&left, &right})
    if (value->isUndefined())
      return value->asString() + ", which '" + op + "' does not take";
  return "'" + op + "' does not take values of type " + typeName(left) +
         " and " + typeName(right);
}

static Value checked(Interpreter &interpreter, bool overflows, int64_t value) {
  if (overflows)
    return interpreter.fail("an integer has more than 64 bits");
  return Value::integer(value);
}

static Value power(Interpreter &interpreter, int64_t base, int64_t exponent) {
  int64_t result = 1;
  bool overflows = false;
  for (; exponent && !overflows; exponent >>= 1) {
    if (exponent & 1)
      overflows |= __builtin_mul_overflow(result, base, &result);
    if (exponent > 1)
      overflows |= __builtin_mul_overflow(base, base, &base);
  }
  return checked(interpreter, overflows, result);
}

/// Rounds to the lower integer, unlike C.
static Value divideIntegers(Interpreter &interpreter, bool wantsRest,
                            int64_t left, int64_t right) {
  if (right == -1)
    return wantsRest ? Value::integer(0)
                     : checked(interpreter, left == INT64_MIN,
                               left == INT64_MIN ? 0 : -left);
  int64_t quotient = left / right, rest = left % right;
  if (rest && (rest < 0) != (right < 0)) {
    --quotient;
    rest += right;
  }
  return Value::integer(wantsRest ? rest : quotient);
}

static Value applyToIntegers(Interpreter &interpreter, const std::string &op,
                             int64_t left, int64_t right) {
  int64_t result = 0;
  if (op == "+")
    return checked(interpreter, __builtin_add_overflow(left, right, &result),
                   result);
  if (op == "-")
    return checked(interpreter, __builtin_sub_overflow(left, right, &result),
                   result);
  if (op == "*")
    return checked(interpreter, __builtin_mul_overflow(left, right, &result),
                   result);
  if (op == "//" || op == "%")
    return divideIntegers(interpreter, op == "%", left, right);
  return power(interpreter, left, right);
}

static Value applyToReals(const std::string &op, double left, double right) {
  if (op == "+")
    return Value::real(left + right);
  if (op == "-")
    return Value::real(left - right);
  if (op == "*")
    return Value::real(left * right);
  if (op == "/")
    return Value::real(left / right);
  if (op == "**")
    return Value::real(std::pow(left, right));
  double rest = std::fmod(left, right);
  if (rest != 0 && (rest < 0) != (right < 0))
    rest += right;
  if (op == "%")
    return Value::real(rest == 0 ? std::copysign(0.0, right) : rest);
  double quotient = (left - rest) / right;
  double floor = std::floor(quotient);
  return Value::real(quotient - floor > 0.5 ? floor + 1 : floor);
}

static Value applyToNumbers(Interpreter &interpreter, const std::string &op,
                            const Value &left, const Value &right) {
  bool divides = op == "/" || op == "//" || op == "%";
  if (divides && right.asReal() == 0)
    return interpreter.fail("division by zero");
  bool inIntegers = left.isInteger() && right.isInteger() && op != "/" &&
                    !(op == "**" && right.asInteger() < 0);
  if (inIntegers)
    return applyToIntegers(interpreter, op, left.asInteger(),
                           right.asInteger());
  return applyToReals(op, left.asReal(), right.asReal());
}

static Value repeat(Interpreter &interpreter, const Value &value,
                    int64_t count) {
  uint64_t times = count < 0 ? 0 : uint64_t(count);
  if (value.isString()) {
    const std::string &one = value.asString();
    if (one.empty() ||
        !interpreter.spend(times > 1 << 30 ? UINT64_MAX
                                           : times * one.size() / 8))
      return Value::string("");
    std::string text;
    for (; times; --times)
      text += one;
    return Value::string(std::move(text));
  }
  const List &one = value.asList();
  if (one.empty() ||
      !interpreter.spend(times > 1 << 30 ? UINT64_MAX : times * one.size() * 8))
    return Value::list({});
  List elements;
  for (; times; --times)
    elements.insert(elements.end(), one.begin(), one.end());
  return value.is(Value::Kind::List)
             ? interpreter.makeList(std::move(elements))
             : interpreter.makeTuple(std::move(elements));
}

Value Interpreter::applyBinary(const std::string &op, const Value &left,
                               const Value &right) {
  if (failed())
    return {};
  if (left.isLazy() || right.isLazy())
    return fail("'" + op +
                "' of a range, view or filtered sequence is not "
                "supported; add '| list'");
  if (left.isNumber() && right.isNumber())
    return applyToNumbers(*this, op, left, right);
  if (op == "+" && left.isString() && right.isString())
    return makeString(left.asString() + right.asString());
  if (op == "+" && left.isSequence() && left.kind() == right.kind()) {
    List elements = left.asList();
    elements.insert(elements.end(), right.asList().begin(),
                    right.asList().end());
    return left.is(Value::Kind::List) ? makeList(std::move(elements))
                                      : makeTuple(std::move(elements));
  }
  auto isRepeatable = [](const Value &value) {
    return value.isString() || value.isSequence();
  };
  if (op == "*" && isRepeatable(left) && right.isInteger())
    return repeat(*this, left, right.asInteger());
  if (op == "*" && left.isInteger() && isRepeatable(right))
    return repeat(*this, right, left.asInteger());
  if (op == "%" && left.isString())
    return fail("formats with '%' are not supported; use '~' or '+'");
  return fail(describe(op, left, right));
}

Value Interpreter::applyUnary(const std::string &op, const Value &operand) {
  if (failed())
    return {};
  if (!operand.isNumber())
    return fail("unary " + describe(op, operand, operand));
  if (operand.is(Value::Kind::Float))
    return Value::real(op == "-" ? -operand.asReal() : operand.asReal());
  int64_t value = operand.asInteger();
  if (op == "+")
    return Value::integer(value);
  return checked(*this, value == INT64_MIN, value == INT64_MIN ? 0 : -value);
}

int Interpreter::order(const Value &left, const Value &right) {
  auto sign = [](auto a, auto b) { return a < b ? -1 : int(b < a); };
  if (!spend(2))
    return 0;
  if (left.isInteger() && right.isInteger())
    return sign(left.asInteger(), right.asInteger());
  if (left.isNumber() && right.isNumber())
    return sign(left.asReal(), right.asReal());
  // The order of bytes in UTF-8 is that of characters.
  if (left.isString() && right.isString())
    return spend(std::min(left.asString().size(), right.asString().size()) / 8)
               ? sign(left.asString().compare(right.asString()), 0)
               : 0;
  if (left.isSequence() && left.kind() == right.kind()) {
    const List &a = left.asList(), &b = right.asList();
    for (size_t i = 0; i < a.size() && i < b.size(); ++i)
      if (!equal(a[i], b[i]))
        return order(a[i], b[i]);
    return sign(a.size(), b.size());
  }
  fail(describe("<", left, right));
  return 0;
}

bool Interpreter::contains(const Value &container, const Value &element) {
  if (container.isString()) {
    if (!element.isString()) {
      fail(std::string("'in' expects a string to look for in a string, but got "
                       "a value of type ") +
           typeName(element));
      return false;
    }
    return spendSearch(container.asString(), element.asString()) &&
           container.asString().find(element.asString()) != std::string::npos;
  }
  if (container.is(Value::Kind::Dict))
    return lookUp(container.asDict(), element) != nullptr;
  List elements = iterate(container);
  return std::any_of(elements.begin(), elements.end(),
                     [&](const Value &one) { return equal(one, element); });
}

bool Interpreter::compare(const std::string &op, const Value &left,
                          const Value &right) {
  if (failed())
    return false;
  if (op != "in" && op != "not in" && (left.isLazy() || right.isLazy())) {
    fail("'" + op +
         "' of a range, view or filtered sequence is not "
         "supported; add '| list'");
    return false;
  }
  if (op == "==")
    return equal(left, right);
  if (op == "!=")
    return !equal(left, right);
  if (op == "in")
    return contains(right, left);
  if (op == "not in")
    return !contains(right, left);
  bool isNan = (left.isNumber() && std::isnan(left.asReal())) ||
               (right.isNumber() && std::isnan(right.asReal()));
  int sign = order(left, right);
  if (failed() || isNan)
    return false;
  if (op == "<")
    return sign < 0;
  if (op == "<=")
    return sign <= 0;
  return op == ">" ? sign > 0 : sign >= 0;
}

} // namespace tenon::jinja
