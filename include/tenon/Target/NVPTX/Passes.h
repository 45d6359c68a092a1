// Passes that make device functions of kernels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_NVPTX_PASSES_H
#define TENON_TARGET_NVPTX_PASSES_H

#include "mlir/Pass/Pass.h"

namespace tenon {

#define GEN_PASS_DECL
#include "tenon/Target/NVPTX/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tenon/Target/NVPTX/Passes.h.inc"

namespace nvptx {
/// The `gpu.module` of device functions.
inline constexpr llvm::StringLiteral kDeviceModuleName = "kernels";
/// The dynamic shared memory in it.
inline constexpr llvm::StringLiteral kSharedMemoryName = "shared";
} // namespace nvptx

} // namespace tenon

#endif // TENON_TARGET_NVPTX_PASSES_H
