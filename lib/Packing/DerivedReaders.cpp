// Derivations that move elements: concatenation, split, slice, transposition.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DerivedReaders.h"

using namespace mlir;
using namespace tenon;

namespace {

/// The rows of several weights, one below the other.
class ConcatReader : public MatrixReader {
public:
  ConcatReader(WeightType type, ArrayRef<const MatrixReader *> from)
      : MatrixReader(type), from(from) {}

  llvm::Error readCodes(const Rectangle &region, uint8_t *codes,
                        int64_t stride) const override {
    return forEachWorkItem(
        region, /*rowsOfUnit=*/1,
        [&](const MatrixReader &reader, const Rectangle &piece, int64_t row) {
          return reader.readCodes(piece, codes + row * stride, stride);
        });
  }

  llvm::Error readFactor(size_t number, const Rectangle &blocks,
                         uint8_t *numbers) const override {
    int64_t rowBytes = blocks.cols * getFactorBytes(number);
    return forEachWorkItem(
        blocks, getFactor(number).rows,
        [&](const MatrixReader &reader, const Rectangle &piece, int64_t row) {
          return reader.readFactor(number, piece, numbers + row * rowBytes);
        });
  }

  void release(int64_t matrix) const override {
    for (const MatrixReader *reader : from)
      reader->release(matrix);
  }

private:
  using Visit = llvm::function_ref<llvm::Error(const MatrixReader &,
                                               const Rectangle &, int64_t)>;

  /// Visits what a region, counted in units of rows, has of each weight, and
  /// where in the region it begins.
  llvm::Error forEachWorkItem(const Rectangle &region, int64_t rowsOfUnit,
                              Visit visit) const {
    int64_t begin = 0;
    for (const MatrixReader *reader : from) {
      int64_t end = begin + llvm::divideCeil(reader->getRows(), rowsOfUnit);
      int64_t first = std::max(begin, region.row);
      int64_t last = std::min(end, region.row + region.rows);
      Rectangle piece = {region.matrix, first - begin, last - first, region.col,
                         region.cols};
      if (first < last)
        if (llvm::Error error = visit(*reader, piece, first - region.row))
          return error;
      begin = end;
    }
    return llvm::Error::success();
  }

  SmallVector<const MatrixReader *> from;
};

/// Rows of another weight that are equally far from each other. Those between
/// them are read, too, which a transposition does not read one by one.
class StepReader : public MatrixReader {
public:
  StepReader(WeightType type, const MatrixReader &from, int64_t first,
             int64_t step)
      : MatrixReader(type), from(from), first(first), step(step) {}

  llvm::Error readCodes(const Rectangle &region, uint8_t *codes,
                        int64_t stride) const override {
    int64_t rowBytes = region.cols * getCodeBytes();
    return forEachRow(
        region, rowBytes,
        [&](const Rectangle &rows, uint8_t *buffer) {
          return from.readCodes(rows, buffer, rowBytes);
        },
        [&](int64_t row, const uint8_t *found) {
          memcpy(codes + row * stride, found, rowBytes);
        });
  }

  llvm::Error readFactor(size_t number, const Rectangle &blocks,
                         uint8_t *numbers) const override {
    int64_t rowBytes = blocks.cols * getFactorBytes(number);
    return forEachRow(
        blocks, rowBytes,
        [&](const Rectangle &rows, uint8_t *buffer) {
          return from.readFactor(number, rows, buffer);
        },
        [&](int64_t row, const uint8_t *found) {
          memcpy(numbers + row * rowBytes, found, rowBytes);
        });
  }

  void release(int64_t matrix) const override { from.release(matrix); }

private:
  /// Reads all rows from the first to the last one of a region, and visits its
  /// own.
  llvm::Error
  forEachRow(const Rectangle &region, int64_t rowBytes,
             llvm::function_ref<llvm::Error(const Rectangle &, uint8_t *)> read,
             llvm::function_ref<void(int64_t, const uint8_t *)> visit) const {
    if (region.rows == 0)
      return llvm::Error::success();
    Rectangle all = region;
    all.row = first + region.row * step;
    all.rows = (region.rows - 1) * step + 1;
    std::vector<uint8_t> buffer(all.rows * rowBytes);
    if (llvm::Error error = read(all, buffer.data()))
      return error;
    for (int64_t row = 0; row < region.rows; ++row)
      visit(row, buffer.data() + row * step * rowBytes);
    return llvm::Error::success();
  }

  const MatrixReader &from;
  int64_t first;
  int64_t step;
};

/// Consecutive rows of another weight. Matrix `m` begins in matrix
/// `m div parts`, at row `first + (m mod parts) * rows`: a slice has one part.
class RowsReader : public MatrixReader {
public:
  RowsReader(WeightType type, const MatrixReader &from, int64_t first,
             int64_t parts)
      : MatrixReader(type), from(from), first(first), parts(parts) {}

  llvm::Error readCodes(const Rectangle &region, uint8_t *codes,
                        int64_t stride) const override {
    return from.readCodes(move(region, /*rowsOfUnit=*/1), codes, stride);
  }

