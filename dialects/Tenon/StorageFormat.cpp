// The format that keeps the values of a stored tensor exactly.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/StorageFormat.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace tenon;

/// Codes of 8 bits with a scale, and maybe an offset, for each run of a row.
static FormatAttr getRunFormat(MLIRContext *context, int64_t length,
                               bool hasOffset) {
  return FormatAttr::get(context, IntegerType::get(context, 8),
                         Float32Type::get(context), 1, length, hasOffset);
}

FormatAttr tenon::getStorageFormat(MLIRContext *context, StorageType type,
                                   ArrayRef<int64_t> scaleBlock) {
  switch (type) {
  case StorageType::F32:
    return FormatAttr::get(Float32Type::get(context));
  case StorageType::F16:
    return FormatAttr::get(Float16Type::get(context));
  case StorageType::BF16:
    return FormatAttr::get(BFloat16Type::get(context));
  case StorageType::F8E4M3: {
    Type code = Float8E4M3FNType::get(context);
    if (scaleBlock.empty())
      return FormatAttr::get(code);
    assert(scaleBlock.size() == 2 && "a block has rows and columns");
    return FormatAttr::get(context, code, Float32Type::get(context),
                           scaleBlock[0], scaleBlock[1], /*hasOffset=*/false);
  }
  case StorageType::Q4_0:
  case StorageType::Q5_0:
  case StorageType::Q8_0:
    return getRunFormat(context, 32, /*hasOffset=*/false);
  case StorageType::Q4_1:
  case StorageType::Q5_1:
  case StorageType::Q4_K:
  case StorageType::Q5_K:
    return getRunFormat(context, 32, /*hasOffset=*/true);
  case StorageType::Q6_K:
    return getRunFormat(context, 16, /*hasOffset=*/false);
  case StorageType::I8:
  case StorageType::U8:
  case StorageType::I32:
  case StorageType::I64:
  case StorageType::Bool:
    return nullptr;
  }
  llvm_unreachable("all storage types are listed");
}
