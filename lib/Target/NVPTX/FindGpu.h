// The GPU that a module is compiled for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_FINDGPU_H
#define TENON_LIB_TARGET_NVPTX_FINDGPU_H

#include "dialects/Machine/Machine.h"

namespace tenon::nvptx {

/// `machine.target` of a module; an error and null if it is no GPU.
inline machine::GpuAttr findGpu(mlir::ModuleOp module) {
  auto gpu =
      llvm::dyn_cast_or_null<machine::GpuAttr>(machine::getTarget(module));
  // Without the module, which is all of the IR.
  if (!gpu)
    mlir::emitError(module.getLoc())
        << "expects " << machine::MachineDialect::kTargetName
        << " to be a #machine.gpu; set it on the module";
  return gpu;
}

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_FINDGPU_H
