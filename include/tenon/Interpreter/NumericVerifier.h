// Executes a module before and after each pass, and compares the results.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_NUMERICVERIFIER_H
#define TENON_INTERPRETER_NUMERICVERIFIER_H

#include "tenon/Interpreter/FunctionInputs.h"
#include "tenon/Interpreter/WeightProvider.h"
#include "mlir/Pass/PassInstrumentation.h"
#include <memory>
#include <string>
#include <vector>

namespace tenon {

/// What a module is executed on, and where a failure is written.
struct NumericVerifierOptions {
  /// Functions to execute; without any, all public ones.
  std::vector<std::string> entries;
  /// Arguments of each function. One without a text is what its role is in
  /// `step`; without a role, floats are random and integers zero.
  FunctionInputs inputs;
  /// A step as `StepPlan::parse` reads it: by default two sequences, of which
  /// one goes on, in blocks of two tokens.
  std::string step = "tokens:3+2,start:0+5,slots:3,block:2";
  /// Weights are random numbers from this seed.
  uint64_t weightSeed = 1;
  /// Gets the module as it was before the first pass that changes results.
  std::string reproducer;
};

/// Runs public functions of a module in the interpreter before the first pass
/// and after each one, on the same inputs. The first pass after which a result
/// differs by more than its tolerance (`Tolerance.h`) is an error that names
/// pass, function, result and element. Passes that run on a nested op are
/// checked together, when the last of them is done.
///
/// A function is followed through `specialize-buckets`: afterwards every bucket
/// with room for the step is executed. The interpreter runs tensors; functions
/// on memrefs are not executed any more.
///
/// The context must not be multithreaded.
class NumericVerifier : public mlir::PassInstrumentation {
public:
  explicit NumericVerifier(NumericVerifierOptions options);
  ~NumericVerifier() override;

  void runBeforePass(mlir::Pass *pass, mlir::Operation *op) override;
  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override;

  enum class Outcome {
    /// All results that were compared are the same.
    Same,
    /// Nothing can be executed before the first pass.
    NotExecutable,
    /// A pass changed results.
    Different,
    /// A pass made what cannot be executed.
    Broken,
  };
  Outcome getOutcome() const { return outcome; }
  /// The pass that is to blame, as pipelines spell it.
  llvm::StringRef getPass() const { return blamed; }

private:
  /// What one function gave when it was last executed.
  struct Entry {
    std::string name;
    /// Passes append arguments to these, to write results to.
    unsigned numOperands;
    std::vector<Tensor> results;
  };

  mlir::LogicalResult executeFirst(mlir::ModuleOp module);
  /// Executes what has become of an entry, and compares.
  Outcome verify(mlir::ModuleOp module, Entry &entry, llvm::StringRef pass);
  FunctionInputs chooseInputs(mlir::func::FuncOp function,
                              unsigned numOperands) const;
  llvm::Expected<std::vector<Tensor>> execute(mlir::ModuleOp module,
                                              mlir::func::FuncOp function,
                                              unsigned numOperands);
  void writeReproducer(llvm::StringRef pass, const Entry &entry,
                       mlir::func::FuncOp function);

  NumericVerifierOptions options;
  StepPlan plan;
  RandomWeights random;
  /// The module before all passes, whose weights are drawn.
  mlir::OwningOpRef<mlir::ModuleOp> first;
  std::unique_ptr<WeightProvider> weights;
  std::optional<std::vector<Entry>> entries;
  /// The module before the pass that runs.
  mlir::OwningOpRef<mlir::ModuleOp> before;
  Outcome outcome = Outcome::Same;
  std::string blamed;
};

} // namespace tenon

#endif // TENON_INTERPRETER_NUMERICVERIFIER_H
