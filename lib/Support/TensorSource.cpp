// The table of storage types.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/TensorSource.h"

#include "llvm/Support/ErrorHandling.h"

using namespace tenon;

TensorSource::~TensorSource() = default;

namespace {
struct TypeRow {
  llvm::StringLiteral name;
  int64_t elements;
  int64_t bytes;
};
} // namespace

static TypeRow getRow(StorageType type) {
  switch (type) {
  case StorageType::F32:
    return {"F32", 1, 4};
  case StorageType::F16:
    return {"F16", 1, 2};
  case StorageType::BF16:
    return {"BF16", 1, 2};
  case StorageType::F8E4M3:
    return {"F8_E4M3", 1, 1};
  case StorageType::I8:
    return {"I8", 1, 1};
  case StorageType::U8:
    return {"U8", 1, 1};
  case StorageType::I32:
    return {"I32", 1, 4};
  case StorageType::I64:
    return {"I64", 1, 8};
  case StorageType::Bool:
    return {"BOOL", 1, 1};
  case StorageType::Q4_0:
    return {"Q4_0", 32, 18};
  case StorageType::Q4_1:
    return {"Q4_1", 32, 20};
  case StorageType::Q5_0:
    return {"Q5_0", 32, 22};
  case StorageType::Q5_1:
    return {"Q5_1", 32, 24};
  case StorageType::Q8_0:
    return {"Q8_0", 32, 34};
  case StorageType::Q4_K:
    return {"Q4_K", 256, 144};
  case StorageType::Q5_K:
    return {"Q5_K", 256, 176};
  case StorageType::Q6_K:
    return {"Q6_K", 256, 210};
  }
  llvm_unreachable("unknown storage type");
}

llvm::StringRef tenon::stringifyStorageType(StorageType type) {
  return getRow(type).name;
}

int64_t tenon::getBlockElements(StorageType type) {
  return getRow(type).elements;
}

int64_t tenon::getBlockBytes(StorageType type) { return getRow(type).bytes; }
