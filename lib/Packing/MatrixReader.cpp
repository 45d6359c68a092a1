// What all readers of weights know of their type.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Packing/MatrixReader.h"
#include "llvm/Support/MathExtras.h"

using namespace tenon;

MatrixReader::MatrixReader(WeightType type)
    : type(type), matrices(type.getMatrices()),
      rows(type.getRank() == 1 ? 1 : type.getRows()), cols(type.getCols()),
      codeBytes(type.getFormat().getCodeBytes()) {}

MatrixReader::~MatrixReader() = default;

int64_t MatrixReader::getFactorBytes(size_t number) const {
  return getFactor(number).type.getIntOrFloatBitWidth() / 8;
}

Rectangle tenon::getBlocks(const FormatFactor &factor,
                           const Rectangle &region) {
  int64_t row = region.row / factor.rows, col = region.col / factor.cols;
  int64_t lastRow = llvm::divideCeil(region.row + region.rows, factor.rows);
  int64_t lastCol = llvm::divideCeil(region.col + region.cols, factor.cols);
  return {region.matrix, row, lastRow - row, col, lastCol - col};
}

llvm::Error tenon::makePackError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}
