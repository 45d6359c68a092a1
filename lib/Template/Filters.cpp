// The filters of templates: `value | filter`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include "Characters.h"
#include "Numbers.h"

#include <algorithm>
#include <cmath>

namespace tenon::jinja {

namespace {

using Filter = Value (*)(Interpreter &, const Value &, const Arguments &);
struct KnownFilter {
  std::string_view name;
  Filter run;
};

} // namespace

/// A filter that is a method of the text that a value prints.
static Value callMethod(Interpreter &interpreter, const Value &value,
                        const char *name, const Arguments &arguments) {
  Value text =
      value.isString() ? value : Value::string(interpreter.print(value));
  return interpreter.call(getMethod(interpreter, text, name), arguments);
}

static Value trim(Interpreter &interpreter, const Value &value,
                  const Arguments &arguments) {
  return callMethod(interpreter, value, "strip", arguments);
}
static Value upper(Interpreter &interpreter, const Value &value,
                   const Arguments &arguments) {
  return callMethod(interpreter, value, "upper", arguments);
}
static Value lower(Interpreter &interpreter, const Value &value,
                   const Arguments &arguments) {
  return callMethod(interpreter, value, "lower", arguments);
}
static Value capitalizeText(Interpreter &interpreter, const Value &value,
                            const Arguments &arguments) {
  return callMethod(interpreter, value, "capitalize", arguments);
}
static Value replace(Interpreter &interpreter, const Value &value,
                     const Arguments &arguments) {
  return callMethod(interpreter, value, "replace", arguments);
}

/// Words begin after blanks and opening brackets, and hyphens.
static Value title(Interpreter &interpreter, const Value &value,
                   const Arguments &arguments) {
  Parameters given(interpreter, "title", arguments, {});
  std::string text;
  bool isInside = false;
  std::string printed = interpreter.print(value);
  for (const Character &c : interpreter.readCharacters(printed)) {
    if (!changeCase(c, isInside ? Case::Lower : Case::Upper, text))
      return interpreter.fail("the case of '" + std::string(c.bytes) +
                              "' cannot be changed");
    isInside =
        !isSpace(c.code) && !(c.code < 0x80 && c.code &&
                              std::string_view("-({[<").find(char(c.code)) !=
                                  std::string_view::npos);
  }
  return interpreter.makeString(std::move(text));
}

static Value length(Interpreter &interpreter, const Value &value,
                    const Arguments &arguments) {
  Parameters given(interpreter, "length", arguments, {});
  if (value.isString()) {
    if (!interpreter.spend(value.asString().size() / 2))
      return {};
    return Value::integer(int64_t(countCharacters(value.asString())));
  }
  if (value.is(Value::Kind::Dict))
    return Value::integer(int64_t(value.asDict().size()));
  if (value.isSequence() && !value.isGenerator())
    return Value::integer(int64_t(value.asList().size()));
  if (value.isUndefined())
    return Value::integer(0);
  return interpreter.fail(std::string("a value of type ") + typeName(value) +
                          " has no length");
}

/// Follows `a.b.0` into each part.
static Value getPath(Interpreter &interpreter, Value value, const Value &path) {
  if (path.isInteger())
    return interpreter.getItem(value, path);
  std::string rest = path.asString();
  while (!interpreter.failed()) {
    size_t dot = rest.find('.');
    std::string part = rest.substr(0, dot);
    std::optional<int64_t> index = parseInteger(part);
    value = interpreter.getItem(value, index ? Value::integer(*index)
                                             : Value::string(part));
    if (dot == std::string::npos)
      return value;
    rest = rest.substr(dot + 1);
  }
  return {};
}

static Value join(Interpreter &interpreter, const Value &value,
                  const Arguments &arguments) {
  Parameters given(interpreter, "join", arguments, {"d", "attribute"});
  std::string separator = given.has(0) ? interpreter.print(given[0]) : "";
  std::string text;
  bool isFirst = true;
  for (const Value &element : interpreter.iterate(value)) {
    if (!std::exchange(isFirst, false))
      text += separator;
    bool hasPath = given.has(1) && !given[1].isNone();
    text += interpreter.print(hasPath ? getPath(interpreter, element, given[1])
                                      : element);
    if (!interpreter.spend(1 + separator.size() / 8))
      return {};
  }
  return interpreter.makeString(std::move(text));
}

static Value first(Interpreter &interpreter, const Value &value,
                   const Arguments &arguments) {
  Parameters given(interpreter, "first", arguments, {});
  // The usual case copies nothing.
  if (value.is(Value::Kind::List) && !value.isLazy() && !value.asList().empty())
    return value.asList().front();
  List elements = interpreter.iterate(value);
  return elements.empty() ? Value::undefined("there is no first element")
                          : elements.front();
}

static Value last(Interpreter &interpreter, const Value &value,
                  const Arguments &arguments) {
  Parameters given(interpreter, "last", arguments, {});
  if (value.is(Value::Kind::List) && !value.isLazy() && !value.asList().empty())
    return value.asList().back();
  List elements = interpreter.iterate(value);
  return elements.empty() ? Value::undefined("there is no last element")
                          : elements.back();
}

static Value useDefault(Interpreter &interpreter, const Value &value,
                        const Arguments &arguments) {
  Parameters given(interpreter, "default", arguments,
                   {"default_value", "boolean"});
  bool isMissing =
      value.isUndefined() || (given.flag(1, false) && !value.isTrue());
  if (!isMissing)
    return value;
  return given.has(0) ? given[0] : Value::string("");
}

static Value toList(Interpreter &interpreter, const Value &value,
                    const Arguments &arguments) {
  Parameters given(interpreter, "list", arguments, {});
  return interpreter.makeList(interpreter.iterate(value));
}

static Value toStringValue(Interpreter &interpreter, const Value &value,
                           const Arguments &arguments) {
  Parameters given(interpreter, "string", arguments, {});
  return interpreter.makeString(interpreter.print(value));
}

static Value toInteger(Interpreter &interpreter, const Value &value,
                       const Arguments &arguments) {
  Parameters given(interpreter, "int", arguments, {"default"});
  if (value.isInteger())
    return Value::integer(value.asInteger());
  std::optional<double> real;
  if (value.is(Value::Kind::Float))
    real = value.asReal();
  // Digits are copied one by one.
  if (value.isString() && interpreter.spend(4 * value.asString().size())) {
    if (std::optional<int64_t> integer = parseInteger(value.asString()))
      return Value::integer(*integer);
    real = parseReal(value.asString());
  }
  if (real && std::isfinite(*real)) {
    if (std::abs(*real) >= 9e18)
      return interpreter.fail("an integer has more than 64 bits");
    return Value::integer(int64_t(*real));
  }
  return given.has(0) ? given[0] : Value::integer(0);
}

static Value toReal(Interpreter &interpreter, const Value &value,
                    const Arguments &arguments) {
  Parameters given(interpreter, "float", arguments, {"default"});
  if (value.isNumber())
    return Value::real(value.asReal());
  if (value.isString() && interpreter.spend(4 * value.asString().size()))
    if (std::optional<double> real = parseReal(value.asString()))
      return Value::real(*real);
  return given.has(0) ? given[0] : Value::real(0);
}

static Value absolute(Interpreter &interpreter, const Value &value,
                      const Arguments &arguments) {
  Parameters given(interpreter, "abs", arguments, {});
  bool isNegative = value.isNumber() && value.asReal() < 0;
  return interpreter.applyUnary(isNegative ? "-" : "+", value);
}

static Value roundReal(Interpreter &interpreter, const Value &value,
                       const Arguments &arguments) {
  Parameters given(interpreter, "round", arguments, {"precision", "method"});
  std::string method = given.text(1, "common");
  int64_t digits = given.integer(0, 0);
  if (method != "common" || digits < 0 || digits > 100 || !value.isNumber())
    return interpreter.fail("'round' expects a number, 0 to 100 digits and the "
                            "method 'common'");
  if (value.isInteger())
    return Value::integer(value.asInteger());
  interpreter.spend(64);
  char text[512];
  snprintf(text, sizeof(text), "%.*f", int(digits), value.asReal());
  return Value::real(std::strtod(text, nullptr));
}

static Value reverse(Interpreter &interpreter, const Value &value,
                     const Arguments &arguments) {
  Parameters given(interpreter, "reverse", arguments, {});
  List elements = interpreter.iterate(value);
  std::reverse(elements.begin(), elements.end());
  if (!value.isString())
    return interpreter.makeGenerator(std::move(elements));
  std::string text;
  for (const Value &element : elements)
    text += element.asString();
  return interpreter.makeString(std::move(text));
}

/// What elements are compared by: strings without their case, unless asked for.
static Value sortKey(Interpreter &interpreter, const Value &element,
                     const Value &path, bool isCaseSensitive) {
  bool hasPath = !path.isUndefined() && !path.isNone();
  Value key = hasPath ? getPath(interpreter, element, path) : element;
  if (isCaseSensitive || !key.isString())
    return key;
  return callMethod(interpreter, key, "lower", {});
}

/// Sorts by keys; equal ones keep their order. Comparisons may fail, so that an
/// algorithm is needed that any answers do not harm.
static List sortBy(Interpreter &interpreter, const List &elements,
                   const List &keys, bool isReverse) {
  std::vector<size_t> places;
  for (size_t i = 0; i < elements.size(); ++i) {
    if (!interpreter.spend(1 + places.size() / 8))
      return {};
    auto place = std::upper_bound(
        places.begin(), places.end(), i, [&](size_t one, size_t other) {
          int sign = interpreter.order(keys[one], keys[other]);
          return isReverse ? sign > 0 : sign < 0;
        });
    places.insert(place, i);
  }
  List sorted;
  for (size_t place : places)
    sorted.push_back(elements[place]);
  return sorted;
}

static Value sort(Interpreter &interpreter, const Value &value,
                  const Arguments &arguments) {
  Parameters given(interpreter, "sort", arguments,
                   {"reverse", "case_sensitive", "attribute"});
  List elements = interpreter.iterate(value), keys;
  for (const Value &element : elements)
    keys.push_back(
        sortKey(interpreter, element, given[2], given.flag(1, false)));
  if (interpreter.failed())
    return {};
  return interpreter.makeList(
      sortBy(interpreter, elements, keys, given.flag(0, false)));
}

static Value unique(Interpreter &interpreter, const Value &value,
                    const Arguments &arguments) {
  Parameters given(interpreter, "unique", arguments,
                   {"case_sensitive", "attribute"});
  List kept, keys;
  for (const Value &element : interpreter.iterate(value)) {
    Value key = sortKey(interpreter, element, given[1], given.flag(0, false));
    bool isKnown = std::any_of(keys.begin(), keys.end(), [&](const Value &one) {
      return interpreter.equal(one, key);
    });
    if (interpreter.failed())
      return {};
    if (isKnown)
      continue;
    keys.push_back(key);
    kept.push_back(element);
  }
  return interpreter.makeGenerator(std::move(kept));
}

static Value items(Interpreter &interpreter, const Value &value,
                   const Arguments &arguments) {
  Parameters given(interpreter, "items", arguments, {});
  if (value.isUndefined())
    return interpreter.makeList({});
  if (!value.is(Value::Kind::Dict))
    return interpreter.fail("'items' expects a dictionary");
  return interpreter.call(getMethod(interpreter, value, "items"), {});
}

static Value dictSort(Interpreter &interpreter, const Value &value,
                      const Arguments &arguments) {
  Parameters given(interpreter, "dictsort", arguments,
                   {"case_sensitive", "by", "reverse"});
  std::string by = given.text(1, "key");
  if (!value.is(Value::Kind::Dict) || (by != "key" && by != "value"))
    return interpreter.fail("'dictsort' expects a dictionary, and 'key' or "
                            "'value'");
  List elements, keys;
  for (const auto &[key, entry] : value.asDict()) {
    elements.push_back(interpreter.makeTuple({key, entry}));
    keys.push_back(sortKey(interpreter, by == "key" ? key : entry, Value(),
                           given.flag(0, false)));
  }
  if (interpreter.failed())
    return {};
  return interpreter.makeList(
      sortBy(interpreter, elements, keys, given.flag(2, false)));
}

/// Splits the arguments of `select` and `map`: a name, and the rest for it.
static std::string takeName(Interpreter &interpreter, Arguments &arguments) {
  if (arguments.positional.empty())
    return "";
  Value name = arguments.positional.front();
  arguments.positional.erase(arguments.positional.begin());
  if (!name.isString())
    interpreter.fail("expects the name of a filter or a test");
  return name.asString();
}

static Value selectIf(Interpreter &interpreter, const Value &value,
                      Arguments arguments, bool wanted, bool byAttribute) {
  Value path;
  if (byAttribute) {
    if (arguments.positional.empty())
      return interpreter.fail("expects the name of an attribute");
    path = arguments.positional.front();
    arguments.positional.erase(arguments.positional.begin());
  }
  std::string test = takeName(interpreter, arguments);
  List kept;
  for (const Value &element : interpreter.iterate(value)) {
    Value tested = byAttribute ? getPath(interpreter, element, path) : element;
    bool fits = test.empty() ? tested.isTrue()
                             : interpreter.applyTest(test, tested, arguments);
    if (!interpreter.spend(1))
      return {};
    if (fits == wanted)
      kept.push_back(element);
  }
  return interpreter.makeGenerator(std::move(kept));
}

template <bool wanted, bool byAttribute>
static Value select(Interpreter &interpreter, const Value &value,
                    const Arguments &arguments) {
  return selectIf(interpreter, value, arguments, wanted, byAttribute);
}

static Value map(Interpreter &interpreter, const Value &value,
                 const Arguments &given) {
  Arguments arguments = given;
  List results;
  bool byAttribute = arguments.positional.empty();
  Value path, absent;
  if (byAttribute)
    for (const auto &[name, argument] : arguments.named) {
      if (name != "attribute" && name != "default")
        return interpreter.fail("'map' has no argument '" + name + "'");
      (name == "attribute" ? path : absent) = argument;
    }
  std::string filter = takeName(interpreter, arguments);
  if (byAttribute ? path.isUndefined() : filter.empty())
    return interpreter.fail("'map' expects an attribute or a filter");
  for (const Value &element : interpreter.iterate(value)) {
    Value result = byAttribute
                       ? getPath(interpreter, element, path)
                       : interpreter.applyFilter(filter, element, arguments);
    results.push_back(result.isUndefined() && byAttribute ? absent : result);
    if (!interpreter.spend(1))
      return {};
  }
  return interpreter.makeGenerator(std::move(results));
}

static Value sum(Interpreter &interpreter, const Value &value,
                 const Arguments &arguments) {
  Parameters given(interpreter, "sum", arguments, {"attribute", "start"});
  Value total = given.has(1) ? given[1] : Value::integer(0);
  bool hasPath = given.has(0) && !given[0].isNone();
  for (const Value &element : interpreter.iterate(value))
    total = interpreter.applyBinary(
        "+", total,
        hasPath ? getPath(interpreter, element, given[0]) : element);
  return total;
}

template <bool wantsMost>
static Value extreme(Interpreter &interpreter, const Value &value,
                     const Arguments &arguments) {
  Parameters given(interpreter, wantsMost ? "max" : "min", arguments,
                   {"case_sensitive", "attribute"});
  Value best = Value::undefined("there is no element"), bestKey;
  for (const Value &element : interpreter.iterate(value)) {
    Value key = sortKey(interpreter, element, given[1], given.flag(0, false));
    int sign = best.isUndefined() ? 0 : interpreter.order(key, bestKey);
    if (best.isUndefined() || (wantsMost ? sign > 0 : sign < 0)) {
      best = element;
      bestKey = key;
    }
  }
  return best;
}

/// Keeps lines apart by blanks in front of all but the first.
static Value indentLines(Interpreter &interpreter, const Value &value,
                         const Arguments &arguments) {
  Parameters given(interpreter, "indent", arguments,
                   {"width", "first", "blank"});
  if (!value.isString())
    return interpreter.fail(std::string("'indent' expects a string, but got a "
                                        "value of type ") +
                            typeName(value));
  bool isText = given.has(0) && given[0].isString();
  int64_t width = isText ? 0 : given.integer(0, 4);
  if (width < 0 || width > 1000)
    return interpreter.fail("'indent' expects a width of 0 to 1000");
  std::string blanks =
      isText ? given[0].asString() : std::string(size_t(width), ' ');
  std::string text = interpreter.print(value) + "\n";
  Value lines = interpreter.call(
      getMethod(interpreter, Value::string(text), "splitlines"), {});
  if (interpreter.failed())
    return {};
  std::string result;
  bool isFirst = true;
  for (const Value &line : lines.asList()) {
    bool isBlank = line.asString().empty() && !given.flag(2, false);
    if (!isFirst)
      result += '\n';
    if (isFirst ? given.flag(1, false) : !isBlank)
      result += blanks;
    result += line.asString();
    isFirst = false;
    if (!interpreter.spend(1 + blanks.size() / 8))
      return {};
  }
  return interpreter.makeString(std::move(result));
}

/// As the publishers' library writes JSON: no character is escaped for HTML.
static Value toJson(Interpreter &interpreter, const Value &value,
                    const Arguments &arguments) {
  Parameters given(interpreter, "tojson", arguments,
                   {"ensure_ascii", "indent", "separators", "sort_keys"});
  int64_t indent = given.integer(1, -1);
  if (indent > 100)
    return interpreter.fail("'tojson' expects an indent of at most 100");
  std::string items = indent < 0 ? ", " : ",", keys = ": ";
  if (given.has(2) && !given[2].isNone()) {
    if (!given[2].isSequence() || given[2].asList().size() != 2)
      return interpreter.fail("'tojson' expects two separators");
    items = interpreter.print(given[2].asList()[0]);
    keys = interpreter.print(given[2].asList()[1]);
  }
  std::string text;
  if (!interpreter.writeJson(value, indent, given.flag(0, false),
                             given.flag(3, false), items, keys, text))
    return interpreter.fail(std::string("a value of type ") + typeName(value) +
                            ", or one inside of it, is no JSON");
  return interpreter.makeString(std::move(text));
}

static constexpr KnownFilter filters[] = {
    {"abs", absolute},
    {"capitalize", capitalizeText},
    {"count", length},
    {"d", useDefault},
    {"default", useDefault},
    {"dictsort", dictSort},
    {"first", first},
    {"float", toReal},
    {"indent", indentLines},
    {"int", toInteger},
    {"items", items},
    {"join", join},
    {"last", last},
    {"length", length},
    {"list", toList},
    {"lower", lower},
    {"map", map},
    {"max", extreme<true>},
    {"min", extreme<false>},
    {"reject", select<false, false>},
    {"rejectattr", select<false, true>},
    {"replace", replace},
    {"reverse", reverse},
    {"round", roundReal},
    {"select", select<true, false>},
    {"selectattr", select<true, true>},
    {"sort", sort},
    {"string", toStringValue},
    {"sum", sum},
    {"title", title},
    {"tojson", toJson},
    {"trim", trim},
    {"unique", unique},
    {"upper", upper},
};

Value Interpreter::applyFilter(const std::string &name, const Value &operand,
                               const Arguments &arguments) {
  if (!spend(8))
    return {};
  for (const KnownFilter &known : filters)
    if (known.name == name) {
      Value value = known.run(*this, operand, arguments);
      return failed() ? Value() : value;
    }
  std::string names;
  for (const KnownFilter &known : filters)
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  return fail("the filter '" + name +
              "' is not supported; supported filters: " + names);
}

} // namespace tenon::jinja
