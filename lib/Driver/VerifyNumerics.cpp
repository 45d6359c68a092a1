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

/// One step of a model, executed after each phase.
static llvm::Error verifyStep(CompilerInput &input, StringRef step,
                              const CompileOptions &options,
                              llvm::ArrayRef<TargetName> targets,
                              PhaseTimer &timer) {
  NumericInputs inputs;
  inputs.step = step.str();
  // Functions of a library need not have tokens.
  if (input.facts.vocabulary)
    inputs.step += ",vocabulary:" + std::to_string(input.facts.vocabulary);
  std::unique_ptr<WeightProvider> weights;
  if (input.source && !options.skipWeights)
    weights = std::make_unique<SourceWeights>(input.source->getTensors());
  TempFiles temps = llvm::cantFail(TempFiles::create(""));
  OwningOpRef<ModuleOp> module = input.module->clone();
  NumericComparison comparison(inputs, weights.get());
  if (llvm::Error error = comparison.start(*module))
    return error;

  auto compare = [&](ModuleOp state, NumericComparison &numbers,
                     const Twine &phase) -> llvm::Error {
    NumericOutcome outcome = numbers.compare(state);
    if (outcome.kind == NumericOutcome::Same)
      return llvm::Error::success();
    return llvm::createStringError("after phase " + phase + " function '" +
                                   outcome.function + "' " + outcome.problem +
                                   "; tenon-opt --verify-numerics names the "
                                   "pass");
  };
  if (llvm::Error error = simplify(*module, timer, temps))
    return error;
  if (llvm::Error error = compare(*module, comparison, "simplify"))
    return error;
  if (llvm::Error error =
          layOut(*module, options, targets, input.facts.maxContext, timer))
    return error;
  if (llvm::Error error = compare(*module, comparison, "lay out"))
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
      if (llvm::Error error =
              compare(*lowered, comparison,
                      getName(phase) + Twine(" for ") + target.getSpelling()))
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
  return timer.measure("verify numerics", [&]() -> llvm::Error {
    for (StringRef step : kSteps)
      if (llvm::Error error = verifyStep(input, step, options, targets, inner))
        return error;
    return llvm::Error::success();
  });
}
