// Weights of a checkpoint, decoded one element at a time by formula.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "tenon/Interpreter/Tensor.h"
#include "tenon/Interpreter/WeightProvider.h"
#include "llvm/Support/Endian.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace tenon;

using llvm::support::endian::read16le;
using llvm::support::endian::read32le;
using llvm::support::endian::read64le;

/// A float of 1 sign bit, some exponent bits and some mantissa bits.
static double decodeFloat(uint32_t bits, int exponentBits, int mantissaBits) {
  int bias = (1 << (exponentBits - 1)) - 1;
  int exponent = bits >> mantissaBits & ((1 << exponentBits) - 1);
  int mantissa = bits & ((1 << mantissaBits) - 1);
  bool negative = bits >> (exponentBits + mantissaBits) & 1;
  double value = exponent == 0 ? std::ldexp(mantissa, 1 - bias - mantissaBits)
                               : std::ldexp((1 << mantissaBits) + mantissa,
                                            exponent - bias - mantissaBits);
  // All exponent bits set: no number, in types with infinity.
  if (exponent == (1 << exponentBits) - 1)
    value = mantissa ? NAN : INFINITY;
  return negative ? -value : value;
}

static double half(const uint8_t *at) {
  return decodeFloat(read16le(at), 5, 10);
}

static double decodeE4M3(uint8_t code) {
  int exponent = code >> 3 & 15, mantissa = code & 7;
  double value = exponent ? std::ldexp(8 + mantissa, exponent - 10)
                          : std::ldexp(mantissa, -9);
  if ((code & 127) == 127)
    value = NAN;
  return code & 128 ? -value : value;
}

/// Blocks of 32 codes of 4 bits, perhaps with a fifth bit elsewhere: the low
/// halves of 16 bytes, then their high halves.
static int shortCode(const uint8_t *codes, const uint8_t *fifth, int i) {
  int code = i < 16 ? codes[i] & 15 : codes[i - 16] >> 4;
  return fifth ? code | (fifth[i / 8] >> i % 8 & 1) << 4 : code;
}

/// Scale (part 0) or minimum (part 1) of sub-block j of 8, in 12 bytes: six
/// bits each; the upper two bits of the last four lie in the first eight bytes.
static int sixBits(const uint8_t *s, int j, int part) {
  if (j < 4)
    return s[j + 4 * part] & 63;
  int low = part ? s[j + 4] >> 4 : s[j + 4] & 15;
  return low | s[j - 4 + 4 * part] >> 6 << 4;
}

/// 256 codes in 8 sub-blocks with a scale and a minimum each. 32 bytes hold two
/// sub-blocks: low halves, then high halves.
static double decodeQ45K(const uint8_t *b, int i, bool fifth) {
  int sub = i / 32;
  const uint8_t *codes = b + 16 + (fifth ? 32 : 0) + sub / 2 * 32;
  int code = codes[i % 32] >> (sub % 2 * 4) & 15;
  if (fifth)
    code |= (b[16 + i % 32] >> sub & 1) << 4;
  return half(b) * sixBits(b + 4, sub, 0) * code -
         half(b + 2) * sixBits(b + 4, sub, 1);
}

/// 256 codes of 6 bits minus 32: four bits in 128 bytes, two in 64 bytes, then
/// 16 scales of 8 bits and the scale of them.
static double decodeQ6K(const uint8_t *b, int i) {
  int part = i / 128, quarter = i % 128 / 32, lane = i % 32;
  const uint8_t *low = b + part * 64, *high = b + 128 + part * 32;
  int code = low[lane + quarter % 2 * 32] >> (quarter / 2 * 4) & 15;
  code |= (high[lane] >> (2 * quarter) & 3) << 4;
  int scale = static_cast<int8_t>(b[192 + i / 16]);
  return half(b + 208) * scale * (code - 32);
}

static double decodeE2M1(int code) {
  double size = code & 6 ? std::ldexp(2 + (code & 1), (code >> 1 & 3) - 2)
                         : 0.5 * (code & 1);
  return code & 8 ? -size : size;
}

