// Reads the header of a GGUF file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"
#include "tenon/Import/Containers/Messages.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace tenon;

/// Bytes of one value of a type without a length of its own; 0 for the others.
static uint64_t getFixedBytes(GgufType type) {
  switch (type) {
  case GgufType::U8:
  case GgufType::I8:
  case GgufType::Bool:
    return 1;
  case GgufType::U16:
  case GgufType::I16:
    return 2;
  case GgufType::U32:
  case GgufType::I32:
  case GgufType::F32:
    return 4;
  case GgufType::U64:
  case GgufType::I64:
  case GgufType::F64:
    return 8;
  case GgufType::String:
  case GgufType::Array:
    return 0;
  }
  llvm_unreachable("unknown type of a value");
}

namespace {
class HeaderReader {
public:
  HeaderReader(llvm::StringRef bytes, llvm::StringRef file)
      : bytes(bytes), file(file), metadata(bytes, file) {}

  llvm::Expected<GgufContents> read();

private:
  template <typename T>
  bool readNumber(T &value);
  bool readText(llvm::StringRef &text);
  bool skip(uint64_t size);
  llvm::Error readPreamble(uint64_t &tensorCount, uint64_t &entryCount);
  llvm::Error readEntry();
  llvm::Error readType(GgufType &type, llvm::StringRef key);
  llvm::Error skipArray(GgufValue &value, llvm::StringRef key);
  llvm::Error readTensor(StoredTensor &tensor);
  llvm::Error readShape(StoredTensor &tensor);
  llvm::Error readTensorType(StoredTensor &tensor);
  llvm::Error readSize(StoredTensor &tensor);
  llvm::Error placeTensors(std::vector<StoredTensor> &tensors);
  llvm::Error readAlignment(uint64_t &alignment);
  llvm::Error complain(const llvm::Twine &text) const {
    return makeImportError(file + ": " + text);
  }
  llvm::Error complain(const StoredTensor &tensor,
                       const llvm::Twine &text) const {
    return complain("tensor " + quote(tensor.info.name) + " " + text);
  }
  llvm::Error makeTruncated(const llvm::Twine &where) const {
    return complain("ends inside of " + where + " after " +
                    llvm::Twine(bytes.size()) +
                    " bytes; the file is truncated or damaged");
  }

  llvm::StringRef bytes;
  llvm::StringRef file;
  uint64_t position = 0;
  GgufMetadata metadata;
};
} // namespace

template <typename T>
bool HeaderReader::readNumber(T &value) {
  if (bytes.size() - position < sizeof(T))
    return false;
  value = llvm::support::endian::read<T>(bytes.data() + position,
                                         llvm::endianness::little);
  position += sizeof(T);
  return true;
}

bool HeaderReader::skip(uint64_t size) {
  if (bytes.size() - position < size)
    return false;
  position += size;
  return true;
}

bool HeaderReader::readText(llvm::StringRef &text) {
  uint64_t size = 0;
  if (!readNumber(size))
    return false;
  uint64_t begin = position;
  if (!skip(size))
    return false;
  text = bytes.substr(begin, size);
  return true;
}

llvm::Error HeaderReader::readPreamble(uint64_t &tensorCount,
                                       uint64_t &entryCount) {
  // The shortest that an entry and a tensor can be.
  constexpr uint64_t entryBytes = 13, tensorBytes = 24;
  uint32_t version = 0;
  if (!bytes.starts_with(ggufMagic))
    return complain("expects a GGUF file, but it begins with " +
                    quote(bytes.take_front(4)));
  position = ggufMagic.size();
  if (!readNumber(version) || !readNumber(tensorCount) ||
      !readNumber(entryCount))
    return makeTruncated("its first 24 bytes");
  if (version == llvm::byteswap(3u) || version == llvm::byteswap(2u))
    return complain("is big endian; convert it to little endian");
  if (version != 2 && version != 3)
    return complain("has version " + llvm::Twine(version) +
                    " of GGUF; known versions: 2, 3");
  uint64_t left = bytes.size() - position;
  if (entryCount > left / entryBytes || tensorCount > left / tensorBytes)
    return complain("says that it has " + llvm::Twine(entryCount) +
                    " metadata entries and " + llvm::Twine(tensorCount) +
                    " tensors, but only " + llvm::Twine(left) +
                    " bytes follow; the file is truncated or damaged");
  return llvm::Error::success();
}

