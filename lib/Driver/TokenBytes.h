// How many bytes of weights one token needs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_TOKENBYTES_H
#define TENON_LIB_DRIVER_TOKENBYTES_H

#include "mlir/IR/BuiltinOps.h"

namespace tenon {

/// Bytes of packed weights that a step of one token reads in the smallest
/// bucket: of an embedding one row, of experts those that are chosen, of tables
/// of rotations one position, and all of everything else.
uint64_t countTokenBytes(mlir::ModuleOp laidOut);

} // namespace tenon

#endif // TENON_LIB_DRIVER_TOKENBYTES_H
