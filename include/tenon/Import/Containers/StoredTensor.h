// A tensor and its place in a file, and the rules that all such places obey.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_CONTAINERS_STOREDTENSOR_H
#define TENON_IMPORT_CONTAINERS_STOREDTENSOR_H

#include "tenon/Support/TensorSource.h"
#include <optional>
#include <vector>

namespace tenon {

struct StoredTensor {
  /// The name is that of the file until the container makes it canonical.
  TensorInfo info{};
  /// The spelling of a type that no weight can have; `info.type` says nothing
  /// then. Empty for all others.
  std::string foreignType{};
  /// Counted from the beginning of the file.
  uint64_t begin = 0;
  uint64_t size = 0;
};

/// The bytes of a tensor; nothing when a dimension is negative, when the
/// product of the dimensions that are not zero has more than 60 bits, or when a
/// row is no whole number of blocks. With the zeros left out of the product, no
/// stride overflows either.
std::optional<uint64_t> getStoredBytes(StorageType type,
                                       llvm::ArrayRef<int64_t> shape);

/// `[1536, 7168]`
std::string stringifyShape(llvm::ArrayRef<int64_t> shape);

/// Fails when two tensors share a name or a byte.
llvm::Error checkDisjoint(llvm::ArrayRef<StoredTensor> tensors,
                          llvm::StringRef file);

} // namespace tenon

#endif // TENON_IMPORT_CONTAINERS_STOREDTENSOR_H
