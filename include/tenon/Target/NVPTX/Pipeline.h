// The passes of the NVPTX target, in their order.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_NVPTX_PIPELINE_H
#define TENON_TARGET_NVPTX_PIPELINE_H

#include "mlir/Pass/PassManager.h"

namespace tenon {

/// Formed kernels -> kernels with configurations, and a `gpu.module` of distinct
/// device functions.
void buildNvptxKernelPipeline(mlir::OpPassManager &pm);

/// Device functions -> the LLVM and NVVM dialects.
void buildNvptxLoweringPipeline(mlir::OpPassManager &pm);

void registerNvptxPipelines();

} // namespace tenon

#endif // TENON_TARGET_NVPTX_PIPELINE_H