llvm::Error HeaderReader::readType(GgufType &type, llvm::StringRef key) {
  uint32_t code = 0;
  if (!readNumber(code))
    return makeTruncated("the metadata entry " + quote(key));
  if (code > uint32_t(GgufType::F64))
    return complain("metadata entry " + quote(key) + " has the unknown type " +
                    llvm::Twine(code) + "; known types: 0 to 12");
  type = GgufType(code);
  return llvm::Error::success();
}

/// Goes past the elements of an array, whose type was read. Arrays of arrays
/// wait on a stack for the rest of their elements.
llvm::Error HeaderReader::skipArray(GgufValue &value, llvm::StringRef key) {
  constexpr size_t maxDepth = 4;
  struct Level {
    GgufType type;
    uint64_t left;
  };
  llvm::SmallVector<Level, maxDepth> levels;
  bool isOutermost = true;
  do {
    if (!isOutermost && levels.back().left == 0) {
      levels.pop_back();
      continue;
    }
    if (!isOutermost)
      --levels.back().left;
    Level level;
    if (llvm::Error error = readType(level.type, key))
      return error;
    if (!readNumber(level.left))
      return makeTruncated("the metadata entry " + quote(key));
    if (isOutermost) {
      value.elementType = level.type;
      value.count = level.left;
      value.begin = position;
      isOutermost = false;
    }
    if (level.type == GgufType::Array) {
      if (levels.size() == maxDepth)
        return complain("metadata entry " + quote(key) +
                        " nests arrays more than " + llvm::Twine(maxDepth) +
                        " deep");
      levels.push_back(level);
      continue;
    }
    if (level.type == GgufType::String) {
      llvm::StringRef text;
      for (; level.left; --level.left)
        if (!readText(text))
          return makeTruncated("the metadata entry " + quote(key));
      continue;
    }
    uint64_t size = getFixedBytes(level.type);
    if (level.left > bytes.size() / size || !skip(level.left * size))
      return makeTruncated("the metadata entry " + quote(key));
  } while (!levels.empty());
  return llvm::Error::success();
}

llvm::Error HeaderReader::readEntry() {
  llvm::StringRef key;
  GgufValue value;
  if (!readText(key))
    return makeTruncated("the key of a metadata entry");
  if (llvm::Error error = readType(value.type, key))
    return error;
  value.begin = position;
  if (value.type == GgufType::Array) {
    if (llvm::Error error = skipArray(value, key))
      return error;
  } else if (value.type == GgufType::String) {
    llvm::StringRef text;
    if (!readText(text))
      return makeTruncated("the metadata entry " + quote(key));
  } else if (!skip(getFixedBytes(value.type))) {
    return makeTruncated("the metadata entry " + quote(key));
  }
  if (!metadata.insert(key, value))
    return complain("has the metadata entry " + quote(key) + " twice");
  return llvm::Error::success();
}

llvm::Error HeaderReader::readShape(StoredTensor &tensor) {
  constexpr uint32_t maxRank = 4;
  uint32_t rank = 0;
  if (!readNumber(rank))
    return makeTruncated("tensor " + quote(tensor.info.name));
  if (rank > maxRank)
    return complain(tensor, "has " + llvm::Twine(rank) +
                                " dimensions, but GGUF has at most " +
                                llvm::Twine(maxRank));
  for (uint32_t i = 0; i < rank; ++i) {
    uint64_t size = 0;
    if (!readNumber(size))
      return makeTruncated("tensor " + quote(tensor.info.name));
    if (size > uint64_t(INT64_MAX))
      return complain(tensor, "has a dimension of " + llvm::Twine(size) +
                                  ", but at most 2^63 - 1 are possible");
    tensor.info.shape.push_back(int64_t(size));
  }
  // The file begins with the dimension that is contiguous.
  std::reverse(tensor.info.shape.begin(), tensor.info.shape.end());
  return llvm::Error::success();
}

llvm::Error HeaderReader::readTensorType(StoredTensor &tensor) {
  uint32_t number = 0;
  if (!readNumber(number))
    return makeTruncated("tensor " + quote(tensor.info.name));
  // Nobody may ask for a tensor of another type.
  std::optional<StorageType> type = getGgufType(number);
  tensor.info.type = type.value_or(StorageType::U8);
  tensor.foreignType = type ? "" : stringifyGgufType(number);
  return llvm::Error::success();
}

