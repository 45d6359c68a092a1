// The methods of strings, lists and dictionaries.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include "Characters.h"

#include <algorithm>

namespace tenon::jinja {

namespace {

using Method = Value (*)(Interpreter &, const Value &, const Arguments &);
struct KnownMethod {
  std::string_view name;
  Method run;
};

} // namespace

template <bool left, bool right>
static Value stripText(Interpreter &interpreter, const Value &self,
                       const Arguments &arguments) {
  Parameters given(interpreter, "strip", arguments, {"chars"});
  std::string set = given.text(0, "");
  bool hasSet = given.has(0) && !given[0].isNone();
  if (!interpreter.spend(unitsOfCharacters(set.size()) +
                         self.asString().size() * (4 + set.size()) / 8))
    return {};
  return interpreter.makeString(std::string(
      strip(self.asString(), left, right, hasSet ? &set : nullptr)));
}

template <Case to>
static Value changeTextCase(Interpreter &interpreter, const Value &self,
                            const Arguments &arguments) {
  Parameters given(interpreter, to == Case::Upper ? "upper" : "lower",
                   arguments, {});
  std::string text;
  for (const Character &c : interpreter.readCharacters(self.asString()))
    if (!changeCase(c, to, text))
      return interpreter.fail("the case of '" + std::string(c.bytes) +
                              "' cannot be changed");
  return interpreter.makeString(std::move(text));
}

/// The first letter, of each word if `eachWord`, is a capital.
template <bool eachWord>
static Value capitalize(Interpreter &interpreter, const Value &self,
                        const Arguments &arguments) {
  Parameters given(interpreter, eachWord ? "title" : "capitalize", arguments,
                   {});
  std::string text;
  bool isInside = false;
  for (const Character &c : interpreter.readCharacters(self.asString())) {
    if (!changeCase(c, isInside ? Case::Lower : Case::Upper, text))
      return interpreter.fail("the case of '" + std::string(c.bytes) +
                              "' cannot be changed");
    isInside = !eachWord || isLetter(c.code);
  }
  return interpreter.makeString(std::move(text));
}

/// Takes the part off a text that ends, or begins, at the next white space.
static std::string_view takeWord(std::string_view &text, bool fromRight) {
  size_t size = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    Character c = *characterAt(rest, fromRight ? -1 : 0);
    if (isSpace(c.code))
      break;
    size += c.bytes.size();
    if (fromRight)
      rest.remove_suffix(c.bytes.size());
    else
      rest.remove_prefix(c.bytes.size());
  }
  std::string_view word =
      fromRight ? text.substr(text.size() - size) : text.substr(0, size);
  text = rest;
  return word;
}

static Value splitAtSpace(Interpreter &interpreter, std::string_view text,
                          int64_t limit, bool fromRight) {
  if (!interpreter.spend(text.size()))
    return {};
  List parts;
  text = strip(text, true, true);
  while (!text.empty() && limit-- != 0) {
    std::string_view word = takeWord(text, fromRight);
    parts.push_back(interpreter.makeString(std::string(word)));
    if (interpreter.failed())
      return {};
    text = strip(text, !fromRight, fromRight);
  }
  if (!text.empty())
    parts.push_back(interpreter.makeString(std::string(text)));
  if (fromRight)
    std::reverse(parts.begin(), parts.end());
  return interpreter.makeList(std::move(parts));
}

template <bool fromRight>
static Value splitText(Interpreter &interpreter, const Value &self,
                       const Arguments &arguments) {
  Parameters given(interpreter, "split", arguments, {"sep", "maxsplit"});
  int64_t limit = given.integer(1, -1);
  std::string_view text = self.asString();
  if (!given.has(0) || given[0].isNone())
    return splitAtSpace(interpreter, text, limit, fromRight);
  std::string separator = given.text(0, "");
  if (separator.empty())
    return interpreter.fail("'split' expects a separator that is not empty");
  List parts;
  auto push = [&](std::string_view part) {
    parts.push_back(interpreter.makeString(std::string(part)));
  };
  if (!interpreter.spendSearch(text, separator))
    return {};
  while (limit-- != 0 && !interpreter.failed()) {
    size_t at = fromRight ? text.rfind(separator) : text.find(separator);
    if (at == std::string_view::npos)
      break;
    if (fromRight) {
      push(text.substr(at + separator.size()));
      text = text.substr(0, at);
    } else {
      push(text.substr(0, at));
      text.remove_prefix(at + separator.size());
    }
  }
  push(text);
  if (fromRight)
    std::reverse(parts.begin(), parts.end());
  return interpreter.makeList(std::move(parts));
}

