// Reads operands of matrix instructions from tiles in shared memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "SharedTile.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

int64_t SharedTile::getStride(Type type, int64_t columns) {
  return type.isF32() ? columns * 4 + 32 : columns * 2 + 16;
}

SmallVector<Values> SharedTile::loadMatrices(DeviceBuilder &b, Value place,
                                             int64_t bytes,
                                             bool transpose) const {
  return {b.loadMatrices(b.shared(b.add(place, bytes)), transpose)};
}

SmallVector<Values> SharedTile::loadPairs(DeviceBuilder &b, Value place,
                                          ArrayRef<int64_t> bytes,
                                          int64_t step) const {
  SmallVector<Values> parts(countParts(type));
  for (int64_t at : bytes) {
    Value from = b.add(place, at);
    Values pair;
    if (step == getBytes()) {
      pair = b.loadVector(type, 2, b.shared(from));
    } else {
      pair.push_back(b.load(type, b.shared(from), 4));
      pair.push_back(b.load(type, b.shared(b.add(from, step)), 4));
    }
    Values words = b.splitBF16(pair[0], pair[1], parts.size());
    for (auto [part, word] : llvm::zip_equal(parts, words))
      part.push_back(word);
  }
  return parts;
}

Value SharedTile::locateLeft(DeviceBuilder &b, Value lane, Value row) const {
  // Each lane gives the address of a row of a matrix, or reads its own pairs.
  bool isF32 = type.isF32();
  Value own = isF32 ? b.shr(lane, 2) : b.bitAnd(lane, 15);
  Value column = isF32 ? b.shl(b.bitAnd(lane, 3), 3) : b.shl(b.shr(lane, 4), 4);
  Value place = b.mul(b.add(row, own), stride);
  return b.add(place, b.add(column, at));
}

SmallVector<Values> SharedTile::loadLeft(DeviceBuilder &b, Value place,
                                         int64_t column) const {
  int64_t first = column * getBytes();
  if (!type.isF32())
    return loadMatrices(b, place, first, /*transpose=*/false);
  return loadPairs(
      b, place,
      {first, first + 8 * stride, first + 32, first + 8 * stride + 32}, 4);
}

Value SharedTile::locateRight(DeviceBuilder &b, Value lane, Value row) const {
  if (type.isF32())
    return locateLeft(b, lane, row);
  Value own = b.shl(b.shr(lane, 4), 3);
  own = b.add(own, b.bitAnd(lane, 7));
  Value column = b.shl(b.bitAnd(b.shr(lane, 3), 1), 4);
  Value place = b.mul(b.add(row, own), stride);
  return b.add(place, b.add(column, at));
}

SmallVector<Values> SharedTile::loadRight(DeviceBuilder &b, Value place,
                                          int64_t row, int64_t column) const {
  int64_t first = row * stride + column * getBytes();
  if (!type.isF32())
    return loadMatrices(b, place, first, /*transpose=*/false);
  return loadPairs(
      b, place,
      {first, first + 32, first + 8 * stride, first + 8 * stride + 32}, 4);
}

Value SharedTile::locateTransposed(DeviceBuilder &b, Value lane,
                                   Value column) const {
  Value row, own;
  if (type.isF32()) {
    row = b.shl(b.bitAnd(lane, 3), 1);
    own = b.shr(lane, 2);
  } else {
    row = b.shl(b.bitAnd(b.shr(lane, 3), 1), 3);
    row = b.add(row, b.bitAnd(lane, 7));
    own = b.shl(b.shr(lane, 4), 3);
  }
  Value bytes = b.mul(b.add(column, own), getBytes());
  Value place = b.mul(row, stride);
  return b.add(place, b.add(bytes, at));
}

SmallVector<Values> SharedTile::loadTransposed(DeviceBuilder &b, Value place,
                                               int64_t row,
                                               int64_t column) const {
  int64_t first = row * stride + column * getBytes();
  if (!type.isF32())
    return loadMatrices(b, place, first, /*transpose=*/true);
  return loadPairs(
      b, place,
      {first, first + 8 * stride, first + 32, first + 8 * stride + 32}, stride);
}

SmallVector<Values> tenon::nvptx::takeHalf(ArrayRef<Values> parts,
                                           int64_t half) {
  SmallVector<Values> halves;
  for (const Values &words : parts)
    halves.push_back(Values(ArrayRef<Value>(words).slice(2 * half, 2)));
  return halves;
}
