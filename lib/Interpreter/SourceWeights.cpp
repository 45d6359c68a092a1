// Weights of a checkpoint, decoded one element at a time by formula.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "tenon/Interpreter/Tensor.h"
#include "tenon/Interpreter/WeightProvider.h"
#include "tenon/Support/GgufGrids.h"
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

static double decodeE8M0(uint8_t code) {
  return code == 255 ? NAN : std::ldexp(1.0, code - 127);
}

/// The pair of bits of element i of 256, in 32 bytes for each half.
static int pairOfBits(const uint8_t *pairs, int i) {
  return pairs[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
}

/// 16 scales of 4 bits, 16 minima of 4 bits, 256 codes of 2 bits.
static double decodeQ2K(const uint8_t *b, int i) {
  int scale = b[i / 16] & 15, minimum = b[i / 16] >> 4;
  return half(b + 80) * scale * pairOfBits(b + 16, i) - half(b + 82) * minimum;
}

/// Third bits, 256 codes of 2 bits, 16 scales of 6 bits minus 32: their low
/// halves in 8 bytes, the pairs on top of them in 4 bytes.
static double decodeQ3K(const uint8_t *b, int i) {
  int sub = i / 16;
  int low = b[96 + sub % 8] >> (sub / 8 * 4) & 15;
  int high = b[104 + sub % 4] >> (sub / 4 * 2) & 3;
  int third = b[i % 32] >> (i / 32) & 1;
  return half(b + 108) * ((low | high << 4) - 32) *
         (pairOfBits(b + 32, i) - (third ? 0 : 4));
}

/// What the codes of IQ4 mean.
static int unevenValue(int code) {
  static constexpr int values[] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                   1,    13,   25,  38,  53,  69,  89,  113};
  return values[code];
}

/// 8 scales of 6 bits minus 32: pairs of bits, low halves, then the codes.
static double decodeIQ4XS(const uint8_t *b, int i) {
  int sub = i / 32;
  int low = b[4 + sub / 2] >> (sub % 2 * 4) & 15;
  int high = read16le(b + 2) >> (2 * sub) & 3;
  return half(b) * ((low | high << 4) - 32) *
         unevenValue(shortCode(b + 8 + 16 * sub, nullptr, i % 32));
}

/// 1 or -1 by the bit of element i of eight; the last bit of a byte of seven
/// makes the number of bits even.
static int signOf(int seven, int i) {
  int bit = seven >> i & 1;
  if (i == 7) {
    bit = 0;
    for (int k = 0; k < 7; ++k)
      bit ^= seven >> k & 1;
  }
  return bit ? -1 : 1;
}

/// Number k of a point, which is one of 8, 25 and 43.
static int magnitudeOf(uint16_t point, int k) {
  static constexpr int magnitudes[] = {8, 25, 43};
  return magnitudes[point >> (2 * k) & 3];
}

static double decodeIQ2(StorageType type, const uint8_t *b, int i) {
  int octet = i / 8, group = i / 32, lane = octet % 4, k = i % 8;
  if (type == StorageType::IQ2_XXS) {
    const uint8_t *at = b + 2 + 8 * group;
    uint32_t word = read32le(at + 4);
    double scale = half(b) * (0.5 + (word >> 28)) * 0.25;
    return scale * magnitudeOf(kGridIQ2XXS[at[lane]], k) *
           signOf(word >> (7 * lane) & 127, k);
  }
  int scales = b[(type == StorageType::IQ2_XS ? 66 : 74) + group];
  double scale = half(b) * (0.5 + (scales >> (lane / 2 * 4) & 15)) * 0.25;
  if (type == StorageType::IQ2_XS) {
    int word = read16le(b + 2 + 2 * octet);
    return scale * magnitudeOf(kGridIQ2XS[word % 512], k) *
           signOf(word / 512, k);
  }
  int point = b[2 + octet] + 256 * (b[66 + group] >> (2 * lane) & 3);
  return scale * magnitudeOf(kGridIQ2S[point], k) *
         (b[34 + octet] >> k & 1 ? -1 : 1);
}

static double decodeIQ3XXS(const uint8_t *b, int i) {
  static constexpr int magnitudes[] = {4, 12, 20, 28, 36, 44, 52, 62};
  uint32_t word = read32le(b + 66 + i / 32 * 4);
  int magnitude = magnitudes[kGridIQ3XXS[b[2 + i / 4]] >> (3 * (i % 4)) & 7];
  return half(b) * (0.5 + (word >> 28)) * 0.5 * magnitude *
         signOf(word >> (i % 32 / 8 * 7) & 127, i % 8);
}

static double decodeIQ3S(const uint8_t *b, int i) {
  int group = i / 32;
  int point = b[2 + i / 4] + 256 * (b[66 + group] >> (i % 32 / 4) & 1);
  int magnitude = 1 + 2 * (kGridIQ3S[point] >> (3 * (i % 4)) & 7);
  int scale = 1 + 2 * (b[106 + group / 2] >> (group % 2 * 4) & 15);
  return half(b) * scale * magnitude * (b[74 + i / 8] >> i % 8 & 1 ? -1 : 1);
}

/// -1, 0 or 1, a little more or less.
static double shiftedDigit(int point, int k, bool isLess) {
  int digit = (kGridIQ1[point] >> (2 * k) & 3) - 1;
  return digit + (isLess ? -0.125 : 0.125);
}

static double decodeIQ1S(const uint8_t *b, int i) {
  int octet = i / 8, word = read16le(b + 34 + i / 32 * 2);
  int point = b[2 + octet] + 256 * (word >> (octet % 4 * 3) & 7);
  return half(b) * (2 * (word >> 12 & 7) + 1) *
         shiftedDigit(point, i % 8, word >> 15);
}

