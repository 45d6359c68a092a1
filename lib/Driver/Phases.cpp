// The phases between import and code, on one module.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Phases.h"
#include "dialects/Machine/Machine.h"
#include "tenon/Pipelines/Pipelines.h"
#include "tenon/Pipelines/RunPasses.h"
#include "tenon/Support/FirstDiagnostic.h"
#include "PhaseTimer.h"
#include "TempFiles.h"

#include <limits>

using namespace mlir;
using namespace tenon;

/// Runs one pipeline; `verb` is what it does to the model, for messages.
static llvm::Error runPipeline(ModuleOp module, const llvm::Twine &phase,
                               StringRef verb,
                               llvm::function_ref<void(OpPassManager &)> build,
                               PhaseTimer &timer) {
  return timer.measure(phase, [&]() -> llvm::Error {
    FirstDiagnostic diagnostic(module.getContext());
    if (succeeded(runPasses(module, phase.str(), build)))
      return llvm::Error::success();
    return diagnostic.take("cannot " + verb + " the model");
  });
}

llvm::Error tenon::simplify(ModuleOp module, PhaseTimer &timer,
                            const TempFiles &temps) {
  if (llvm::Error error = runPipeline(module, "simplify", "simplify",
                                      buildSimplifyPipeline, timer))
    return error;
  return temps.save(module, Phase::Simplify);
}

/// The largest bucket in which latent attention has its absorbed form: in one
/// artifact it is the same for all targets, for they share the weights.
static int64_t getAbsorbTokens(MLIRContext *context, MlaChoice choice,
                               ArrayRef<TargetName> targets) {
  if (choice == MlaChoice::Naive)
    return 0;
  int64_t tokens = std::numeric_limits<int64_t>::max();
  if (choice == MlaChoice::Auto)
    for (const TargetName &target : targets)
      tokens = std::min(
          tokens,
          machine::lookupMachine(context, target.machine).getAbsorbedTokens());
  return tokens;
}

llvm::Error tenon::layOut(ModuleOp module, const CompileOptions &options,
                          ArrayRef<TargetName> targets, int64_t positions,
                          PhaseTimer &timer) {
  FormOptions form;
  form.buckets = ArrayRef<int64_t>(options.buckets);
  form.positions = positions;
  form.absorbTokens =
      getAbsorbTokens(module.getContext(), options.mla, targets);
  form.roundActivations = options.activations == ActivationType::BF16;
  form.widenWeights = llvm::any_of(targets, [&](const TargetName &target) {
    return !machine::lookupMachine(module.getContext(), target.machine)
                .readsTightCodes();
  });
  auto build = [&](OpPassManager &manager) {
    buildLayOutPipeline(manager, form);
  };
  return runPipeline(module, "lay out", "lay out", build, timer);
}

llvm::Error tenon::lowerForTarget(ModuleOp module, const TargetName &target,
                                  Phase first, Phase last, PhaseTimer &timer,
                                  const TempFiles &temps) {
  const Backend &backend = *target.backend;
  module->setAttr(machine::MachineDialect::kTargetName,
                  machine::lookupMachine(module.getContext(), target.machine));
  for (Phase phase : backend.getPhases()) {
    if (phase > last || phase == Phase::Codegen)
      break;
    if (phase <= first)
      continue;
    auto build = [&](OpPassManager &pm) { backend.addPasses(phase, pm); };
    if (llvm::Error error = runPipeline(
            module, getName(phase) + llvm::Twine(" ") + target.machine,
            getName(phase), build, timer))
      return error;
    if (llvm::Error error = temps.save(module, phase, target.machine))
      return error;
  }
  return llvm::Error::success();
}
