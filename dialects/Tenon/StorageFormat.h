// The format of a weight whose elements are stored as a source stores them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_STORAGEFORMAT_H
#define TENON_DIALECTS_TENON_STORAGEFORMAT_H

#include "dialects/Tenon/Tenon.h"
#include "tenon/Support/TensorSource.h"

namespace tenon {

/// The block of elements that share a scale, where a tensor does not say it.
struct ScaleBlock {
  int64_t rows = 0;
  int64_t cols = 0;
};

/// Returns the format that holds every value of a stored type exactly, or null
/// for types that no weight has. The block types of GGUF become 8-bit codes
/// with one scale, and where they have it one offset, for each group of
/// elements. `F8_E4M3` needs the block of its scales, and no other type does.
FormatAttr getStorageFormat(mlir::MLIRContext *context, StorageType type,
                            ScaleBlock block = {});

} // namespace tenon

#endif // TENON_DIALECTS_TENON_STORAGEFORMAT_H