static bool endsLine(uint32_t code) {
  return (code >= 0xa && code <= 0xd) || (code >= 0x1c && code <= 0x1e) ||
         code == 0x85 || code == 0x2028 || code == 0x2029;
}

static Value splitLines(Interpreter &interpreter, const Value &self,
                        const Arguments &arguments) {
  Parameters given(interpreter, "splitlines", arguments, {"keepends"});
  bool keeps = given.flag(0, false);
  std::vector<Character> all = interpreter.readCharacters(self.asString());
  List lines;
  std::string line;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!endsLine(all[i].code)) {
      line += all[i].bytes;
      if (i + 1 == all.size())
        lines.push_back(interpreter.makeString(line));
      continue;
    }
    bool isPair =
        all[i].code == '\r' && i + 1 < all.size() && all[i + 1].code == '\n';
    if (keeps)
      line += isPair ? "\r\n" : std::string(all[i].bytes);
    i += isPair;
    lines.push_back(interpreter.makeString(std::exchange(line, "")));
    if (interpreter.failed())
      return {};
  }
  return interpreter.makeList(std::move(lines));
}

static Value replaceText(Interpreter &interpreter, const Value &self,
                         const Arguments &arguments) {
  Parameters given(interpreter, "replace", arguments, {"old", "new", "count"});
  if (!given.has(0) || !given.has(1))
    return interpreter.fail("'replace' expects what to replace, and by what");
  std::string from = given.text(0, ""), to = given.text(1, "");
  int64_t limit = given.integer(2, -1);
  std::string result;
  std::string_view text = self.asString();
  if (!interpreter.spendSearch(text, from))
    return {};
  while (limit-- != 0) {
    // An empty text is before each character and at the end.
    size_t at = text.find(from);
    if (at == std::string_view::npos)
      break;
    if (!interpreter.spend(1 + (at + to.size()) / 8))
      return {};
    result.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
    if (!from.empty())
      continue;
    if (text.empty())
      break;
    std::string_view one = characters(text.substr(0, 4)).front().bytes;
    result += one;
    text.remove_prefix(one.size());
  }
  return interpreter.makeString(result + std::string(text));
}

template <bool atEnd>
static Value hasAffix(Interpreter &interpreter, const Value &self,
                      const Arguments &arguments) {
  const char *name = atEnd ? "endswith" : "startswith";
  Parameters given(interpreter, name, arguments, {"prefix"});
  const std::string &text = self.asString();
  auto fits = [&](const Value &affix) {
    if (!affix.isString()) {
      interpreter.fail(std::string("'") + name + "' expects a string");
      return false;
    }
    const std::string &part = affix.asString();
    return part.size() <= text.size() &&
           interpreter.spend(1 + part.size() / 8) &&
           text.compare(atEnd ? text.size() - part.size() : 0, part.size(),
                        part) == 0;
  };
  if (!given[0].is(Value::Kind::Tuple))
    return Value::boolean(fits(given[0]));
  bool any = false;
  for (const Value &affix : given[0].asList())
    any = any || fits(affix);
  return Value::boolean(any);
}

template <bool atEnd>
static Value removeAffix(Interpreter &interpreter, const Value &self,
                         const Arguments &arguments) {
  if (!hasAffix<atEnd>(interpreter, self, arguments).isTrue())
    return self;
  size_t size = arguments.positional.front().asString().size();
  const std::string &text = self.asString();
  return interpreter.makeString(atEnd ? text.substr(0, text.size() - size)
                                      : text.substr(size));
}

template <bool last>
static Value findText(Interpreter &interpreter, const Value &self,
                      const Arguments &arguments) {
  Parameters given(interpreter, last ? "rfind" : "find", arguments, {"sub"});
  const std::string &text = self.asString();
  std::string part = given.text(0, "");
  if (!interpreter.spendSearch(text, part))
    return {};
  size_t at = last ? text.rfind(part) : text.find(part);
  if (at == std::string::npos)
    return Value::integer(-1);
  return Value::integer(
      int64_t(countCharacters(std::string_view(text).substr(0, at))));
}

