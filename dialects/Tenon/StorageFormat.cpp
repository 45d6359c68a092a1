// The format that keeps the values of a stored tensor exactly.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/StorageFormat.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/MathExtras.h"

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
  /// One scale for all codes of a block, which are numbers of a table.
  FormatAttr plain(ArrayRef<int8_t> values) const {
    return make(values,
                {{FactorRole::Scale, Float16Type::get(context), 1, 32}});
  }
  /// One f16 for 256 codes, twice: device code steps over 128 columns at most.
  FormatAttr ternary() const {
    FormatFactor scale = {FactorRole::Scale, Float16Type::get(context), 1, 128};
    return make(2, 1, {scale}, /*hasOffset=*/false);
  }
  /// A small integer for a run of codes, multiplied by one number for 256. The
  /// codes are numbers of a table.
  FormatAttr nested(ArrayRef<int8_t> values, Type outer, Type inner,
                    int64_t run) const {
    return make(values, {{FactorRole::Scale, outer, 1, 256},
                         {FactorRole::Scale, inner, 1, run}});
  }
  /// A small integer for a run of codes, multiplied by one f16 for 256.
  FormatAttr nested(unsigned bits, int64_t zero, Type inner, int64_t run,
                    bool hasOffset) const {
    FormatFactor outer = {FactorRole::Scale, Float16Type::get(context), 1, 256};
    return make(bits, zero, {outer, {FactorRole::Scale, inner, 1, run}},
                hasOffset);
  }

private:
  FormatAttr make(ArrayRef<int8_t> values,
                  SmallVector<FormatFactor, 2> factors) const {
    Type code = IntegerType::get(context, llvm::Log2_64(values.size()),
                                 IntegerType::Unsigned);
    return FormatAttr::get(context, code, /*zero=*/0, factors, values);
  }
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

// Numbers of codes of 4 bits, closer to each other where weights are many.
static constexpr int8_t kUnevenValues[] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// Magnitudes of the grids, and in the upper half their negatives. Codes that no
// point has are 0.
static constexpr int8_t kTwoBitValues[] = {8, 25, 43, 0, -8, -25, -43, 0};
static constexpr int8_t kWideTwoBitValues[] = {8,  25,  43,  0, 0, 0, 0, 0,
                                               -8, -25, -43, 0, 0, 0, 0, 0};
static constexpr int8_t kThreeBitValues[] = {
    4, 12, 20, 28, 36, 44, 52, 62, -4, -12, -20, -28, -36, -44, -52, -62};
static constexpr int8_t kOddValues[] = {1,  3,  5,  7,  9,  11,  13,  15,
                                        -1, -3, -5, -7, -9, -11, -13, -15};
// Eight times -1, 0 and 1, plus or minus 1.
static constexpr int8_t kOneBitValues[] = {-7, 1, 9, 0, -9, -1, 7, 0};
static constexpr int8_t kWideOneBitValues[] = {-7, 1,  9, 0, 0, 0, 0, 0,
                                               -9, -1, 7, 0, 0, 0, 0, 0};

/// The format of a type whose codes are numbers of a table; null for another one.
static FormatAttr getTableFormat(MLIRContext *context, StorageType type) {
  BlockFormats blocks = {context};
  Type byte = IntegerType::get(context, 8, IntegerType::Unsigned);
  Type f16 = Float16Type::get(context), f32 = Float32Type::get(context);
  switch (type) {
  case StorageType::IQ4_NL:
    return blocks.plain(kUnevenValues);
  case StorageType::IQ4_XS:
    return blocks.nested(kUnevenValues, f16, IntegerType::get(context, 8), 32);
  // An eighth or a quarter of an f16 may be too small for one.
  case StorageType::IQ2_XXS:
    return blocks.nested(kTwoBitValues, f32, byte, 32);
  case StorageType::IQ2_XS:
  case StorageType::IQ2_S:
    return blocks.nested(kWideTwoBitValues, f32, byte, 16);
  case StorageType::IQ3_XXS:
    return blocks.nested(kThreeBitValues, f32, byte, 32);
  case StorageType::IQ3_S:
    return blocks.nested(kOddValues, f16, byte, 32);
  case StorageType::IQ1_S:
    return blocks.nested(kOneBitValues, f32, byte, 32);
  case StorageType::IQ1_M:
    return blocks.nested(kWideOneBitValues, f32, byte, 16);
  default:
    return nullptr;
  }
}

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
  case StorageType::Q2_K:
    return blocks.nested(2, 0, byte, 16, /*hasOffset=*/true);
  case StorageType::Q3_K:
    // Planes of 1 and 2 bits would have 32 columns beside scales of 16.
    return blocks.nested(4, 4, IntegerType::get(context, 8), 16,
                         /*hasOffset=*/false);
  case StorageType::Q4_K:
    return blocks.nested(4, 0, byte, 32, /*hasOffset=*/true);
  case StorageType::Q5_K:
    return blocks.nested(5, 0, byte, 32, /*hasOffset=*/true);
  case StorageType::Q6_K:
    return blocks.nested(6, 32, IntegerType::get(context, 8), 16,
                         /*hasOffset=*/false);
  case StorageType::TQ1_0:
  case StorageType::TQ2_0:
    return blocks.ternary();
  case StorageType::MXFP4: {
    Type power = Float8E8M0FNUType::get(context);
    FormatFactor scale = {FactorRole::Scale, power, 1, 32};
    return FormatAttr::get(context, Float4E2M1FNType::get(context), /*zero=*/0,
                           scale);
  }
  case StorageType::F4E2M1: // MXFP4, but with its scales elsewhere
    return scaleBlock == ArrayRef<int64_t>({1, 32})
               ? getStorageFormat(context, StorageType::MXFP4)
               : nullptr;
  default:
    return getTableFormat(context, type);
  }
}

Type tenon::getScaledCode(MLIRContext *context, StorageType type) {
  switch (type) {
  case StorageType::F8E4M3:
    return Float8E4M3FNType::get(context);
  case StorageType::I8:
    return IntegerType::get(context, 8);
  case StorageType::U2:
    return IntegerType::get(context, 2, IntegerType::Unsigned);
  case StorageType::U4:
    return IntegerType::get(context, 4, IntegerType::Unsigned);
  case StorageType::U8:
    return IntegerType::get(context, 8, IntegerType::Unsigned);
  default:
    return nullptr;
  }
}
