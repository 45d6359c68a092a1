// Named sequences of passes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Pipelines/Pipelines.h"
#include "tenon/Conversion/Passes.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tenon;

void tenon::buildSimplifyPipeline(OpPassManager &pm) {
  pm.addPass(createFuseGateUp());
  pm.addPass(createMergeProjections());
  pm.addPass(createDecomposeExperts());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void tenon::buildLayOutPipeline(OpPassManager &pm, const FormOptions &options) {
  pm.addPass(createMaterializeRopeTables({options.positions}));
  SpecializeBucketsOptions clone;
  clone.buckets.assign(options.buckets.begin(), options.buckets.end());
  pm.addPass(createSpecializeBuckets(clone));
  pm.addPass(createChooseMlaForm({options.absorbTokens}));
  pm.addPass(createCSEPass());
  if (options.roundActivations)
    pm.addPass(createRoundActivations());
  pm.addPass(createWidenWeights({options.widenWeights}));
  pm.addPass(createAssignWeightLayouts());
}

void tenon::buildFormPipeline(OpPassManager &pm) {
  pm.addPass(createFormKernels());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void tenon::buildTilePipeline(OpPassManager &pm) {
  pm.addPass(createConvertTenonToTile());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void tenon::buildBufferizePipeline(OpPassManager &pm) {
  pm.addPass(createOutlineKernels());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  // Kernels see whole tensors, so their arguments need no strides.
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  pm.addPass(createDropReturnedBuffers());
  // Kinds of layers share most of their kernels: each is compiled once, under
  // the name that it has first.
  pm.addPass(func::createDuplicateFunctionEliminationPass());
  pm.addPass(createVerifyNoLargeCopies());
  pm.addPass(createPlanMemory());
}

void tenon::registerPipelines() {
  PassPipelineRegistration<>(
      "tenon-simplify-pipeline",
      "tenon -> tenon with fused projections and decomposed experts",
      buildSimplifyPipeline);
  PassPipelineRegistration<FormOptions>(
      "tenon-form-pipeline",
      "tenon -> kernels of each bucket, weights with layouts and offsets",
      [](OpPassManager &pm, const FormOptions &options) {
        buildLayOutPipeline(pm, options);
        buildFormPipeline(pm);
      });
  PassPipelineRegistration<>("tenon-tile-pipeline",
                             "kernels -> loops over tiles", buildTilePipeline);
  PassPipelineRegistration<>(
      "tenon-bufferize-pipeline",
      "kernels on tensors -> functions on memrefs in one arena",
      buildBufferizePipeline);
}