static double decodeIQ1M(const uint8_t *b, int i) {
  int octet = i / 8, sub = i / 16, bits = 0;
  for (int word = 0; word < 4; ++word)
    bits += read16le(b + 48 + 2 * word) / 4096 << (4 * word);
  int scale = read16le(b + 48 + sub / 4 * 2) >> (sub % 4 * 3) & 7;
  int nibble = b[32 + octet / 2] >> (octet % 2 * 4) & 15;
  return decodeFloat(static_cast<uint32_t>(bits), 5, 10) * (2 * scale + 1) *
         shiftedDigit(b[octet] + 256 * (nibble & 7), i % 8, nibble & 8);
}

/// A byte has five digits in base 3; the byte is the number times 256 / 243.
static double decodeTQ1(const uint8_t *b, int i) {
  static constexpr int powers[] = {1, 3, 9, 27, 81};
  int byte, digit;
  if (i < 160) {
    byte = b[i % 32];
    digit = i / 32;
  } else if (i < 240) {
    byte = b[32 + i % 16];
    digit = (i - 160) / 16;
  } else {
    byte = b[48 + i % 4];
    digit = (i - 240) / 4;
  }
  return half(b + 52) * ((byte * powers[digit] % 256 * 3 / 256) - 1);
}

/// Types of fewer than 4 bits, or with codes that are not even steps.
static double decodeSmallBlock(StorageType type, const uint8_t *b, int i) {
  switch (type) {
  case StorageType::Q2_K:
    return decodeQ2K(b, i);
  case StorageType::Q3_K:
    return decodeQ3K(b, i);
  case StorageType::IQ4_NL:
    return half(b) * unevenValue(shortCode(b + 2, nullptr, i));
  case StorageType::IQ4_XS:
    return decodeIQ4XS(b, i);
  case StorageType::IQ2_XXS:
  case StorageType::IQ2_XS:
  case StorageType::IQ2_S:
    return decodeIQ2(type, b, i);
  case StorageType::IQ3_XXS:
    return decodeIQ3XXS(b, i);
  case StorageType::IQ3_S:
    return decodeIQ3S(b, i);
  case StorageType::IQ1_S:
    return decodeIQ1S(b, i);
  case StorageType::IQ1_M:
    return decodeIQ1M(b, i);
  case StorageType::TQ1_0:
    return decodeTQ1(b, i);
  case StorageType::TQ2_0:
    return half(b + 64) * (pairOfBits(b, i) - 1);
  default:
    llvm_unreachable("no type with blocks");
  }
}

/// A float of 4 bits, e2m1, times a power of two, of which 255 is no number.
static double decodeMXFP4(const uint8_t *b, int i) {
  return decodeE2M1(shortCode(b + 1, nullptr, i)) * decodeE8M0(b[0]);
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
    return decodeSmallBlock(type, b, i);
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
    return decodeE8M0(*at);
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

/// Element (row, col) of a tensor, wherever it lies.
static llvm::Expected<double> readElement(const TensorSource &source,
                                          const TensorInfo &info,
                                          ArrayRef<uint8_t> bytes, int64_t row,
                                          int64_t col) {
  if (!info.order)
    return decodeElement(info.type, bytes, row * info.shape.back() + col);
  const ElementOrder &order = *info.order;
  int64_t bits = 8 * getBlockBytes(info.type) / getBlockElements(info.type);
  auto [unit, place] = order.locate(row, col, 32 / bits);
  if (order.words == ElementOrder::Words::None && order.multiplier.empty() &&
      info.type != StorageType::I8)
    return decodeElement(info.type, bytes, unit);
  double code = order.words == ElementOrder::Words::None
                    ? decodeElement(info.type, bytes, unit)
                    : static_cast<double>(read32le(bytes.data() + 4 * unit) >>
                                              (place * bits) &
                                          ((1u << bits) - 1));
  if (order.shift)
    code = std::fmod(code + static_cast<double>(order.shift),
                     std::ldexp(1.0, static_cast<int>(bits)));
  code -= static_cast<double>(order.bias);
  if (order.negated)
    code = -code;
  if (order.multiplier.empty())
    return code;
  const TensorInfo *other = source.find(order.multiplier);
  if (!other)
    return llvm::createStringError("the source has no tensor '" +
                                   order.multiplier + "'");
  llvm::Expected<ArrayRef<uint8_t>> otherBytes = source.read(*other);
  if (!otherBytes)
    return otherBytes.takeError();
  llvm::Expected<double> factor =
      readElement(source, *other, *otherBytes, row, col);
  if (!factor)
    return factor.takeError();
  return code * *factor;
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
  if ((*info)->shape.empty() || (*info)->shape.back() != colBlocks ||
      (block + 1) * colBlocks > countElements((*info)->shape))
    return llvm::createStringError("expects scales per " + Twine(factor.rows) +
                                   "x" + Twine(factor.cols) + " in tensor '" +
                                   name + "'");
  llvm::Expected<ArrayRef<uint8_t>> bytes = source.read(**info);
  if (!bytes)
    return bytes.takeError();
  for (int64_t group = 0; group < colBlocks; ++group) {
    llvm::Expected<double> value =
        readElement(source, **info, *bytes, block, group);
    if (!value)
      return value.takeError();
    int64_t first = group * factor.cols;
    for (double &product :
         products.slice(first, std::min(factor.cols, cols - first)))
      product *= *value;
  }
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
  for (int64_t k = 0; k < cols && !(*info)->order; ++k)
    out[k] = decodeElement((*info)->type, *bytes, row * cols + k);
  for (int64_t k = 0; k < cols && (*info)->order; ++k) {
    llvm::Expected<double> number = readElement(source, **info, *bytes, row, k);
    if (!number)
      return number.takeError();
    out[k] = *number;
  }
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
