// Attributes, items and slices of values.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include "Characters.h"

#include <algorithm>

namespace tenon::jinja {

static Value missing(const Value &object, const std::string &name) {
  return Value::undefined(std::string("a value of type ") + typeName(object) +
                          " has no attribute '" + name + "'");
}

Value Interpreter::getAttribute(const Value &object, const std::string &name) {
  if (failed())
    return {};
  if (object.isUndefined())
    return fail(object.asString() + ", so that it has no attribute '" + name +
                "'");
  // Attributes come before the keys of a dictionary.
  Value method = getMethod(*this, object, name);
  if (!method.isUndefined())
    return method;
  if (object.is(Value::Kind::Namespace)) {
    for (const auto &[known, value] : object.asNamespace().members)
      if (known == name)
        return value;
  }
  if (object.is(Value::Kind::Dict))
    if (const Value *value = lookUp(object.asDict(), name))
      return *value;
  return missing(object, name);
}

/// Returns the element at a place, which counts from the end where it is
/// negative, or null.
template <typename Elements>
static const typename Elements::value_type *elementAt(const Elements &elements,
                                                      int64_t place) {
  auto count = int64_t(elements.size());
  if (place < -count || place >= count)
    return nullptr;
  return &elements[size_t(place < 0 ? place + count : place)];
}

Value Interpreter::getItem(const Value &object, const Value &key) {
  if (failed())
    return {};
  if (object.isUndefined())
    return fail(object.asString() + ", so that it has no items");
  if (object.is(Value::Kind::Dict))
    if (const Value *value = lookUp(object.asDict(), key))
      return *value;
  if (key.isInteger() && object.isSequence() && !object.isGenerator())
    if (const Value *value = elementAt(object.asList(), key.asInteger()))
      return *value;
  if (key.isInteger() && object.isString()) {
    const std::string &text = object.asString();
    int64_t place = key.asInteger();
    uint64_t passed = place < 0 ? -uint64_t(place) : uint64_t(place);
    if (!spend(1 + std::min<uint64_t>(passed, text.size()) / 2))
      return {};
    if (std::optional<Character> c = characterAt(text, place))
      return makeString(std::string(c->bytes));
  }
  if (!key.isString())
    return missing(object, print(key));
  // Keys come before attributes.
  Value method = getMethod(*this, object, key.asString());
  if (!method.isUndefined())
    return method;
  if (object.is(Value::Kind::Namespace))
    return getAttribute(object, key.asString());
  return missing(object, key.asString());
}

/// The places that Python's slice of so many elements has.
static std::vector<size_t> slicePlaces(int64_t count, const Value &begin,
                                       const Value &end, int64_t step) {
  auto clamp = [&](const Value &value, int64_t absent) {
    if (value.isNone())
      return absent;
    int64_t place = value.asInteger();
    if (place < 0)
      place = place < -count ? (step < 0 ? -1 : 0) : place + count;
    return std::min(place, step < 0 ? count - 1 : count);
  };
  int64_t from = clamp(begin, step < 0 ? count - 1 : 0);
  int64_t to = clamp(end, step < 0 ? -1 : count);
  // An end below 0 was counted from the end already.
  std::vector<size_t> places;
  while (step < 0 ? from > to : from < to) {
    places.push_back(size_t(from));
    // A step beyond all elements must not run over.
    if (step > 0 ? step >= to - from : step <= to - from)
      break;
    from += step;
  }
  return places;
}

Value Interpreter::getSlice(const Value &object, const Value &begin,
                            const Value &end, const Value &step) {
  if (failed())
    return {};
  if (object.isUndefined())
    return fail(object.asString() + ", so that it has no items");
  for (const Value *part : {&begin, &end, &step})
    if (!part->isNone() && !part->isInteger())
      return fail(std::string("a slice expects integers, but got a value of "
                              "type ") +
                  typeName(*part));
  int64_t stride = step.isNone() ? 1 : step.asInteger();
  if (stride == 0)
    return fail("a slice has a step of 0");
  if (object.isString()) {
    std::vector<Character> all = readCharacters(object.asString());
    std::string text;
    for (size_t place : slicePlaces(int64_t(all.size()), begin, end, stride))
      text += all[place].bytes;
    return makeString(std::move(text));
  }
  if (!object.isSequence() || object.isGenerator())
    return fail(std::string("a value of type ") + typeName(object) +
                " has no slices");
  List elements;
  const List &all = object.asList();
  for (size_t place : slicePlaces(int64_t(all.size()), begin, end, stride))
    elements.push_back(all[place]);
  return object.is(Value::Kind::List) ? makeList(std::move(elements))
                                      : makeTuple(std::move(elements));
}

} // namespace tenon::jinja
