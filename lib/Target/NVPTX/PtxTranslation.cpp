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

static LogicalResult translate(ModuleOp module, raw_ostream &os) {
  llvm::Expected<PtxModule> ptx = emitPtx(module);
  if (!ptx)
    return module.emitError() << llvm::toString(ptx.takeError());
  ptx->print(os);
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
