// The blocks of GGUF as codes, scales and offsets, without loss.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_PACKING_GGUFBLOCKS_H
#define TENON_PACKING_GGUFBLOCKS_H

#include "tenon/Support/TensorSource.h"

namespace tenon {

/// Elements that share a scale in a block type: 32, or 16 for Q6_K.
int64_t getRunLength(StorageType type);

/// Writes the codes of one block, `getBlockElements` of them: unsigned numbers,
/// of which `FormatAttr` of the type has the zero.
void decodeBlockCodes(StorageType type, const uint8_t *block, uint8_t *codes);

/// Writes the numbers that one block has of a factor of the type's format.
void copyBlockFactor(StorageType type, size_t number, const uint8_t *block,
                     uint8_t *numbers);

/// Writes a scale for each run of a block, and an offset where the type has
/// them, such that `(code - zero) * scale + offset` is the value of an element in
/// real arithmetic: a product of an f16 and a scale of 8 bits at most is an f32.
void decodeBlockScales(StorageType type, const uint8_t *block, float *scales,
                       float *offsets);

} // namespace tenon

#endif // TENON_PACKING_GGUFBLOCKS_H
