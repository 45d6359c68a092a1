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

/// Writes the number of a factor that is a float into a block, rounded to what the
/// block can have.
void storeBlockFloat(StorageType type, size_t factor, double value,
                     uint8_t *block);

} // namespace tenon

#endif // TENON_PACKING_GGUFBLOCKS_H
