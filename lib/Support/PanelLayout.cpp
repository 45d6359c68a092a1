// Where each number of a packed matrix lies.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/PanelLayout.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cassert>
#include <numeric>

using namespace tenon;
using llvm::divideCeil;

/// Blocks that are joined so that their factors fill lines.
static constexpr int64_t kMostJoinedBlocks = 4;

int64_t PanelField::getBit(int64_t place, int64_t column) const {
  int64_t bit = first + place * placeStride;
  for (const LayoutDigit &digit : digits)
    bit += digit.getBit(column);
  return bit;
}

llvm::SmallVector<LayoutDigit, 8>
PanelField::splitAt(llvm::ArrayRef<int64_t> boundaries) const {
  llvm::SmallVector<LayoutDigit, 8> result(digits.begin(), digits.end());
  for (int64_t boundary : boundaries) {
    for (size_t i = 0; i < result.size(); ++i) {
      LayoutDigit &low = result[i];
      bool isBelow = low.count && low.every * low.count <= boundary;
      if (low.every >= boundary || isBelow)
        continue;
      assert(boundary % low.every == 0 && "a boundary inside of a digit");
      int64_t kept = boundary / low.every;
      assert(low.count % kept == 0 && "a boundary inside of a digit");
      LayoutDigit high = {boundary, low.count / kept, low.stride * kept};
      low.count = kept;
      result.push_back(high);
    }
  }
  return result;
}

PanelLayout::PanelLayout(int64_t rows, int64_t cols, int64_t height,
                         int64_t depth, bool pair, int64_t codeBits,
                         llvm::ArrayRef<Factor> list)
    : rows(rows), cols(cols), height(height), depth(depth), pair(pair),
      codeBits(codeBits) {
  assert((codeBits < 8 || codeBits % 8 == 0) && "codes of 9 bits or so");
  lineBits = height * depth * std::max<int64_t>(codeBits, 8);
  layOutCodes();
  layOutFactors(list);
}

PanelLayout PanelLayout::withCols(int64_t cols) const {
  PanelLayout other = *this;
  other.cols = cols;
  return other;
}

/// Places the planes of codes in a period that begins at bit 0.
void PanelLayout::layOutCodes() {
  int64_t cell = std::max<int64_t>(codeBits, 8);
  for (int64_t bits = codeBits, shift = 0; bits > 0;) {
    int64_t taken =
        codeBits < 8 ? int64_t(llvm::bit_floor(uint64_t(bits))) : codeBits;
    PanelField plane;
    plane.bits = taken;
    plane.shift = shift;
    plane.placeStride = depth * cell;
    planes.insert(planes.begin(), plane);
    shift += taken;
    bits -= taken;
  }
  // The plane of the fewest bits has one line.
  periodCols = depth * (cell / planes.front().bits);
  for (PanelField &plane : planes) {
    int64_t inCell = cell / plane.bits, ofLine = depth * inCell;
    plane.first = periodBits;
    plane.digits = {{1, depth, cell}, {depth, inCell, plane.bits}};
    plane.digits.push_back({ofLine, periodCols / ofLine, lineBits});
    periodBits += periodCols / ofLine * lineBits;
  }
}

/// Places factors in front of the periods of a block.
void PanelLayout::layOutFactors(llvm::ArrayRef<Factor> list) {
  if (list.empty()) {
    for (PanelField &plane : planes)
      plane.digits.push_back({periodCols, 0, periodBits});
    return;
  }
  int64_t perBlock = 0;
  groupCols = list.front().cols;
  for (const Factor &factor : list) {
    blockCols = std::max(blockCols, factor.cols);
    groupCols = std::min(groupCols, factor.cols);
  }
  for (const Factor &factor : list) {
    assert(blockCols % factor.cols == 0 && factor.cols % groupCols == 0 &&
           "factors that share no block");
    perBlock += blockCols / factor.cols * height * factor.bits;
  }
  // The fewest blocks whose factors fill lines, unless they are too many.
  int64_t times = lineBits / std::gcd(perBlock, lineBits);
  times = times <= kMostJoinedBlocks ? times : 1;
  // A group that is no whole number of periods is the only one.
  blockCols = llvm::alignTo(blockCols * times, periodCols);
  if (groupCols % periodCols != 0)
    groupCols = blockCols;
  headerBits = llvm::alignTo(perBlock * times, lineBits);
  blockBits = headerBits + blockCols / periodCols * periodBits;

  int64_t next = 0;
  for (const Factor &factor : list) {
    int64_t count = blockCols / factor.cols, stride = height * factor.bits;
    PanelField field;
    field.bits = factor.bits;
    field.cols = factor.cols;
    field.first = next;
    field.placeStride = factor.bits;
    field.digits = {{factor.cols, count, stride}, {blockCols, 0, blockBits}};
    factors.push_back(field);
    next += count * stride;
  }
  for (PanelField &plane : planes) {
    plane.first += headerBits;
    plane.digits.push_back({periodCols, blockCols / periodCols, periodBits});
    plane.digits.push_back({blockCols, 0, blockBits});
  }
}

int64_t PanelLayout::getPanels() const {
  return pair ? divideCeil(rows / 2, height / 2) : divideCeil(rows, height);
}

int64_t PanelLayout::getPanelBytes() const {
  if (!blockCols)
    return divideCeil(cols, periodCols) * getPeriodBytes();
  int64_t bytes = cols / blockCols * getBlockBytes();
  if (int64_t rest = cols % blockCols)
    bytes += getHeaderBytes() + divideCeil(rest, periodCols) * getPeriodBytes();
  return bytes;
}

int64_t PanelLayout::getRow(int64_t panel, int64_t place) const {
  if (!pair) {
    int64_t row = panel * height + place;
    return row < rows ? row : -1;
  }
  int64_t half = height / 2;
  int64_t row = panel * half + place % half;
  if (row >= rows / 2)
    return -1;
  return place < half ? row : rows / 2 + row;
}

int64_t PanelLayout::getPanelOf(int64_t row) const {
  return pair ? row % (rows / 2) / (height / 2) : row / height;
}

int64_t PanelLayout::getPlaceOf(int64_t row) const {
  if (!pair)
    return row % height;
  int64_t half = height / 2, inHalf = row % (rows / 2) % half;
  return row < rows / 2 ? inHalf : half + inHalf;
}

int64_t PanelLayout::getBit(const PanelField &field, int64_t row,
                            int64_t column) const {
  return getPanelOf(row) * getPanelBytes() * 8 +
         field.getBit(getPlaceOf(row), column);
}

int64_t PanelLayout::getCutByte(int64_t column) const {
  int64_t cuts = column / getCutCols();
  return cuts * (blockCols ? getBlockBytes() : getPeriodBytes());
}
