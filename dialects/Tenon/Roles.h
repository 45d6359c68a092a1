// Asking a function for an operand by what it is.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_ROLES_H
#define TENON_DIALECTS_TENON_ROLES_H

#include "dialects/Tenon/Tenon.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace tenon {

/// The argument with a role, or null. A function has one of each but caches.
mlir::BlockArgument getOperand(mlir::FunctionOpInterface function, Role role);

/// All arguments with a role, in their order.
llvm::SmallVector<mlir::BlockArgument>
getOperands(mlir::FunctionOpInterface function, Role role);

/// The role of an argument, if it has one.
std::optional<Role> getRole(mlir::FunctionOpInterface function, unsigned index);
std::optional<Role> getResultRole(mlir::FunctionOpInterface function,
                                  unsigned index);
void setRole(mlir::FunctionOpInterface function, unsigned index,
             std::optional<Role> role);

/// Adds an argument with a role in front of another one.
mlir::BlockArgument insertOperand(mlir::FunctionOpInterface function,
                                  unsigned index, mlir::Type type,
                                  std::optional<Role> role);

/// Fails, with an error, for a function that has operands with one of these
/// roles, before a pass that adds them.
mlir::LogicalResult verifyNoOperands(mlir::FunctionOpInterface function,
                                     llvm::ArrayRef<Role> roles);

/// Whether a result of a step with this role is computed for its rows: logits,
/// or what an encoder computes.
bool isOutput(std::optional<Role> role);

/// Whether a function is a step: a public function that is fed tokens.
bool isStep(mlir::FunctionOpInterface function);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_ROLES_H
