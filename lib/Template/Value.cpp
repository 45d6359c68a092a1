// Makes, compares and prints values.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Template/Value.h"

#include "Characters.h"
#include "Numbers.h"

#include <algorithm>

namespace tenon::jinja {

Value Value::undefined(std::string why) {
  return {Kind::Undefined, std::make_shared<const std::string>(std::move(why))};
}
Value Value::none() { return {Kind::None, std::monostate()}; }
Value Value::boolean(bool value) { return {Kind::Bool, int64_t(value)}; }
Value Value::integer(int64_t value) { return {Kind::Int, value}; }
Value Value::real(double value) { return {Kind::Float, value}; }
Value Value::string(std::string text) {
  return {Kind::String, std::make_shared<const std::string>(std::move(text))};
}

static unsigned levelsOf(const List &elements) {
  unsigned levels = 0;
  for (const Value &element : elements)
    levels = std::max(levels, element.depth());
  return levels + 1;
}
Value Value::list(List elements) {
  unsigned levels = levelsOf(elements);
  return {Kind::List, std::make_shared<const List>(std::move(elements)),
          levels};
}
Value Value::view(List elements) {
  Value value = list(std::move(elements));
  value.lazy = true;
  return value;
}
Value Value::generator(List elements) {
  Value value = view(std::move(elements));
  value.spent = std::make_shared<bool>(false);
  return value;
}
Value Value::tuple(List elements) {
  unsigned levels = levelsOf(elements);
  return {Kind::Tuple, std::make_shared<const List>(std::move(elements)),
          levels};
}
Value Value::dict(Dict entries) {
  unsigned levels = 0;
  for (const auto &[key, value] : entries)
    levels = std::max({levels, key.depth(), value.depth()});
  return {Kind::Dict, std::make_shared<const Dict>(std::move(entries)),
          levels + 1};
}
Value Value::space(std::shared_ptr<Namespace> members) {
  return {Kind::Namespace, std::move(members), maxDepth};
}
Value Value::callable(Function function, unsigned levels) {
  return {Kind::Callable, std::make_shared<const Function>(std::move(function)),
          levels};
}

double Value::asReal() const {
  return is(Kind::Float) ? std::get<double>(content) : double(asInteger());
}
const std::string &Value::asString() const {
  static const std::string none;
  auto text = std::get_if<std::shared_ptr<const std::string>>(&content);
  return text ? **text : none;
}
const List &Value::asList() const {
  return *std::get<std::shared_ptr<const List>>(content);
}
const Dict &Value::asDict() const {
  return *std::get<std::shared_ptr<const Dict>>(content);
}
Namespace &Value::asNamespace() const {
  return *std::get<std::shared_ptr<Namespace>>(content);
}
const Function &Value::asFunction() const {
  return *std::get<std::shared_ptr<const Function>>(content);
}

bool Value::isTrue() const {
  if (isGenerator())
    return true;
  switch (which) {
  case Kind::Undefined:
  case Kind::None:
    return false;
  case Kind::Bool:
  case Kind::Int:
    return asInteger() != 0;
  case Kind::Float:
    return asReal() != 0;
  case Kind::String:
    return !asString().empty();
  case Kind::List:
  case Kind::Tuple:
    return !asList().empty();
  case Kind::Dict:
    return !asDict().empty();
  case Kind::Namespace:
  case Kind::Callable:
    return true;
  }
  return false;
}

const Value *find(const Dict &dict, const Value &key, Work &work) {
  for (const auto &[known, value] : dict)
    if (areEqual(known, key, work))
      return &value;
  return nullptr;
}

const Value *find(const Dict &dict, std::string_view key, Work &work) {
  for (const auto &[known, value] : dict)
    if (work.take(1) && known.isString() && known.asString() == key)
      return &value;
  return nullptr;
}

static bool areEqualDicts(const Dict &left, const Dict &right, Work &work) {
  if (left.size() != right.size())
    return false;
  return std::all_of(left.begin(), left.end(), [&](const auto &entry) {
    const Value *other = find(right, entry.first, work);
    return other && areEqual(entry.second, *other, work);
  });
}

static bool areEqualTexts(const std::string &left, const std::string &right,
                          Work &work) {
  return left.size() == right.size() && work.take(left.size() / 8) &&
         left == right;
}

bool areEqual(const Value &left, const Value &right, Work &work) {
  if (!work.take(1))
    return false;
  if (left.isNumber() && right.isNumber()) {
    if (left.isInteger() && right.isInteger())
      return left.asInteger() == right.asInteger();
    return left.asReal() == right.asReal();
  }
  if (left.kind() != right.kind())
    return false;
  switch (left.kind()) {
  case Value::Kind::String:
    return areEqualTexts(left.asString(), right.asString(), work);
  case Value::Kind::List:
  case Value::Kind::Tuple:
    return std::equal(left.asList().begin(), left.asList().end(),
                      right.asList().begin(), right.asList().end(),
                      [&](const Value &one, const Value &other) {
                        return areEqual(one, other, work);
                      });
  case Value::Kind::Dict:
    return areEqualDicts(left.asDict(), right.asDict(), work);
  case Value::Kind::Namespace:
    return &left.asNamespace() == &right.asNamespace();
  case Value::Kind::Callable:
    return &left.asFunction() == &right.asFunction();
  default:
    return true;
  }
}

const char *typeName(const Value &value) {
  switch (value.kind()) {
  case Value::Kind::Undefined:
    return "undefined";
  case Value::Kind::None:
    return "None";
  case Value::Kind::Bool:
    return "bool";
  case Value::Kind::Int:
    return "int";
  case Value::Kind::Float:
    return "float";
  case Value::Kind::String:
    return "str";
  case Value::Kind::List:
    return "list";
  case Value::Kind::Tuple:
    return "tuple";
  case Value::Kind::Dict:
    return "dict";
  case Value::Kind::Namespace:
    return "namespace";
  case Value::Kind::Callable:
    return "function";
  }
  return "";
}

/// Quotes as Python does: single quotes, unless only those are inside.
static std::string quote(const std::string &text, Work &work) {
  if (!work.take(unitsOfCharacters(text.size())))
    return "";
  bool isDouble = text.find('\'') != std::string::npos &&
                  text.find('"') == std::string::npos;
  char mark = isDouble ? '"' : '\'';
  std::string result(1, mark);
  for (Character c : characters(text))
    appendEscaped(c, mark, result);
  return result + mark;
}

static std::string writeText(const Value &value, Work &work);

static std::string join(const List &elements, Work &work) {
  std::string result;
  for (const Value &element : elements)
    result += (result.empty() ? "" : ", ") + toRepr(element, work);
  return result;
}

std::string toRepr(const Value &value, Work &work) {
  if (value.isString())
    return quote(value.asString(), work);
  return value.isUndefined() ? "Undefined" : toText(value, work);
}

/// Text is copied once for each level of the value that it is in.
std::string toText(const Value &value, Work &work) {
  if (!work.take(8))
    return "";
  std::string text = writeText(value, work);
  return work.take(text.size() / 8) ? text : "";
}

static std::string writeText(const Value &value, Work &work) {
  switch (value.kind()) {
  case Value::Kind::Undefined:
    return "";
  case Value::Kind::None:
    return "None";
  case Value::Kind::Bool:
    return value.asBool() ? "True" : "False";
  case Value::Kind::Int:
    return std::to_string(value.asInteger());
  case Value::Kind::Float:
    return printReal(value.asReal());
  case Value::Kind::String:
    return value.asString();
  case Value::Kind::List:
    return "[" + join(value.asList(), work) + "]";
  case Value::Kind::Tuple:
    return "(" + join(value.asList(), work) +
           (value.asList().size() == 1 ? ",)" : ")");
  case Value::Kind::Dict: {
    std::string result;
    for (const auto &[key, entry] : value.asDict())
      result += (result.empty() ? "" : ", ") + toRepr(key, work) + ": " +
                toRepr(entry, work);
    return "{" + result + "}";
  }
  // The interpreter refuses to print these: Python prints their addresses.
  case Value::Kind::Namespace:
  case Value::Kind::Callable:
    return "";
  }
  return "";
}

} // namespace tenon::jinja
