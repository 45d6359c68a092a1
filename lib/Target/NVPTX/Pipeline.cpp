// The passes of the NVPTX target, in their order.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/NVPTX/Pipeline.h"
#include "tenon/Target/NVPTX/Passes.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tenon;

void tenon::buildNvptxKernelPipeline(OpPassManager &pm) {
  pm.addPass(createConfigureKernels());
  pm.addPass(createConvertKernelsToGpu());
  pm.addPass(createMergeEqualKernels());
}

void tenon::buildNvptxLoweringPipeline(OpPassManager &pm) {
  OpPassManager &device = pm.nest<gpu::GPUModuleOp>();
  device.addPass(createCanonicalizerPass());
  device.addPass(createCSEPass());
  device.addPass(createSCFToControlFlowPass());
  device.addPass(createConvertNVVMToLLVMPass());
  device.addPass(createArithToLLVMConversionPass());
  // Upstream runs it on whole modules alone.
  pm.addPass(createConvertControlFlowToLLVMPass());
  OpPassManager &functions = pm.nest<gpu::GPUModuleOp>();
  functions.addPass(createConvertGpuOpsToNVVMOps());
  functions.addPass(createSetLaunchBounds());
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
  functions.addPass(createReconcileUnrealizedCastsPass());
}

void tenon::registerNvptxPipelines() {
  PassPipelineRegistration<>("tenon-nvptx-kernel-pipeline",
                             "kernels -> distinct device functions",
                             buildNvptxKernelPipeline);
  PassPipelineRegistration<>("tenon-nvptx-lowering-pipeline",
                             "device functions -> the LLVM and NVVM dialects",
                             buildNvptxLoweringPipeline);
}
