// The passes of the CPU target, in their order.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_CPU_PIPELINE_H
#define TENON_TARGET_CPU_PIPELINE_H

#include "mlir/Pass/PassManager.h"

namespace tenon {

/// Tile ops on memrefs -> vector code with planned memory and an entry for each
/// step; functions get the suffix.
void buildCpuEntryPipeline(mlir::OpPassManager &pm, llvm::StringRef suffix);

/// The same for single kernels, whose entries take arrays of arguments.
void buildCpuArrayEntryPipeline(mlir::OpPassManager &pm);

/// The same for the functions of a library, which get the suffix.
void buildCpuFunctionEntryPipeline(mlir::OpPassManager &pm,
                                   llvm::StringRef suffix);

/// Vector code -> the LLVM dialect.
void buildCpuLoweringPipeline(mlir::OpPassManager &pm);

void registerCpuPipelines();

} // namespace tenon

#endif // TENON_TARGET_CPU_PIPELINE_H
