// What the body of a kernel consists of, before its code is written.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_KERNELBODY_H
#define TENON_LIB_TARGET_NVPTX_KERNELBODY_H

#include "dialects/Tile/Tile.h"
#include "tenon/Support/Refusal.h"

namespace tenon::nvptx {

/// The op that decides how a kernel is written; null for ops on rows alone.
mlir::Operation *getRoot(tile::KernelOp kernel);

/// The argument that the result at a position is written over.
mlir::Value getOut(tile::KernelOp kernel, int64_t result);

/// Why an operand that is read where it lies does not lie anywhere, if so.
/// Rows may be computed in a kernel, and an index may be a constant; all else is
/// an argument.
Refusal checkOperands(tile::KernelOp kernel);

/// Elements of a row: the product of all sizes but the first.
int64_t getRowLength(mlir::Value tensor);

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_KERNELBODY_H