/// A float of 4 bits, e2m1, times a power of two, of which 255 is no number.
static double decodeMXFP4(const uint8_t *b, int i) {
  static constexpr double magnitudes[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  int code = shortCode(b + 1, nullptr, i);
  double value = magnitudes[code & 7] * std::ldexp(1.0, b[0] - 127);
  return b[0] == 255 ? NAN : code & 8 ? -value : value;
}

static double decodeBlock(StorageType type, const uint8_t *b, int i) {
  switch (type) {
  case StorageType::Q4_0:
    return half(b) * (shortCode(b + 2, nullptr, i) - 8);
  case StorageType::Q4_1:
    return half(b) * shortCode(b + 4, nullptr, i) + half(b + 2);
  case StorageType::Q5_0:
    return half(b) * (shortCode(b + 6, b + 2, i) - 16);
  case StorageType::Q5_1:
    return half(b) * shortCode(b + 8, b + 4, i) + half(b + 2);
  case StorageType::Q8_0:
    return half(b) * static_cast<int8_t>(b[2 + i]);
  case StorageType::Q4_K:
    return decodeQ45K(b, i, /*fifth=*/false);
  case StorageType::Q5_K:
    return decodeQ45K(b, i, /*fifth=*/true);
  case StorageType::Q6_K:
    return decodeQ6K(b, i);
  case StorageType::MXFP4:
    return decodeMXFP4(b, i);
  default:
    llvm_unreachable("no type with blocks");
  }
}

double tenon::decodeElement(StorageType type, ArrayRef<uint8_t> bytes,
                            int64_t element) {
  int64_t perBlock = getBlockElements(type);
  const uint8_t *at = bytes.data() + element / perBlock * getBlockBytes(type);
  switch (type) {
  case StorageType::F32: {
    uint32_t bits = read32le(at);
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  case StorageType::F16:
    return half(at);
  case StorageType::BF16:
    return decodeFloat(read16le(at), 8, 7);
  case StorageType::F8E4M3:
    return decodeE4M3(*at);
  case StorageType::F4E2M1:
    return decodeE2M1(element % 2 ? *at >> 4 : *at & 15);
  case StorageType::F8E8M0:
    return *at == 255 ? NAN : std::ldexp(1.0, *at - 127);
  case StorageType::I8:
    return static_cast<int8_t>(*at);
  case StorageType::U8:
  case StorageType::Bool:
    return *at;
  case StorageType::I32:
    return static_cast<int32_t>(read32le(at));
  case StorageType::I64:
    return static_cast<double>(static_cast<int64_t>(read64le(at)));
  default:
    return decodeBlock(type, at, static_cast<int>(element % perBlock));
  }
}

static int64_t countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  return count;
}

static llvm::Expected<const TensorInfo *> findTensor(const TensorSource &source,
                                                     WeightOp weight,
                                                     const std::string &name) {
  if (const TensorInfo *info = source.find(name))
    return info;
  return llvm::createStringError("the source has no tensor '" + name +
                                 "', which @" + weight.getSymName() + " needs");
}

/// Finds the tensor that holds a row of a stack, and the row inside of it; its
/// number in the stack is `index`.
static llvm::Expected<const TensorInfo *> locate(const TensorSource &source,
                                                 WeightOp weight, int64_t &row,
                                                 int64_t &index) {
  ArrayRef<int64_t> rest = weight.getTensorShape();
  int64_t rows = rest.empty() ? 1 : countElements(rest.drop_back());
  index = row / rows;
  row %= rows;
  std::string name = weight.getTensorName(index);
  llvm::Expected<const TensorInfo *> info = findTensor(source, weight, name);
  if (!info)
    return info.takeError();
  if (countElements((*info)->shape) != countElements(rest))
    return llvm::createStringError(
        "expects tensor '" + name + "' to have " + Twine(countElements(rest)) +
        " elements for @" + weight.getSymName() + ", but got " +
        Twine(countElements((*info)->shape)));
  return info;
}

/// Multiplies the elements of a row by their numbers of a factor that lies in a
/// tensor of its own.
static llvm::Error multiplyBy(const TensorSource &source, WeightOp weight,
                              size_t number, int64_t index, int64_t row,
                              MutableArrayRef<double> products) {
  WeightType type = weight.getWeightType();
  FormatFactor factor = type.getFormat().getFactors()[number];
  std::string name = weight.getFactorTensorName(number, index);
  llvm::Expected<const TensorInfo *> info = findTensor(source, weight, name);
  if (!info)
    return info.takeError();
  int64_t rows = type.getRows(), cols = products.size();
  int64_t rowBlocks = llvm::divideCeil(rows, factor.rows);
  int64_t colBlocks = llvm::divideCeil(cols, factor.cols);
  int64_t block = row / rows * rowBlocks + row % rows / factor.rows;
  if ((block + 1) * colBlocks > countElements((*info)->shape))
    return llvm::createStringError("expects scales per " + Twine(factor.rows) +
                                   "x" + Twine(factor.cols) + " in tensor '" +
                                   name + "'");
  llvm::Expected<ArrayRef<uint8_t>> bytes = source.read(**info);
  if (!bytes)
    return bytes.takeError();
  for (int64_t k = 0; k < cols; ++k)
    products[k] *= decodeElement((*info)->type, *bytes,
                                 block * colBlocks + k / factor.cols);
  return llvm::Error::success();
}

/// Multiplies a row of codes by its scales and adds the offsets.
static llvm::Error applyFactors(const TensorSource &source, WeightOp weight,
                                int64_t index, int64_t row,
                                MutableArrayRef<double> out) {
  FormatAttr format = weight.getWeightType().getFormat();
  std::vector<double> offsets(out.size(), format.hasOffset() ? 1 : 0);
  for (auto [number, factor] : llvm::enumerate(format.getFactors())) {
    MutableArrayRef<double> products = out;
    if (factor.role == FactorRole::Offset)
      products = offsets;
    if (llvm::Error error =
            multiplyBy(source, weight, number, index, row, products))
      return error;
  }
  for (int64_t k = 0; format.hasOffset() && k < int64_t(out.size()); ++k)
    out[k] += offsets[k];
  return llvm::Error::success();
}

llvm::Error SourceWeights::readRow(WeightOp weight, int64_t row,
                                   MutableArrayRef<double> out) {
  int64_t index = 0;
  llvm::Expected<const TensorInfo *> info = locate(source, weight, row, index);
  if (!info)
    return info.takeError();
  llvm::Expected<ArrayRef<uint8_t>> bytes = source.read(**info);
  if (!bytes)
    return bytes.takeError();
  int64_t cols = out.size();
  for (int64_t k = 0; k < cols; ++k)
    out[k] = decodeElement((*info)->type, *bytes, row * cols + k);
  FormatAttr format = weight.getWeightType().getFormat();
  if (weight.hasFactorTensors())
    if (llvm::Error error = applyFactors(source, weight, index, row, out))
      return error;
  // Values of a block type are those of codes, scales and offsets exactly.
  if (!format.hasScale())
    for (double &value : out)
      value = roundTo(format.getCode(), value);
  return llvm::Error::success();
}