llvm::Error HeaderReader::readTensor(StoredTensor &tensor) {
  llvm::StringRef name;
  if (!readText(name))
    return makeTruncated("the name of a tensor");
  tensor.info.name = name.str();
  if (llvm::Error error = readShape(tensor))
    return error;
  if (llvm::Error error = readTensorType(tensor))
    return error;
  // Counted from the beginning of the data, until that is known.
  if (!readNumber(tensor.begin))
    return makeTruncated("tensor " + quote(name));
  if (tensor.foreignType.empty())
    return readSize(tensor);
  // Nobody knows how large it is; its place is checked.
  tensor.size = 0;
  return llvm::Error::success();
}

llvm::Error HeaderReader::readSize(StoredTensor &tensor) {
  int64_t row = tensor.info.shape.empty() ? 1 : tensor.info.shape.back();
  int64_t block = getBlockElements(tensor.info.type);
  if (row % block != 0)
    return complain(tensor,
                    "of type " + stringifyStorageType(tensor.info.type) +
                        " expects rows of a multiple of " + llvm::Twine(block) +
                        " elements, but got " + llvm::Twine(row));
  std::optional<uint64_t> size =
      getStoredBytes(tensor.info.type, tensor.info.shape);
  if (!size)
    return complain(tensor, "has the shape " +
                                stringifyShape(tensor.info.shape) +
                                ", which has more than 2^60 elements");
  tensor.size = *size;
  return llvm::Error::success();
}

llvm::Error HeaderReader::readAlignment(uint64_t &alignment) {
  static constexpr llvm::StringLiteral key = "general.alignment";
  constexpr int64_t most = 1 << 20;
  alignment = 32;
  if (!metadata.find(key))
    return llvm::Error::success();
  std::optional<int64_t> value = metadata.getInt(key);
  if (!value || *value < 1 || *value > most || !llvm::isPowerOf2_64(*value))
    return complain(
        "'" + key + "' expects a power of two from 1 to " + llvm::Twine(most) +
        ", but got " +
        (value ? llvm::Twine(*value) : llvm::Twine("a value of another type")));
  alignment = uint64_t(*value);
  return llvm::Error::success();
}

llvm::Error HeaderReader::placeTensors(std::vector<StoredTensor> &tensors) {
  uint64_t alignment = 0;
  if (llvm::Error error = readAlignment(alignment))
    return error;
  uint64_t dataBegin =
      std::min<uint64_t>(llvm::alignTo(position, alignment), bytes.size());
  uint64_t dataSize = bytes.size() - dataBegin;
  for (StoredTensor &tensor : tensors) {
    if (tensor.begin % alignment != 0)
      return complain(tensor, "begins at byte " + llvm::Twine(tensor.begin) +
                                  " of the data, but the file aligns tensors "
                                  "to " +
                                  llvm::Twine(alignment) + " bytes");
    if (tensor.begin > dataSize || tensor.size > dataSize - tensor.begin)
      return complain(tensor,
                      "has " + llvm::Twine(tensor.size) + " bytes at byte " +
                          llvm::Twine(tensor.begin) +
                          " of the data, which has " + llvm::Twine(dataSize) +
                          " bytes; the file is truncated or damaged");
    tensor.begin += dataBegin;
  }
  return checkDisjoint(tensors, file);
}

llvm::Expected<GgufContents> HeaderReader::read() {
  uint64_t tensorCount = 0, entryCount = 0;
  if (llvm::Error error = readPreamble(tensorCount, entryCount))
    return error;
  for (; entryCount; --entryCount)
    if (llvm::Error error = readEntry())
      return error;
  std::vector<StoredTensor> tensors;
  for (; tensorCount; --tensorCount) {
    StoredTensor tensor;
    if (llvm::Error error = readTensor(tensor))
      return error;
    tensors.push_back(std::move(tensor));
  }
  if (llvm::Error error = placeTensors(tensors))
    return error;
  return GgufContents{std::move(metadata), std::move(tensors)};
}

llvm::Expected<GgufContents> tenon::parseGguf(llvm::StringRef bytes,
                                              llvm::StringRef file) {
  return HeaderReader(bytes, file).read();
}
