// Values of templates from JSON.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_TEMPLATE_JSONVALUE_H
#define TENON_TEST_UNIT_TEMPLATE_JSONVALUE_H

#include "tenon/Template/Value.h"
#include "llvm/Support/JSON.h"

namespace tenon::test {

/// Dictionaries have an order, which JSON objects here do not keep, so they are
/// written as {"dict": [[key, value], ...]}.
inline jinja::Value toValue(const llvm::json::Value &value) {
  if (value.getAsNull())
    return jinja::Value::none();
  if (std::optional<bool> flag = value.getAsBoolean())
    return jinja::Value::boolean(*flag);
  if (value.kind() == llvm::json::Value::Number) {
    std::optional<int64_t> integer = value.getAsInteger();
    std::string text = llvm::formatv("{0}", value).str();
    bool isReal = text.find_first_of(".eE") != std::string::npos;
    return integer && !isReal ? jinja::Value::integer(*integer)
                              : jinja::Value::real(*value.getAsNumber());
  }
  if (std::optional<llvm::StringRef> text = value.getAsString())
    return jinja::Value::string(text->str());
  if (const llvm::json::Array *array = value.getAsArray()) {
    jinja::List elements;
    for (const llvm::json::Value &element : *array)
      elements.push_back(toValue(element));
    return jinja::Value::list(std::move(elements));
  }
  jinja::Dict entries;
  for (const llvm::json::Value &pair : *value.getAsObject()->getArray("dict"))
    entries.emplace_back(toValue((*pair.getAsArray())[0]),
                         toValue((*pair.getAsArray())[1]));
  return jinja::Value::dict(std::move(entries));
}

} // namespace tenon::test

#endif // TENON_TEST_UNIT_TEMPLATE_JSONVALUE_H
