// The passes of the CPU target, in their order.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/CPU/Pipeline.h"
#include "tenon/Target/CPU/LoweringPasses.h"
#include "tenon/Target/CPU/Passes.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tenon;

/// tile ops on memrefs with places -> vector code for one worker, then its
/// entries.
static void buildEntryPipeline(OpPassManager &pm,
                               std::unique_ptr<Pass> createEntries) {
  pm.addNestedPass<func::FuncOp>(createConvertTileToVector());
  pm.addPass(createDistributeToWorkers());
  pm.addPass(createLowerWeightRefs());
  pm.addPass(std::move(createEntries));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void tenon::buildCpuEntryPipeline(OpPassManager &pm, StringRef suffix) {
  buildEntryPipeline(pm, createCreateStepEntries({suffix.str()}));
  // Large buckets have the same kernels.
  pm.addPass(func::createDuplicateFunctionEliminationPass());
}

void tenon::buildCpuArrayEntryPipeline(OpPassManager &pm) {
  buildEntryPipeline(pm, createCreateArrayEntries());
}

void tenon::buildCpuFunctionEntryPipeline(OpPassManager &pm, StringRef suffix) {
  buildEntryPipeline(pm, createCreateArrayEntries({suffix.str()}));
  pm.addPass(func::createDuplicateFunctionEliminationPass());
}

void tenon::buildCpuLoweringPipeline(OpPassManager &pm) {
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createConvertTileToLLVM());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCSEPass());
}

namespace {
struct EntryOptions : PassPipelineOptions<EntryOptions> {
  Option<std::string> suffix{*this, "suffix", llvm::cl::init(".cpu"),
                             llvm::cl::desc("Suffix of every function name")};
};
} // namespace

void tenon::registerCpuPipelines() {
  PassPipelineRegistration<EntryOptions>(
      "tenon-cpu-entry-pipeline",
      "tile ops on memrefs -> vector code with entries of steps",
      [](OpPassManager &pm, const EntryOptions &options) {
        buildCpuEntryPipeline(pm, options.suffix);
      });
  PassPipelineRegistration<>("tenon-cpu-lowering-pipeline",
                             "vector code -> the LLVM dialect",
                             buildCpuLoweringPipeline);
}
