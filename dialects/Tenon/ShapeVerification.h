// Wording of the most frequent constraint: two operands agree on a size.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_SHAPEVERIFICATION_H
#define TENON_DIALECTS_TENON_SHAPEVERIFICATION_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/Twine.h"

namespace tenon {

/// Fails, with an error on `op`, unless the sizes are equal or one of them is
/// dynamic. `who` names both operands: "input and weight".
llvm::LogicalResult verifyAgree(mlir::Operation *op, const llvm::Twine &who,
                                const llvm::Twine &what, int64_t a, int64_t b);

/// Elements of one row of a tensor whose first dimension counts tokens; dynamic
/// if one of the other dimensions is.
int64_t getRowLength(mlir::Type type);

/// Size of a dimension of a ranked tensor; a negative one counts from the end.
int64_t getDim(mlir::Type type, int64_t dim);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_SHAPEVERIFICATION_H
