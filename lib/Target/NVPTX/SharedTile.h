// Tiles of rows in shared memory, and operands of matrix instructions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_SHAREDTILE_H
#define TENON_LIB_TARGET_NVPTX_SHAREDTILE_H

#include "DeviceBuilder.h"

namespace tenon::nvptx {

/// Rows of `bf16` or `f32` in shared memory. Operands are read as the parts of
/// their elements (see DeviceBuilder::splitBF16): `bf16` by `ldmatrix`, `f32` by
/// ordinary loads, element by element where the operand has it.
///
/// Each kind of operand is read in two steps. `locate...` gives the byte of
/// shared memory from which a lane reads, for rows from `row` on; it is made
/// once. `load...` adds what is known when the code is made.
struct SharedTile {
  mlir::Type type;
  int64_t at = 0;     // byte
  int64_t stride = 0; // bytes between two rows

  /// Bytes between two rows of `columns` elements, so many that what lanes read
  /// at once lies in different banks: of `bf16` an odd number of units of 16
  /// bytes, of `f32` an odd number of 32 bytes.
  static int64_t getStride(mlir::Type type, int64_t columns);
  int64_t getBytes() const { return nvptx::getBytes(type); }

  /// 16 rows and 16 columns as a left operand, four words in each part.
  mlir::Value locateLeft(DeviceBuilder &b, mlir::Value lane,
                         mlir::Value row) const;
  llvm::SmallVector<Values> loadLeft(DeviceBuilder &b, mlir::Value place,
                                     int64_t column) const;
  /// 16 rows and 16 columns as right operands whose columns are the rows: two
  /// words for the first 8 rows, two for the others, in each part.
  mlir::Value locateRight(DeviceBuilder &b, mlir::Value lane,
                          mlir::Value row) const;
  llvm::SmallVector<Values> loadRight(DeviceBuilder &b, mlir::Value place,
                                      int64_t row, int64_t column) const;
  /// 16 rows and 16 columns, from `column` on, as right operands: two words for
  /// the first 8 columns, two for the others, in each part.
  mlir::Value locateTransposed(DeviceBuilder &b, mlir::Value lane,
                               mlir::Value column) const;
  llvm::SmallVector<Values> loadTransposed(DeviceBuilder &b, mlir::Value place,
                                           int64_t row, int64_t column) const;

private:
  llvm::SmallVector<Values> loadMatrices(DeviceBuilder &b, mlir::Value place,
                                         int64_t bytes, bool transpose) const;
  /// Words of pairs of elements, `step` bytes apart, at some distances from a
  /// place.
  llvm::SmallVector<Values> loadPairs(DeviceBuilder &b, mlir::Value place,
                                      llvm::ArrayRef<int64_t> bytes,
                                      int64_t step) const;
};

/// The words of one half of the right operands that were loaded together.
llvm::SmallVector<Values> takeHalf(llvm::ArrayRef<Values> parts, int64_t half);

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_SHAREDTILE_H
