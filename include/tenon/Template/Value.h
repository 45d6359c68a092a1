// The values of a template: those of Python that templates use.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEMPLATE_VALUE_H
#define TENON_TEMPLATE_VALUE_H

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tenon::jinja {

class Interpreter;
class Value;
struct Arguments;
struct Namespace;

using List = std::vector<Value>;
/// In the order of insertion. Keys are different from one another.
using Dict = std::vector<std::pair<Value, Value>>;
using Function = std::function<Value(Interpreter &, const Arguments &)>;

/// What is left of the work that a rendering may do. What takes long takes from
/// it first: values share what they hold, so that a small one may be endless to
/// print or to compare.
class Work {
public:
  explicit Work(uint64_t units) : left(units) {}
  /// Returns whether there was as much, and always has been.
  bool take(uint64_t units) {
    usedUp |= units > left;
    left -= usedUp ? left : units;
    return !usedUp;
  }

private:
  uint64_t left;
  bool usedUp = false;
};

/// A value does not change, except for the members of a namespace. Copies share
/// what they hold.
class Value {
public:
  enum class Kind : uint8_t {
    Undefined,
    None,
    Bool,
    Int,
    Float,
    String,
    List,
    Tuple,
    Dict,
    Namespace,
    Callable,
  };
  /// Values that hold values are at most this deep, so that recursion over them
  /// is bounded. A namespace counts as this deep: nothing holds one.
  static constexpr unsigned maxDepth = 100;

  /// Undefined: what a name that nobody has set stands for.
  Value() = default;
  static Value undefined(std::string why);
  static Value none();
  static Value boolean(bool value);
  static Value integer(int64_t value);
  static Value real(double value);
  static Value string(std::string text);
  static Value list(List elements);
  /// A range, or the keys of a dictionary: Python does not print its elements.
  static Value view(List elements);
  /// What a filter such as `map` makes: true, and can be read once.
  static Value generator(List elements);
  static Value tuple(List elements);
  static Value dict(Dict entries);
  static Value space(std::shared_ptr<Namespace> members);
  /// `levels` are those of the values that the function holds.
  static Value callable(Function function, unsigned levels = 0);

  Kind kind() const { return which; }
  bool is(Kind other) const { return which == other; }
  bool isUndefined() const { return which == Kind::Undefined; }
  bool isNone() const { return which == Kind::None; }
  bool isString() const { return which == Kind::String; }
  bool isSequence() const { return is(Kind::List) || is(Kind::Tuple); }
  /// Python counts true and false among the integers.
  bool isInteger() const { return is(Kind::Int) || is(Kind::Bool); }
  bool isNumber() const { return isInteger() || is(Kind::Float); }

  bool asBool() const { return asInteger() != 0; }
  int64_t asInteger() const { return std::get<int64_t>(content); }
  double asReal() const;
  /// Of a string its text; of an undefined value why it is undefined.
  const std::string &asString() const;
  const List &asList() const;
  const Dict &asDict() const;
  Namespace &asNamespace() const;
  const Function &asFunction() const;

  bool isLazy() const { return lazy; }
  bool isGenerator() const { return spent != nullptr; }
  /// Of a generator: whether it was read already; it is now.
  bool spend() const { return std::exchange(*spent, true); }
  /// 0 for values that hold none.
  unsigned depth() const { return levels; }
  bool isTrue() const;

private:
  using Content =
      std::variant<std::monostate, int64_t, double,
                   std::shared_ptr<const std::string>,
                   std::shared_ptr<const List>, std::shared_ptr<const Dict>,
                   std::shared_ptr<Namespace>, std::shared_ptr<const Function>>;
  Value(Kind kind, Content content, unsigned levels = 0)
      : content(std::move(content)), levels(levels), which(kind) {}

  Content content;
  unsigned levels = 0;
  bool lazy = false;
  std::shared_ptr<bool> spent;
  Kind which = Kind::Undefined;
};

/// An object of a template: `{% set ns = namespace(n=0) %}{% set ns.n = 1 %}`.
struct Namespace {
  std::vector<std::pair<std::string, Value>> members;
};

/// What a call gives to a function.
struct Arguments {
  List positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// Python's `==`. Where work is used up, the results of this and of what follows
/// mean nothing.
bool areEqual(const Value &left, const Value &right, Work &work);
/// Returns the value of a key, or null.
const Value *find(const Dict &dict, const Value &key, Work &work);
const Value *find(const Dict &dict, std::string_view key, Work &work);
/// The name of a type in Python, for messages.
const char *typeName(const Value &value);
/// Python's `str`, what a template prints.
std::string toText(const Value &value, Work &work);
/// Python's `repr`, what `str` prints inside of lists.
std::string toRepr(const Value &value, Work &work);

} // namespace tenon::jinja

#endif // TENON_TEMPLATE_VALUE_H
