// Reads the header of a safetensors file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_IMPORT_CONTAINERS_SAFETENSORS_H
#define TENON_IMPORT_CONTAINERS_SAFETENSORS_H

#include "tenon/Import/Containers/StoredTensor.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tenon {

/// Reads the header of a file with these bytes: its length as 64 bits little
/// endian, JSON, then the data. Every tensor returned lies inside the bytes,
/// and every byte belongs to exactly one. `file` is the name to print in messages.
llvm::Expected<std::vector<StoredTensor>>
parseSafetensors(llvm::StringRef bytes, llvm::StringRef file);

} // namespace tenon

#endif // TENON_IMPORT_CONTAINERS_SAFETENSORS_H
