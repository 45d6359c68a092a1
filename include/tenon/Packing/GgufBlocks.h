// Where codes and factors lie in the blocks of GGUF.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_PACKING_GGUFBLOCKS_H
#define TENON_PACKING_GGUFBLOCKS_H

#include "tenon/Support/TensorSource.h"

namespace tenon {

/// Writes the codes of one block, `getBlockElements` of them, a byte each: those
/// of the format that `getStorageFormat` has for the type.
void decodeBlockCodes(StorageType type, const uint8_t *block, uint8_t *codes);

/// Writes the numbers that one block has of a factor of that format.
void copyBlockFactor(StorageType type, size_t factor, const uint8_t *block,
                     uint8_t *numbers);

/// The byte of a block where the numbers of a factor begin if they lie there as
/// they are, up to their sign.
std::optional<int64_t> getFactorByte(StorageType type, size_t factor);

} // namespace tenon

#endif // TENON_PACKING_GGUFBLOCKS_H
