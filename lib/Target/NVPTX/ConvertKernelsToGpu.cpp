// Makes a device function of every kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Target/NVPTX/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "DeviceKernel.h"
#include "FindGpu.h"
#include "KernelNames.h"
#include "KernelRefusal.h"

#define DEBUG_TYPE "convert-kernels-to-gpu"

namespace tenon {
#define GEN_PASS_DEF_CONVERTKERNELSTOGPU
#include "tenon/Target/NVPTX/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

static Refusal emitKernel(DeviceKernel &kernel) {
  if (Refusal refusal = checkOperands(kernel.op))
    return refusal;
  Operation *root = getRoot(kernel.op);
  if (!root)
    return emitRows(kernel);
  if (isa<AttentionOp, SelectedAttentionOp>(root))
    return emitAttention(kernel, root);
  if (auto selection = dyn_cast<IndexTopkOp>(root))
    return emitSelection(kernel, selection);
  if (isa<RouterOp>(root))
    return emitRouters(kernel);
  if (auto dispatch = dyn_cast<MoeDispatchOp>(root))
    return emitGroup(kernel, dispatch);
  if (isa<LinearOp, HeadLinearOp, GroupedLinearOp>(root))
    return emitContraction(kernel, root);
  return "there is no device code for " + root->getName().getStringRef().str();
}

/// A module of device functions, with the shared memory that all of them see.
static gpu::GPUModuleOp createDeviceModule(ModuleOp module) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto device =
      gpu::GPUModuleOp::create(builder, module.getLoc(), kDeviceModuleName);
  builder.setInsertionPointToStart(device.getBody());
  auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 0);
  LLVM::GlobalOp::create(builder, module.getLoc(), bytes, /*isConstant=*/false,
                         LLVM::Linkage::External, kSharedMemoryName,
                         Attribute(),
                         /*alignment=*/128, /*addrSpace=*/3);
  return device;
}

/// Adds the function of a kernel to a module, unless it is refused.
static void convert(tile::KernelOp op, StringRef name, int64_t tokens,
                    int64_t mostShared, gpu::GPUModuleOp device) {
  DeviceKernel kernel(op, tokens, device, getSymbol(name));
  Refusal refusal = emitKernel(kernel);
  if (!refusal && kernel.sharedBytes > mostShared)
    refusal = "it needs " + std::to_string(kernel.sharedBytes) +
              " bytes of shared memory, but a block has " +
              std::to_string(mostShared);
  if (refusal) {
    kernel.abandon();
    return refuse(op, DEBUG_TYPE, *refusal);
  }
  kernel.finish();
  auto symbol = SymbolRefAttr::get(
      device.getSymNameAttr(), {FlatSymbolRefAttr::get(kernel.getFunction())});
  op->setAttr(NvptxDialect::kLaunchName,
              LaunchAttr::get(op.getContext(), symbol, kernel.blocks));
  remark::passed(op.getLoc(), getRemarkOpts(op, DEBUG_TYPE, "ConvertKernel"))
      << remark::metric("Kernel", op.getName())
      << remark::metric("Threads", kernel.threads)
      << remark::metric("SharedBytes", kernel.sharedBytes)
      << remark::metric("Blocks", kernel.blocks);
}

/// Why a kernel cannot be converted at all: the passes before it did not run.
static LogicalResult verifyConfigured(tile::KernelOp kernel) {
  if (!isa_and_nonnull<ConfigAttrInterface>(kernel.getConfigAttr()))
    return kernel.emitOpError()
           << "expects a configuration of a GPU; run nvptx-configure-kernels";
  if (!tile::getBucketTokens(kernel->getParentOfType<func::FuncOp>()))
    return kernel.emitOpError() << "expects its function to have a bucket";
  return success();
}

namespace {
struct ConvertKernelsToGpu
    : tenon::impl::ConvertKernelsToGpuBase<ConvertKernelsToGpu> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    machine::GpuAttr machine = findGpu(module);
    if (!machine)
      return signalPassFailure();
    if (module.lookupSymbol(kDeviceModuleName)) {
      module.emitError() << "expects no symbol '" << kDeviceModuleName
                         << "', which device functions are put into";
      return signalPassFailure();
    }
    gpu::GPUModuleOp device = createDeviceModule(module);
    for (auto &[kernel, name] : nameKernels(module)) {
      if (isRefused(kernel))
        continue;
      if (failed(verifyConfigured(kernel)))
        return signalPassFailure();
      int64_t tokens =
          tile::getBucketTokens(kernel->getParentOfType<func::FuncOp>());
      convert(kernel, name, tokens, machine.getShared(), device);
    }
  }
};
} // namespace
