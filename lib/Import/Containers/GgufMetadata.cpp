// Reads the values of a GGUF file's metadata.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"

#include "llvm/Support/Endian.h"

using namespace tenon;

template <typename T>
static T readAt(llvm::StringRef bytes, uint64_t position) {
  return llvm::support::endian::read<T>(bytes.data() + position,
                                        llvm::endianness::little);
}

/// Reads element `index` of a row of integers.
static std::optional<int64_t> readInt(llvm::StringRef bytes, GgufType type,
                                      uint64_t begin, uint64_t index) {
  switch (type) {
  case GgufType::U8:
    return readAt<uint8_t>(bytes, begin + index);
  case GgufType::I8:
    return readAt<int8_t>(bytes, begin + index);
  case GgufType::U16:
    return readAt<uint16_t>(bytes, begin + 2 * index);
  case GgufType::I16:
    return readAt<int16_t>(bytes, begin + 2 * index);
  case GgufType::U32:
    return readAt<uint32_t>(bytes, begin + 4 * index);
  case GgufType::I32:
    return readAt<int32_t>(bytes, begin + 4 * index);
  case GgufType::I64:
    return readAt<int64_t>(bytes, begin + 8 * index);
  case GgufType::U64: {
    uint64_t value = readAt<uint64_t>(bytes, begin + 8 * index);
    if (value > uint64_t(INT64_MAX))
      return std::nullopt;
    return int64_t(value);
  }
  default:
    return std::nullopt;
  }
}

static std::optional<double> readFloat(llvm::StringRef bytes, GgufType type,
                                       uint64_t begin, uint64_t index) {
  if (type == GgufType::F32)
    return readAt<float>(bytes, begin + 4 * index);
  if (type == GgufType::F64)
    return readAt<double>(bytes, begin + 8 * index);
  return std::nullopt;
}

static llvm::StringRef readText(llvm::StringRef bytes, uint64_t &position) {
  uint64_t size = readAt<uint64_t>(bytes, position);
  llvm::StringRef text = bytes.substr(position + 8, size);
  position += 8 + size;
  return text;
}

const GgufValue *GgufMetadata::find(llvm::StringRef key) const {
  auto entry = values.find(key);
  return entry == values.end() ? nullptr : &entry->second;
}

const GgufValue *GgufMetadata::findArray(llvm::StringRef key) const {
  const GgufValue *value = find(key);
  return value && value->type == GgufType::Array ? value : nullptr;
}

std::optional<llvm::StringRef>
GgufMetadata::getString(llvm::StringRef key) const {
  const GgufValue *value = find(key);
  if (!value || value->type != GgufType::String)
    return std::nullopt;
  uint64_t position = value->begin;
  return readText(bytes, position);
}

std::optional<int64_t> GgufMetadata::getInt(llvm::StringRef key) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  return readInt(bytes, value->type, value->begin, 0);
}

std::optional<double> GgufMetadata::getFloat(llvm::StringRef key) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  return readFloat(bytes, value->type, value->begin, 0);
}

std::optional<bool> GgufMetadata::getBool(llvm::StringRef key) const {
  const GgufValue *value = find(key);
  if (!value || value->type != GgufType::Bool)
    return std::nullopt;
  return readAt<uint8_t>(bytes, value->begin) != 0;
}

std::optional<std::vector<llvm::StringRef>>
GgufMetadata::getStringArray(llvm::StringRef key) const {
  const GgufValue *value = findArray(key);
  if (!value || value->elementType != GgufType::String)
    return std::nullopt;
  std::vector<llvm::StringRef> result;
  result.reserve(value->count);
  uint64_t position = value->begin;
  for (uint64_t i = 0; i < value->count; ++i)
    result.push_back(readText(bytes, position));
  return result;
}

std::optional<std::vector<float>>
GgufMetadata::getFloatArray(llvm::StringRef key) const {
  const GgufValue *value = findArray(key);
  if (!value || (value->elementType != GgufType::F32 &&
                 value->elementType != GgufType::F64))
    return std::nullopt;
  std::vector<float> result;
  result.reserve(value->count);
  for (uint64_t i = 0; i < value->count; ++i)
    result.push_back(
        float(*readFloat(bytes, value->elementType, value->begin, i)));
  return result;
}

std::optional<std::vector<int64_t>>
GgufMetadata::getIntArray(llvm::StringRef key) const {
  const GgufValue *value = findArray(key);
  if (!value)
    return std::nullopt;
  std::vector<int64_t> result;
  for (uint64_t i = 0; i < value->count; ++i) {
    std::optional<int64_t> element =
        readInt(bytes, value->elementType, value->begin, i);
    if (!element)
      return std::nullopt;
    result.push_back(*element);
  }
  return result;
}
