// Bytes of what a kernel is given.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TESTING_KERNELARGUMENTS_H
#define TENON_LIB_TESTING_KERNELARGUMENTS_H

#include "dialects/Tenon/Tenon.h"
#include "tenon/Interpreter/RuntimeValue.h"

namespace tenon {

/// Bytes of an element in memory.
int64_t getElementBytes(mlir::Type type);

/// Writes the elements of a tensor to memory, row-major.
void toBytes(const Tensor &tensor, uint8_t *memory);

/// Overwrites the elements of a tensor with those in memory.
void fromBytes(const uint8_t *memory, Tensor &tensor);

/// A weight, or one of the equal parts of a stack, among the packed weights.
struct PackedPart {
  uint64_t offset, size;
};

/// Where a weight that a kernel is given lies. Its symbol has an offset.
PackedPart findPackedPart(WeightType type, const WeightValue &weight);

} // namespace tenon

#endif // TENON_LIB_TESTING_KERNELARGUMENTS_H
