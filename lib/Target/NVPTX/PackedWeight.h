// Reads packed weights: single elements, and operands of matrix instructions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_PACKEDWEIGHT_H
#define TENON_LIB_TARGET_NVPTX_PACKEDWEIGHT_H

#include "tenon/Support/PanelLayout.h"
#include "DeviceKernel.h"

namespace tenon::nvptx {

/// Whether device code reads a format: codes of whole bytes, with one `f32`
/// scale and offset at most.
bool readsFormat(WeightType weight);

/// `count` elements of a vector from `at` on, as floats.
Values loadFromVector(DeviceKernel &kernel, mlir::Value weight, mlir::Value at,
                      int64_t count);

/// `count` elements of one row of a matrix in panels.
Values loadFromRow(DeviceKernel &kernel, mlir::Value weight, mlir::Value row,
                   mlir::Value column, int64_t count);

/// A slab of a panel: `columns` of its 16 rows, which lie together. Codes of a
/// slab are 2048 bytes whatever they are, so that all formats share one way
/// through shared memory. The layout is the one that CPUs read.
///
/// Codes become `bf16` on their way from shared memory into an instruction,
/// without loss: `i8` and `f8E4M3FN` (its one code for NaN is read as 480) as
/// one, `f16` as two and `f32` as three of which it is the sum. Scales are
/// factors of sums in `f32`, so they round no weight.
///
/// In shared memory a slab is its codes, in the order of the panel, and then
/// its scales and offsets. The 16-byte unit `u` of codes, which is one word of
/// four neighboring rows, is stored at `u ^ ((u / 8 % 4) * 2)`: so the eight
/// lanes that shared memory serves at once access different banks.
///
/// A panel is read as the left operand, 16 rows of outputs by 16 columns. Lane
/// `4 g + c` reads units: four neighboring rows, of columns `4 c ... 4 c + 3`
/// of each 16. So two panels make two tiles: row `g` of tile `i` is row `4 (g %
/// 4) + 2 i` of panel `g / 4`, and row `g + 8` the next one; and a lane
/// ends up with four neighboring outputs of a token, which it can store at
/// once. Columns are permuted the same way in the right operand.
class PanelSlab {
public:
  /// Fails with a reason for formats whose scales do not divide a slab.
  static Refusal check(WeightType weight);

  PanelSlab(DeviceKernel &kernel, mlir::Value weight);

  static constexpr int64_t kCodeBytes = 2048;
  /// Columns of a slab, and the bytes that it takes in shared memory.
  static int64_t getColumns(const PanelLayout &layout);
  static int64_t getSharedBytes(const PanelLayout &layout);
  /// Columns of a matrix instruction.
  static constexpr int64_t kStepCols = 2 * 8;
  int64_t columns = 0;
  /// Slabs of a panel.
  int64_t count = 0;
  /// Bytes that a slab takes in shared memory.
  int64_t sharedBytes = 0;
  /// Steps of 16 columns that share their scales; 0 without scales.
  int64_t stepsOfGroup = 0;
  PanelLayout layout;

  int64_t getSteps() const { return columns / kStepCols; }
  bool hasScale() const { return layout.hasFactors(); }
  bool hasOffset() const { return layout.getFactors().size() > 1; }

  /// Begins to copy `panels` slabs with the number `slab`, by the threads
  /// `thread` of `threads`. Panels after the last are read as the last one,
  /// parts beyond the end of a panel as zeros.
  void copy(mlir::Value matrix, mlir::Value firstPanel, int64_t panels,
            mlir::Value slab, mlir::Value target, mlir::Value thread,
            int64_t threads);

  /// Left operands of both tiles for a step of 16 columns of the pair of
  /// panels whose slabs lie at `source`, for each the parts of its weights.
  std::array<llvm::SmallVector<Values>, 2> loadTiles(mlir::Value source,
                                                     int64_t step);
  /// Scales or offsets of the lane's four rows.
  Values loadScales(mlir::Value source, int64_t group, bool offsets);

private:
  int64_t getUnitsOfGroup() const;
  mlir::Value getUnitAddress(mlir::Value unit);
  Values loadUnit(mlir::Value source, mlir::Value word);
  std::pair<mlir::Value, mlir::Value> decodeWord(mlir::Value word);
  std::pair<Values, Values> loadPairs(mlir::Value source, int64_t step);
  void copyUnit(mlir::Value panel, mlir::Value within, mlir::Value target);

  DeviceKernel &kernel;
  DeviceBuilder &b;
  mlir::Value weight;
  mlir::Type code;
};

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_PACKEDWEIGHT_H
