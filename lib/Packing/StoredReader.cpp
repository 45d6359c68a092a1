// Reads a weight from the tensors of a source.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StoredReader.h"
#include "dialects/Tenon/StorageFormat.h"
#include "tenon/Packing/GgufBlocks.h"
#include "llvm/Support/Endian.h"
#include <cmath>
#include "FloatBits.h"

using namespace tenon;
using llvm::Error;

StoredReader::StoredReader(WeightType type, const TensorSource &source,
                           std::vector<StoredPart> parts)
    : MatrixReader(type), source(source), parts(std::move(parts)),
      rowsOfPart(getMatrices() * getRows() /
                 static_cast<int64_t>(this->parts.size())),
      widensBlocks(!type.getFormat().getCode().isUnsignedInteger()) {
  StorageType stored = this->parts.front().info->type;
  if (widensBlocks && getBlockElements(stored) > 1)
    zero = static_cast<uint8_t>(
        getStorageFormat(type.getContext(), stored).getZero());
}

void StoredReader::release(int64_t matrix) const {
  int64_t first = matrix * getRows() / rowsOfPart;
  int64_t last = ((matrix + 1) * getRows() - 1) / rowsOfPart;
  assert(last < static_cast<int64_t>(parts.size()) && "no such matrix");
  for (int64_t part = first; part <= last; ++part)
    source.release(*parts[part].info);
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

/// Codes of a part of a row that lies in blocks, less `zero`.
static void copyBlockCodes(StorageType type, const uint8_t *row, int64_t col,
                           int64_t cols, uint8_t zero, uint8_t *codes) {
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
    for (int64_t i = 0; i < count && zero; ++i)
      codes[i] -= zero;
    codes += count;
    col += count;
  }
}

Error StoredReader::readRow(const StoredPart &part, int64_t row, int64_t col,
                            int64_t cols, uint8_t *codes) const {
  StorageType type = part.info->type;
  int64_t elements = row * getCols();
  const uint8_t *from = part.bytes.data() +
                        elements / getBlockElements(type) * getBlockBytes(type);
  bool widens = getCodeBytes() == 4;
  switch (type) {
  case StorageType::F8E4M3:
    return copyFloat8(*part.info, elements + col, from + col, cols, codes);
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
  default:
    copyBlockCodes(type, from, col, cols, zero, codes);
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

/// The numbers of a factor that one block has, with all of their bits or
/// multiplied to floats of one run each. Returns how many, or an error.
static llvm::Expected<int64_t>
decodeBlockFactor(const TensorInfo &info, const FormatFactor &factor,
                  size_t number, const uint8_t *block, int64_t row,
                  uint8_t *numbers) {
  int64_t count = getBlockElements(info.type) / factor.cols;
  float scales[16], offsets[16] = {};
  decodeBlockScales(info.type, block, scales, offsets);
  for (int64_t run = 0,
               runs = getBlockElements(info.type) / getRunLength(info.type);
       run < runs; ++run)
    for (float value : {scales[run], offsets[run]})
      if (Error error = checkFinite(info, row, value))
        return std::move(error);
  if (!factor.type.isF32())
    copyBlockFactor(info.type, number, block, numbers);
  else
    memcpy(numbers, factor.role == FactorRole::Scale ? scales : offsets,
           count * sizeof(float));
  return count;
}

/// Factors from blocks that carry them.
Error StoredReader::readBlockFactor(size_t number, const Rectangle &blocks,
                                    uint8_t *numbers) const {
  const FormatFactor &factor = getFactor(number);
  int64_t bytes = getFactorBytes(number);
  int64_t row = blocks.matrix * getRows() + blocks.row;
  for (int64_t end = row + blocks.rows; row < end; ++row) {
    const StoredPart &part = parts[row / rowsOfPart];
    int64_t size = getBlockElements(part.info->type);
    int64_t blockBytes = getBlockBytes(part.info->type);
    const uint8_t *from =
        part.bytes.data() + row % rowsOfPart * (getCols() / size) * blockBytes;
    int64_t ofBlock = size / factor.cols;
    for (int64_t i = blocks.col; i < blocks.col + blocks.cols;) {
      uint8_t decoded[16 * sizeof(float)];
      llvm::Expected<int64_t> count = decodeBlockFactor(
          *part.info, factor, number, from + i / ofBlock * blockBytes,
          row % rowsOfPart, decoded);
      if (!count)
        return count.takeError();
      int64_t inside = i % ofBlock;
      int64_t taken = std::min(*count - inside, blocks.col + blocks.cols - i);
      memcpy(numbers, decoded + inside * bytes, taken * bytes);
      numbers += taken * bytes;
      i += taken;
    }
  }
  return Error::success();
}

static float readScale(const StoredPart &part, int64_t index) {
  const uint8_t *from = part.scaleBytes.data();
  if (part.scaleInfo->type == StorageType::F32)
    return llvm::bit_cast<float>(
        llvm::support::endian::read32le(from + 4 * index));
  uint16_t bits = llvm::support::endian::read16le(from + 2 * index);
  return part.scaleInfo->type == StorageType::F16 ? halfToFloat(bits)
                                                  : bfloatToFloat(bits);
}

Error StoredReader::readFactor(size_t number, const Rectangle &blocks,
                               uint8_t *numbers) const {
  if (!parts.front().scaleInfo)
    return readBlockFactor(number, blocks, numbers);
  int64_t matrices = rowsOfPart / getRows();
  const StoredPart &part = parts[blocks.matrix / matrices];
  const FormatFactor &factor = getFactor(number);
  int64_t height = llvm::divideCeil(getRows(), factor.rows);
  int64_t width = llvm::divideCeil(getCols(), factor.cols);
  int64_t row = blocks.matrix % matrices * height + blocks.row;
  for (int64_t end = row + blocks.rows; row < end; ++row)
    for (int64_t i = 0; i < blocks.cols; ++i) {
      float scale = readScale(part, row * width + blocks.col + i);
      if (Error error = checkFinite(*part.scaleInfo, row, scale))
        return error;
      memcpy(numbers, &scale, sizeof(float));
      numbers += sizeof(float);
    }
  return Error::success();
}
