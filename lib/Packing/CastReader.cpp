// Rounds the exact values of a weight, once, to another format.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "llvm/Support/Format.h"
#include "DerivedReaders.h"
#include "FloatBits.h"

using namespace mlir;
using namespace tenon;

namespace {

enum class CodeType { F32, F16, BF16, F8, I8 };

class CastReader : public MatrixReader {
public:
  CastReader(WeightType type, const MatrixReader &from, StringRef name);

  llvm::Error readCodes(const Rectangle &region, uint8_t *codes,
                        int64_t stride) const override;
  llvm::Error readScales(const Rectangle &, float *, float *) const override {
    llvm_unreachable("the result of a cast has no scales");
  }
  void release(int64_t matrix) const override { from.release(matrix); }

private:
  llvm::Error failOnOverflow(const Rectangle &region, int64_t row, int64_t col,
                             double value) const;

  const MatrixReader &from;
  std::string name;
  CodeType source, target;
};

} // namespace

static CodeType getCodeType(FormatAttr format) {
  Type code = format.getCode();
  if (code.isF32())
    return CodeType::F32;
  if (code.isF16())
    return CodeType::F16;
  if (code.isBF16())
    return CodeType::BF16;
  return code.isInteger(8) ? CodeType::I8 : CodeType::F8;
}

CastReader::CastReader(WeightType type, const MatrixReader &from,
                       StringRef name)
    : MatrixReader(type), from(from), name(name),
      source(getCodeType(from.getFormat())),
      target(getCodeType(type.getFormat())) {}

template <typename Code, typename Decode>
static void decodeAs(const uint8_t *codes, MutableArrayRef<double> values,
                     Decode decode) {
  for (auto [i, value] : llvm::enumerate(values)) {
    Code code;
    memcpy(&code, codes + i * sizeof(Code), sizeof(Code));
    value = decode(code);
  }
}

static void decodeCodes(CodeType type, const uint8_t *codes,
                        MutableArrayRef<double> values) {
  switch (type) {
  case CodeType::F32:
    return decodeAs<float>(codes, values, [](float code) { return code; });
  case CodeType::F16:
    return decodeAs<uint16_t>(codes, values, halfToFloat);
  case CodeType::BF16:
    return decodeAs<uint16_t>(codes, values, bfloatToFloat);
  case CodeType::F8:
    return decodeAs<uint8_t>(codes, values, float8ToFloat);
  case CodeType::I8:
    return decodeAs<int8_t>(codes, values, [](int8_t code) { return code; });
  }
}

/// Rounds to nearest even; false if a finite value became infinite.
static bool encode(CodeType type, double value, uint8_t *code) {
  uint32_t bits;
  uint32_t infinity;
  switch (type) {
  case CodeType::F32:
    bits = llvm::bit_cast<uint32_t>(static_cast<float>(value));
    infinity = 0x7f800000;
    memcpy(code, &bits, 4);
    break;
  case CodeType::F16:
  case CodeType::BF16:
    bits = type == CodeType::F16 ? roundToBits<5, 10>(value)
                                 : roundToBits<8, 7>(value);
    infinity = type == CodeType::F16 ? 0x7c00 : 0x7f80;
    memcpy(code, &bits, 2);
    bits &= 0x7fff;
    break;
  default:
    // The largest number is 448, and 464 is the tie with what would be next.
    *code = static_cast<uint8_t>(std::isnan(value) ? 0x7f
                                                   : roundToBits<4, 3>(value));
    return !(std::fabs(value) > 464);
  }
  return (bits & 0x7fffffff) != infinity || std::isinf(value);
}

llvm::Error CastReader::failOnOverflow(const Rectangle &region, int64_t row,
                                       int64_t col, double value) const {
  std::string text;
  llvm::raw_string_ostream(text)
      << "@" << name << " casts " << llvm::format("%g", value) << " in row "
      << region.row + row << ", column " << region.col + col << " of matrix "
      << region.matrix << ", which exceeds the largest "
      << getFormat().getCode() << "; cast to a wider format";
  return makePackError(text);
}

llvm::Error CastReader::readCodes(const Rectangle &region, uint8_t *codes,
                                  int64_t stride) const {
  int64_t width = region.cols * from.getCodeBytes();
  std::vector<uint8_t> buffer(region.rows * width);
  if (llvm::Error error = from.readCodes(region, buffer.data(), width))
    return error;
  Rectangle blocks = getBlocks(from, region);
  std::vector<float> scales, offsets;
  if (from.getFormat().hasScale()) {
    scales.resize(blocks.rows * blocks.cols);
    offsets.resize(scales.size());
    bool hasOffset = from.getFormat().getHasOffset();
    if (llvm::Error error = from.readScales(
            blocks, scales.data(), hasOffset ? offsets.data() : nullptr))
      return error;
  }
  std::vector<double> values(region.cols);
  int64_t bytes = getCodeBytes();
  for (int64_t row = 0; row < region.rows; ++row) {
    decodeCodes(source, buffer.data() + row * width, values);
    int64_t block =
        ((region.row + row) / from.getScaleRows() - blocks.row) * blocks.cols;
    for (int64_t col = 0; col < region.cols; ++col) {
      if (!scales.empty()) {
        int64_t run = (region.col + col) / from.getScaleCols() - blocks.col;
        // The product of 8 and 24 bits is exact. Adding 0 would lose the sign
        // of -0.
        values[col] *= scales[block + run];
        if (offsets[block + run] != 0)
          values[col] = addToOdd(values[col], offsets[block + run]);
      }
      if (!encode(target, values[col], codes + row * stride + col * bytes))
        return failOnOverflow(region, row, col, values[col]);
    }
  }
  return llvm::Error::success();
}

std::unique_ptr<MatrixReader> tenon::makeCastReader(WeightType type,
                                                    const MatrixReader &from,
                                                    StringRef name) {
  return std::make_unique<CastReader>(type, from, name);
}
