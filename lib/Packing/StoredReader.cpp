// Reads a weight from the tensors of a source.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StoredReader.h"
#include "dialects/Tenon/StorageFormat.h"
#include "tenon/Packing/GgufBlocks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include "CodeValues.h"
#include "FloatBits.h"

using namespace mlir;
using namespace tenon;
using llvm::Error;

/// The most numbers of a factor that a block has.
static constexpr int64_t kFactorsOfBlock = 16;

/// For each code of a type the one of another that has the same value.
static std::array<uint8_t, 256> mapCodes(FormatAttr from, FormatAttr to) {
  std::array<float, 256> values = listCodeValues(from);
  std::array<float, 256> wide = listCodeValues(to);
  std::array<uint8_t, 256> codes = {};
  for (auto [code, value] : llvm::enumerate(values)) {
    uint32_t bits = llvm::bit_cast<uint32_t>(value);
    const float *same = llvm::find_if(wide, [&](float other) {
      return llvm::bit_cast<uint32_t>(other) == bits;
    });
    codes[code] = static_cast<uint8_t>(same - wide.begin());
  }
  return codes;
}

StoredReader::StoredReader(WeightType type, const TensorSource &source,
                           std::vector<StoredPart> parts)
    : MatrixReader(type), source(source), parts(std::move(parts)),
      rowsOfPart(getMatrices() * getRows() /
                 static_cast<int64_t>(this->parts.size())) {
  StorageType stored = this->parts.front().codes.info->type;
  if (!hasOwnFactors(stored) && stored != StorageType::F4E2M1)
    return;
  FormatAttr format = getStorageFormat(
      type.getContext(), stored,
      {type.getFormat().getScaleRows(), type.getFormat().getScaleCols()});
  if (format == type.getFormat())
    return;
  tight = format;
  widened = mapCodes(format, type.getFormat());
}

void StoredReader::release(int64_t matrix) const {
  int64_t first = matrix * getRows() / rowsOfPart;
  int64_t last = ((matrix + 1) * getRows() - 1) / rowsOfPart;
  assert(last < static_cast<int64_t>(parts.size()) && "no such matrix");
  for (int64_t part = first; part <= last; ++part)
    source.release(*parts[part].codes.info);
}

/// Codes of numbers of 8 bits; those that are no number are refused.
static Error copyFloat8(const TensorInfo &info, int64_t first,
                        const uint8_t *from, int64_t count, uint8_t *codes) {
  bool isNan = false;
  for (int64_t i = 0; i < count; ++i) {
    isNan |= (from[i] & 0x7f) == 0x7f;
    codes[i] = from[i];
  }
  if (!isNan)
    return Error::success();
  const uint8_t *found = std::find_if(
      from, from + count, [](uint8_t c) { return (c & 0x7f) == 0x7f; });
  return makePackError("tensor '" + info.name +
                       "' is not a number at element " +
                       llvm::Twine(first + (found - from)) +
                       ", but weights are finite; convert the model again");
}

static void widen(float (*decode)(uint16_t), const uint8_t *from, int64_t count,
                  uint8_t *codes) {
  for (int64_t i = 0; i < count; ++i) {
    float value = decode(llvm::support::endian::read16le(from + 2 * i));
    memcpy(codes + 4 * i, &value, 4);
  }
}

/// Codes of a part of a row with two of them in each byte.
static void copyHalfBytes(const uint8_t *row, int64_t col, int64_t cols,
                          uint8_t *codes) {
  for (int64_t i = 0; i < cols; ++i) {
    uint8_t byte = row[(col + i) / 2];
    codes[i] = (col + i) % 2 ? byte >> 4 : byte & 15;
  }
}

/// Codes of a part of a row that lies in blocks.
static void copyBlockCodes(StorageType type, const uint8_t *row, int64_t col,
                           int64_t cols, uint8_t *codes) {
  int64_t size = getBlockElements(type), bytes = getBlockBytes(type);
  for (int64_t end = col + cols; col < end;) {
    uint8_t block[256];
    int64_t inside = col % size, count = std::min(size - inside, end - col);
    const uint8_t *from = row + col / size * bytes;
    if (count == size) {
      decodeBlockCodes(type, from, codes);
    } else {
      decodeBlockCodes(type, from, block);
      memcpy(codes, block + inside, count);
    }
    codes += count;
    col += count;
  }
}