static Value countText(Interpreter &interpreter, const Value &self,
                       const Arguments &arguments) {
  Parameters given(interpreter, "count", arguments, {"sub"});
  const std::string &text = self.asString();
  std::string part = given.text(0, "");
  if (!interpreter.spendSearch(text, part))
    return {};
  if (part.empty())
    return Value::integer(int64_t(countCharacters(text)) + 1);
  int64_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size()))
    ++count;
  return Value::integer(count);
}

static Value joinTexts(Interpreter &interpreter, const Value &self,
                       const Arguments &arguments) {
  Parameters given(interpreter, "join", arguments, {"iterable"});
  std::string result;
  bool isFirst = true;
  for (const Value &part : interpreter.iterate(given[0])) {
    if (!part.isString())
      return interpreter.fail(std::string("'join' expects strings, but got a "
                                          "value of type ") +
                              typeName(part));
    if (!std::exchange(isFirst, false))
      result += self.asString();
    result += part.asString();
    if (!interpreter.spend(
            1 + (part.asString().size() + self.asString().size()) / 8))
      return {};
  }
  return interpreter.makeString(std::move(result));
}

template <bool last>
static Value partition(Interpreter &interpreter, const Value &self,
                       const Arguments &arguments) {
  Parameters given(interpreter, "partition", arguments, {"sep"});
  std::string separator = given.text(0, "");
  if (separator.empty())
    return interpreter.fail("'partition' expects a separator that is not "
                            "empty");
  const std::string &text = self.asString();
  if (!interpreter.spendSearch(text, separator))
    return {};
  size_t at = last ? text.rfind(separator) : text.find(separator);
  Value empty = Value::string("");
  if (at == std::string::npos)
    return interpreter.makeTuple(last ? List{empty, empty, self}
                                      : List{self, empty, empty});
  return interpreter.makeTuple(
      {interpreter.makeString(text.substr(0, at)),
       interpreter.makeString(separator),
       interpreter.makeString(text.substr(at + separator.size()))});
}

/// Whether there is a character, and all of them satisfy something.
template <bool (*is)(uint32_t)>
static Value areAll(Interpreter &interpreter, const Value &self,
                    const Arguments &arguments) {
  Parameters given(interpreter, "is...", arguments, {});
  std::vector<Character> all = interpreter.readCharacters(self.asString());
  interpreter.spend(all.size() / 8);
  return Value::boolean(!all.empty() && std::all_of(all.begin(), all.end(),
                                                    [](const Character &c) {
                                                      return is(c.code);
                                                    }));
}

static Value listItems(Interpreter &interpreter, const Value &self,
                       const Arguments &arguments) {
  Parameters given(interpreter, "items", arguments, {});
  List items;
  for (const auto &[key, value] : self.asDict())
    items.push_back(interpreter.makeTuple({key, value}));
  return interpreter.makeView(std::move(items));
}

static Value listKeys(Interpreter &interpreter, const Value &self,
                      const Arguments &arguments) {
  Parameters given(interpreter, "keys", arguments, {});
  return interpreter.makeView(interpreter.iterate(self));
}

static Value listValues(Interpreter &interpreter, const Value &self,
                        const Arguments &arguments) {
  Parameters given(interpreter, "values", arguments, {});
  List values;
  for (const auto &[key, value] : self.asDict())
    values.push_back(value);
  return interpreter.makeView(std::move(values));
}

static Value getKey(Interpreter &interpreter, const Value &self,
                    const Arguments &arguments) {
  Parameters given(interpreter, "get", arguments, {"key", "default"});
  if (const Value *value = interpreter.lookUp(self.asDict(), given[0]))
    return *value;
  return given.has(1) ? given[1] : Value::none();
}

static Value copyValue(Interpreter &interpreter, const Value &self,
                       const Arguments &arguments) {
  Parameters given(interpreter, "copy", arguments, {});
  return self;
}

