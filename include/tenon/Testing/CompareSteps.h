// Runs steps in the interpreter and each of their kernels as native code, too.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TESTING_COMPARESTEPS_H
#define TENON_TESTING_COMPARESTEPS_H

#include "tenon/Interpreter/FunctionInputs.h"
#include "tenon/Testing/KernelComparison.h"

namespace tenon {

/// Runs a function, or each bucket of a step function, and compares every call
/// of a kernel.
class StepComparison {
public:
  /// `entry` is a function of the module, or the name before `.t<tokens>` of
  /// the functions that `form` made for each bucket. The module is on the level
  /// of tiles on tensors, with a function for each kernel. Weights are packed
  /// from `source`, which may be null if there are none.
  static llvm::Expected<std::unique_ptr<StepComparison>>
  create(mlir::ModuleOp module, std::string entry, FunctionInputs inputs,
         WeightProvider &weights, const TensorSource *source,
         InterpreterOptions options, Bounds bounds);

  /// Runs one step in every bucket that it fits into. What the interpreter
  /// cannot execute is an error; kernels that are wrong are not.
  llvm::Error run(llvm::StringRef step);

  /// Runs a step for each line of a file, `-` for the standard input, and
  /// answers each with a line on the standard output: `ok` or `wrong: ...`.
  llvm::Error runLines(llvm::StringRef path);

  /// Prints a row for each kernel; returns whether there are some and all were
  /// within their tolerance.
  bool report(llvm::raw_ostream &os) const;

private:
  StepComparison(mlir::ModuleOp module, std::string entry,
                 FunctionInputs inputs, WeightProvider &weights,
                 InterpreterOptions options, Bounds bounds,
                 std::unique_ptr<NativeKernels> kernels);

  mlir::ModuleOp module;
  std::string entry;
  FunctionInputs inputs;
  WeightProvider &weights;
  InterpreterOptions options;
  std::unique_ptr<NativeKernels> kernels;
  KernelComparison comparison;
};

} // namespace tenon

#endif // TENON_TESTING_COMPARESTEPS_H
