// The nvptx dialect: how kernels are launched on a GPU, as attributes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_NVPTX_NVPTX_H
#define TENON_DIALECTS_NVPTX_NVPTX_H

#include "dialects/Tile/Tile.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"

namespace tenon::nvptx {

/// Lanes of a warp, and the most warps of a block of threads.
inline constexpr int64_t kWarpSize = 32, kMostWarps = 32;

} // namespace tenon::nvptx

#include "dialects/NVPTX/NvptxAttrsDialect.h.inc"
#include "dialects/NVPTX/NvptxAttrsEnums.h.inc"

#include "dialects/NVPTX/NvptxAttrsInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/NVPTX/NvptxAttrs.h.inc"

#endif // TENON_DIALECTS_NVPTX_NVPTX_H
