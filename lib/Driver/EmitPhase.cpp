// Compiles up to one phase and writes what is there.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EmitPhase.h"
#include "tenon/Driver/UsageError.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "PhaseTimer.h"
#include "Phases.h"
#include "ReplaceFile.h"
#include "TempFiles.h"
#include "Warning.h"

using namespace mlir;
using namespace tenon;

static EmitKind getKind(const CompileOptions &options) {
  return options.emit.value_or(EmitKind::MLIR);
}

static Phase getLastPhase(const CompileOptions &options) {
  return options.stopAfter.value_or(Phase::Codegen);
}

template <typename Item>
static std::string joinNames(ArrayRef<Item> items) {
  return llvm::join(
      llvm::map_range(items, [](Item item) { return getName(item); }), ", ");
}

/// Fails if an artifact cannot hold the code of a target.
static llvm::Error checkVariant(const TargetName &target) {
  if (target.backend->makesVariants())
    return llvm::Error::success();
  EmitKind kind = target.backend->getEmitKinds().back();
  return makeUsageError(
      "an artifact holds no code of target '" + target.getSpelling() +
      "'; add --emit=" + getName(kind) + ", or choose another target");
}

/// Fails if a target does not have the last phase.
static llvm::Error checkPhase(const TargetName &target, Phase last) {
  ArrayRef<Phase> phases = target.backend->getPhases();
  if (last < Phase::Form || llvm::is_contained(phases, last))
    return llvm::Error::success();
  return makeUsageError("target '" + target.getSpelling() + "' has no phase " +
                        getName(last) +
                        "; stop after one of: " + joinNames(phases));
}

/// Fails if a target does not have code of a kind.
static llvm::Error checkKind(const TargetName &target, EmitKind kind) {
  ArrayRef<EmitKind> kinds = target.backend->getEmitKinds();
  if (llvm::is_contained(kinds, kind))
    return llvm::Error::success();
  std::string others;
  for (const TargetName &other : getKnownTargets())
    if (others.empty() &&
        llvm::is_contained(other.backend->getEmitKinds(), kind))
      others = ", or choose a target such as " + other.getSpelling();
  return makeUsageError("--emit=" + getName(kind) +
                        " is not possible for target '" + target.getSpelling() +
                        "'; use one of: " + joinNames(kinds) + others);
}

llvm::Error tenon::checkEmission(const CompileOptions &options,
                                 llvm::ArrayRef<TargetName> targets) {
  if (!options.stopAfter && !options.emit) {
    for (const TargetName &target : targets)
      if (llvm::Error error = checkVariant(target))
        return error;
    return llvm::Error::success();
  }
  Phase last = getLastPhase(options);
  EmitKind kind = getKind(options);
  if (kind != EmitKind::MLIR && last != Phase::Codegen)
    return makeUsageError("only --emit=mlir is possible before code is "
                          "generated; use it, or --stop-after=codegen");
  if (targets.size() > 1 && last >= Phase::Form)
    return makeUsageError("--stop-after and --emit write code of one target, "
                          "but " +
                          llvm::Twine(targets.size()) +
                          " are given; choose one");
  if (llvm::Error error = checkPhase(targets.front(), last))
    return error;
  return checkKind(targets.front(), kind);
}

static llvm::Error generate(CompilerInput &input, const Backend &backend,
                            EmitKind kind, PhaseTimer &timer,
                            std::string &bytes) {
  return timer.measure("codegen", [&]() -> llvm::Error {
    llvm::Expected<EmittedCode> code =
        backend.emit(*input.module, kind, input.getEntryKind());
    if (!code)
      return code.takeError();
    for (const std::string &warning : code->warnings)
      printWarning(warning);
    bytes = std::move(code->bytes);
    return llvm::Error::success();
  });
}

llvm::Error tenon::emitPhase(CompilerInput &input,
                             const CompileOptions &options,
                             llvm::ArrayRef<TargetName> targets,
                             PhaseTimer &timer, const TempFiles &temps) {
  ModuleOp module = *input.module;
  Phase first = options.compileFrom, last = getLastPhase(options);
  if (first < Phase::Simplify && last >= Phase::Simplify)
    if (llvm::Error error = simplify(module, timer, temps))
      return error;
  if (first < Phase::Form && last >= Phase::Form)
    if (llvm::Error error =
            layOut(module, options, targets, input.facts.maxContext, timer))
      return error;
  if (last >= Phase::Form)
    if (llvm::Error error =
            lowerForTarget(module, targets.front(), first, last, timer, temps))
      return error;
  std::string bytes;
  if (last == Phase::Codegen) {
    if (llvm::Error error =
            temps.saveCode(module, targets.front(), input.getEntryKind()))
      return error;
    if (llvm::Error error = generate(input, *targets.front().backend,
                                     getKind(options), timer, bytes))
      return error;
  } else {
    llvm::raw_string_ostream(bytes) << module;
  }
  return writeOutput(options.output, bytes);
}
