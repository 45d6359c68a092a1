// Builds the bytes of checkpoint files in memory, right ones and wrong ones.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TEST_UNIT_IMPORT_IMAGES_H
#define TENON_TEST_UNIT_IMPORT_IMAGES_H

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace tenon {

/// Appends the bytes of a number; tests run on little-endian hosts.
template <typename T>
void append(std::string &bytes, T value) {
  bytes.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

/// A safetensors file: the header's length, the header, and that much data.
inline std::string makeSafetensors(const std::string &header,
                                   uint64_t dataSize) {
  std::string bytes;
  append<uint64_t>(bytes, header.size());
  bytes += header;
  for (uint64_t i = 0; i < dataSize; ++i)
    bytes.push_back(char(i * 7 + 1));
  return bytes;
}

/// A GGUF file. Members that start with `said` are what the file claims.
class GgufImage {
public:
  explicit GgufImage(uint32_t version = 3) : version(version) {}

  /// An entry whose type and value are given as the bytes of the file.
  GgufImage &addRaw(const std::string &key, uint32_t type,
                    const std::string &value) {
    appendText(entries, key);
    append(entries, type);
    entries += value;
    ++entryCount;
    return *this;
  }
  GgufImage &addInt(const std::string &key, uint32_t value) {
    return addNumber(key, 4, value);
  }
  GgufImage &addBool(const std::string &key, bool value) {
    return addNumber(key, 7, uint8_t(value));
  }
  GgufImage &addFloat(const std::string &key, float value) {
    return addNumber(key, 6, value);
  }
  template <typename T>
  GgufImage &addNumber(const std::string &key, uint32_t type, T value) {
    std::string bytes;
    append(bytes, value);
    return addRaw(key, type, bytes);
  }
  GgufImage &addString(const std::string &key, const std::string &value) {
    std::string bytes;
    appendText(bytes, value);
    return addRaw(key, 8, bytes);
  }
  GgufImage &addStrings(const std::string &key,
                        const std::vector<std::string> &values) {
    std::string bytes;
    append<uint32_t>(bytes, 8);
    append<uint64_t>(bytes, values.size());
    for (const std::string &value : values)
      appendText(bytes, value);
    return addRaw(key, 9, bytes);
  }
  GgufImage &addInts(const std::string &key,
                     const std::vector<uint32_t> &values) {
    std::string bytes;
    append<uint32_t>(bytes, 4);
    append<uint64_t>(bytes, values.size());
    for (uint32_t value : values)
      append(bytes, value);
    return addRaw(key, 9, bytes);
  }

  /// A tensor at an offset of the data. `dimensions` are in the file's order:
  /// the contiguous one first.
  GgufImage &addTensorAt(uint64_t offset, const std::string &name,
                         const std::vector<uint64_t> &dimensions,
                         uint32_t type) {
    appendText(tensors, name);
    append<uint32_t>(tensors, dimensions.size());
    for (uint64_t size : dimensions)
      append(tensors, size);
    append(tensors, type);
    append(tensors, offset);
    ++tensorCount;
    return *this;
  }
  /// A tensor behind all others, with data of its own.
  GgufImage &addTensor(const std::string &name,
                       const std::vector<uint64_t> &dimensions, uint32_t type,
                       uint64_t bytes) {
    addTensorAt(data.size(), name, dimensions, type);
    for (uint64_t i = 0; i < bytes; ++i)
      data.push_back(char(i * 5 + 3));
    data.resize((data.size() + 31) / 32 * 32);
    return *this;
  }
  GgufImage &addFloats(const std::string &name,
                       const std::vector<float> &values) {
    addTensorAt(data.size(), name, {values.size()}, 0);
    for (float value : values)
      append(data, value);
    data.resize((data.size() + 31) / 32 * 32);
    return *this;
  }
  GgufImage &addData(uint64_t bytes) {
    data.resize(data.size() + bytes);
    return *this;
  }
  GgufImage &sayEntries(uint64_t count) {
    saidEntries = count;
    return *this;
  }
  GgufImage &sayTensors(uint64_t count) {
    saidTensors = count;
    return *this;
  }

  std::string build() const {
    std::string bytes = "GGUF";
    append(bytes, version);
    append(bytes, saidTensors ? saidTensors : tensorCount);
    append(bytes, saidEntries ? saidEntries : entryCount);
    bytes += entries + tensors;
    if (!data.empty())
      bytes.resize((bytes.size() + 31) / 32 * 32);
    return bytes + data;
  }

  static void appendText(std::string &bytes, const std::string &text) {
    append<uint64_t>(bytes, text.size());
    bytes += text;
  }

private:
  uint32_t version;
  uint64_t entryCount = 0;
  uint64_t tensorCount = 0;
  uint64_t saidEntries = 0;
  uint64_t saidTensors = 0;
  std::string entries;
  std::string tensors;
  std::string data;
};

/// What every importable GGUF file says: 8 channels, 2 heads, 1 layer.
inline GgufImage makeGgufModel(const std::string &architecture) {
  GgufImage image;
  image.addString("general.architecture", architecture)
      .addInt(architecture + ".embedding_length", 8)
      .addInt(architecture + ".feed_forward_length", 12)
      .addInt(architecture + ".block_count", 1)
      .addInt(architecture + ".context_length", 64)
      .addInt(architecture + ".attention.head_count", 2)
      .addFloat(architecture + ".attention.layer_norm_rms_epsilon", 0.5f);
  return image;
}

} // namespace tenon

#endif // TENON_TEST_UNIT_IMPORT_IMAGES_H
