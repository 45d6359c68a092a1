// Reads parts of a weight, never holding a whole matrix.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_PACKING_MATRIXREADER_H
#define TENON_PACKING_MATRIXREADER_H

#include "dialects/Tenon/Tenon.h"
#include "llvm/Support/Error.h"

namespace tenon {

/// A rectangle of one matrix of a stack. It counts elements, or blocks of a
/// factor where its numbers are read.
struct Rectangle {
  int64_t matrix;
  int64_t row;
  int64_t rows;
  int64_t col;
  int64_t cols;
};

/// A weight as a stack of matrices of codes and factors. A vector is a matrix of
/// one row. Derived weights are readers of readers, so a derivation
/// is evaluated for the part that is asked for and nothing else.
///
/// Several threads may read at the same time.
class MatrixReader {
public:
  explicit MatrixReader(WeightType type);
  virtual ~MatrixReader();

  WeightType getType() const { return type; }
  FormatAttr getFormat() const { return type.getFormat(); }
  int64_t getMatrices() const { return matrices; }
  int64_t getRows() const { return rows; }
  int64_t getCols() const { return cols; }
  int64_t getCodeBytes() const { return codeBytes; }
  const FormatFactor &getFactor(size_t number) const {
    return getFormat().getFactors()[number];
  }
  /// Bytes of a number of a factor.
  int64_t getFactorBytes(size_t number) const;

  /// Writes the codes of a region, row after row, `stride` bytes apart; codes
  /// of less than a byte take a byte each.
  virtual llvm::Error readCodes(const Rectangle &region, uint8_t *codes,
                                int64_t stride) const = 0;
  /// Writes the numbers of one factor of the format, for a region that counts
  /// its blocks; row after row without gaps.
  virtual llvm::Error readFactor(size_t number, const Rectangle &blocks,
                                 uint8_t *numbers) const = 0;
  /// Hints that a matrix will not be read again soon.
  virtual void release(int64_t matrix) const {}

private:
  WeightType type;
  int64_t matrices;
  int64_t rows;
  int64_t cols;
  int64_t codeBytes;
};

/// The blocks of a factor that a region of elements touches.
Rectangle getBlocks(const FormatFactor &factor, const Rectangle &region);

llvm::Error makePackError(const llvm::Twine &message);

} // namespace tenon

#endif // TENON_PACKING_MATRIXREADER_H
