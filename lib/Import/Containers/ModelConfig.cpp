// The configuration of a model, under the keys of Hugging Face.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/ModelConfig.h"
#include "tenon/Import/Containers/Messages.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace tenon;

ModelConfig::ModelConfig(std::string file, llvm::json::Object values,
                         llvm::StringMap<std::string> origins)
    : file(std::move(file)), values(std::move(values)),
      origins(std::move(origins)) {}

const llvm::json::Value *ModelConfig::find(llvm::StringRef key) const {
  const llvm::json::Object *object = &values;
  while (true) {
    auto [first, rest] = key.split('.');
    const llvm::json::Value *value = object->get(first);
    if (!value || value->kind() == llvm::json::Value::Null)
      return nullptr;
    if (rest.empty())
      return value;
    object = value->getAsObject();
    if (!object)
      return nullptr;
    key = rest;
  }
}

void ModelConfig::set(llvm::StringRef key, llvm::json::Value value,
                      llvm::StringRef origin) {
  origins[key] = origin.str();
  llvm::json::Object *object = &values;
  while (true) {
    auto [first, rest] = key.split('.');
    llvm::json::Value &entry = (*object)[first.str()];
    if (rest.empty()) {
      entry = std::move(value);
      return;
    }
    if (!entry.getAsObject())
      entry = llvm::json::Object();
    object = entry.getAsObject();
    key = rest;
  }
}

llvm::Error ModelConfig::makeError(llvm::StringRef key,
                                   const llvm::Twine &text) const {
  auto origin = origins.find(key);
  std::string name = origin == origins.end()
                         ? quote(key)
                         : quote(origin->second) + " (" + key.str() + ")";
  return makeImportError(file + ": " + name + " " + text);
}

llvm::Error ModelConfig::makeMissing(llvm::StringRef key) const {
  return makeError(key, "is missing; add it, or check that the file is "
                        "complete and of a known model type");
}

llvm::Error ModelConfig::makeKindError(llvm::StringRef key,
                                       const llvm::Twine &expected,
                                       const llvm::json::Value &value) const {
  std::string text;
  switch (value.kind()) {
  case llvm::json::Value::Object:
    text = "an object";
    break;
  case llvm::json::Value::Array:
    text = "a list";
    break;
  case llvm::json::Value::String:
    text = quote(*value.getAsString());
    break;
  default:
    llvm::raw_string_ostream(text) << value;
  }
  return makeError(key, "expects " + expected + ", but got " + text);
}

static std::string describe(IntRange range) {
  return llvm::formatv("an integer from {0} to {1}", range.min, range.max);
}

static std::optional<int64_t> readInt(const llvm::json::Value &value,
                                      IntRange range) {
  std::optional<int64_t> number = value.getAsInteger();
  if (!number || *number < range.min || *number > range.max)
    return std::nullopt;
  return number;
}

static llvm::StringRef describe(FloatRange range) {
  switch (range) {
  case FloatRange::Positive:
    return "a positive finite number";
  case FloatRange::NonNegative:
    return "a finite number that is not negative";
  case FloatRange::Any:
    return "a finite number";
  }
  llvm_unreachable("unknown range");
}

static std::optional<double> readFloat(const llvm::json::Value &value,
                                       FloatRange range) {
  std::optional<double> number = value.getAsNumber();
  if (!number || !std::isfinite(*number) ||
      (range == FloatRange::Positive && !(*number > 0)) ||
      (range == FloatRange::NonNegative && !(*number >= 0)))
    return std::nullopt;
  return number;
}

llvm::Expected<int64_t> ModelConfig::getInt(llvm::StringRef key,
                                            std::optional<int64_t> fallback,
                                            IntRange range) const {
  const llvm::json::Value *value = find(key);
  if (!value && fallback)
    return *fallback;
  if (!value)
    return makeMissing(key);
  if (std::optional<int64_t> number = readInt(*value, range))
    return *number;
  return makeKindError(key, describe(range), *value);
}

llvm::Expected<double> ModelConfig::getFloat(llvm::StringRef key,
                                             std::optional<double> fallback,
                                             FloatRange range) const {
  const llvm::json::Value *value = find(key);
  if (!value && fallback)
    return *fallback;
  if (!value)
    return makeMissing(key);
  if (std::optional<double> number = readFloat(*value, range))
    return *number;
  return makeKindError(key, describe(range), *value);
}

llvm::Expected<bool> ModelConfig::getBool(llvm::StringRef key,
                                          std::optional<bool> fallback) const {
  const llvm::json::Value *value = find(key);
  if (!value && fallback)
    return *fallback;
  if (!value)
    return makeMissing(key);
  if (std::optional<bool> flag = value->getAsBoolean())
    return *flag;
  return makeKindError(key, "true or false", *value);
}

llvm::Expected<std::string>
ModelConfig::getString(llvm::StringRef key,
                       std::optional<llvm::StringRef> fallback) const {
  const llvm::json::Value *value = find(key);
  if (!value && fallback)
    return fallback->str();
  if (!value)
    return makeMissing(key);
  if (std::optional<llvm::StringRef> text = value->getAsString())
    return text->str();
  return makeKindError(key, "a string", *value);
}

llvm::Expected<const llvm::json::Array *>
ModelConfig::getList(llvm::StringRef key, bool required) const {
  const llvm::json::Value *value = find(key);
  static const llvm::json::Array empty;
  if (!value && !required)
    return &empty;
  if (!value)
    return makeMissing(key);
  if (const llvm::json::Array *list = value->getAsArray())
    return list;
  return makeKindError(key, "a list", *value);
}

llvm::Expected<std::vector<int64_t>>
ModelConfig::getIntList(llvm::StringRef key, bool required,
                        IntRange range) const {
  llvm::Expected<const llvm::json::Array *> list = getList(key, required);
  if (!list)
    return list.takeError();
  std::vector<int64_t> result;
  for (const llvm::json::Value &value : **list) {
    std::optional<int64_t> number = readInt(value, range);
    if (!number)
      return makeKindError(key,
                           "a list of which each element is " +
                               llvm::Twine(describe(range)),
                           value);
    result.push_back(*number);
  }
  return result;
}

llvm::Expected<std::vector<double>>
ModelConfig::getFloatList(llvm::StringRef key, bool required,
                          FloatRange range) const {
  llvm::Expected<const llvm::json::Array *> list = getList(key, required);
  if (!list)
    return list.takeError();
  std::vector<double> result;
  for (const llvm::json::Value &value : **list) {
    std::optional<double> number = readFloat(value, range);
    if (!number)
      return makeKindError(key,
                           "a list of which each element is " +
                               llvm::Twine(describe(range)),
                           value);
    result.push_back(*number);
  }
  return result;
}

llvm::Expected<std::vector<std::string>>
ModelConfig::getStringList(llvm::StringRef key, bool required) const {
  llvm::Expected<const llvm::json::Array *> list = getList(key, required);
  if (!list)
    return list.takeError();
  std::vector<std::string> result;
  for (const llvm::json::Value &value : **list) {
    std::optional<llvm::StringRef> text = value.getAsString();
    if (!text)
      return makeKindError(key, "a list of strings", value);
    result.push_back(text->str());
  }
  return result;
}
