// Executes what each phase makes of a model, before it is compiled.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "VerifyNumerics.h"
#include "tenon/Interpreter/NumericComparison.h"
#include "PhaseTimer.h"
#include "Phases.h"
#include "TempFiles.h"

using namespace mlir;
using namespace tenon;

/// Steps that meet what models do: sequences that begin and go on, in several
/// blocks, with all logits; and one token. Buckets without room are left out.
static constexpr llvm::StringLiteral kSteps[] = {
    "tokens:3+2,start:0+2,slots:3,block:2,rows:all", "tokens:1,start:3"};

namespace {
/// All steps of one model, executed in each state of it.
class StepComparisons {
public:
  llvm::Error start(CompilerInput &input, bool hasWeights);
  /// Fails if `phase` made a state that gives other numbers.
  llvm::Error compare(ModuleOp state, const Twine &phase);

private:
  std::unique_ptr<WeightProvider> weights;
  std::vector<std::unique_ptr<NumericComparison>> steps;
};
} // namespace

llvm::Error StepComparisons::start(CompilerInput &input, bool hasWeights) {
  if (hasWeights)
    weights = std::make_unique<SourceWeights>(input.source->getTensors());
  for (StringRef step : kSteps) {
    NumericInputs inputs;
    inputs.step = step.str();
    // Functions of a library need not have tokens.
    if (input.facts.vocabulary)
      inputs.step += ",vocabulary:" + std::to_string(input.facts.vocabulary);
    steps.push_back(std::make_unique<NumericComparison>(inputs, weights.get()));
    if (llvm::Error error = steps.back()->start(*input.module))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error StepComparisons::compare(ModuleOp state, const Twine &phase) {
  for (const std::unique_ptr<NumericComparison> &step : steps) {
    NumericOutcome outcome = step->compare(state);
    if (outcome.kind != NumericOutcome::Same)
      return llvm::createStringError("after phase " + phase + " function '" +
                                     outcome.function + "' " + outcome.problem +
                                     "; tenon-opt --verify-numerics names the "
                                     "pass");
  }
  return llvm::Error::success();
}

/// Runs the phases on a copy of the module, and compares after each.
static llvm::Error verifyPhases(CompilerInput &input,
                                const CompileOptions &options,
                                llvm::ArrayRef<TargetName> targets,
                                PhaseTimer &timer) {
  StepComparisons steps;
  if (llvm::Error error =
          steps.start(input, input.source && !options.skipWeights))
    return error;
  TempFiles temps = llvm::cantFail(TempFiles::create(""));
  OwningOpRef<ModuleOp> module = input.module->clone();
  if (llvm::Error error = simplify(*module, timer, temps))
    return error;
  if (llvm::Error error = steps.compare(*module, "simplify"))
    return error;
  if (llvm::Error error =
          layOut(*module, options, targets, input.facts.maxContext, timer))
    return error;
  if (llvm::Error error = steps.compare(*module, "lay out"))
    return error;
  for (const TargetName &target : targets) {
    OwningOpRef<ModuleOp> lowered = module->clone();
    Phase done = Phase::Simplify;
    for (Phase phase : target.backend->getPhases()) {
      // What is on memrefs is not executed.
      if (phase >= Phase::Bufferize)
        break;
      if (llvm::Error error =
              lowerForTarget(*lowered, target, done, phase, timer, temps))
        return error;
      done = phase;
      if (llvm::Error error = steps.compare(
              *lowered, getName(phase) + Twine(" for ") + target.getSpelling()))
        return error;
    }
  }
  return llvm::Error::success();
}

llvm::Error tenon::verifyNumerics(CompilerInput &input,
                                  const CompileOptions &options,
                                  llvm::ArrayRef<TargetName> targets,
                                  PhaseTimer &timer) {
  PhaseTimer inner(/*prints=*/false);
  return timer.measure("verify numerics", [&] {
    return verifyPhases(input, options, targets, inner);
  });
}
