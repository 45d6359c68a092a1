// The functions that every template can call.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include <ctime>

namespace tenon::jinja {

/// Python's range, as the list of its numbers, of which Jinja allows as many.
static Value makeRange(Interpreter &interpreter, const Arguments &arguments) {
  constexpr int64_t limit = 100000;
  // Python gives these no names that a call can use.
  Parameters given(interpreter, "range", arguments,
                   {".begin", ".end", ".stride"});
  if (!given.has(0))
    return interpreter.fail("'range' expects an integer");
  int64_t begin = given.has(1) ? given.integer(0, 0) : 0;
  int64_t end = given.integer(given.has(1) ? 1 : 0, 0);
  int64_t step = given.integer(2, 1);
  if (step == 0)
    return interpreter.fail("'range' has a step of 0");
  List numbers;
  for (int64_t i = begin; step > 0 ? i < end : i > end;) {
    if (int64_t(numbers.size()) == limit)
      return interpreter.fail("'range' has more than 100000 numbers");
    numbers.push_back(Value::integer(i));
    if (__builtin_add_overflow(i, step, &i))
      break;
  }
  return interpreter.makeView(std::move(numbers));
}

static Value makeNamespace(Interpreter &interpreter,
                           const Arguments &arguments) {
  auto space = std::make_shared<Namespace>();
  auto add = [&](const std::string &name, const Value &value) {
    if (value.depth() >= Value::maxDepth)
      interpreter.fail("a namespace is inside of another one");
    space->members.emplace_back(name, value);
  };
  for (const Value &dict : arguments.positional) {
    if (!dict.is(Value::Kind::Dict))
      return interpreter.fail("'namespace' expects names, as in "
                              "namespace(count=0)");
    for (const auto &[key, value] : dict.asDict())
      add(key.asString(), value);
  }
  for (const auto &[name, value] : arguments.named)
    add(name, value);
  interpreter.spend(space->members.size());
  return Value::space(std::move(space));
}

static Value makeDict(Interpreter &interpreter, const Arguments &arguments) {
  Dict entries;
  auto set = [&](const Value &key, const Value &value) {
    for (auto &[known, old] : entries)
      if (interpreter.equal(known, key)) {
        old = value;
        return;
      }
    entries.emplace_back(key, value);
  };
  for (const Value &given : arguments.positional) {
    if (!given.is(Value::Kind::Dict) || arguments.positional.size() > 1)
      return interpreter.fail("'dict' expects names, or one dictionary");
    entries = given.asDict();
  }
  for (const auto &[name, value] : arguments.named)
    set(Value::string(name), value);
  return interpreter.makeDict(std::move(entries));
}

static Value raiseException(Interpreter &interpreter,
                            const Arguments &arguments) {
  Parameters given(interpreter, "raise_exception", arguments, {"message"});
  return interpreter.raise(interpreter.print(given[0]));
}

static Value printTime(Interpreter &interpreter, const Arguments &arguments) {
  Parameters given(interpreter, "strftime_now", arguments, {"format"});
  std::string format = given.text(0, "");
  if (format.size() > 256)
    return interpreter.fail("the format of 'strftime_now' has more than 256 "
                            "bytes");
  std::time_t now = interpreter.now();
  std::tm parts = {};
  localtime_r(&now, &parts);
  interpreter.spend(100 + 16 * format.size());
  char text[4096];
  return interpreter.makeString(
      std::string(text, strftime(text, sizeof(text), format.c_str(), &parts)));
}

Value getGlobal(const std::string &name) {
  static const std::pair<const char *,
                         Value (*)(Interpreter &, const Arguments &)>
      known[] = {
          {"range", makeRange},        {"namespace", makeNamespace},
          {"dict", makeDict},          {"raise_exception", raiseException},
          {"strftime_now", printTime},
      };
  for (const auto &[global, function] : known)
    if (name == global)
      return Value::callable(function);
  return Value::undefined("'" + name + "' is undefined");
}

} // namespace tenon::jinja
