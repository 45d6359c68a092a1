// Rounds the exact values of a weight, once, to another format.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "llvm/Support/Format.h"
#include <array>
#include <cmath>
#include "CodeValues.h"
#include "DerivedReaders.h"
#include "FloatBits.h"

using namespace mlir;
using namespace tenon;

namespace {

/// Codes of at most 8 bits take a byte each.
enum class CodeType { F32, F16, BF16, Byte };

class CastReader : public MatrixReader {
public:
  CastReader(WeightType type, const MatrixReader &from, StringRef name);

  llvm::Error readCodes(const Rectangle &region, uint8_t *codes,
                        int64_t stride) const override;
  llvm::Error readFactor(size_t, const Rectangle &, uint8_t *) const override {
    llvm_unreachable("the result of a cast has no factors");
  }
  void release(int64_t matrix) const override { from.release(matrix); }

private:
  llvm::Expected<std::vector<float>>
  readProducts(FactorRole role, const Rectangle &region) const;
  void scaleRow(int64_t first, ArrayRef<float> scales, ArrayRef<float> offsets,
                MutableArrayRef<double> values) const;
  llvm::Error failOnOverflow(const Rectangle &region, int64_t row, int64_t col,
                             double value) const;

  const MatrixReader &from;
  std::string name;
  CodeType source, target;
  /// Values of codes that are bytes, less the zero of the format.
  std::array<float, 256> byteValues = {};
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
  return CodeType::Byte;
}

CastReader::CastReader(WeightType type, const MatrixReader &from,
                       StringRef name)
    : MatrixReader(type), from(from), name(name),
      source(getCodeType(from.getFormat())),
      target(getCodeType(type.getFormat())) {
  if (source == CodeType::Byte)
    byteValues = listCodeValues(from.getFormat());
}

template <typename Code, typename Decode>
static void decodeAs(const uint8_t *codes, MutableArrayRef<double> values,
                     Decode decode) {
  for (auto [i, value] : llvm::enumerate(values)) {
    Code code;
    memcpy(&code, codes + i * sizeof(Code), sizeof(Code));
    value = decode(code);
  }
}

static void decodeCodes(CodeType type, const std::array<float, 256> &byteValues,
                        const uint8_t *codes, MutableArrayRef<double> values) {
  switch (type) {
  case CodeType::F32:
    return decodeAs<float>(codes, values, [](float code) { return code; });
  case CodeType::F16:
    return decodeAs<uint16_t>(codes, values, halfToFloat);
  case CodeType::BF16:
    return decodeAs<uint16_t>(codes, values, bfloatToFloat);
  case CodeType::Byte:
    return decodeAs<uint8_t>(codes, values,
                             [&](uint8_t code) { return byteValues[code]; });
  }
}

/// Rounds each value with `round`, which gives at least `infinity` for what is
/// too large. Returns the first finite value of that kind, or the number of
/// values.
template <typename Code, typename Round>
static size_t encodeAs(ArrayRef<double> values, uint8_t *codes, Code infinity,
                       Round round) {
  constexpr Code magnitude = static_cast<Code>(~Code(0)) >> 1;
  bool overflows = false;
  for (auto [i, value] : llvm::enumerate(values)) {
    Code code = static_cast<Code>(round(value));
    memcpy(codes + i * sizeof(Code), &code, sizeof(Code));
    overflows |= (code & magnitude) >= infinity;
  }
  // Infinity and NaN are not made here; they come in and go out.
  if (overflows)
    for (auto [i, value] : llvm::enumerate(values))
      if (std::isfinite(value) &&
          (static_cast<Code>(round(value)) & magnitude) >= infinity)
        return i;
  return values.size();
}

/// A finite e4m3 has neither infinity nor a carry into it: 448 is the largest
/// number, and 464 the tie with what would be the next one.
static uint32_t roundToFloat8(double value) {
  uint32_t sign = std::signbit(value) ? 0x80 : 0;
  return std::fabs(value) <= 464 ? roundToBits<4, 3>(value) : sign | 0x7f;
}

static size_t encodeCodes(CodeType type, ArrayRef<double> values,
                          uint8_t *codes) {
  switch (type) {
  case CodeType::F32:
    return encodeAs<uint32_t>(values, codes, 0x7f800000, [](double value) {
      return llvm::bit_cast<uint32_t>(static_cast<float>(value));
    });
  case CodeType::F16:
    return encodeAs<uint16_t>(values, codes, 0x7c00, roundToBits<5, 10>);
  case CodeType::BF16:
    return encodeAs<uint16_t>(values, codes, 0x7f80, roundToBits<8, 7>);
  case CodeType::Byte: // Of those f8E4M3FN alone may have no scale.
    return encodeAs<uint8_t>(values, codes, 0x7f, roundToFloat8);
  }
  llvm_unreachable("all types are listed");
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

/// The products of all factors of a role, for each row of a region and each run
/// of columns that share them; none without such factors.
llvm::Expected<std::vector<float>>
CastReader::readProducts(FactorRole role, const Rectangle &region) const {
  FormatAttr format = from.getFormat();
  int64_t run = format.getScaleCols(), firstRun = region.col / run;
  int64_t runs = llvm::divideCeil(region.col + region.cols, run) - firstRun;
  std::vector<float> products;
  std::vector<uint8_t> numbers;
  for (auto [number, factor] : llvm::enumerate(format.getFactors())) {
    if (factor.role != role)
      continue;
    products.resize(region.rows * runs, 1);
    Rectangle blocks = getBlocks(factor, region);
    int64_t bytes = from.getFactorBytes(number);
    numbers.resize(blocks.rows * blocks.cols * bytes);
    if (llvm::Error error = from.readFactor(number, blocks, numbers.data()))
      return std::move(error);
    for (int64_t row = 0; row < region.rows; ++row)
      for (int64_t i = 0; i < runs; ++i) {
        int64_t down = (region.row + row) / factor.rows - blocks.row;
        int64_t across = (firstRun + i) * run / factor.cols - blocks.col;
        products[row * runs + i] *= decodeNumber(
            factor.type,
            numbers.data() + (down * blocks.cols + across) * bytes);
      }
  }
  return products;
}

llvm::Error CastReader::readCodes(const Rectangle &region, uint8_t *codes,
                                  int64_t stride) const {
  int64_t width = region.cols * from.getCodeBytes();
  std::vector<uint8_t> buffer(region.rows * width);
  if (llvm::Error error = from.readCodes(region, buffer.data(), width))
    return error;
  llvm::Expected<std::vector<float>> scales =
      readProducts(FactorRole::Scale, region);
  if (!scales)
    return scales.takeError();
  llvm::Expected<std::vector<float>> offsets =
      readProducts(FactorRole::Offset, region);
  if (!offsets)
    return offsets.takeError();
  offsets->resize(scales->size());
  int64_t runs = scales->size() / region.rows;
  std::vector<double> values(region.cols);
  for (int64_t row = 0; row < region.rows; ++row) {
    decodeCodes(source, byteValues, buffer.data() + row * width, values);
    if (runs)
      scaleRow(region.col, ArrayRef(*scales).slice(row * runs, runs),
               ArrayRef(*offsets).slice(row * runs, runs), values);
    size_t overflow = encodeCodes(target, values, codes + row * stride);
    if (overflow != values.size())
      return failOnOverflow(region, row, overflow, values[overflow]);
  }
  return llvm::Error::success();
}

/// Multiplies the values of a row, from column `first`, by their scales and
/// adds the offsets.
void CastReader::scaleRow(int64_t first, ArrayRef<float> scales,
                          ArrayRef<float> offsets,
                          MutableArrayRef<double> values) const {
  int64_t run = from.getFormat().getScaleCols(), begin = 0;
  for (auto [scale, offset] : llvm::zip_equal(scales, offsets)) {
    int64_t end =
        std::min<int64_t>(values.size(), begin + run - (first + begin) % run);
    // A product of 8 and 24 bits is exact. So is the sum: only blocks of GGUF
    // have offsets, and their products and offsets are multiples of 2^-24 below
    // 2^28. Adding 0 would lose the sign of -0.
    for (int64_t col = begin; col < end; ++col)
      values[col] *= scale;
    for (int64_t col = begin; col < end && offset != 0; ++col)
      values[col] += offset;
    begin = end;
  }
}

std::unique_ptr<MatrixReader> tenon::makeCastReader(WeightType type,
                                                    const MatrixReader &from,
                                                    StringRef name) {
  return std::make_unique<CastReader>(type, from, name);
}
