// Where each element of a packed matrix lies, for writer and reader.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_SUPPORT_PANELLAYOUT_H
#define TENON_SUPPORT_PANELLAYOUT_H

#include <cstdint>

namespace tenon {

/// One matrix of `rows x cols` codes in panels of `height` rows.
///
///   matrix = panel 0, panel 1, ...             panelBytes() each
///   panel  = group 0, group 1, ...             one for each run of columns
///                                              that shares its scales
///   group  = height f32 scales                 if there are scales
///            height f32 offsets                if there are offsets
///            for each `depth` columns: height x depth codes, row after row
///
/// A row that the matrix does not have, and columns after the last one up to a
/// multiple of `depth`, hold codes of zero (and scale 0, offset 0).
struct PanelLayout {
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t height = 16;
  int64_t depth = 1;
  int64_t codeBytes = 4;
  /// Columns that share a scale, a multiple of `depth`; 0 without scales.
  int64_t groupCols = 0;
  bool hasOffset = false;
  /// Half of a panel's rows comes from each half of the matrix.
  bool pair = false;

  bool hasScale() const { return groupCols != 0; }
  int64_t getPanels() const;
  int64_t getGroups() const;
  int64_t getHeaderBytes() const;
  /// Columns of one group; the last one may have fewer.
  int64_t getColsOfGroup(int64_t group) const;
  /// Bytes of a group with all its columns.
  int64_t getFullGroupBytes() const;
  int64_t getPanelBytes() const;
  int64_t getMatrixBytes() const { return getPanels() * getPanelBytes(); }

  /// The row of the matrix in a place of a panel, or -1 if there is none.
  int64_t getRow(int64_t panel, int64_t place) const;
};

} // namespace tenon

#endif // TENON_SUPPORT_PANELLAYOUT_H
