// Kernels that have no device code, and why.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_KERNELREFUSAL_H
#define TENON_LIB_TARGET_NVPTX_KERNELREFUSAL_H

#include "dialects/NVPTX/Nvptx.h"

namespace tenon::nvptx {

/// Says with a remark, and in the module, why a kernel has no device code.
inline void refuse(tile::KernelOp kernel, llvm::StringRef reason) {
  mlir::emitRemark(kernel.getLoc())
      << "skipped: " << kernel.getName() << ": " << reason;
  kernel->setAttr(NvptxDialect::kRefusedName,
                  mlir::StringAttr::get(kernel.getContext(), reason));
}

inline bool isRefused(tile::KernelOp kernel) {
  return kernel->hasAttr(NvptxDialect::kRefusedName);
}

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_KERNELREFUSAL_H