static Value countElements(Interpreter &interpreter, const Value &self,
                           const Arguments &arguments) {
  Parameters given(interpreter, "count", arguments, {"value"});
  return Value::integer(std::count_if(
      self.asList().begin(), self.asList().end(), [&](const Value &element) {
        return interpreter.equal(element, given[0]);
      }));
}

static Value findElement(Interpreter &interpreter, const Value &self,
                         const Arguments &arguments) {
  Parameters given(interpreter, "index", arguments, {"value"});
  for (size_t i = 0; i < self.asList().size(); ++i)
    if (interpreter.equal(self.asList()[i], given[0]))
      return Value::integer(int64_t(i));
  return interpreter.fail("'index' finds no such element");
}

static Value refuseChange(Interpreter &interpreter, const Value &self,
                          const Arguments &) {
  return interpreter.fail(std::string("a template cannot change a value of "
                                      "type ") +
                          typeName(self));
}

static constexpr KnownMethod stringMethods[] = {
    {"strip", stripText<true, true>},
    {"lstrip", stripText<true, false>},
    {"rstrip", stripText<false, true>},
    {"upper", changeTextCase<Case::Upper>},
    {"lower", changeTextCase<Case::Lower>},
    {"capitalize", capitalize<false>},
    {"title", capitalize<true>},
    {"split", splitText<false>},
    {"rsplit", splitText<true>},
    {"splitlines", splitLines},
    {"replace", replaceText},
    {"startswith", hasAffix<false>},
    {"endswith", hasAffix<true>},
    {"removeprefix", removeAffix<false>},
    {"removesuffix", removeAffix<true>},
    {"find", findText<false>},
    {"rfind", findText<true>},
    {"count", countText},
    {"join", joinTexts},
    {"partition", partition<false>},
    {"rpartition", partition<true>},
    {"isspace", areAll<isSpace>},
    {"isalpha", areAll<isLetter>},
    {"isdecimal", areAll<isDigit>},
};
static constexpr KnownMethod dictMethods[] = {
    {"items", listItems},    {"keys", listKeys},
    {"values", listValues},  {"get", getKey},
    {"copy", copyValue},     {"update", refuseChange},
    {"pop", refuseChange},   {"popitem", refuseChange},
    {"clear", refuseChange}, {"setdefault", refuseChange},
};
static constexpr KnownMethod listMethods[] = {
    {"count", countElements},  {"index", findElement},
    {"copy", copyValue},       {"append", refuseChange},
    {"extend", refuseChange},  {"insert", refuseChange},
    {"pop", refuseChange},     {"remove", refuseChange},
    {"clear", refuseChange},   {"sort", refuseChange},
    {"reverse", refuseChange},
};
/// Methods of Python's strings that are not known here must not pass for
/// attributes that do not exist.
static constexpr std::string_view otherStringMethods[] = {
    "casefold",     "center",    "encode",    "expandtabs",  "format",
    "format_map",   "index",     "isalnum",   "isascii",     "isdigit",
    "isidentifier", "islower",   "isnumeric", "isprintable", "istitle",
    "isupper",      "ljust",     "maketrans", "rindex",      "rjust",
    "swapcase",     "translate", "zfill",
};

template <size_t count>
static Value findMethod(Interpreter &interpreter,
                        const KnownMethod (&known)[count], const Value &object,
                        const std::string &name) {
  interpreter.spend(8);
  for (const KnownMethod &method : known)
    if (method.name == name) {
      Method run = method.run;
      return Value::callable(
          [run, object](Interpreter &interpreter, const Arguments &arguments) {
            Value result = run(interpreter, object, arguments);
            return interpreter.failed() ? Value() : result;
          },
          object.depth());
    }
  return {};
}

Value getMethod(Interpreter &interpreter, const Value &object,
                const std::string &name) {
  if (object.isSequence())
    return findMethod(interpreter, listMethods, object, name);
  if (object.is(Value::Kind::Dict))
    return findMethod(interpreter, dictMethods, object, name);
  if (!object.isString())
    return {};
  for (std::string_view other : otherStringMethods)
    if (other == name)
      return interpreter.fail("the string method '" + name +
                              "' is not supported");
  return findMethod(interpreter, stringMethods, object, name);
}

} // namespace tenon::jinja
