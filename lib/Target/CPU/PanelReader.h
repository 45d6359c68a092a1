// Reads weights out of panels and decodes them to f32.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_PANELREADER_H
#define TENON_LIB_TARGET_CPU_PANELREADER_H

#include "dialects/Tenon/Tenon.h"
#include "tenon/Support/PanelLayout.h"
#include "VectorBuilder.h"

namespace tenon {

/// Factor and summand of codes; null where the format has none.
struct PanelFactors {
  mlir::Value scale, offset;
};

/// One panel of 16 rows, seen as lines of 16 places of 4 bytes. `PanelLayout`
/// says what they hold: for each group of columns a line of scales and a line
/// of offsets, as far as the format has them, then a line of codes for each
/// `depth` columns.
class PanelReader {
public:
  static constexpr int64_t kPlaces = 16;

  /// Fails with an error on `op` if no panel of the weight has such lines.
  static mlir::LogicalResult check(mlir::Operation *op, WeightType weight);

  /// The panel that begins at a byte of the weight.
  PanelReader(VectorBuilder &b, mlir::Value weight, mlir::Value byte);

  /// Columns of a line.
  int64_t getDepth() const { return layout.depth; }

  /// Columns from `column` on, whose factors lie in `line`.
  struct Group {
    mlir::Value line, column;
    int64_t columns;
  };
  using Body = llvm::function_ref<VectorBuilder::Values(const Group &,
                                                        mlir::ValueRange)>;
  /// Goes through the groups of columns of a weight in ascending order.
  static VectorBuilder::Values loopGroups(VectorBuilder &b, WeightType weight,
                                          mlir::ValueRange init, Body body);
  /// Goes through those of `columns` columns from `first` on, which is a
  /// multiple of the unit.
  static VectorBuilder::Values loopGroups(VectorBuilder &b, WeightType weight,
                                          mlir::Value first, int64_t columns,
                                          mlir::ValueRange init, Body body);
  /// Columns that have their lines for themselves.
  static int64_t getColumnUnit(WeightType weight);
  /// Instructions for each vector of weights, beside loads and shuffles, that
  /// decoding takes.
  static int64_t countDecoding(WeightType weight);

  /// The factors of `width` places from `place` on.
  PanelFactors loadFactors(const Group &group, mlir::Value place,
                           int64_t width) const;
  /// The codes of a line of a group, 4 bytes for each place, for `decode`.
  mlir::Value loadCodes(const Group &group, mlir::Value line, mlir::Value place,
                        int64_t width) const;
  /// The values of one of the columns of such codes.
  mlir::Value decode(mlir::Value codes, int64_t column,
                     const PanelFactors &factors) const;

private:
  int64_t getCodeShift() const;
  mlir::Value widenCode(mlir::Value codes, int64_t column) const;
  mlir::Value widenHalf(mlir::Value codes, int64_t column) const;
  int64_t getHeaderLines() const;

  VectorBuilder *b;
  PanelLayout layout;
  mlir::Type code;
  mlir::Value lines;
};

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_PANELREADER_H
