// Makes the arguments of a function under test from short texts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_FUNCTIONINPUTS_H
#define TENON_INTERPRETER_FUNCTIONINPUTS_H

#include "tenon/Interpreter/TestInputs.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tenon {

/// What the arguments of a function are made from.
struct FunctionInputs {
  /// One text for each argument (see makeInput). Without any, the arguments are
  /// those of a step function: tokens, positions, slots, rows, blocks, caches,
  /// then results that are written.
  std::vector<std::string> texts;
  /// Sizes of dynamic dimensions that nothing else gives.
  std::vector<int64_t> dims;

  llvm::Expected<std::vector<Tensor>> make(mlir::func::FuncOp function,
                                           const StepPlan &plan) const;
};

/// The text of an argument with a role in a step, or nothing without one. Every
/// cache has numbers of its own.
std::optional<std::string> describeByRole(mlir::func::FuncOp function,
                                          unsigned index, const StepPlan &plan);

/// The function of that name or, if there is none, those that
/// `tenon-specialize-buckets` made of it for at least as many tokens.
std::vector<mlir::func::FuncOp>
findBuckets(mlir::ModuleOp module, llvm::StringRef entry, int64_t tokens);

} // namespace tenon

#endif // TENON_INTERPRETER_FUNCTIONINPUTS_H
