// Reads the table of storage types.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/TensorSource.h"
#include "llvm/ADT/bit.h"

using namespace tenon;

TensorSource::~TensorSource() = default;

namespace {
struct TypeRow {
  llvm::StringLiteral name;
  int64_t elements;
  int64_t bytes;
  int64_t gguf;
};
} // namespace

static constexpr TypeRow kRows[] = {
#define TENON_STORAGE_TYPE(name, spelling, elements, bytes, gguf)              \
  {spelling, elements, bytes, gguf},
#include "tenon/Support/StorageTypes.def"
};

static const TypeRow &getRow(StorageType type) {
  return kRows[static_cast<size_t>(type)];
}

llvm::ArrayRef<StorageType> tenon::getStorageTypes() {
  static constexpr StorageType types[] = {
#define TENON_STORAGE_TYPE(name, spelling, elements, bytes, gguf)              \
  StorageType::name,
#include "tenon/Support/StorageTypes.def"
  };
  return types;
}

llvm::StringRef tenon::stringifyStorageType(StorageType type) {
  return getRow(type).name;
}

int64_t tenon::getBlockElements(StorageType type) {
  return getRow(type).elements;
}

int64_t tenon::getBlockBytes(StorageType type) { return getRow(type).bytes; }

bool tenon::hasShape(const TensorInfo &tensor, llvm::ArrayRef<int64_t> shape) {
  llvm::ArrayRef<int64_t> stored = tensor.shape;
  if (stored == shape)
    return true;
  return shape.size() > 1 && shape.back() == 1 && stored == shape.drop_back();
}

bool tenon::hasOwnFactors(StorageType type) {
  return getRow(type).elements > 1 && getRow(type).gguf >= 0;
}

std::pair<int64_t, int64_t> ElementOrder::locate(int64_t row, int64_t col,
                                                 int64_t perWord) const {
  static constexpr int64_t kAlternating[] = {0, 4, 1, 5, 2, 6, 3, 7};
  if (!columns.empty())
    col = columns[col];
  if (words == Words::None)
    return {row * rowStride + col * colStride, 0};
  int64_t &shared = words == Words::OfRow ? col : row;
  // A power of two: this runs for every element.
  int64_t place = shared & (perWord - 1);
  shared >>= llvm::countr_zero(static_cast<uint64_t>(perWord));
  return {row * rowStride + col * colStride,
          alternates ? kAlternating[place] : place};
}

std::optional<StorageType> tenon::getGgufType(uint32_t number) {
  for (StorageType type : getStorageTypes())
    if (getRow(type).gguf == static_cast<int64_t>(number))
      return type;
  return std::nullopt;
}

std::string tenon::stringifyGgufType(uint32_t number) {
  switch (number) {
#define TENON_OTHER_GGUF_TYPE(spelling, gguf)                                  \
  case gguf:                                                                   \
    return spelling;
#include "tenon/Support/StorageTypes.def"
  default:
    break;
  }
  if (std::optional<StorageType> type = getGgufType(number))
    return stringifyStorageType(*type).str();
  return "number " + std::to_string(number);
}
