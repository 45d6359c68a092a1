// Shrinks a module while it shows what one looks for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TESTING_REDUCER_H
#define TENON_TESTING_REDUCER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tenon {

/// Whether a module, which is valid, still shows it.
using Interestingness = llvm::function_ref<bool(mlir::ModuleOp)>;

/// Makes a module smaller as long as `isInteresting` holds, which it does for
/// `module` at first. It tries, one at a time and on a copy, to
///
///   erase functions, results and arguments,
///   put the body of a loop, of one case and of a callee in place of its op,
///   let an operand of the same type stand for a result,
///   make a result an argument of its function,
///
/// and starts again until none of it is left. What is dead goes with each
/// change. Semantics are not kept: a caller that compares results must compare
/// those of one module.
void reduceModule(mlir::OwningOpRef<mlir::ModuleOp> &module,
                  Interestingness isInteresting);

/// The number of operations in a module, those of its functions and symbols
/// included.
int64_t countOperations(mlir::ModuleOp module);

} // namespace tenon

#endif // TENON_TESTING_REDUCER_H
