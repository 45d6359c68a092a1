// Codes of blocks of GGUF that name points of grids.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_PACKING_GRIDBLOCKS_H
#define TENON_LIB_PACKING_GRIDBLOCKS_H

#include "tenon/Support/TensorSource.h"

namespace tenon {

/// Writes the 256 codes of a block of a type of IQ1, IQ2 or IQ3.
void decodeGridCodes(StorageType type, const uint8_t *block, uint8_t *codes);

} // namespace tenon

#endif // TENON_LIB_PACKING_GRIDBLOCKS_H
