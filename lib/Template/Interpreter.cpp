// What all parts of the interpreter share: errors, bounds, calls, printing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include "Parser.h"

#include <algorithm>

namespace tenon::jinja {

Template::Template(std::vector<std::unique_ptr<Statement>> body)
    : body(std::move(body)) {}
Template::~Template() = default;

std::unique_ptr<Template> Template::parse(std::string_view source,
                                          std::string &error) {
  constexpr size_t maxBytes = 1 << 20;
  error.clear();
  if (source.size() > maxBytes) {
    error = "line 1: a template has at most " + std::to_string(maxBytes) +
            " bytes, but this one has " + std::to_string(source.size());
    return nullptr;
  }
  std::vector<Token> tokens = tokenize(source, error);
  if (!error.empty())
    return nullptr;
  Body body = Parser(std::move(tokens), error).parse();
  if (!error.empty())
    return nullptr;
  return std::unique_ptr<Template>(new Template(std::move(body)));
}

bool Template::render(const Dict &variables, const Options &options,
                      std::string &text, std::string &error) const {
  error.clear();
  return Interpreter(options, text, error).run(body, variables);
}

bool Interpreter::run(const Body &body, const Dict &variables) {
  auto outermost = std::make_shared<Scope>();
  for (const auto &[name, value] : variables)
    outermost->names.emplace_back(name.asString(), value);
  scope = std::make_shared<Scope>();
  scope->outer = std::move(outermost);
  runBody(body);
  return !failed();
}

/// A message is one line, whatever texts of the template are in it.
static std::string writeLine(std::string message) {
  constexpr size_t limit = 1000;
  if (message.size() > limit) {
    size_t end = limit;
    while (end && (message[end] & 0xc0) == 0x80)
      --end;
    message.resize(end);
    message += "...";
  }
  std::replace_if(
      message.begin(), message.end(),
      [](char c) { return c && uint8_t(c) < ' '; }, ' ');
  return message;
}

Value Interpreter::fail(const std::string &message) {
  if (!failed())
    error = "line " + std::to_string(line) + ": " + writeLine(message);
  return {};
}

Value Interpreter::raise(const std::string &message) {
  if (!failed())
    error = message.empty() ? "the template refuses these messages"
                            : "the template says: " + writeLine(message);
  return {};
}

bool Interpreter::spend(uint64_t units) {
  if (!work.take(units))
    fail("the template takes too long or makes too much text");
  return !failed();
}

/// At each place of the text, as much as the whole part may be compared.
bool Interpreter::spendSearch(std::string_view text, std::string_view part) {
  if (part.size() > text.size())
    return !failed();
  return spend(text.size() / 2 +
               (text.size() - part.size() + 1) * (part.size() / 64));
}

std::vector<Character> Interpreter::readCharacters(std::string_view text) {
  if (!spend(unitsOfCharacters(text.size())))
    return {};
  return characters(text);
}

Value Interpreter::makeString(std::string text) {
  if (!spend(8 + text.size() / 8))
    return {};
  return Value::string(std::move(text));
}

Value Interpreter::makeList(List elements) {
  if (!spend(1 + elements.size() * sizeof(Value) / 8))
    return {};
  Value list = Value::list(std::move(elements));
  if (list.depth() > Value::maxDepth)
    return fail(
        "values are nested more than 100 deep, or a namespace is inside "
        "of one");
  return list;
}

Value Interpreter::makeView(List elements) {
  Value list = makeList(std::move(elements));
  return failed() ? Value() : Value::view(list.asList());
}

Value Interpreter::makeGenerator(List elements) {
  Value list = makeList(std::move(elements));
  return failed() ? Value() : Value::generator(list.asList());
}

Value Interpreter::makeTuple(List elements) {
  if (!spend(1 + elements.size() * sizeof(Value) / 8))
    return {};
  Value tuple = Value::tuple(std::move(elements));
  if (tuple.depth() > Value::maxDepth)
    return fail(
        "values are nested more than 100 deep, or a namespace is inside "
        "of one");
  return tuple;
}

Value Interpreter::makeDict(Dict entries) {
  if (!spend(1 + entries.size() * sizeof(Value) / 4))
    return {};
  Value dict = Value::dict(std::move(entries));
  if (dict.depth() > Value::maxDepth)
    return fail(
        "values are nested more than 100 deep, or a namespace is inside "
        "of one");
  return dict;
}

Value Interpreter::call(const Value &callee, const Arguments &arguments) {
  if (failed())
    return {};
  if (callee.isUndefined())
    return fail(callee.asString());
  if (!callee.is(Value::Kind::Callable))
    return fail(std::string("a value of type ") + typeName(callee) +
                " cannot be called");
  return callee.asFunction()(*this, arguments);
}

/// Whether Python prints an address for a value, or for one inside of it.
bool Interpreter::hasAddress(const Value &value) {
  if (value.isLazy() || !spend(1))
    return true;
  if (value.isSequence())
    return std::any_of(value.asList().begin(), value.asList().end(),
                       [&](const Value &one) { return hasAddress(one); });
  if (!value.is(Value::Kind::Dict))
    return value.is(Value::Kind::Callable) || value.is(Value::Kind::Namespace);
  return std::any_of(
      value.asDict().begin(), value.asDict().end(),
      [&](const auto &entry) { return hasAddress(entry.second); });
}

std::string Interpreter::print(const Value &value) {
  if (failed())
    return "";
  if (hasAddress(value)) {
    fail(value.isLazy()
             ? "printing a range, view or filtered sequence is not supported; "
               "add '| list'"
             : std::string("a value of type ") + typeName(value) +
                   " cannot be printed");
    return "";
  }
  std::string text = toText(value, work);
  return spend(0) ? text : "";
}

List Interpreter::iterate(const Value &value) {
  List elements;
  switch (value.kind()) {
  case Value::Kind::Undefined:
    return elements;
  case Value::Kind::List:
  case Value::Kind::Tuple:
    if (value.isGenerator() && value.spend())
      fail("reading a filtered sequence twice is not supported; add '| list'");
    return spend(1 + value.asList().size()) ? value.asList() : elements;
  case Value::Kind::String:
    for (const Character &c : readCharacters(value.asString())) {
      elements.push_back(makeString(std::string(c.bytes)));
      if (!spend(sizeof(Value) / 8))
        return {};
    }
    return elements;
  case Value::Kind::Dict:
    if (!spend(1 + value.asDict().size()))
      return elements;
    for (const auto &[key, element] : value.asDict())
      elements.push_back(key);
    return elements;
  default:
    fail(std::string("a value of type ") + typeName(value) +
         " has no elements");
    return elements;
  }
}

Parameters::Parameters(Interpreter &interpreter, const std::string &function,
                       const Arguments &arguments,
                       std::initializer_list<const char *> names)
    : interpreter(interpreter), function(function), values(names.size()) {
  if (arguments.positional.size() > names.size())
    interpreter.fail("'" + function + "' takes at most " +
                     std::to_string(names.size()) + " arguments, but got " +
                     std::to_string(arguments.positional.size()));
  interpreter.spend(names.size() * (1 + arguments.named.size()));
  for (size_t i = 0; i < names.size() && i < arguments.positional.size(); ++i)
    values[i] = arguments.positional[i];
  for (const auto &[name, value] : arguments.named) {
    size_t index = 0;
    while (index < names.size() && name != names.begin()[index])
      ++index;
    if (index == names.size())
      interpreter.fail("'" + function + "' has no argument '" + name + "'");
    else
      values[index] = value;
  }
}

int64_t Parameters::integer(size_t index, int64_t absent) {
  if (!has(index) || values[index].isNone())
    return absent;
  if (values[index].isInteger())
    return values[index].asInteger();
  interpreter.fail("'" + function +
                   "' expects an integer, but got a value of "
                   "type " +
                   typeName(values[index]));
  return absent;
}

std::string Parameters::text(size_t index, const std::string &absent) {
  if (!has(index) || values[index].isNone())
    return absent;
  // The text is copied.
  if (values[index].isString() &&
      interpreter.spend(values[index].asString().size() / 8))
    return values[index].asString();
  interpreter.fail("'" + function +
                   "' expects a string, but got a value of "
                   "type " +
                   typeName(values[index]));
  return absent;
}

} // namespace tenon::jinja
