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

/// One panel. `PanelLayout` says where its numbers lie; the loops over groups
/// of columns and over lines of a group are digits of a column, and addresses
/// are that map, expanded for them.
class PanelReader {
public:
  /// Fails with an error on `op` if the panels of the weight have no lines of
  /// whole vectors of 32-bit words.
  static mlir::LogicalResult check(mlir::Operation *op, WeightType weight);

  /// The panel that begins at a byte of the weight.
  PanelReader(VectorBuilder &b, mlir::Value weight, mlir::Value byte);

  /// Columns of a line; of one with the lowest bits, if codes are spread over
  /// several.
  int64_t getDepth() const { return lineCols; }

  /// Columns that share their factors.
  struct Group {
    /// The number of the group, or of its first line if there are no factors,
    /// and its first column.
    mlir::Value number, column;
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
  /// What `getDepth` of a reader is.
  static int64_t getLineColumns(WeightType weight);
  /// Instructions for each vector of weights, beside loads and shuffles, that
  /// decoding takes.
  static int64_t countDecoding(WeightType weight);

  /// The factors of `width` places from `place` on.
  PanelFactors loadFactors(const Group &group, mlir::Value place,
                           int64_t width) const;

  /// The codes of a line of some places.
  struct Codes {
    int64_t width;
    /// For each plane, 4 bytes of each place.
    llvm::SmallVector<mlir::Value, 2> words;
    /// The bytes of four columns that were joined last, and the first of them.
    mlir::Value bytes;
    int64_t bytesOf = -1;
  };
  Codes loadCodes(const Group &group, mlir::Value line, mlir::Value place,
                  int64_t width) const;
  /// The values of one of the columns of such codes.
  mlir::Value decode(Codes &codes, int64_t column,
                     const PanelFactors &factors) const;

private:
  /// Where something lies: a number of units from the panel's begin, and a
  /// number of bits in the unit, or null for none.
  struct Place {
    mlir::Value unit, bit;
  };
  Place locate(const PanelField &field, int64_t unitBits, int64_t cellBits,
               const Group &group, mlir::Value line = {}) const;
  mlir::Value loadNumbers(size_t number, const Group &group, mlir::Value place,
                          int64_t width) const;
  mlir::Value joinPlanes(Codes &codes, int64_t column) const;
  mlir::Value subtractZero(mlir::Value bytes) const;
  mlir::Value lookUp(Codes &codes, int64_t column) const;
  mlir::Value widenSmallFloat(Codes &codes, int64_t column) const;
  int64_t getCodeShift(int64_t width) const;
  int64_t getIndexBits(int64_t width) const;
  mlir::Value widenCode(Codes &codes, int64_t column) const;
  mlir::Value widenHalf(mlir::Value codes, int64_t column) const;

  VectorBuilder *b;
  PanelLayout layout;
  FormatAttr format;
  int64_t lineCols;
  /// The panel as lines of one word of 32 bits for each place, and as numbers
  /// of the type of each factor.
  mlir::Value lines;
  llvm::SmallVector<mlir::Value, 4> numbers;
};

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_PANELREADER_H
