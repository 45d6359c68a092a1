// Metadata of a GGUF file, written as JSON.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_TEXT_JSONMETADATA_H
#define TENON_TEST_UNIT_TEXT_JSONMETADATA_H

#include "tenon/Import/Tokenizer.h"

#include "llvm/Support/JSON.h"
#include <utility>

namespace tenon::test {

/// One JSON object, whose members are the keys of the metadata.
class JsonMetadata : public GgufMetadataView {
public:
  explicit JsonMetadata(llvm::json::Object values)
      : values(std::move(values)) {}

  llvm::StringRef getFile() const override { return "model.gguf"; }

  bool has(llvm::StringRef key) const override {
    const llvm::json::Value *value = values.get(key);
    return value && !value->getAsNull();
  }
  std::optional<llvm::StringRef> getString(llvm::StringRef key) const override {
    return values.getString(key);
  }
  std::optional<int64_t> getInt(llvm::StringRef key) const override {
    return values.getInteger(key);
  }
  std::optional<bool> getBool(llvm::StringRef key) const override {
    return values.getBoolean(key);
  }
  std::optional<std::vector<llvm::StringRef>>
  getStringArray(llvm::StringRef key) const override {
    return collect<llvm::StringRef>(key, [](const llvm::json::Value &value) {
      return value.getAsString();
    });
  }
  std::optional<std::vector<float>>
  getFloatArray(llvm::StringRef key) const override {
    return collect<float>(key, [](const llvm::json::Value &value) {
      return value.getAsNumber();
    });
  }
  std::optional<std::vector<int64_t>>
  getIntArray(llvm::StringRef key) const override {
    return collect<int64_t>(key, [](const llvm::json::Value &value) {
      return value.getAsInteger();
    });
  }

  llvm::json::Object values;

private:
  template <typename T, typename Get>
  std::optional<std::vector<T>> collect(llvm::StringRef key, Get get) const {
    const llvm::json::Array *array = values.getArray(key);
    if (!array)
      return std::nullopt;
    std::vector<T> result;
    for (const llvm::json::Value &value : *array) {
      auto element = get(value);
      if (!element)
        return std::nullopt;
      result.push_back(*element);
    }
    return result;
  }
};

} // namespace tenon::test

#endif // TENON_TEST_UNIT_TEXT_JSONMETADATA_H
