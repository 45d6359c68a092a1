// Executes what passes make of a module, and compares it with what was there.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_NUMERICCOMPARISON_H
#define TENON_INTERPRETER_NUMERICCOMPARISON_H

#include "tenon/Interpreter/FunctionInputs.h"
#include "tenon/Interpreter/WeightProvider.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>
#include <string>
#include <vector>

namespace tenon {

/// What a module is executed on.
struct NumericInputs {
  /// Functions to execute; without any, all public ones.
  std::vector<std::string> entries;
  /// Arguments of each function. One without a text is what its role is in
  /// `step`; without a role, floats are random and integers zero.
  FunctionInputs arguments;
  /// A step as `StepPlan::parse` reads it: by default two sequences, of which
  /// one goes on, in blocks of two tokens.
  std::string step = "tokens:3+2,start:0+5,slots:3,block:2";
  /// Without other weights, they are random numbers from this seed.
  uint64_t weightSeed = 1;
};

/// What has become of the results of a module.
struct NumericOutcome {
  enum Kind {
    /// All that were compared are the same.
    Same,
    /// They differ by more than their tolerance (`Tolerance.h`).
    Different,
    /// A function cannot be executed any more, or is gone.
    Broken,
  };
  Kind kind = Same;
  /// The function that was executed first, and what has become of it.
  std::string entry, function;
  /// What is wrong, as the rest of a sentence about the function.
  std::string problem;
  std::optional<mlir::Location> location;
};

/// Runs functions of a module in the interpreter, then those of later states of
/// it, on the same inputs. A function is followed through `specialize-buckets`:
/// every bucket with room for the step is executed. Functions on memrefs are
/// not executed any more.
class NumericComparison {
public:
  /// `weights`, if there are any, must live as long.
  explicit NumericComparison(NumericInputs inputs,
                             WeightProvider *weights = nullptr);

  /// Runs the first state. Fails if a function cannot be executed, or if there
  /// is none.
  llvm::Error start(mlir::ModuleOp module);

  /// Runs a later state, and compares it with the last one that was the same.
  NumericOutcome compare(mlir::ModuleOp module);

  /// The rest of a tenon-run line that executes a function on the same inputs.
  std::string describeInputs(mlir::func::FuncOp function,
                             const NumericOutcome &outcome) const;

private:
  struct Entry {
    std::string name;
    /// Passes append arguments to these, to write results to.
    unsigned numOperands;
    std::vector<Tensor> results;
  };

  FunctionInputs chooseArguments(mlir::func::FuncOp function,
                                 unsigned numOperands) const;
  llvm::Expected<std::vector<Tensor>> execute(mlir::ModuleOp module,
                                              mlir::func::FuncOp function,
                                              unsigned numOperands);
  NumericOutcome compareEntry(mlir::ModuleOp module, Entry &entry);

  NumericInputs inputs;
  StepPlan plan;
  RandomWeights random;
  WeightProvider *weights;
  /// The first state, whose random weights are drawn.
  mlir::OwningOpRef<mlir::ModuleOp> first;
  std::unique_ptr<WeightProvider> declared;
  std::vector<Entry> entries;
};

} // namespace tenon

#endif // TENON_INTERPRETER_NUMERICCOMPARISON_H
