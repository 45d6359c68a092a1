// Reads the header of a safetensors file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Safetensors.h"
#include "tenon/Import/Containers/JsonCursor.h"
#include "tenon/Import/Containers/Messages.h"
#include "tenon/Import/JsonScan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace tenon;
using Token = JsonCursor::Token;

static std::optional<StorageType> parseType(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<StorageType>>(name)
      .Case("F32", StorageType::F32)
      .Case("F16", StorageType::F16)
      .Case("BF16", StorageType::BF16)
      .Case("F8_E4M3", StorageType::F8E4M3)
      .Case("I8", StorageType::I8)
      .Case("U8", StorageType::U8)
      .Case("I32", StorageType::I32)
      .Case("I64", StorageType::I64)
      .Case("BOOL", StorageType::Bool)
      .Default(std::nullopt);
}

/// Bits of one element of the types that no weight can have. A type that is
/// not in the format is as large as it says.
static std::optional<uint64_t> getForeignBits(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<uint64_t>>(name)
      .Cases({"F64", "U64", "C64"}, 64)
      .Case("U32", 32)
      .Cases({"I16", "U16"}, 16)
      .Cases({"F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}, 8)
      .Cases({"F6_E2M3", "F6_E3M2"}, 6)
      .Case("F4", 4)
      .Default(std::nullopt);
}

namespace {
/// Reads the JSON of a header, which was scanned already.
class HeaderReader {
public:
  HeaderReader(llvm::StringRef header, llvm::StringRef file, uint64_t dataBegin,
               uint64_t dataSize)
      : cursor(header, file), file(file), dataBegin(dataBegin),
        dataSize(dataSize) {}

  llvm::Expected<std::vector<StoredTensor>> read();

private:
  llvm::Error readMetadata();
  llvm::Error readTensor(StoredTensor &tensor);
  llvm::Error readField(llvm::StringRef field, StoredTensor &tensor);
  llvm::Error readType(StoredTensor &tensor);
  llvm::Error readNumbers(llvm::StringRef field, size_t most,
                          llvm::SmallVectorImpl<int64_t> &numbers);
  llvm::Error place(StoredTensor &tensor);
  llvm::Error checkSize(const StoredTensor &tensor, uint64_t size);
  llvm::Error complain(const StoredTensor &tensor, const llvm::Twine &text) {
    return makeImportError(file + ": tensor " + quote(tensor.info.name) + " " +
                           text);
  }

  JsonCursor cursor;
  llvm::StringRef file;
  uint64_t dataBegin;
  uint64_t dataSize;
  // What the current tensor has said.
  bool hasType = false;
  bool hasShape = false;
  llvm::SmallVector<int64_t, 2> offsets;
};
} // namespace

llvm::Error HeaderReader::readMetadata() {
  if (llvm::Error error =
          cursor.expect(Token::ObjectBegin, "an object under '__metadata__'"))
    return error;
  while (true) {
    llvm::Expected<Token> token = cursor.next();
    if (!token)
      return token.takeError();
    if (*token == Token::ObjectEnd)
      return llvm::Error::success();
    if (llvm::Error error =
            cursor.expect(Token::String, "strings only under '__metadata__'"))
      return error;
  }
}

llvm::Error HeaderReader::readType(StoredTensor &tensor) {
  if (llvm::Error error =
          cursor.expect(Token::String, "'dtype' to be a string"))
    return error;
  // Nobody may ask for a tensor of another type.
  std::optional<StorageType> type = parseType(cursor.getText());
  tensor.info.type = type.value_or(StorageType::U8);
  tensor.foreignType = type ? "" : cursor.getText().str();
  hasType = true;
  return llvm::Error::success();
}

llvm::Error HeaderReader::readNumbers(llvm::StringRef field, size_t most,
                                      llvm::SmallVectorImpl<int64_t> &numbers) {
  std::string rule = "'" + field.str() + "' to be a list of at most " +
                     std::to_string(most) + " integers from 0 to 2^63 - 1";
  if (llvm::Error error = cursor.expect(Token::ArrayBegin, rule))
    return error;
  while (true) {
    llvm::Expected<Token> token = cursor.next();
    if (!token)
      return token.takeError();
    if (*token == Token::ArrayEnd)
      return llvm::Error::success();
    int64_t number = 0;
    if (*token != Token::Number || numbers.size() == most ||
        cursor.getText().getAsInteger(10, number) || number < 0)
      return cursor.makeError("expects " + rule);
    numbers.push_back(number);
  }
}

llvm::Error HeaderReader::readField(llvm::StringRef field,
                                    StoredTensor &tensor) {
  constexpr size_t maxRank = 8;
  if (field == "dtype")
    return readType(tensor);
  if (field == "shape") {
    hasShape = true;
    return readNumbers("shape", maxRank, tensor.info.shape);
  }
  if (field == "data_offsets")
    return readNumbers("data_offsets", 2, offsets);
  return complain(tensor, "has an unknown field " + quote(field) +
                              "; known: dtype, shape, data_offsets");
}

llvm::Error HeaderReader::readTensor(StoredTensor &tensor) {
  if (llvm::Error error = cursor.expect(
          Token::ObjectBegin, "an object for each tensor of the header"))
    return error;
  hasType = hasShape = false;
  offsets.clear();
  while (true) {
    llvm::Expected<Token> token = cursor.next();
    if (!token)
      return token.takeError();
    if (*token == Token::ObjectEnd)
      return place(tensor);
    std::string field = cursor.getText().str();
    if (llvm::Error error = readField(field, tensor))
      return error;
  }
}

llvm::Error HeaderReader::place(StoredTensor &tensor) {
  if (!hasType || !hasShape || offsets.size() != 2)
    return complain(tensor, "expects a dtype, a shape and two data_offsets");
  uint64_t begin = offsets[0], end = offsets[1];
  if (begin > end || end > dataSize)
    return complain(tensor, "has data_offsets " + stringifyShape(offsets) +
                                ", but the data of the file has " +
                                llvm::Twine(dataSize) +
                                " bytes; the file is truncated or damaged");
  if (llvm::Error error = checkSize(tensor, end - begin))
    return error;
  tensor.begin = dataBegin + begin;
  tensor.size = end - begin;
  return llvm::Error::success();
}

/// The bytes of a tensor follow from its type and its shape.
llvm::Error HeaderReader::checkSize(const StoredTensor &tensor, uint64_t size) {
  const llvm::SmallVector<int64_t, 4> &shape = tensor.info.shape;
  bool isForeign = !tensor.foreignType.empty();
  // As many bytes as elements, of which there are less than 2^61: bits fit.
  std::optional<uint64_t> bytes = getStoredBytes(
      isForeign ? StorageType::U8 : tensor.info.type, tensor.info.shape);
  if (!bytes)
    return complain(tensor, "has the shape " + stringifyShape(shape) +
                                ", which has more than 2^60 elements");
  std::string type = isForeign ? quote(tensor.foreignType)
                               : stringifyStorageType(tensor.info.type).str();
  if (isForeign) {
    std::optional<uint64_t> bits = getForeignBits(tensor.foreignType);
    if (!bits)
      return llvm::Error::success();
    if (*bytes > (uint64_t(1) << 57))
      return complain(tensor, "has the shape " + stringifyShape(shape) +
                                  ", which has more than 2^57 elements");
    bytes = llvm::divideCeil(*bytes * *bits, 8);
  }
  if (*bytes == size)
    return llvm::Error::success();
  return complain(
      tensor, "of type " + type + " and shape " + stringifyShape(shape) +
                  " needs " + llvm::Twine(*bytes) +
                  " bytes, but its data_offsets cover " + llvm::Twine(size));
}

llvm::Expected<std::vector<StoredTensor>> HeaderReader::read() {
  if (llvm::Error error = cursor.expect(Token::ObjectBegin, "an object"))
    return error;
  std::vector<StoredTensor> tensors;
  while (true) {
    llvm::Expected<Token> token = cursor.next();
    if (!token)
      return token.takeError();
    if (*token == Token::ObjectEnd)
      return tensors;
    if (cursor.getText() == "__metadata__") {
      if (llvm::Error error = readMetadata())
        return error;
      continue;
    }
    StoredTensor tensor;
    tensor.info.name = cursor.getText().str();
    if (llvm::Error error = readTensor(tensor))
      return error;
    tensors.push_back(std::move(tensor));
  }
}

/// Every byte after the header belongs to a tensor: the format has it so, and
/// what is left over shows that a file was joined or cut wrongly.
static llvm::Error checkCovered(llvm::ArrayRef<StoredTensor> tensors,
                                uint64_t begin, uint64_t end,
                                llvm::StringRef file) {
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const StoredTensor &tensor : tensors)
    if (tensor.size)
      ranges.emplace_back(tensor.begin, tensor.size);
  llvm::sort(ranges);
  uint64_t covered = begin;
  for (auto [first, size] : ranges) {
    if (first != covered)
      break;
    covered += size;
  }
  if (covered == end)
    return llvm::Error::success();
  return makeImportError(file + ": the bytes from " + llvm::Twine(covered) +
                         " on belong to no tensor, but tensors cover a "
                         "safetensors file without gaps; the file is damaged");
}

llvm::Expected<std::vector<StoredTensor>>
tenon::parseSafetensors(llvm::StringRef bytes, llvm::StringRef file) {
  constexpr uint64_t prefix = sizeof(uint64_t);
  if (bytes.size() < prefix)
    return makeImportError(file + ": has " + llvm::Twine(bytes.size()) +
                           " bytes, but a safetensors file begins with 8 bytes "
                           "of header length");
  uint64_t length = llvm::support::endian::read64le(bytes.data());
  if (length > bytes.size() - prefix)
    return makeImportError(file + ": says that its header has " +
                           llvm::Twine(length) + " bytes, but only " +
                           llvm::Twine(bytes.size() - prefix) +
                           " follow; the file is truncated or no safetensors");
  llvm::StringRef header = bytes.substr(prefix, length);
  if (llvm::Error error = scanJson(header, file))
    return error;
  uint64_t dataBegin = prefix + length;
  HeaderReader reader(header, file, dataBegin, bytes.size() - dataBegin);
  llvm::Expected<std::vector<StoredTensor>> tensors = reader.read();
  if (!tensors)
    return tensors;
  if (llvm::Error error = checkDisjoint(*tensors, file))
    return error;
  if (llvm::Error error = checkCovered(*tensors, dataBegin, bytes.size(), file))
    return error;
  return tensors;
}
