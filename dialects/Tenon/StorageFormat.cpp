// Formats of the types in which sources store weights.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/StorageFormat.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace tenon;

/// 8-bit codes in which `count` elements of a row share a scale.
static FormatAttr getGroupedCodes(MLIRContext *context, int64_t count,
                                  bool hasOffset) {
  Builder builder(context);
  return FormatAttr::get(context, builder.getI8Type(), builder.getF32Type(),
                         /*scaleRows=*/1, /*scaleCols=*/count, hasOffset);
}

FormatAttr tenon::getStorageFormat(MLIRContext *context, StorageType type,
                                   ScaleBlock block) {
  Builder builder(context);
  switch (type) {
  case StorageType::F32:
    return FormatAttr::get(builder.getF32Type());
  case StorageType::F16:
    return FormatAttr::get(builder.getF16Type());
  case StorageType::BF16:
    return FormatAttr::get(builder.getBF16Type());
  case StorageType::F8E4M3:
    if (block.rows < 1 || block.cols < 1)
      return nullptr;
    return FormatAttr::get(context, builder.getType<Float8E4M3FNType>(),
                           builder.getF32Type(), block.rows, block.cols,
                           /*hasOffset=*/false);
  case StorageType::Q4_0:
  case StorageType::Q5_0:
  case StorageType::Q8_0:
    return getGroupedCodes(context, 32, /*hasOffset=*/false);
  case StorageType::Q4_1:
  case StorageType::Q5_1:
  case StorageType::Q4_K:
  case StorageType::Q5_K:
    return getGroupedCodes(context, 32, /*hasOffset=*/true);
  case StorageType::Q6_K:
    return getGroupedCodes(context, 16, /*hasOffset=*/false);
  case StorageType::I8:
  case StorageType::U8:
  case StorageType::I32:
  case StorageType::I64:
  case StorageType::Bool:
    return nullptr;
  }
  llvm_unreachable("all types are listed");
}
