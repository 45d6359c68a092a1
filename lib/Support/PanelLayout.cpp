// Where each element of a packed matrix lies.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/PanelLayout.h"
#include <algorithm>

using namespace tenon;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t PanelLayout::getPanels() const {
  return pair ? ceilDiv(rows / 2, height / 2) : ceilDiv(rows, height);
}

int64_t PanelLayout::getGroups() const {
  return hasScale() ? ceilDiv(cols, groupCols) : 1;
}

int64_t PanelLayout::getHeaderBytes() const {
  return hasScale() ? height * 4 * (hasOffset ? 2 : 1) : 0;
}

int64_t PanelLayout::getColsOfGroup(int64_t group) const {
  return hasScale() ? std::min(groupCols, cols - group * groupCols) : cols;
}

int64_t PanelLayout::getFullGroupBytes() const {
  int64_t columns = hasScale() ? groupCols : cols;
  return getHeaderBytes() +
         ceilDiv(columns, depth) * height * depth * codeBytes;
}

int64_t PanelLayout::getPanelBytes() const {
  int64_t last = getGroups() - 1;
  return last * getFullGroupBytes() + getHeaderBytes() +
         ceilDiv(getColsOfGroup(last), depth) * height * depth * codeBytes;
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
