// Executes a module before and after each pass, and compares the results.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_NUMERICVERIFIER_H
#define TENON_INTERPRETER_NUMERICVERIFIER_H

#include "tenon/Interpreter/NumericComparison.h"
#include "mlir/Pass/PassInstrumentation.h"

namespace tenon {

/// Compares the results of a module after each pass with those before it. The
/// first pass after which they are not the same is an error that names pass,
/// function, result and element. Passes that run on a nested op are checked
/// together, when the last of them is done.
///
/// The context must not be multithreaded.
class NumericVerifier : public mlir::PassInstrumentation {
public:
  /// `reproducer`, if it is not empty, names a file for the module as it was
  /// before that pass, with a tenon-run line that shows the difference.
  NumericVerifier(NumericInputs inputs, std::string reproducer);
  ~NumericVerifier() override;

  void runBeforePass(mlir::Pass *pass, mlir::Operation *op) override;
  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override;

  enum class State { Same, NotExecutable, Failed };
  State getState() const { return state; }
  /// After a failure, what is wrong, and the pass as pipelines spell it.
  const NumericOutcome &getOutcome() const { return outcome; }
  llvm::StringRef getPass() const { return failedPass; }

private:
  void writeReproducer(mlir::ModuleOp module);

  NumericComparison comparison;
  std::string reproducer;
  bool hasStarted = false;
  /// The module before the pass that runs, for the reproducer.
  mlir::OwningOpRef<mlir::ModuleOp> before;
  State state = State::Same;
  NumericOutcome outcome;
  std::string failedPass;
};

} // namespace tenon

#endif // TENON_INTERPRETER_NUMERICVERIFIER_H
