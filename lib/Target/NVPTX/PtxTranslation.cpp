// tenon-translate --gpu-module-to-ptx: lowered device functions as PTX text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "dialects/NVPTX/Nvptx.h"
#include "tenon/Target/NVPTX/EmitPtx.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Tools/mlir-translate/Translation.h"

using namespace mlir;
using namespace tenon;

/// How each kernel is launched, in front of the text.
static void printHeader(const PtxModule &module, raw_ostream &os) {
  for (const PtxKernel &kernel : module.kernels) {
    os << "// kernel " << kernel.symbol << ": ";
    os.write_escaped(kernel.name);
    os << " threads " << kernel.threads << " shared " << kernel.sharedBytes
       << " blocks " << kernel.blocks << '\n';
  }
  for (const SkippedKernel &skipped : module.skipped) {
    os << "// skipped: ";
    os.write_escaped(skipped.name) << ": ";
    os.write_escaped(skipped.reason) << '\n';
  }
}

static LogicalResult translate(ModuleOp module, raw_ostream &os) {
  llvm::Expected<PtxModule> ptx = emitPtx(module);
  if (!ptx)
    return module.emitError() << llvm::toString(ptx.takeError());
  printHeader(*ptx, os);
  os << ptx->text;
  return success();
}

void tenon::registerPtxTranslation() {
  TranslateFromMLIRRegistration registration(
      "gpu-module-to-ptx",
      "lowered device functions as PTX, for the GPU that the module names",
      [](ModuleOp module, raw_ostream &os) { return translate(module, os); },
      [](DialectRegistry &registry) {
        registry.insert<func::FuncDialect, scf::SCFDialect, TenonDialect,
                        tensor::TensorDialect, arith::ArithDialect,
                        gpu::GPUDialect, LLVM::LLVMDialect, NVVM::NVVMDialect,
                        machine::MachineDialect, nvptx::NvptxDialect,
                        tile::TileDialect>();
      });
}
