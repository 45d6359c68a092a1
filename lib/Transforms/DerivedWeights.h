// Making a weight out of others, next to them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TRANSFORMS_DERIVEDWEIGHTS_H
#define TENON_LIB_TRANSFORMS_DERIVEDWEIGHTS_H

#include "dialects/Tenon/Tenon.h"
#include "tenon/Support/Refusal.h"
#include "mlir/IR/Builders.h"

namespace tenon {

/// The type of the whole stack of which a use takes a part.
WeightType getStackType(mlir::SymbolTable &symbols, WeightRefOp use);

/// Returns the derivation with this name if it is this one, or makes it in
/// front of the first function of the module, with a number if the name is
/// taken.
WeightSymbolOpInterface
getOrCreateDerived(mlir::OpBuilder &builder, mlir::SymbolTable &symbols,
                   const llvm::Twine &name, Derivation derivation,
                   llvm::ArrayRef<mlir::Attribute> from, WeightType type,
                   int64_t first = 0, int64_t count = 0);

/// Makes the matrix with the rows of all these matrices, and a use of it in
/// front of `before`. The uses have the same index, which may be absent.
/// `refuseConcat` has nothing against it.
WeightRefOp concatRows(mlir::OpBuilder &builder, mlir::SymbolTable &symbols,
                       llvm::ArrayRef<WeightRefOp> uses,
                       mlir::Operation *before);

/// Makes an operand the same weight with numbers of another type, if its own are
/// of a wider one without scales; returns whether it did.
bool castWeight(mlir::OpBuilder &builder, mlir::SymbolTable &symbols,
                mlir::OpOperand &operand, mlir::FloatType type);

/// Whether rows of these weights can be joined: formats, layers and columns are
/// the same, and no block of scales is cut.
Refusal refuseConcat(llvm::ArrayRef<WeightRefOp> uses);

} // namespace tenon

#endif // TENON_LIB_TRANSFORMS_DERIVEDWEIGHTS_H
