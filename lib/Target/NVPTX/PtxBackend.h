// From device functions in the LLVM dialect to PTX text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_PTXBACKEND_H
#define TENON_LIB_TARGET_NVPTX_PTXBACKEND_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/Support/Error.h"
#include <string>

namespace tenon::nvptx {

/// Makes PTX of a module of device functions for an architecture, which is a GPU
/// level of the table of targets.
llvm::Expected<std::string> translateToPtx(mlir::gpu::GPUModuleOp device,
                                           llvm::StringRef architecture);

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_PTXBACKEND_H
