// Queries and tiles of caches on their way into shared memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Attention.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

/// Columns behind the last one of a tile are zeros for good.
void AttentionEmitter::clearPadding() {
  auto clear = [&](int64_t at, int64_t size, int64_t padded, int64_t stride) {
    int64_t columns = padded - size;
    if (columns == 0)
      return;
    b.loop(kernel.thread, b.i32(t.keys * columns), b.i32(kernel.threads),
           [&](Value number) {
             Value place = b.add(b.mul(b.div(number, columns), stride),
                                 b.shl(b.rem(number, columns), 1));
             Value zero = LLVM::ZeroOp::create(b, b.getI16Type());
             b.store(zero, b.shared(b.add(place, at + size * 2)), 2);
           });
  };
  for (int64_t i = 0; i < t.getBuffers(); ++i) {
    int64_t buffer = i * t.getTileBytes();
    clear(keys.tileAt + buffer, t.keySize, t.keyPadded, keys.stride);
    if (!t.sharesValue)
      clear(values.tileAt + buffer, t.valueSize, t.valuePadded, values.stride);
  }
}

void AttentionEmitter::loadQuery(const Block &block) {
  int64_t width = t.keySize % 4 == 0 ? 4 : 1, units = t.keyPadded / width;
  b.loop(kernel.thread, b.i32(t.getRows() * units), b.i32(kernel.threads),
         [&](Value number) {
           Value row = b.div(number, units);
           Value column = b.mul(b.rem(number, units), width);
           Value valid =
               b.both(b.less(b.add(block.firstRow, row), block.endRow),
                      b.less(column, t.keySize));
           Values elements = b.choose(
               valid,
               [&] {
                 auto [token, head] = getTokenAndHead(block, row);
                 Value index = b.zext64(b.add(block.first, token));
                 index = b.add(b.mul(index, t.heads), b.zext64(head));
                 index = b.add(b.mul(index, t.keySize), b.zext64(column));
                 Value from = b.offset(kernel.getPointer(op.getQuery()),
                                       b.mul(index, 4));
                 return b.loadVector(b.getF32Type(), width, from);
               },
               [&] { return Values(width, b.f32(0)); });
           Value place = b.add(b.mul(row, t.getKeyStride()),
                               b.add(b.shl(column, 1), queryAt));
           Values rounded;
           for (Value element : elements)
             rounded.push_back(
                 LLVM::FPTruncOp::create(b, b.getBF16Type(), element));
           b.storeVector(rounded, b.shared(place));
         });
}

void AttentionEmitter::locateCaches(const Block &block) {
  auto locate = [&](CacheTile &cache, Value argument) {
    Value index =
        b.mul(kernel.getIndex(op.getLayer()), kernel.getSize(argument, 1));
    index =
        b.mul(b.add(index, b.zext64(block.slot)), kernel.getSize(argument, 2));
    index = b.add(b.mul(index, t.groups), b.zext64(block.group));
    int64_t bytes = cache.type.getIntOrFloatBitWidth() / 8;
    cache.keyStep = t.groups * cache.size;
    cache.pointer =
        b.offset(kernel.getPointer(argument), b.mul(index, cache.size * bytes));
  };
  locate(keys, op.getKey());
  if (!t.sharesValue)
    locate(values, op.getValue());
}

/// The buffer of a tile, as an offset.
Value AttentionEmitter::getBuffer(Value key) {
  if (t.getBuffers() == 1)
    return b.i32(0);
  return b.mul(b.bitAnd(b.div(key, t.keys), 1), t.getTileBytes());
}

/// Calls `body` for this thread's units of a tile, with the number of the key,
/// the first element in its row, and the number of the unit.
void AttentionEmitter::forUnits(
    const CacheTile &cache, int64_t elements,
    llvm::function_ref<void(Value, Value, Value)> body) {
  int64_t units = cache.size / elements;
  b.loop(kernel.thread, b.i32(t.keys * units), b.i32(kernel.threads),
         [&](Value number) {
           body(b.div(number, units), b.mul(b.rem(number, units), elements),
                number);
         });
}

/// Begins to copy the tile from `key` on. Keys that no row sees are zeros: what
/// lies there may be no number.
void AttentionEmitter::beginTile(const Block &block, Value key) {
  int64_t bytes = keys.type.getIntOrFloatBitWidth() / 8;
  auto copy = [&](const CacheTile &cache) {
    forUnits(cache, 16 / bytes, [&](Value row, Value column, Value unit) {
      Value at = b.add(key, row);
      Value valid = b.lessSigned(at, block.upper);
      Value real = b.zext64(b.select(valid, at, b.i32(0)));
      Value element = b.add(b.mul(real, cache.keyStep), b.zext64(column));
      Value place = b.add(b.shl(unit, 4), cache.stageAt);
      if (t.copy == CacheCopy::Async)
        place = b.add(b.add(b.mul(row, cache.stride), b.mul(column, bytes)),
                      b.add(getBuffer(key), cache.tileAt));
      b.copyAsync(b.shared(place),
                  b.offset(cache.pointer, b.mul(element, bytes)), valid);
    });
  };
  if (t.copy != CacheCopy::Direct) {
    copy(keys);
    if (!t.sharesValue)
      copy(values);
  }
  b.commitCopies();
}

/// Makes the tile from `key` on ready for all threads, and begins the next one.
void AttentionEmitter::finishTile(const Block &block, Value key) {
  b.waitForCopies(0);
  b.syncBlock();
  if (t.copy == CacheCopy::Async)
    return beginTile(block, b.add(key, t.keys));

  auto round = [&](const CacheTile &cache) {
    bool isStaged = t.copy == CacheCopy::Staged;
    int64_t width = isStaged ? 4 : 1;
    // A thread rounds the units that it has copied, so it needs no barrier.
    forUnits(cache, width, [&](Value row, Value column, Value unit) {
      Values elements;
      if (isStaged) {
        Value from = b.shared(b.add(b.shl(unit, 4), cache.stageAt));
        for (Value element : b.loadVector(b.getF32Type(), 4, from))
          elements.push_back(
              LLVM::FPTruncOp::create(b, b.getBF16Type(), element));
      } else {
        Value at = b.add(key, row);
        Value valid = b.lessSigned(at, block.upper);
        Value real = b.zext64(b.select(valid, at, b.i32(0)));
        Value element = b.add(b.mul(real, cache.keyStep), b.zext64(column));
        int64_t bytes = cache.type.getIntOrFloatBitWidth() / 8;
        Value number = b.load(
            cache.type, b.offset(cache.pointer, b.mul(element, bytes)), bytes);
        if (cache.type.isF32())
          number = LLVM::FPTruncOp::create(b, b.getBF16Type(), number);
        Value zero = LLVM::ZeroOp::create(b, b.getBF16Type());
        elements.push_back(b.select(valid, number, zero));
      }
      Value place = b.add(b.mul(row, cache.stride), b.shl(column, 1));
      b.storeVector(elements, b.shared(b.add(place, cache.tileAt)));
    });
  };
  round(keys);
  if (!t.sharesValue)
    round(values);
  beginTile(block, b.add(key, t.keys));
  b.syncBlock();
}
