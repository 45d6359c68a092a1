// Runs passes and pipelines on a module.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/AllDialects.h"
#include "tenon/Conversion/Passes.h"
#include "tenon/Pipelines/Pipelines.h"
#include "tenon/Support/InputFile.h"
#include "tenon/Support/Version.h"
#include "tenon/Target/CPU/LoweringPasses.h"
#include "tenon/Target/CPU/Passes.h"
#include "tenon/Target/CPU/Pipeline.h"
#include "tenon/Target/NVPTX/Passes.h"
#include "tenon/Target/NVPTX/Pipeline.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/ToolOutputFile.h"
#include "DebugOptions.h"
#include "VerifyNumerics.h"
#include "test/lib/TestPasses.h"

#include <unistd.h>

/// Processes the file that the command line names, if its text does not nest too
/// deep for what MLIR does with it.
static mlir::LogicalResult process(llvm::StringRef input,
                                   llvm::StringRef output,
                                   mlir::DialectRegistry &registry,
                                   const mlir::MlirOptMainConfig &config) {
  if (input == "-" &&
      llvm::sys::Process::FileDescriptorIsDisplayed(STDIN_FILENO))
    llvm::errs() << "(reading from the standard input, which ends with "
                    "ctrl-d)\n";
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file =
      tenon::readModuleFile(input);
  if (!file) {
    llvm::errs() << "error: " << llvm::toString(file.takeError()) << '\n';
    return mlir::failure();
  }
  std::string problem;
  std::unique_ptr<llvm::ToolOutputFile> result =
      mlir::openOutputFile(output, &problem);
  if (!result) {
    llvm::errs() << "error: " << problem << '\n';
    return mlir::failure();
  }
  if (mlir::failed(
          mlir::MlirOptMain(result->os(), std::move(*file), registry, config)))
    return mlir::failure();
  if (tenon::hasNumericFailure())
    return mlir::failure();
  result->keep();
  return mlir::success();
}

int main(int argc, char **argv) {
  tenon::identifyTool("tenon-opt");
  tenon::hideOptionsOfLibraries();
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
  tenon::registerVerifyNumerics();
  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv, "tenon optimizer driver\n", registry);
  mlir::MlirOptMainConfig config =
      mlir::MlirOptMainConfig::createFromCLOptions();
  tenon::addNumericVerifier(config);
  if (config.shouldShowDialects() || config.shouldListPasses())
    return mlir::asMainReturnCode(
        mlir::MlirOptMain(argc, argv, input, output, registry));
  // Its end shuts LLVM down, which prints statistics.
  llvm::InitLLVM init(argc, argv);
  return mlir::asMainReturnCode(process(input, output, registry, config));
}
