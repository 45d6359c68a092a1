// Slow and literal execution of programs on tensors: the oracle of the tests.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_INTERPRETER_H
#define TENON_INTERPRETER_INTERPRETER_H

#include "tenon/Interpreter/RuntimeValue.h"
#include "tenon/Interpreter/WeightProvider.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"

namespace tenon {

struct InterpreterOptions {
  /// Decides the order in which iterations of parallel loops run.
  uint64_t shuffleSeed = 1;
  /// Keeps results of type f32 as doubles, to tell a wrong formula from
  /// rounding.
  bool exact = false;
  /// Executes calls of the functions that it handles.
  CallHandler *calls = nullptr;
};

/// Runs functions of a module as the descriptions of their ops say, from what
/// an importer makes to the tile dialect on tensors. Sums and the insides of an
/// op are taken in double precision, and results are rounded once to their
/// type. Elements that were never written are NaN. Iterations of `scf.forall`
/// run in a random order on one copy of their outputs, and two that write
/// different values to one element are an error, so that false parallelism
/// shows.
class Interpreter {
public:
  Interpreter(mlir::ModuleOp module, WeightProvider &weights,
              InterpreterOptions options = {});

  /// Runs a function. Scalars are tensors without dimensions. What goes wrong
  /// is a diagnostic at the op that could not be executed.
  mlir::FailureOr<std::vector<Tensor>> run(llvm::StringRef entry,
                                           llvm::ArrayRef<Tensor> inputs);

  /// Runs a function on what a call gave it: weights are among the operands.
  mlir::FailureOr<llvm::SmallVector<RuntimeValue>>
  call(mlir::func::FuncOp callee, llvm::ArrayRef<RuntimeValue> operands);

private:
  mlir::ModuleOp module;
  WeightProvider &weights;
  InterpreterOptions options;
};

} // namespace tenon

#endif // TENON_INTERPRETER_INTERPRETER_H