/// The whole number of an element of a tensor that has an order.
static int64_t readInteger(const StoredNumbers &stored, int64_t row,
                           int64_t col) {
  const ElementOrder &order = *stored.info->order;
  StorageType type = stored.info->type;
  int64_t bits = 8 * getBlockBytes(type) / getBlockElements(type);
  auto [unit, place] = order.locate(row, col, 32 / bits);
  const uint8_t *from = stored.bytes.data();
  int64_t code;
  if (order.words == ElementOrder::Words::None)
    code =
        type == StorageType::I8 ? static_cast<int8_t>(from[unit]) : from[unit];
  else
    code = llvm::support::endian::read32le(from + 4 * unit) >> place * bits &
           ((1u << bits) - 1);
  if (order.shift)
    code = (code + order.shift) & ((int64_t(1) << bits) - 1);
  return order.negated ? order.bias - code : code - order.bias;
}

/// Codes of whole numbers with scales in another tensor.
static void copyIntegers(const StoredNumbers &stored, FormatAttr format,
                         int64_t row, int64_t col, int64_t cols,
                         uint8_t *codes) {
  for (int64_t i = 0; i < cols; ++i)
    codes[i] = static_cast<uint8_t>(readInteger(stored, row, col + i) +
                                    format.getZero());
}

Error StoredReader::readRow(const StoredPart &part, int64_t row, int64_t col,
                            int64_t cols, uint8_t *codes) const {
  StorageType type = part.codes.info->type;
  if (part.codes.info->order) {
    copyIntegers(part.codes, getFormat(), row, col, cols, codes);
    return Error::success();
  }
  int64_t elements = row * getCols();
  const uint8_t *from = part.codes.bytes.data() +
                        elements / getBlockElements(type) * getBlockBytes(type);
  bool widens = getCodeBytes() == 4;
  switch (type) {
  case StorageType::F8E4M3:
    return copyFloat8(*part.codes.info, elements + col, from + col, cols,
                      codes);
  case StorageType::F16:
  case StorageType::BF16:
    if (widens)
      widen(type == StorageType::F16 ? halfToFloat : bfloatToFloat,
            from + 2 * col, cols, codes);
    else
      memcpy(codes, from + 2 * col, 2 * cols);
    return Error::success();
  case StorageType::F32:
    memcpy(codes, from + 4 * col, 4 * cols);
    return Error::success();
  case StorageType::I8:
    memcpy(codes, from + col, cols);
    return Error::success();
  default:
    if (type == StorageType::F4E2M1)
      copyHalfBytes(from, col, cols, codes);
    else
      copyBlockCodes(type, from, col, cols, codes);
    for (int64_t i = 0; i < cols && tight; ++i)
      codes[i] = widened[codes[i]];
    return Error::success();
  }
}

Error StoredReader::readCodes(const Rectangle &region, uint8_t *codes,
                              int64_t stride) const {
  int64_t row = region.matrix * getRows() + region.row;
  for (int64_t end = row + region.rows; row < end; ++row, codes += stride)
    if (Error error = readRow(parts[row / rowsOfPart], row % rowsOfPart,
                              region.col, region.cols, codes))
      return error;
  return Error::success();
}

static Error checkFinite(const TensorInfo &info, int64_t row, float value) {
  if (std::isfinite(value))
    return Error::success();
  return makePackError("tensor '" + info.name + "' has a scale of " +
                       (std::isnan(value) ? "nan" : "infinity") + " in row " +
                       llvm::Twine(row) +
                       ", but scales are finite; convert the model again");
}

/// Copies the numbers of a factor that a block has, and checks them.
static Error copyFinite(const TensorInfo &info, FormatAttr format,
                        size_t number, const uint8_t *block, int64_t row,
                        uint8_t *numbers) {
  const FormatFactor &factor = format.getFactors()[number];
  copyBlockFactor(info.type, number, block, numbers);
  if (factor.type.isInteger())
    return Error::success();
  int64_t bytes = factor.type.getIntOrFloatBitWidth() / 8;
  for (int64_t i = 0, e = getBlockElements(info.type) / factor.cols; i < e; ++i)
    if (Error error = checkFinite(
            info, row, decodeNumber(factor.type, numbers + i * bytes)))
      return error;
  return Error::success();
}

/// The numbers of a factor that one block has: as they are, or as the products
/// of all factors of that role.
Error StoredReader::decodeBlockFactor(const TensorInfo &info, size_t number,
                                      const uint8_t *block, int64_t row,
                                      uint8_t *numbers) const {
  if (!tight)
    return copyFinite(info, getFormat(), number, block, row, numbers);
  const FormatFactor &factor = getFactor(number);
  int64_t count = getBlockElements(info.type) / factor.cols;
  float products[kFactorsOfBlock];
  std::fill_n(products, count, 1.0f);
  for (auto [i, part] : llvm::enumerate(tight.getFactors())) {
    if (part.role != factor.role)
      continue;
    uint8_t copied[kFactorsOfBlock * sizeof(float)];
    if (Error error = copyFinite(info, tight, i, block, row, copied))
      return error;
    int64_t bytes = part.type.getIntOrFloatBitWidth() / 8;
    for (int64_t run = 0; run < count; ++run)
      products[run] *= decodeNumber(part.type, copied + run * factor.cols /
                                                            part.cols * bytes);
  }
  memcpy(numbers, products, count * sizeof(float));
  return Error::success();
}

