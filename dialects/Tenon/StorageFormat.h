// The format that keeps the values of a stored tensor exactly.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_STORAGEFORMAT_H
#define TENON_DIALECTS_TENON_STORAGEFORMAT_H

#include "dialects/Tenon/Tenon.h"
#include "tenon/Support/TensorSource.h"

namespace tenon {

/// Returns the format of a weight whose tensors are stored as `type`, so that
/// packing it loses nothing; null for a type that no weight can have.
///
/// `scaleBlock`, rows and columns, says how many elements of an `F8_E4M3`
/// tensor share a scale; without it there is none. That of an `F4` tensor has
/// 1 row and 32 columns. The block types of GGUF bring their own blocks; docs/StoredFormats.md says how many bits their formats
/// have. `FormatAttr::getWidened` of a format keeps it as exactly.
FormatAttr getStorageFormat(mlir::MLIRContext *context, StorageType type,
                            llvm::ArrayRef<int64_t> scaleBlock = {});

/// The code of elements of which the scales are in another tensor; null for a
/// type that has none.
mlir::Type getScaledCode(mlir::MLIRContext *context, StorageType type);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_STORAGEFORMAT_H
