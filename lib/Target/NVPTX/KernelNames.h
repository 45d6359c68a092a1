// Names that tell the kernels of a module apart.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_KERNELNAMES_H
#define TENON_LIB_TARGET_NVPTX_KERNELNAMES_H

#include "dialects/Tile/Tile.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <utility>
#include <vector>

namespace tenon::nvptx {

/// All kernels of a module in their order, each with the name of the function
/// that `tile-outline-kernels` makes of it: of two kernels that are called the
/// same, the second one has a number.
std::vector<std::pair<tile::KernelOp, std::string>>
nameKernels(mlir::ModuleOp module);

/// A name in PTX, which has no `.` in names: that becomes `$`.
std::string getSymbol(llvm::StringRef name);

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_KERNELNAMES_H
