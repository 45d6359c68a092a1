// Derived weights and tables, by the formulas of their ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "WeightReader.h"
#include "tenon/Interpreter/Tensor.h"
#include <cmath>
#include "RopeFormula.h"

using namespace mlir;
using namespace tenon;

WeightType tenon::getDefinedType(Operation *symbol) {
  if (auto weight = dyn_cast_or_null<WeightOp>(symbol))
    return weight.getWeightType();
  if (auto derived = dyn_cast_or_null<DeriveOp>(symbol))
    return derived.getWeightType();
  if (auto table = dyn_cast_or_null<RopeTableOp>(symbol))
    return table.getWeightType();
  return {};
}

/// Row `a`: cosines, then sines, at position 256 a; the last 256 rows: at the
/// positions from 0 to 255.
static void fillTableRow(RopeTableOp op, int64_t row,
                         MutableArrayRef<double> out) {
  std::vector<double> frequencies = getRopeFrequencies(op.getRope());
  int64_t coarse = (op.getPositions() + 255) / 256;
  int64_t position = row < coarse ? 256 * row : row - coarse;
  size_t half = frequencies.size();
  Type type = op.getWeightType().getFormat().getCode();
  for (size_t i = 0; i < half; ++i) {
    out[i] = roundTo(type, std::cos(position * frequencies[i]));
    out[half + i] = roundTo(type, std::sin(position * frequencies[i]));
  }
}

llvm::Error WeightReader::readRow(Operation *symbol, int64_t row,
                                  MutableArrayRef<double> out) {
  if (auto weight = dyn_cast<WeightOp>(symbol))
    return provider.readRow(weight, row, out);
  if (auto derived = dyn_cast<DeriveOp>(symbol))
    return readDerivedRow(derived, row, out);
  fillTableRow(cast<RopeTableOp>(symbol), row, out);
  return llvm::Error::success();
}

llvm::Error WeightReader::readTransposedRow(DeriveOp op, Operation *from,
                                            int64_t row,
                                            MutableArrayRef<double> out) {
  WeightType source = getDefinedType(from);
  int64_t rows = source.getRows(), cols = source.getCols();
  int64_t matrix = row / cols, column = row % cols;
  if (transposed != op || transposedMatrix != matrix) {
    transposedValues.resize(rows * cols);
    for (int64_t n = 0; n < rows; ++n)
      if (llvm::Error error = readRow(
              from, matrix * rows + n,
              MutableArrayRef<double>(transposedValues).slice(n * cols, cols)))
        return error;
    transposed = op;
    transposedMatrix = matrix;
  }
  for (int64_t n = 0; n < rows; ++n)
    out[n] = transposedValues[n * cols + column];
  return llvm::Error::success();
}

llvm::Error WeightReader::readDerivedRow(DeriveOp op, int64_t row,
                                         MutableArrayRef<double> out) {
  SmallVector<Operation *> from;
  for (FlatSymbolRefAttr name : op.getFrom().getAsRange<FlatSymbolRefAttr>())
    from.push_back(lookup(name.getValue()));
  WeightType type = op.getWeightType();
  int64_t matrix = row / type.getRows(), n = row % type.getRows();
  switch (op.getDerivation()) {
  case Derivation::ConcatRows:
    for (Operation *part : from) {
      int64_t rows = getDefinedType(part).getRows();
      if (n < rows)
        return readRow(part, matrix * rows + n, out);
      n -= rows;
    }
    llvm_unreachable("the parts have the rows of the result");
  case Derivation::SplitRows: // the rows keep their order
    return readRow(from[0], row, out);
  case Derivation::SliceRows:
    return readRow(from[0],
                   matrix * getDefinedType(from[0]).getRows() + op.getFirst() +
                       n * op.getStep(),
                   out);
  case Derivation::Transpose:
    return readTransposedRow(op, from[0], row, out);
  case Derivation::Cast:
    break;
  }
  if (type.getFormat().hasScale())
    return llvm::createStringError(
        "cannot compute @" + op.getSymName() +
        ": its formula gives no scales; cast to a format without a scale");
  if (llvm::Error error = readRow(from[0], row, out))
    return error;
  for (double &value : out)
    value = roundTo(type.getFormat().getCode(), value);
  return llvm::Error::success();
}