  llvm::Error readFactor(size_t number, const Rectangle &blocks,
                         uint8_t *numbers) const override {
    return from.readFactor(number, move(blocks, getFactor(number).rows),
                           numbers);
  }

  void release(int64_t matrix) const override { from.release(matrix / parts); }

private:
  Rectangle move(Rectangle region, int64_t rowsOfUnit) const {
    int64_t begin = first + region.matrix % parts * getRows();
    region.row += begin / rowsOfUnit;
    region.matrix /= parts;
    return region;
  }

  const MatrixReader &from;
  int64_t first;
  int64_t parts;
};

/// The matrices of another weight with rows and columns swapped.
class TransposeReader : public MatrixReader {
public:
  TransposeReader(WeightType type, const MatrixReader &from)
      : MatrixReader(type), from(from) {}

  llvm::Error readCodes(const Rectangle &region, uint8_t *codes,
                        int64_t stride) const override;
  llvm::Error readFactor(size_t number, const Rectangle &blocks,
                         uint8_t *numbers) const override;
  void release(int64_t matrix) const override { from.release(matrix); }

private:
  static Rectangle swap(const Rectangle &region) {
    return {region.matrix, region.col, region.cols, region.row, region.rows};
  }

  const MatrixReader &from;
};

} // namespace

/// `to[j][i] = from[i][j]`, in squares that stay in the first cache.
template <typename Code>
static void transpose(const uint8_t *from, int64_t rows, int64_t cols,
                      uint8_t *to, int64_t stride) {
  constexpr int64_t size = 32;
  for (int64_t row = 0; row < rows; row += size)
    for (int64_t col = 0; col < cols; col += size)
      for (int64_t j = col; j < std::min(col + size, cols); ++j)
        for (int64_t i = row; i < std::min(row + size, rows); ++i)
          memcpy(to + j * stride + i * sizeof(Code),
                 from + (i * cols + j) * sizeof(Code), sizeof(Code));
}

/// The same for units of so many bytes.
static void transposeUnits(int64_t bytes, const uint8_t *from, int64_t rows,
                           int64_t cols, uint8_t *to, int64_t stride) {
  switch (bytes) {
  case 1:
    return transpose<uint8_t>(from, rows, cols, to, stride);
  case 2:
    return transpose<uint16_t>(from, rows, cols, to, stride);
  default:
    return transpose<uint32_t>(from, rows, cols, to, stride);
  }
}

llvm::Error TransposeReader::readCodes(const Rectangle &region, uint8_t *codes,
                                       int64_t stride) const {
  Rectangle part = swap(region);
  int64_t bytes = getCodeBytes();
  std::vector<uint8_t> buffer(part.rows * part.cols * bytes);
  if (llvm::Error error =
          from.readCodes(part, buffer.data(), part.cols * bytes))
    return error;
  transposeUnits(bytes, buffer.data(), part.rows, part.cols, codes, stride);
  return llvm::Error::success();
}

llvm::Error TransposeReader::readFactor(size_t number, const Rectangle &blocks,
                                        uint8_t *numbers) const {
  Rectangle part = swap(blocks);
  int64_t bytes = getFactorBytes(number);
  std::vector<uint8_t> buffer(part.rows * part.cols * bytes);
  if (llvm::Error error = from.readFactor(number, part, buffer.data()))
    return error;
  transposeUnits(bytes, buffer.data(), part.rows, part.cols, numbers,
                 blocks.cols * bytes);
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<MatrixReader>>
tenon::makeDerivedReader(WeightSymbolOpInterface weight,
                         ArrayRef<const MatrixReader *> from) {
  auto op = cast<DeriveOp>(weight.getOperation());
  WeightType type = op.getWeightType();
  switch (op.getDerivation()) {
  case Derivation::ConcatRows:
    return std::make_unique<ConcatReader>(type, from);
  case Derivation::SplitRows:
    return std::make_unique<RowsReader>(type, *from[0], /*first=*/0,
                                        from[0]->getRows() / type.getRows());
  case Derivation::SliceRows:
    if (op.getStep() > 1)
      return std::make_unique<StepReader>(type, *from[0], op.getFirst(),
                                          op.getStep());
    return std::make_unique<RowsReader>(type, *from[0], op.getFirst(),
                                        /*parts=*/1);
  case Derivation::Transpose:
    return std::make_unique<TransposeReader>(type, *from[0]);
  case Derivation::Cast:
    if (type.getFormat() == from[0]->getFormat())
      return std::make_unique<RowsReader>(type, *from[0], /*first=*/0,
                                          /*parts=*/1);
    if (!type.getFormat().hasScale())
      return makeCastReader(type, *from[0], op.getSymName());
    return makePackError("@" + op.getSymName() +
                         " casts to a format with scales, which nothing says "
                         "how to choose; cast to f32, f16 or bf16");
  }
  llvm_unreachable("all derivations are listed");
}
