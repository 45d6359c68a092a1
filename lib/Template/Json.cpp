// Writes values as Python's json.dumps does.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Interpreter.h"

#include "Characters.h"
#include "Numbers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tenon::jinja {

namespace {

class JsonWriter {
public:
  JsonWriter(int64_t indent, bool isAscii, bool sortsKeys,
             const std::string &itemSeparator, const std::string &keySeparator,
             Work &work, std::string &text)
      : indent(indent), isAscii(isAscii), sortsKeys(sortsKeys),
        itemSeparator(itemSeparator), keySeparator(keySeparator), work(work),
        text(text) {}

  bool write(const Value &value);

private:
  /// Takes from the work for what was written; false where nothing is left.
  bool pay();
  void writeString(const std::string &value);
  void writeReal(double value);
  bool writeKey(const Value &key);
  bool writeDict(Dict entries);
  void beginLine() {
    if (indent >= 0)
      text += "\n" + std::string(size_t(indent) * levels, ' ');
  }

  int64_t indent;
  bool isAscii, sortsKeys;
  const std::string &itemSeparator, &keySeparator;
  Work &work;
  std::string &text;
  size_t paid = 0; // bytes of the text that work was taken for
  size_t levels = 0;
};

} // namespace

static void appendUnit(unsigned unit, std::string &text) {
  char number[8];
  snprintf(number, sizeof(number), "\\u%04x", unit);
  text += number;
}

bool JsonWriter::pay() {
  size_t size = text.size() - paid;
  paid = text.size();
  return work.take(8 + size / 8);
}

void JsonWriter::writeString(const std::string &value) {
  if (!work.take(unitsOfCharacters(value.size())))
    return;
  static constexpr std::string_view escaped = "\"\\\n\r\t\b\f";
  static constexpr std::string_view letters = "\"\\nrtbf";
  text += '"';
  for (const Character &c : characters(value)) {
    size_t known =
        c.code < 0x80 ? escaped.find(char(c.code)) : std::string_view::npos;
    if (known != std::string_view::npos)
      text += {'\\', letters[known]};
    else if (c.code < 0x20 ||
             (isAscii && c.code >= 0x7f && c.code < 0x10000 && c.code != 0x7f))
      appendUnit(c.code, text);
    else if (isAscii && c.code >= 0x10000) {
      appendUnit(0xd7c0 + (c.code >> 10), text);
      appendUnit(0xdc00 + (c.code & 0x3ff), text);
    } else
      text += c.bytes;
  }
  text += '"';
}

void JsonWriter::writeReal(double value) {
  if (std::isnan(value))
    text += "NaN";
  else if (std::isinf(value))
    text += value < 0 ? "-Infinity" : "Infinity";
  else
    text += printReal(value);
}

bool JsonWriter::writeKey(const Value &key) {
  if (key.isString()) {
    writeString(key.asString());
    return true;
  }
  if (!key.isNumber() && !key.isNone())
    return false;
  text += '"';
  bool written = write(key);
  text += '"';
  return written;
}

bool JsonWriter::writeDict(Dict entries) {
  if (sortsKeys) {
    for (const auto &[key, value] : entries)
      if (!key.isString())
        return false;
    std::sort(entries.begin(), entries.end(), [](const auto &a, const auto &b) {
      return a.first.asString() < b.first.asString();
    });
  }
  text += '{';
  ++levels;
  bool isFirst = true;
  for (const auto &[key, value] : entries) {
    text += std::exchange(isFirst, false) ? "" : itemSeparator;
    beginLine();
    if (!writeKey(key))
      return false;
    text += keySeparator;
    if (!write(value))
      return false;
  }
  --levels;
  if (!entries.empty())
    beginLine();
  text += '}';
  return true;
}

bool JsonWriter::write(const Value &value) {
  if (value.isLazy() || !pay())
    return false;
  switch (value.kind()) {
  case Value::Kind::None:
    text += "null";
    return true;
  case Value::Kind::Bool:
    text += value.asBool() ? "true" : "false";
    return true;
  case Value::Kind::Int:
    text += std::to_string(value.asInteger());
    return true;
  case Value::Kind::Float:
    writeReal(value.asReal());
    return true;
  case Value::Kind::String:
    writeString(value.asString());
    return true;
  case Value::Kind::Dict:
    return writeDict(value.asDict());
  case Value::Kind::List:
  case Value::Kind::Tuple: {
    text += '[';
    ++levels;
    bool isFirst = true;
    for (const Value &element : value.asList()) {
      text += std::exchange(isFirst, false) ? "" : itemSeparator;
      beginLine();
      if (!write(element))
        return false;
    }
    --levels;
    if (!value.asList().empty())
      beginLine();
    text += ']';
    return true;
  }
  default:
    return false;
  }
}

bool Interpreter::writeJson(const Value &value, int64_t indent, bool isAscii,
                            bool sortsKeys, const std::string &itemSeparator,
                            const std::string &keySeparator,
                            std::string &text) {
  JsonWriter writer(indent, isAscii, sortsKeys, itemSeparator, keySeparator,
                    work, text);
  bool isWritten = writer.write(value);
  return spend(0) && isWritten;
}

} // namespace tenon::jinja
