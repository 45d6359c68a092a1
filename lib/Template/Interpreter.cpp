// What all parts of the interpreter share: errors, bounds, calls, printing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include "Characters.h"
#include "Parser.h"

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

Value Interpreter::fail(const std::string &message) {
  if (!failed())
    error = "line " + std::to_string(line) + ": " + message;
  return {};
}

Value Interpreter::raise(const std::string &message) {
  if (!failed())
    error = message.empty() ? "the template refuses these messages"
                            : "the template says: " + message;
  return {};
}

bool Interpreter::spend(uint64_t work) {
  if (work > workLeft) {
    workLeft = 0;
    fail("the template takes too long or makes too much text");
    return false;
  }
  workLeft -= work;
  return !failed();
}

Value Interpreter::makeString(std::string text) {
  if (!spend(1 + text.size() / 8))
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
static bool hasAddress(const Value &value) {
  if (value.isLazy())
    return true;
  if (value.isSequence()) {
    for (const Value &element : value.asList())
      if (hasAddress(element))
        return true;
    return false;
  }
  if (!value.is(Value::Kind::Dict))
    return value.is(Value::Kind::Callable) || value.is(Value::Kind::Namespace);
  for (const auto &[key, element] : value.asDict())
    if (hasAddress(element))
      return true;
  return false;
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
  std::string text = toText(value);
  spend(text.size() / 8);
  return text;
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
    return value.asList();
  case Value::Kind::String:
    if (spend(value.asString().size()))
      for (const Character &c : characters(value.asString()))
        elements.push_back(Value::string(std::string(c.bytes)));
    return elements;
  case Value::Kind::Dict:
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
  if (values[index].isString())
    return values[index].asString();
  interpreter.fail("'" + function +
                   "' expects a string, but got a value of "
                   "type " +
                   typeName(values[index]));
  return absent;
}

} // namespace tenon::jinja
