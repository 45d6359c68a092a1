// Bit address of each number of a packed matrix: one map for writer and readers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A packed matrix is a sequence of panels, and a panel holds the codes and the
// factors of `height` rows. Where a number lies is a map from (row, column) to
// the address of its first bit. It is written down once, here. The packer
// evaluates it; CPU and GPU code is this map, expanded into arithmetic for the
// loops of the reader; tests check that it is one-to-one.
//
// A row first becomes a panel and a place in it. All else happens inside of a
// panel, and all of it has one form: an index is taken apart into digits, and
// each digit has a stride,
//
//   bit(place, column) = first + place * placeStride
//                      + sum over digits: column / every % count * stride
//
// A digit may be split without changing the map: `every, count, stride` is
// `every, n, stride` and `n every, count / n, n stride`. So a reader whose loops
// step over groups, lines and columns splits digits where its loops begin, and
// each loop contributes its own terms to an address. Nothing but this split is
// needed to make code of a layout, whatever the format.
//
// Lines. The unit of reading is a line: `depth` bytes of each place, one place
// after the other, 64 bytes for panels of 16x4. (A code of more than 8 bits
// takes its own bytes, and `depth` counts codes.) Codes of 8 bits and more fill
// a line with `depth` consecutive columns. Codes of fewer bits are cut into
// planes of 4, 2 and 1 bits, the low bits first. A byte of a plane of `b` bits
// holds `8 / b` columns that are `depth` apart: with a depth of 4 byte `i` of a
// place holds columns `i`, `i + 4`, ... So a shift by a constant and a mask turn
// a line into the bytes of `depth` consecutive columns of all places, which is
// the operand of an instruction that multiplies groups of four bytes; no byte
// moves to another place. The planes of one run of columns, a period, lie
// together, those of fewer bits first.
//
// Blocks. Factors precede the codes that they belong to, so that a
// panel is read front to back. A block is as many columns as the widest factor
// covers, or two to four times as many if only then the factors fill whole lines;
// they are filled up to a whole line in any case, and so codes stay aligned. In a
// block each factor has its numbers for all places, one group of columns after
// the other.
//
//   matrix = panel 0, panel 1, ...
//   panel  = block 0, block 1, ...
//   block  = factors, in the order of the format; padding to a line;
//            period 0, period 1, ...
//   period = lines of each plane
//
// A row that the matrix does not have, and columns after the last one up to a
// whole period, hold codes of zero bits; factors that belong to no row are zero.

#ifndef TENON_SUPPORT_PANELLAYOUT_H
#define TENON_SUPPORT_PANELLAYOUT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace tenon {

/// The rows of the panels that weights are laid out in, and the bytes that a line
/// has of each.
inline constexpr int64_t kPanelHeight = 16, kPanelWordBytes = 4;

/// Codes of a number of bits in these bytes, or bytes of smaller codes.
constexpr int64_t getPanelDepth(int64_t bits) {
  return kPanelWordBytes / ((bits + 7) / 8);
}

/// One digit of a column: `column / every % count`, times `stride` bits.
struct LayoutDigit {
  int64_t every;
  /// 0 for a digit that may be of any size.
  int64_t count;
  int64_t stride;

  int64_t getBit(int64_t column) const {
    int64_t digit = column / every;
    return (count ? digit % count : digit) * stride;
  }
};

/// Where the numbers of one kind lie in a panel.
struct PanelField {
  /// Bits of a number.
  int64_t bits = 0;
  /// Consecutive columns that share a number.
  int64_t cols = 1;
  /// The lowest bit of a code that the field holds.
  int64_t shift = 0;
  int64_t first = 0;
  int64_t placeStride = 0;
  llvm::SmallVector<LayoutDigit, 5> digits;

  /// The first bit of the number for a place and a column, in the panel.
  int64_t getBit(int64_t place, int64_t column) const;
  /// The digits of the same map, none of which counts columns on both sides of
  /// a boundary: for a multiple `b` of each of the boundaries, `column / b`
  /// decides all of a digit or nothing.
  llvm::SmallVector<LayoutDigit, 8>
  splitAt(llvm::ArrayRef<int64_t> boundaries) const;
};

/// One matrix of `rows x cols` codes in panels of `height` rows.
class PanelLayout {
public:
  /// Numbers that several columns of a row share.
  struct Factor {
    int64_t bits;
    int64_t cols;
  };

  int64_t rows;
  int64_t cols;
  int64_t height;
  int64_t depth;
  /// Half of a panel's rows comes from each half of the matrix.
  bool pair;
  int64_t codeBits;

  /// `codeBits` is a multiple of 8, or below 8. The columns of each factor are a
  /// multiple of those of a period, and divide those of the widest factor.
  PanelLayout(int64_t rows, int64_t cols, int64_t height, int64_t depth,
              bool pair, int64_t codeBits, llvm::ArrayRef<Factor> factors = {});

  /// The same layout of another number of columns.
  PanelLayout withCols(int64_t cols) const;

  int64_t getPanels() const;
  int64_t getPanelBytes() const;
  int64_t getMatrixBytes() const { return getPanels() * getPanelBytes(); }

  /// The row of the matrix in a place of a panel, or -1 if there is none.
  int64_t getRow(int64_t panel, int64_t place) const;
  /// The panel of a row, and its place in it.
  int64_t getPanelOf(int64_t row) const;
  int64_t getPlaceOf(int64_t row) const;

  /// The parts of a code, by ascending number of bits.
  llvm::ArrayRef<PanelField> getPlanes() const { return planes; }
  llvm::ArrayRef<PanelField> getFactors() const { return factors; }
  bool hasFactors() const { return !factors.empty(); }

  /// The first bit of a part of a code, or of a factor, in the matrix.
  int64_t getBit(const PanelField &field, int64_t row, int64_t column) const;

  /// Columns whose codes lie together, and bytes that they take.
  int64_t periodCols = 0;
  int64_t getPeriodBytes() const { return periodBits / 8; }
  /// Columns that share all of their factors; 0 without factors.
  int64_t groupCols = 0;
  /// Columns of a block, 0 without factors, and bytes: all, and of its factors.
  int64_t blockCols = 0;
  int64_t getBlockBytes() const { return blockBits / 8; }
  int64_t getHeaderBytes() const { return headerBits / 8; }
  /// `depth` codes, or bytes of smaller codes, of each place.
  int64_t getLineBytes() const { return lineBits / 8; }

  /// Columns at whose multiples a panel can be cut into runs of bytes, and the
  /// byte of a panel where what belongs to such a column begins.
  int64_t getCutCols() const { return blockCols ? blockCols : periodCols; }
  int64_t getCutByte(int64_t column) const;

private:
  void layOutCodes();
  void layOutFactors(llvm::ArrayRef<Factor> list);

  int64_t lineBits = 0;
  int64_t periodBits = 0;
  int64_t headerBits = 0;
  int64_t blockBits = 0;
  llvm::SmallVector<PanelField, 2> planes;
  llvm::SmallVector<PanelField, 4> factors;
};

} // namespace tenon

#endif // TENON_SUPPORT_PANELLAYOUT_H
