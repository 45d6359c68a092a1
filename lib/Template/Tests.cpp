// The tests of templates: `value is test`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include "Characters.h"

#include <algorithm>

namespace tenon::jinja {

namespace {

struct KnownTest {
  std::string_view name;
  bool (*test)(Interpreter &, const Value &);
};
struct KnownComparison {
  std::string_view name;
  std::string_view op;
};

} // namespace

static bool isIterable(Interpreter &, const Value &value) {
  return value.isUndefined() || value.isString() || value.isSequence() ||
         value.is(Value::Kind::Dict);
}

/// Whether changing the case changes nothing, though there is a letter.
template <Case to>
static bool hasCase(Interpreter &interpreter, const Value &value) {
  std::string text, printed = interpreter.print(value);
  bool hasLetter = false;
  for (const Character &c : interpreter.readCharacters(printed)) {
    hasLetter |= isLetter(c.code);
    if (!changeCase(c, to, text))
      return false;
  }
  return hasLetter && text == printed;
}

static constexpr KnownTest tests[] = {
    {"defined",
     [](Interpreter &, const Value &value) { return !value.isUndefined(); }},
    {"undefined",
     [](Interpreter &, const Value &value) { return value.isUndefined(); }},
    {"none", [](Interpreter &, const Value &value) { return value.isNone(); }},
    {"string",
     [](Interpreter &, const Value &value) { return value.isString(); }},
    {"mapping", [](Interpreter &,
                   const Value &value) { return value.is(Value::Kind::Dict); }},
    {"sequence",
     [](Interpreter &interpreter, const Value &value) {
       return isIterable(interpreter, value) && !value.isGenerator();
     }},
    {"iterable", isIterable},
    {"number",
     [](Interpreter &, const Value &value) { return value.isNumber(); }},
    {"integer", [](Interpreter &,
                   const Value &value) { return value.is(Value::Kind::Int); }},
    {"float", [](Interpreter &,
                 const Value &value) { return value.is(Value::Kind::Float); }},
    {"boolean", [](Interpreter &,
                   const Value &value) { return value.is(Value::Kind::Bool); }},
    {"true",
     [](Interpreter &, const Value &value) {
       return value.is(Value::Kind::Bool) && value.asBool();
     }},
    {"false",
     [](Interpreter &, const Value &value) {
       return value.is(Value::Kind::Bool) && !value.asBool();
     }},
    {"callable",
     [](Interpreter &, const Value &value) {
       return value.is(Value::Kind::Callable);
     }},
    {"lower", hasCase<Case::Lower>},
    {"upper", hasCase<Case::Upper>},
};
static constexpr KnownComparison comparisons[] = {
    {"eq", "=="}, {"equalto", "=="},    {"==", "=="}, {"ne", "!="},
    {"!=", "!="}, {"lt", "<"},          {"<", "<"},   {"lessthan", "<"},
    {"le", "<="}, {"<=", "<="},         {"gt", ">"},  {">", ">"},
    {"ge", ">="}, {"greaterthan", ">"}, {">=", ">="}, {"in", "in"},
};

bool Interpreter::applyTest(const std::string &name, const Value &operand,
                            const Arguments &arguments) {
  if (failed())
    return false;
  for (const KnownTest &known : tests)
    if (known.name == name) {
      Parameters given(*this, name, arguments, {});
      return spend(8) && known.test(*this, operand);
    }
  for (const KnownComparison &known : comparisons)
    if (known.name == name) {
      Parameters given(*this, name, arguments, {"other"});
      return compare(std::string(known.op), operand, given[0]);
    }
  if (name == "odd" || name == "even" || name == "divisibleby") {
    Parameters given(*this, name, arguments, {"num"});
    Value divisor = name == "divisibleby" ? given[0] : Value::integer(2);
    Value rest = applyBinary("%", operand, divisor);
    return compare(name == "odd" ? "!=" : "==", rest, Value::integer(0));
  }
  if (name == "sameas") {
    Parameters given(*this, name, arguments, {"other"});
    bool isOne = operand.isNone() || operand.is(Value::Kind::Bool);
    if (!isOne && operand.kind() == given[0].kind())
      fail("the test 'sameas' knows none, true and false alone; use '=='");
    return isOne && operand.kind() == given[0].kind() &&
           equal(operand, given[0]);
  }
  std::string names;
  for (const KnownTest &known : tests)
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  fail("the test '" + name + "' is not supported; supported tests: " + names +
       ", divisibleby, eq, even, ge, gt, in, le, lt, ne, odd, sameas");
  return false;
}

} // namespace tenon::jinja
