// Renders a parsed template.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TEMPLATE_INTERPRETER_H
#define TENON_LIB_TEMPLATE_INTERPRETER_H

#include "tenon/Template/Template.h"
#include "Ast.h"
#include "Characters.h"

namespace tenon::jinja {

/// The names that are set in a block, and those around it.
struct Scope {
  std::shared_ptr<Scope> outer;
  std::vector<std::pair<std::string, Value>> names;
};
using ScopePtr = std::shared_ptr<Scope>;

/// Works on one rendering. The first thing that goes wrong is kept, after which
/// every value is undefined and every loop ends.
class Interpreter {
public:
  Interpreter(const Template::Options &options, std::string &text,
              std::string &error)
      : out(&text), error(error), options(options), work(options.work) {}

  /// Returns whether all went well.
  bool run(const Body &body, const Dict &variables);

  // For operators, filters, tests and methods.

  /// Records an error, unless there is one; returns an undefined value.
  Value fail(const std::string &message);
  /// Stops with the words of the template's author.
  Value raise(const std::string &message);
  bool failed() const { return !error.empty(); }
  /// Takes from what bounds time and memory; false when nothing is left.
  bool spend(uint64_t units);
  /// Takes what a search in a text costs at worst.
  bool spendSearch(std::string_view text, std::string_view part);
  /// The characters of a text; empty where they would take too long.
  std::vector<Character> readCharacters(std::string_view text);
  bool equal(const Value &left, const Value &right) {
    bool areSame = areEqual(left, right, work);
    return spend(0) && areSame;
  }
  template <typename Key>
  const Value *lookUp(const Dict &dict, const Key &key) {
    const Value *value = find(dict, key, work);
    return spend(0) ? value : nullptr;
  }
  std::time_t now() const { return options.now; }

  /// Values that count against the bounds.
  Value makeString(std::string text);
  Value makeList(List elements);
  Value makeTuple(List elements);
  Value makeView(List elements);
  Value makeGenerator(List elements);
  Value makeDict(Dict entries);

  Value call(const Value &callee, const Arguments &arguments);
  /// Python's `json.dumps`; false for what is no JSON. `indent` below 0 is a
  /// single line.
  bool writeJson(const Value &value, int64_t indent, bool isAscii,
                 bool sortsKeys, const std::string &itemSeparator,
                 const std::string &keySeparator, std::string &text);
  /// What a template prints for a value.
  std::string print(const Value &value);
  /// The elements that a loop over a value has.
  List iterate(const Value &value);

  // Objects.cpp
  Value getAttribute(const Value &object, const std::string &name);
  Value getItem(const Value &object, const Value &key);
  Value getSlice(const Value &object, const Value &begin, const Value &end,
                 const Value &step);
  // Operators.cpp
  Value applyBinary(const std::string &op, const Value &left,
                    const Value &right);
  Value applyUnary(const std::string &op, const Value &operand);
  bool compare(const std::string &op, const Value &left, const Value &right);
  bool contains(const Value &container, const Value &element);
  /// -1, 0 or 1; an error where Python has no order.
  int order(const Value &left, const Value &right);
  // Filters.cpp, Tests.cpp
  Value applyFilter(const std::string &name, const Value &operand,
                    const Arguments &arguments);
  bool applyTest(const std::string &name, const Value &operand,
                 const Arguments &arguments);

private:
  enum class Flow { Next, Break, Continue };

  // Statements.cpp
  Flow runBody(const Body &body);
  Flow runStatement(const Statement &statement);
  Flow runIf(const Statement &statement);
  Flow runFor(const Statement &statement);
  Flow runInScope(const Body &body);
  void runSetBlock(const Statement &statement);
  void defineMacro(const Statement &statement);
  void runCall(const Statement &statement);
  void runWith(const Statement &statement);
  std::vector<Value> selectElements(const Statement &statement,
                                    const List &elements);
  Value makeMacro(const Statement &statement);
  void bind(const Statement &statement, const Arguments &arguments);
  std::string capture(const Body &body);
  void assign(const Target &target, const Value &value);

  // Expressions.cpp
  Value evaluate(const Expression &expression);
  Value evaluateNode(const Expression &expression);
  Value evaluateOperator(const Expression &expression);
  Value evaluateName(const Expression &expression);
  Value evaluateItems(const Expression &expression);
  bool hasAddress(const Value &value);
  Value evaluateCompare(const Expression &expression);
  Value evaluateFilter(const Expression &expression, const Value &text);
  Arguments evaluateArguments(const CallArguments &arguments);

  std::string *out;
  std::string &error;
  const Template::Options &options;
  Work work;
  unsigned depth = 0;
  unsigned line = 0;
  ScopePtr scope;
};

/// The arguments of something built in, by its parameters. What is not given is
/// undefined; what it does not have is an error.
class Parameters {
public:
  Parameters(Interpreter &interpreter, const std::string &function,
             const Arguments &arguments,
             std::initializer_list<const char *> names);
  const Value &operator[](size_t index) const { return values[index]; }
  bool has(size_t index) const { return !values[index].isUndefined(); }
  /// An integer, or what it is when not given.
  int64_t integer(size_t index, int64_t absent);
  std::string text(size_t index, const std::string &absent);
  bool flag(size_t index, bool absent) const {
    return has(index) ? values[index].isTrue() : absent;
  }

private:
  Interpreter &interpreter;
  std::string function;
  List values;
};

/// Returns what a name means that no template sets, such as `range`; undefined
/// for the others.
Value getGlobal(const std::string &name);

/// Returns a method of a value, or an undefined value where it has none.
Value getMethod(Interpreter &interpreter, const Value &object,
                const std::string &name);

} // namespace tenon::jinja

#endif // TENON_LIB_TEMPLATE_INTERPRETER_H
