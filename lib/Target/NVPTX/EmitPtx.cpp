// PTX text of device functions, and how kernels launch them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/NVPTX/EmitPtx.h"
#include "dialects/Machine/Machine.h"
#include "dialects/NVPTX/Nvptx.h"
#include "tenon/Target/NVPTX/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "KernelNames.h"
#include "PtxBackend.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

/// Reads how a kernel is launched.
static llvm::Expected<PtxKernel> readLaunch(tile::KernelOp kernel,
                                            const std::string &name,
                                            SymbolTableCollection &symbols) {
  auto launch = kernel->getAttrOfType<LaunchAttr>(NvptxDialect::kLaunchName);
  if (!launch)
    return llvm::createStringError(
        "kernel '" + name +
        "' has no device function; run tenon-nvptx-kernel-pipeline");
  Operation *launched = symbols.lookupNearestSymbolFrom(
      kernel->getParentOfType<ModuleOp>(), launch.getFunction());
  auto function = dyn_cast_or_null<LLVM::LLVMFuncOp>(launched);
  auto threads = function ? function->getAttrOfType<DenseI32ArrayAttr>(
                                NVVM::NVVMDialect::getReqntidAttrName())
                          : nullptr;
  auto shared =
      function
          ? function->getAttrOfType<IntegerAttr>(NvptxDialect::kSharedBytesName)
          : nullptr;
  if (!launched)
    return llvm::createStringError(
        "kernel '" + name + "' launches '" +
        launch.getFunction().getLeafReference().getValue() +
        "', which is not there; run tenon-nvptx-kernel-pipeline and "
        "tenon-nvptx-lowering-pipeline");
  if (!threads || threads.empty() || !shared)
    return llvm::createStringError(
        "the device function of kernel '" + name +
        "' is not lowered; run tenon-nvptx-lowering-pipeline");
  return PtxKernel{function.getName().str(), name, threads[0], shared.getInt(),
                   launch.getBlocks()};
}

void PtxModule::print(raw_ostream &os) const {
  for (const PtxKernel &kernel : kernels) {
    os << "// kernel " << kernel.symbol << ": ";
    os.write_escaped(kernel.name);
    os << " threads " << kernel.threads << " shared " << kernel.sharedBytes
       << " blocks " << kernel.blocks << '\n';
  }
  for (const SkippedKernel &kernel : skipped) {
    os << "// skipped: ";
    os.write_escaped(kernel.name) << ": ";
    os.write_escaped(kernel.reason) << '\n';
  }
  os << text;
}

llvm::Expected<PtxModule> tenon::emitPtx(ModuleOp module) {
  auto machine = dyn_cast_or_null<machine::GpuAttr>(machine::getTarget(module));
  if (!machine)
    return llvm::createStringError("PTX expects #machine.gpu on the module");
  PtxModule result;
  SymbolTableCollection symbols;
  for (auto &[kernel, name] : nameKernels(module)) {
    if (auto reason =
            kernel->getAttrOfType<StringAttr>(NvptxDialect::kRefusedName)) {
      result.skipped.push_back({name, reason.str()});
      continue;
    }
    llvm::Expected<PtxKernel> launch = readLaunch(kernel, name, symbols);
    if (!launch)
      return launch.takeError();
    result.kernels.push_back(std::move(*launch));
  }
  if (result.kernels.empty())
    return result;
  auto device = module.lookupSymbol<gpu::GPUModuleOp>(kDeviceModuleName);
  if (!device)
    return llvm::createStringError("expects device functions in a gpu.module "
                                   "called '" +
                                   llvm::Twine(kDeviceModuleName) + "'");
  llvm::Expected<std::string> text = translateToPtx(device, machine.getName());
  if (!text)
    return text.takeError();
  result.text = std::move(*text);
  return result;
}
