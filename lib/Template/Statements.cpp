// Runs the statements of a template.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include <algorithm>

namespace tenon::jinja {

Interpreter::Flow Interpreter::runBody(const Body &body) {
  Flow flow = Flow::Next;
  ++depth;
  for (const auto &statement : body) {
    line = statement->line;
    flow = spend(8) ? runStatement(*statement) : Flow::Break;
    if (flow != Flow::Next)
      break;
  }
  --depth;
  return flow;
}

Interpreter::Flow Interpreter::runStatement(const Statement &statement) {
  switch (statement.kind) {
  case Statement::Kind::Text:
    if (spend(statement.text.size() / 8))
      *out += statement.text;
    return Flow::Next;
  case Statement::Kind::Output:
    *out += print(evaluate(*statement.expression));
    return Flow::Next;
  case Statement::Kind::If:
    return runIf(statement);
  case Statement::Kind::For:
    return runFor(statement);
  case Statement::Kind::Set:
    assign(statement.target, evaluate(*statement.expression));
    return Flow::Next;
  case Statement::Kind::SetBlock:
    runSetBlock(statement);
    return Flow::Next;
  case Statement::Kind::Macro:
    defineMacro(statement);
    return Flow::Next;
  case Statement::Kind::Call:
    runCall(statement);
    return Flow::Next;
  case Statement::Kind::Filter:
    *out += print(evaluateFilter(*statement.expression,
                                 makeString(capture(statement.body))));
    return Flow::Next;
  case Statement::Kind::With:
    runWith(statement);
    return Flow::Next;
  case Statement::Kind::Scope:
    return runInScope(statement.body);
  case Statement::Kind::Break:
    return Flow::Break;
  case Statement::Kind::Continue:
    return Flow::Continue;
  }
  return Flow::Next;
}

Interpreter::Flow Interpreter::runIf(const Statement &statement) {
  for (const Statement::Branch &branch : statement.branches) {
    if (branch.condition && !evaluate(*branch.condition).isTrue())
      continue;
    return failed() ? Flow::Break : runBody(branch.body);
  }
  return Flow::Next;
}

/// Runs a body whose names nobody outside of it sees.
Interpreter::Flow Interpreter::runInScope(const Body &body) {
  ScopePtr outer = scope;
  scope = std::make_shared<Scope>();
  scope->outer = outer;
  Flow flow = runBody(body);
  scope = std::move(outer);
  return flow;
}

/// What a template knows about the step of a loop that it is in.
static Value describeStep(Interpreter &interpreter, const List &elements,
                          size_t index, std::shared_ptr<Value> lastChanged) {
  auto count = int64_t(elements.size());
  auto at = int64_t(index);
  auto cycle = [at](Interpreter &inner, const Arguments &arguments) {
    if (arguments.positional.empty())
      return inner.fail("'loop.cycle' expects values");
    return arguments.positional[size_t(at) % arguments.positional.size()];
  };
  auto changed = [lastChanged](Interpreter &inner, const Arguments &arguments) {
    Value now = inner.makeTuple(arguments.positional);
    bool isNew = lastChanged->isUndefined() || !inner.equal(*lastChanged, now);
    *lastChanged = now;
    return Value::boolean(isNew);
  };
  auto missing = [](const char *what) {
    return Value::undefined(std::string("there is no ") + what + " item");
  };
  const std::pair<const char *, Value> facts[] = {
      {"index", Value::integer(at + 1)},
      {"index0", Value::integer(at)},
      {"revindex", Value::integer(count - at)},
      {"revindex0", Value::integer(count - at - 1)},
      {"first", Value::boolean(at == 0)},
      {"last", Value::boolean(at == count - 1)},
      {"length", Value::integer(count)},
      {"depth", Value::integer(1)},
      {"depth0", Value::integer(0)},
      {"previtem", at ? elements[index - 1] : missing("previous")},
      {"nextitem", at + 1 < count ? elements[index + 1] : missing("next")},
      // Nothing holds these, as nothing holds the namespace.
      {"cycle", Value::callable(cycle, Value::maxDepth)},
      {"changed", Value::callable(changed, Value::maxDepth)},
  };
  auto loop = std::make_shared<Namespace>();
  for (const auto &[name, value] : facts)
    loop->members.emplace_back(name, value);
  interpreter.spend(8 * loop->members.size());
  return Value::space(std::move(loop));
}

/// The elements of a loop with a condition, which sees the names of the target.
List Interpreter::selectElements(const Statement &statement,
                                 const List &elements) {
  if (!statement.condition)
    return elements;
  List chosen;
  ScopePtr outer = scope;
  for (const Value &element : elements) {
    scope = std::make_shared<Scope>();
    scope->outer = outer;
    assign(statement.target, element);
    if (evaluate(*statement.condition).isTrue())
      chosen.push_back(element);
    if (failed())
      break;
  }
  scope = std::move(outer);
  return chosen;
}

Interpreter::Flow Interpreter::runFor(const Statement &statement) {
  Value iterated = evaluate(*statement.expression);
  List elements = selectElements(statement, iterate(iterated));
  if (failed())
    return Flow::Break;
  if (elements.empty())
    return runInScope(statement.otherwise);
  ScopePtr outer = scope;
  auto lastChanged = std::make_shared<Value>();
  for (size_t i = 0; i < elements.size() && !failed(); ++i) {
    scope = std::make_shared<Scope>();
    scope->outer = outer;
    scope->names.emplace_back("loop",
                              describeStep(*this, elements, i, lastChanged));
    assign(statement.target, elements[i]);
    if (runBody(statement.body) == Flow::Break)
      break;
  }
  scope = std::move(outer);
  return Flow::Next;
}

/// Runs a body and returns what it prints.
std::string Interpreter::capture(const Body &body) {
  std::string text;
  std::string *outer = std::exchange(out, &text);
  runInScope(body);
  out = outer;
  return text;
}

void Interpreter::runSetBlock(const Statement &statement) {
  Value text = makeString(capture(statement.body));
  if (statement.expression)
    text = evaluateFilter(*statement.expression, text);
  assign(statement.target, text);
}

void Interpreter::runWith(const Statement &statement) {
  // All values are computed outside.
  List values;
  for (const auto &[target, expression] : statement.assignments)
    values.push_back(evaluate(*expression));
  ScopePtr outer = scope;
  scope = std::make_shared<Scope>();
  scope->outer = outer;
  for (size_t i = 0; i < values.size(); ++i)
    assign(statement.assignments[i].first, values[i]);
  runBody(statement.body);
  scope = std::move(outer);
}

/// Gives the parameters of a macro their values, in the scope that is current.
void Interpreter::bind(const Statement &statement, const Arguments &arguments) {
  std::string name = statement.name.empty() ? "caller" : statement.name;
  const std::vector<Parameter> &parameters = statement.parameters;
  if (arguments.positional.size() > parameters.size())
    fail("macro '" + name + "' takes at most " +
         std::to_string(parameters.size()) + " arguments, but got " +
         std::to_string(arguments.positional.size()));
  for (const auto &[given, value] : arguments.named) {
    if (!spend(1 + parameters.size()))
      return;
    bool isKnown = given == "caller";
    for (const Parameter &parameter : parameters)
      isKnown |= parameter.name == given;
    if (!isKnown)
      fail("macro '" + name + "' has no parameter '" + given + "'");
    if (given == "caller")
      scope->names.emplace_back(given, value);
  }
  spend(parameters.size() * (1 + arguments.named.size()));
  for (size_t i = 0; i < parameters.size() && !failed(); ++i) {
    const Parameter &parameter = parameters[i];
    Value value =
        Value::undefined("parameter '" + parameter.name + "' was not provided");
    auto given = std::find_if(
        arguments.named.begin(), arguments.named.end(),
        [&](const auto &entry) { return entry.first == parameter.name; });
    if (i < arguments.positional.size() && given != arguments.named.end())
      fail("macro '" + name + "' got two values of '" + parameter.name + "'");
    if (i < arguments.positional.size())
      value = arguments.positional[i];
    else if (given != arguments.named.end())
      value = given->second;
    else if (parameter.value)
      value = evaluate(*parameter.value);
    scope->names.emplace_back(parameter.name, value);
  }
}

/// A macro sees the names around its definition, as they are when it is called.
Value Interpreter::makeMacro(const Statement &statement) {
  std::weak_ptr<Scope> around = scope;
  return Value::callable([&statement, around](Interpreter &inner,
                                              const Arguments &arguments) {
    ScopePtr outside = around.lock();
    if (!outside)
      return inner.fail("a macro is called outside of the block that defines "
                        "it");
    // A level of recursion of its own: bodies hold statements of any depth.
    constexpr unsigned cost = 20;
    if (!inner.spend(64))
      return Value();
    inner.depth += cost;
    ScopePtr caller = inner.scope;
    unsigned line = inner.line;
    inner.scope = std::make_shared<Scope>();
    inner.scope->outer = std::move(outside);
    inner.bind(statement, arguments);
    std::string text;
    if (!inner.failed())
      text = inner.capture(statement.body);
    inner.scope = std::move(caller);
    inner.line = line;
    inner.depth -= cost;
    return inner.makeString(std::move(text));
  });
}

void Interpreter::defineMacro(const Statement &statement) {
  Target target;
  target.name = statement.name;
  assign(target, makeMacro(statement));
}

void Interpreter::runCall(const Statement &statement) {
  const Expression &expression = *statement.expression;
  Value callee = evaluate(*expression.operands[0]);
  Arguments arguments = evaluateArguments(expression.arguments);
  arguments.named.emplace_back("caller", makeMacro(statement));
  *out += print(call(callee, arguments));
}

void Interpreter::assign(const Target &target, const Value &value) {
  if (failed())
    return;
  if (!target.parts.empty()) {
    List elements = iterate(value);
    if (!failed() && elements.size() != target.parts.size())
      fail("expects " + std::to_string(target.parts.size()) +
           " values to unpack, but got " + std::to_string(elements.size()));
    for (size_t i = 0; i < target.parts.size() && !failed(); ++i)
      assign(target.parts[i], elements[i]);
    return;
  }
  auto set = [&](std::vector<std::pair<std::string, Value>> &names,
                 const std::string &name) {
    if (!spend(1 + names.size() / 2))
      return;
    for (auto &[known, old] : names)
      if (known == name) {
        old = value;
        return;
      }
    spend(8);
    names.emplace_back(name, value);
  };
  if (target.member.empty())
    return set(scope->names, target.name);
  for (Scope *at = scope.get(); at; at = at->outer.get())
    for (auto &[known, object] : at->names) {
      if (known != target.name)
        continue;
      if (!object.is(Value::Kind::Namespace))
        fail("'" + target.name + "' is no namespace, so that '" +
             target.member + "' cannot be set");
      else if (value.depth() >= Value::maxDepth)
        fail("values are nested more than 100 deep, or a namespace is inside "
             "of one");
      else
        set(object.asNamespace().members, target.member);
      return;
    }
  fail("'" + target.name + "' is undefined");
}

} // namespace tenon::jinja
