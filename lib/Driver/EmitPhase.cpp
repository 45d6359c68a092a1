// Compiles up to one phase and writes what is there.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EmitPhase.h"
#include "dialects/Machine/Machine.h"
#include "tenon/Driver/UsageError.h"
#include "tenon/Support/FirstDiagnostic.h"
#include "tenon/Support/Targets.h"
#include "tenon/Target/NVPTX/EmitPtx.h"
#include "tenon/Target/NVPTX/Pipeline.h"
#include "tenon/Target/Target.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"
#include "PhaseTimer.h"
#include "Phases.h"
#include "ReplaceFile.h"

using namespace mlir;
using namespace tenon;

static EmitKind getKind(const CompileOptions &options) {
  return options.emit.value_or(EmitKind::MLIR);
}

/// PTX is made of kernels that are formed and not yet tiled.
static Phase getLastPhase(const CompileOptions &options) {
  if (getKind(options) == EmitKind::PTX)
    return Phase::Form;
  return options.stopAfter.value_or(Phase::Codegen);
}

llvm::Error tenon::checkEmission(const CompileOptions &options,
                                 llvm::ArrayRef<TargetName> targets) {
  bool isText = options.stopAfter || options.emit;
  Phase last = getLastPhase(options);
  EmitKind kind = getKind(options);
  bool isPtx = isText && kind == EmitKind::PTX;
  for (const TargetName &target : targets)
    if (target.isGpu && !isPtx && (!isText || last > Phase::Form))
      return makeUsageError("target '" + target.getSpelling() +
                            "' has no code of a CPU; add --emit=ptx, or "
                            "compile for cpu");
  if (!isText)
    return llvm::Error::success();
  if (isPtx && options.stopAfter && *options.stopAfter != Phase::Codegen)
    return makeUsageError("--emit=ptx is made after the last phase; leave out "
                          "--stop-after");
  if (!isPtx && kind != EmitKind::MLIR && last != Phase::Codegen)
    return makeUsageError("only --emit=mlir is possible before code is "
                          "generated; use it, or --stop-after=codegen");
  if (isPtx && !targets.front().isGpu)
    return makeUsageError("--emit=ptx expects a GPU, but the target is " +
                          targets.front().getSpelling() +
                          "; add --target=cuda:" + getGpuLevels().front().name);
  if (targets.size() > 1 && last >= Phase::Form)
    return makeUsageError("--stop-after and --emit write code of one target, "
                          "but " +
                          llvm::Twine(targets.size()) +
                          " are given; choose one");
  return llvm::Error::success();
}

static Emission getEmission(EmitKind kind) {
  switch (kind) {
  case EmitKind::LLVM:
    return Emission::LLVM;
  case EmitKind::Assembly:
    return Emission::Assembly;
  case EmitKind::Object:
    return Emission::Object;
  case EmitKind::MLIR:
  case EmitKind::PTX:
    break;
  }
  return Emission::MLIR;
}

static llvm::Error generate(ModuleOp module, EmitKind kind, PhaseTimer &timer,
                            std::string &bytes) {
  return timer.measure("codegen", [&]() -> llvm::Error {
    llvm::Expected<CompiledVariant> variant =
        compileForCpu(module, getEmission(kind), &bytes);
    if (!variant)
      return variant.takeError();
    if (kind == EmitKind::Object)
      bytes.assign(variant->object.begin(), variant->object.end());
    return llvm::Error::success();
  });
}

/// A kernel without device code is no failure: it is said, and the others are
/// written.
static llvm::Error generatePtx(ModuleOp module, PhaseTimer &timer,
                               std::string &bytes) {
  return timer.measure("codegen", [&]() -> llvm::Error {
    FirstDiagnostic remarks(module.getContext());
    PassManager manager(module.getContext());
    buildNvptxKernelPipeline(manager);
    buildNvptxLoweringPipeline(manager);
    if (failed(manager.run(module)))
      return remarks.take("cannot generate code of the model");
    llvm::Expected<PtxModule> ptx = emitPtx(module);
    if (!ptx)
      return ptx.takeError();
    for (const SkippedKernel &kernel : ptx->skipped)
      llvm::WithColor::warning(llvm::errs(), "tenon")
          << "kernel '" << kernel.name
          << "' has no device code: " << kernel.reason << '\n';
    bytes = std::move(ptx->text);
    return llvm::Error::success();
  });
}

llvm::Error tenon::emitPhase(CompilerInput &input,
                             const CompileOptions &options,
                             llvm::ArrayRef<TargetName> targets,
                             PhaseTimer &timer) {
  ModuleOp module = *input.module;
  Phase last = getLastPhase(options);
  if (last >= Phase::Simplify)
    if (llvm::Error error = simplify(module, timer))
      return error;
  if (last >= Phase::Form) {
    if (llvm::Error error =
            layOut(module, options, targets, input.facts.maxContext, timer))
      return error;
    if (llvm::Error error =
            lowerForMachine(module, targets.front().machine, last, timer))
      return error;
  }
  std::string bytes;
  if (getKind(options) == EmitKind::PTX) {
    if (llvm::Error error = generatePtx(module, timer, bytes))
      return error;
  } else if (last == Phase::Codegen) {
    if (llvm::Error error = generate(module, getKind(options), timer, bytes))
      return error;
  } else {
    llvm::raw_string_ostream stream(bytes);
    module.print(stream);
  }
  return writeOutput(options.output, bytes);
}
