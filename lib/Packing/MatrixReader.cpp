// What all readers of weights know of their type.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Packing/MatrixReader.h"
#include "llvm/Support/MathExtras.h"

using namespace tenon;

MatrixReader::MatrixReader(WeightType type)
    : type(type), matrices(type.getMatrices()),
      rows(type.getRank() == 1 ? 1 : type.getRows()), cols(type.getCols()),
      codeBytes(type.getFormat().getCodeBytes()), scaleRows(1), scaleCols(1) {
  if (!type.getFormat().hasScale())
    return;
  scaleRows = type.getFormat().getScaleRows();
  scaleCols = type.getFormat().getScaleCols();
}

MatrixReader::~MatrixReader() = default;

Rectangle tenon::getBlocks(const MatrixReader &reader,
                           const Rectangle &region) {
  int64_t height = reader.getScaleRows(), width = reader.getScaleCols();
  int64_t row = region.row / height, col = region.col / width;
  int64_t lastRow = llvm::divideCeil(region.row + region.rows, height);
  int64_t lastCol = llvm::divideCeil(region.col + region.cols, width);
  return {region.matrix, row, lastRow - row, col, lastCol - col};
}

llvm::Error tenon::makePackError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}
