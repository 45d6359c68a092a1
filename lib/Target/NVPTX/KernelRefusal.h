// Kernels that have no device code, and why.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_KERNELREFUSAL_H
#define TENON_LIB_TARGET_NVPTX_KERNELREFUSAL_H

#include "dialects/NVPTX/Nvptx.h"
#include "tenon/Support/Remarks.h"

namespace tenon::nvptx {

/// Says in the module, and by a remark of a pass, why a kernel has no device
/// code.
inline void refuse(tile::KernelOp kernel, llvm::StringLiteral pass,
                   llvm::StringRef reason) {
  mlir::remark::missed(kernel.getLoc(),
                       getRemarkOpts(kernel, pass, "RefuseKernel"))
      << mlir::remark::metric("Kernel", kernel.getName())
      << mlir::remark::metric("Reason", reason);
  kernel->setAttr(NvptxDialect::kRefusedName,
                  mlir::StringAttr::get(kernel.getContext(), reason));
}

inline bool isRefused(tile::KernelOp kernel) {
  return kernel->hasAttr(NvptxDialect::kRefusedName);
}

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_KERNELREFUSAL_H