/// Factors from blocks that carry them.
Error StoredReader::readBlockFactor(size_t number, const Rectangle &blocks,
                                    uint8_t *numbers) const {
  const FormatFactor &factor = getFactor(number);
  int64_t bytes = getFactorBytes(number);
  int64_t row = blocks.matrix * getRows() + blocks.row;
  for (int64_t end = row + blocks.rows; row < end; ++row) {
    const StoredNumbers &part = parts[row / rowsOfPart].codes;
    int64_t size = getBlockElements(part.info->type);
    int64_t blockBytes = getBlockBytes(part.info->type);
    const uint8_t *from =
        part.bytes.data() + row % rowsOfPart * (getCols() / size) * blockBytes;
    int64_t ofBlock = size / factor.cols;
    for (int64_t i = blocks.col; i < blocks.col + blocks.cols;) {
      uint8_t decoded[kFactorsOfBlock * sizeof(float)];
      if (Error error = decodeBlockFactor(*part.info, number,
                                          from + i / ofBlock * blockBytes,
                                          row % rowsOfPart, decoded))
        return error;
      int64_t inside = i % ofBlock;
      int64_t taken = std::min(ofBlock - inside, blocks.col + blocks.cols - i);
      memcpy(numbers, decoded + inside * bytes, taken * bytes);
      numbers += taken * bytes;
      i += taken;
    }
  }
  return Error::success();
}

static float readFloat(const StoredNumbers &stored, int64_t index) {
  const uint8_t *from = stored.bytes.data();
  if (stored.info->type == StorageType::F8E8M0)
    return from[index] == 255 ? NAN : std::ldexp(1.0f, from[index] - 127);
  if (stored.info->type == StorageType::F32)
    return llvm::bit_cast<float>(
        llvm::support::endian::read32le(from + 4 * index));
  uint16_t bits = llvm::support::endian::read16le(from + 2 * index);
  return stored.info->type == StorageType::F16 ? halfToFloat(bits)
                                               : bfloatToFloat(bits);
}

/// The number of a block. A zero point times its scale is exact for scales of 16
/// bits.
static float readScale(const StoredNumbers &stored, int64_t row, int64_t col) {
  const ElementOrder *order = stored.info->order.get();
  if (!order)
    return readFloat(stored, row * stored.info->shape.back() + col);
  if (stored.multiplier)
    return static_cast<float>(readInteger(stored, row, col)) *
           readScale(*stored.multiplier, row, col);
  return readFloat(stored, order->locate(row, col, 1).first);
}

/// A finite number as the type of a factor, which is wide enough.
static void storeFactor(Type type, float value, uint8_t *number) {
  if (type.isF32()) {
    memcpy(number, &value, sizeof(float));
    return;
  }
  // A power of two is its exponent, which is that of an f32.
  if (isa<Float8E8M0FNUType>(type)) {
    *number = static_cast<uint8_t>(llvm::bit_cast<uint32_t>(value) >> 23);
    return;
  }
  uint32_t bits =
      type.isF16() ? roundToBits<5, 10>(value) : roundToBits<8, 7>(value);
  llvm::support::endian::write16le(number, static_cast<uint16_t>(bits));
}

Error StoredReader::readFactor(size_t number, const Rectangle &blocks,
                               uint8_t *numbers) const {
  if (parts.front().factors.empty())
    return readBlockFactor(number, blocks, numbers);
  int64_t matrices = rowsOfPart / getRows();
  const StoredNumbers &stored = parts[blocks.matrix / matrices].factors[number];
  const FormatFactor &factor = getFactor(number);
  int64_t height = llvm::divideCeil(getRows(), factor.rows);
  int64_t bytes = getFactorBytes(number);
  int64_t row = blocks.matrix % matrices * height + blocks.row;
  for (int64_t end = row + blocks.rows; row < end; ++row)
    for (int64_t i = 0; i < blocks.cols; ++i) {
      float scale = readScale(stored, row, blocks.col + i);
      if (Error error = checkFinite(*stored.info, row, scale))
        return error;
      storeFactor(factor.type, scale, numbers);
      numbers += bytes;
    }
  return Error::success();
}
