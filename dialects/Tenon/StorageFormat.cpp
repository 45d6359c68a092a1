// The format that keeps the values of a stored tensor exactly.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/StorageFormat.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace tenon;

namespace {
/// Makes the formats of blocks along a row.
struct BlockFormats {
  MLIRContext *context;

  /// One f16 for 32 codes; without offsets `zero` is the code of 0.
  FormatAttr plain(unsigned bits, int64_t zero, bool hasOffset) const {
    FormatFactor scale = {FactorRole::Scale, Float16Type::get(context), 1, 32};
    return make(bits, zero, {scale}, hasOffset);
  }
  /// A small integer for a run of codes, multiplied by one f16 for 256.
  FormatAttr nested(unsigned bits, int64_t zero, Type inner, int64_t run,
                    bool hasOffset) const {
    FormatFactor outer = {FactorRole::Scale, Float16Type::get(context), 1, 256};
    return make(bits, zero, {outer, {FactorRole::Scale, inner, 1, run}},
                hasOffset);
  }

private:
  FormatAttr make(unsigned bits, int64_t zero,
                  SmallVector<FormatFactor, 4> factors, bool hasOffset) const {
    for (FormatFactor factor : SmallVector<FormatFactor, 4>(factors))
      if (hasOffset)
        factors.push_back(
            {FactorRole::Offset, factor.type, factor.rows, factor.cols});
    Type code = IntegerType::get(context, bits, IntegerType::Unsigned);
    return FormatAttr::get(context, code, zero, factors);
  }
};
} // namespace

FormatAttr tenon::getStorageFormat(MLIRContext *context, StorageType type,
                                   ArrayRef<int64_t> scaleBlock) {
  BlockFormats blocks = {context};
  Type byte = IntegerType::get(context, 8, IntegerType::Unsigned);
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
    FormatFactor scale = {FactorRole::Scale, Float32Type::get(context),
                          scaleBlock[0], scaleBlock[1]};
    return FormatAttr::get(context, code, /*zero=*/0, scale);
  }
  case StorageType::Q4_0:
    return blocks.plain(4, 8, /*hasOffset=*/false);
  case StorageType::Q5_0:
    return blocks.plain(5, 16, /*hasOffset=*/false);
  case StorageType::Q8_0:
    return blocks.plain(8, 128, /*hasOffset=*/false);
  case StorageType::Q4_1:
    return blocks.plain(4, 0, /*hasOffset=*/true);
  case StorageType::Q5_1:
    return blocks.plain(5, 0, /*hasOffset=*/true);
  case StorageType::Q4_K:
    return blocks.nested(4, 0, byte, 32, /*hasOffset=*/true);
  case StorageType::Q5_K:
    return blocks.nested(5, 0, byte, 32, /*hasOffset=*/true);
  case StorageType::Q6_K:
    return blocks.nested(6, 32, IntegerType::get(context, 8), 16,
                         /*hasOffset=*/false);
  case StorageType::MXFP4: {
    Type power = Float8E8M0FNUType::get(context);
    FormatFactor scale = {FactorRole::Scale, power, 1, 32};
    return FormatAttr::get(context, Float4E2M1FNType::get(context), /*zero=*/0,
                           scale);
  }
  case StorageType::F4E2M1:
    // The blocks of MXFP4, but with their scales elsewhere.
    return scaleBlock == ArrayRef<int64_t>({1, 32})
               ? getStorageFormat(context, StorageType::MXFP4)
               : nullptr;
  case StorageType::F8E8M0:
  case StorageType::I8:
  case StorageType::U8:
  case StorageType::I32:
  case StorageType::I64:
  case StorageType::Bool:
    return nullptr;
  }
  llvm_unreachable("all storage types are listed");
}
