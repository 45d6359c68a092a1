// Says on device functions how they are launched, as the NVVM dialect does.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/NVPTX/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace tenon {
#define GEN_PASS_DEF_SETLAUNCHBOUNDS
#include "tenon/Target/NVPTX/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

static void setLaunchBounds(LLVM::LLVMFuncOp function) {
  MLIRContext *context = function.getContext();
  Attribute most =
      function->removeAttr(NVVM::NVVMDialect::getMaxntidAttrName());
  if (most)
    function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(), most);
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    IntegerAttr::get(IntegerType::get(context, 32), 1));
}

namespace {
struct SetLaunchBounds : tenon::impl::SetLaunchBoundsBase<SetLaunchBounds> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (function->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()))
        setLaunchBounds(function);
  }
};
} // namespace
