// Copies queries and tiles of KV caches to shared memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Attention.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

/// Pads the columns of a tile with zeros, once.
void AttentionEmitter::clearPadding() {
  auto clear = [&](const SharedTile &tile, int64_t size, int64_t padded) {
    int64_t columns = padded - size, bytes = tile.getBytes();
    if (columns == 0)
      return;
    b.loop(kernel.thread, t.keys * columns, kernel.threads, [&](Value number) {
      Value place = b.mul(b.div(number, columns), tile.stride);
      place = b.add(place, b.mul(b.rem(number, columns), bytes));
      Value zero = LLVM::ZeroOp::create(b, tile.type);
      b.store(zero, b.shared(b.add(place, tile.at + size * bytes)), bytes);
    });
  };
  for (int64_t i = 0; i < t.getBuffers(); ++i) {
    auto inBuffer = [&](SharedTile tile) {
      tile.at += i * t.getTileBytes();
      return tile;
    };
    clear(inBuffer(keys), t.keySize, t.keyPadded);
    if (!t.sharesValue)
      clear(inBuffer(values), t.valueSize, t.valuePadded);
  }
}

void AttentionEmitter::loadQuery(const Block &block) {
  bool isAligned =
      t.keySize % 4 == 0 && queries.stride % 4 == 0 && queries.first % 4 == 0;
  int64_t width = isAligned ? 4 : 1, units = t.keyPadded / width;
  b.loop(kernel.thread, t.getRows() * units, kernel.threads, [&](Value number) {
    Value row = b.div(number, units);
    Value column = b.mul(b.rem(number, units), width);
    Value isRow = b.less(b.add(block.firstRow, row), block.endRow);
    Value valid = b.both(isRow, b.less(column, t.keySize));
    Values elements = b.choose(
        valid,
        [&] {
          auto [token, head] = getTokenAndHead(block, row);
          Value index = b.zext64(b.add(block.first, token));
          index = b.add(b.mul(index, queries.stride), queries.first);
          index = b.add(index, b.mul(b.zext64(head), t.keySize));
          index = b.add(index, b.zext64(column));
          Value from = b.offset(kernel.getPointer(queries.base),
                                b.mul(index, query.getBytes()));
          return b.loadVector(query.type, width, from);
        },
        [&] { return Values(width, LLVM::ZeroOp::create(b, query.type)); });
    Value place = b.mul(row, query.stride);
    Value inRow = b.add(b.mul(column, query.getBytes()), query.at);
    place = b.add(place, inRow);
    b.storeVector(elements, b.shared(place));
  });
}

void AttentionEmitter::locateCaches(const Block &block) {
  auto locate = [&](CacheTile &cache, Value argument) {
    Value index = kernel.getIndex(op.layer);
    index = b.mul(index, kernel.getSize(argument, 1));
    index = b.add(index, b.zext64(block.slot));
    index = b.mul(index, kernel.getSize(argument, 2));
    index = b.mul(index, t.groups);
    index = b.add(index, b.zext64(block.group));
    cache.keyStep = t.groups * cache.size;
    cache.pointer = b.offset(kernel.getPointer(argument),
                             b.mul(index, cache.size * cache.getBytes()));
  };
  locate(keys, op.key);
  if (!t.sharesValue)
    locate(values, op.value);
}

/// The buffer of a tile, as an offset.
Value AttentionEmitter::getBuffer(Value key) {
  if (t.getBuffers() == 1)
    return b.i32(0);
  return b.mul(b.bitAnd(b.div(key, t.keys), 1), t.getTileBytes());
}

/// Calls `body` for this thread's units of a tile, with the number of the key
/// and the first element in its row.
void AttentionEmitter::forUnits(const CacheTile &cache, int64_t elements,
                                llvm::function_ref<void(Value, Value)> body) {
  int64_t units = cache.size / elements;
  b.loop(kernel.thread, t.keys * units, kernel.threads, [&](Value number) {
    Value row = b.div(number, units);
    body(row, b.mul(b.rem(number, units), elements));
  });
}

/// Where a key lies in its cache; some place if it is not `valid`.
Value AttentionEmitter::getPlace(const Block &block, Value key, Value valid) {
  Value real = b.select(valid, key, b.i32(0));
  if (op.selected)
    real = kernel.loadIndex(op.selected,
                            b.add(b.mul(block.first, op.getSelected()), real));
  return b.zext64(real);
}

/// Begins to copy the tile from `key` on. Keys that no row sees are zeros: what
/// lies there may be no number.
void AttentionEmitter::beginTile(const Block &block, Value key) {
  auto copy = [&](const CacheTile &cache) {
    int64_t bytes = cache.getBytes();
    forUnits(cache, 16 / bytes, [&](Value row, Value column) {
      Value at = b.add(key, row);
      Value valid = b.lessSigned(at, block.upper);
      Value real = getPlace(block, at, valid);
      Value element = b.mul(real, cache.keyStep);
      element = b.add(element, b.zext64(column));
      Value place = b.mul(row, cache.stride);
      place = b.add(place, b.mul(column, bytes));
      place = b.add(place, b.add(getBuffer(key), cache.at));
      Value target = b.shared(place);
      Value source = b.offset(cache.pointer, b.mul(element, bytes));
      b.copyAsync(target, source, valid);
    });
  };
  copy(keys);
  if (!t.sharesValue)
    copy(values);
  b.commitCopies();
}

/// Reads the tile from `key` on, element by element.
void AttentionEmitter::readTile(const Block &block, Value key) {
  auto read = [&](const CacheTile &cache) {
    int64_t bytes = cache.getBytes();
    forUnits(cache, 1, [&](Value row, Value column) {
      Value at = b.add(key, row);
      Value valid = b.lessSigned(at, block.upper);
      Value real = getPlace(block, at, valid);
      Value element = b.mul(real, cache.keyStep);
      element = b.add(element, b.zext64(column));
      Value number = b.load(
          cache.type, b.offset(cache.pointer, b.mul(element, bytes)), bytes);
      Value zero = LLVM::ZeroOp::create(b, cache.type);
      Value place = b.mul(row, cache.stride);
      place = b.add(place, b.mul(column, bytes));
      number = b.select(valid, number, zero);
      b.store(number, b.shared(b.add(place, cache.at)), bytes);
    });
  };
  read(keys);
  if (!t.sharesValue)
    read(values);
}

/// Makes the tile from `key` on ready for all threads.
void AttentionEmitter::finishTile(const Block &block, Value key) {
  if (t.copy == CacheCopy::Ahead) {
    b.waitForCopies(0);
    b.syncBlock();
    return beginTile(block, b.add(key, t.keys));
  }
  // There is one buffer, so the tile before must have been used.
  b.syncBlock();
  if (t.copy == CacheCopy::Direct) {
    readTile(block, key);
  } else {
    beginTile(block, key);
    b.waitForCopies(0);
  }
  b.syncBlock();
}
