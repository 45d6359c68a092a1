// The back end of NVIDIA GPUs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/NVPTX/NvptxBackend.h"
#include "tenon/Pipelines/Pipelines.h"
#include "tenon/Pipelines/RunPasses.h"
#include "tenon/Support/FirstDiagnostic.h"
#include "tenon/Support/Targets.h"
#include "tenon/Target/Backend.h"
#include "tenon/Target/MarkdownTable.h"
#include "tenon/Target/NVPTX/EmitPtx.h"
#include "tenon/Target/NVPTX/Passes.h"
#include "tenon/Target/NVPTX/Pipeline.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir;
using namespace tenon;

namespace {
class NvptxBackend : public Backend {
public:
  StringRef getName() const override { return "cuda"; }

  SmallVector<StringRef> getLevels() const override {
    return llvm::map_to_vector(getGpuLevels(), [](const GpuLevel &level) {
      return StringRef(level.name);
    });
  }

  void printLevels(raw_ostream &os) const override {
    printTableHead(os, {"GPU level", "needs", "shared memory of a block"});
    for (const GpuLevel &level : getGpuLevels())
      printTableRow(os,
                    {quoteCode(getName() + ":" + level.name), level.text.str(),
                     std::to_string(level.shared) + " bytes"});
  }

  // Its matrix units multiply bf16: f32 takes several products.
  bool prefersBF16() const override { return true; }

  ArrayRef<Phase> getPhases() const override {
    static constexpr Phase phases[] = {Phase::Form, Phase::Tile,
                                       Phase::Codegen};
    return phases;
  }

  void addPasses(Phase phase, OpPassManager &pm) const override {
    switch (phase) {
    case Phase::Form:
      buildFormPipeline(pm);
      return pm.addPass(createConfigureKernels());
    case Phase::Tile:
      return buildNvptxKernelPipeline(pm);
    case Phase::Import:
    case Phase::Simplify:
    case Phase::Bufferize:
    case Phase::Codegen:
      break;
    }
    llvm_unreachable("no phase of this back end with passes");
  }

  void registerPasses() const override { registerNvptxPasses(); }

  ArrayRef<EmitKind> getEmitKinds() const override {
    static constexpr EmitKind kinds[] = {EmitKind::MLIR, EmitKind::PTX};
    return kinds;
  }

  llvm::Expected<EmittedCode> emit(ModuleOp module, EmitKind kind,
                                   EntryKind) const override {
    FirstDiagnostic diagnostic(module.getContext());
    if (failed(runPasses(module, "lower", buildNvptxLoweringPipeline)))
      return diagnostic.take("cannot generate device code");
    EmittedCode code;
    if (kind == EmitKind::MLIR) {
      llvm::raw_string_ostream(code.bytes) << module;
      return code;
    }
    llvm::Expected<PtxModule> ptx = emitPtx(module);
    if (!ptx)
      return ptx.takeError();
    // That a kernel has no device code is no failure: the others are written.
    for (const SkippedKernel &kernel : ptx->skipped)
      code.warnings.push_back("kernel '" + kernel.name +
                              "' has no device code: " + kernel.reason);
    llvm::raw_string_ostream stream(code.bytes);
    ptx->print(stream);
    return code;
  }
};
} // namespace

const Backend &tenon::getNvptxBackend() {
  static const NvptxBackend backend;
  return backend;
}
