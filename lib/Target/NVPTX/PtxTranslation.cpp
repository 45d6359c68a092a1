// tenon-translate --tile-to-ptx: formed kernels as PTX text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Target/NVPTX/EmitPtx.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Tools/mlir-translate/Translation.h"

using namespace mlir;
using namespace tenon;

/// How each kernel is launched, in front of the text.
static void printHeader(const PtxModule &module, raw_ostream &os) {
  for (const PtxKernel &kernel : module.kernels)
    os << "// kernel " << kernel.symbol << ": " << kernel.name << " threads "
       << kernel.threads << " shared " << kernel.sharedBytes << " blocks "
       << kernel.blocks << '\n';
  for (const SkippedKernel &skipped : module.skipped)
    os << "// skipped: " << skipped.name << ": " << skipped.reason << '\n';
}

static LogicalResult translate(ModuleOp module, raw_ostream &os) {
  auto machine = module->getAttrOfType<machine::GpuAttr>(
      machine::MachineDialect::kTargetName);
  if (!machine)
    return module.emitError()
           << "expects " << machine::MachineDialect::kTargetName
           << " to be a #machine.gpu; set it on the module";
  llvm::Expected<PtxModule> ptx = emitPtx(module, machine);
  if (!ptx)
    return module.emitError() << llvm::toString(ptx.takeError());
  printHeader(*ptx, os);
  os << ptx->text;
  return success();
}

void tenon::registerPtxTranslation() {
  TranslateFromMLIRRegistration registration(
      "tile-to-ptx", "formed kernels as PTX, for the GPU that the module names",
      [](ModuleOp module, raw_ostream &os) { return translate(module, os); },
      [](DialectRegistry &registry) {
        registry.insert<func::FuncDialect, scf::SCFDialect, TenonDialect,
                        tensor::TensorDialect, arith::ArithDialect,
                        machine::MachineDialect, tile::TileDialect>();
      });
}
