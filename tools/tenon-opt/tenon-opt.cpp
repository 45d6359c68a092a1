// Runs passes and pipelines on a module.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/AllDialects.h"
#include "tenon/Conversion/Passes.h"
#include "tenon/Pipelines/Pipelines.h"
#include "tenon/Target/CPU/LoweringPasses.h"
#include "tenon/Target/CPU/Passes.h"
#include "tenon/Target/CPU/Pipeline.h"
#include "tenon/Target/NVPTX/Passes.h"
#include "tenon/Target/NVPTX/Pipeline.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "DebugOptions.h"
#include "test/lib/TestPasses.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  tenon::registerAllDialects(registry);

  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::bufferization::registerBufferizationPasses();
  mlir::memref::registerResolveRankedShapeTypeResultDimsPass();
  tenon::registerConversionPasses();
  tenon::registerCpuLoweringPasses();
  tenon::registerCpuPasses();
  tenon::registerCpuPipelines();
  tenon::registerNvptxPasses();
  tenon::registerNvptxPipelines();
  tenon::registerPipelines();
  tenon::registerTransformsPasses();
  tenon::test::registerTestPasses();

  tenon::registerDebugOptions();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "tenon optimizer driver\n", registry));
}
