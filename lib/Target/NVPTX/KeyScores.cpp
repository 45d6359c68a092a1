// Index scores of keys.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   for 16 keys of a warp, for 16 heads: s = query * key, for all columns
//                                        score += weight * max(0, s)
//
// 2 H d flops for the d elements of a key, and 6 instructions of 16 x 8 x 16 for
// each 16 x 16 elements of an `f32` query and `bf16` keys: with 64 heads,
// matrix instructions bind.

#include "mlir/IR/TypeUtilities.h"
#include "KeySelection.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

KeyScorer::KeyScorer(DeviceKernel &kernel, IndexTopkOp op,
                     const SelectionSizes &sizes)
    : kernel(kernel), b(kernel.b), op(op), sizes(sizes) {
  for (int64_t i = 0; i < sizes.queryParts; ++i) {
    SharedTile part;
    part.type = b.getBF16Type();
    part.stride = sizes.getQueryStride();
    part.at = kernel.reserve(sizes.getQueryBytes());
    query.push_back(part);
  }
  keys.type = sizes.cacheType;
  keys.stride = sizes.getKeyStride();
  keys.at =
      kernel.reserve(sizes.warps * sizes.getBuffers() * sizes.getKeyBytes());
  weightsAt = kernel.reserve(sizes.headsPadded * 4);
}

//===----------------------------------------------------------------------===//
// Operands on their way into shared memory
//===----------------------------------------------------------------------===//

void KeyScorer::clearPadding() {
  int64_t columns = sizes.depthPadded - sizes.depth, bytes = keys.getBytes();
  if (columns == 0)
    return;
  int64_t rows = 16 * sizes.warps * sizes.getBuffers();
  b.loop(kernel.thread, b.i32(rows * columns), b.i32(kernel.threads),
         [&](Value number) {
           Value place = b.add(b.mul(b.div(number, columns), keys.stride),
                               b.mul(b.rem(number, columns), bytes));
           Value zero = LLVM::ZeroOp::create(b, keys.type);
           b.store(zero, b.shared(b.add(place, keys.at + sizes.depth * bytes)),
                   bytes);
         });
}

/// Parts of the query, with zeros around them.
void KeyScorer::loadQuery(Value token) {
  RowAccess rows = *resolveRowViews(op.getQuery());
  Type type = getElementTypeOrSelf(op.getQuery());
  Value row = b.add(b.mul(b.zext64(token), rows.stride), rows.first);
  int64_t pairs = sizes.depthPadded / 2;
  b.loop(kernel.thread, b.i32(sizes.headsPadded * pairs), b.i32(kernel.threads),
         [&](Value number) {
           Value head = b.div(number, pairs);
           Value column = b.shl(b.rem(number, pairs), 1);
           Values pair;
           for (int64_t i = 0; i < 2; ++i) {
             Value own = b.add(column, i);
             Value valid =
                 b.both(b.less(head, sizes.heads), b.less(own, sizes.depth));
             Value element = b.add(b.mul(head, sizes.depth), own);
             element = b.zext64(b.select(valid, element, b.i32(0)));
             Value number = b.loadFloats(type, 1, kernel.getPointer(rows.base),
                                         b.add(row, element))
                                .front();
             pair.push_back(b.select(valid, number, b.f32(0)));
           }
           Values words = b.splitBF16(pair[0], pair[1], query.size());
           Value place =
               b.add(b.mul(head, sizes.getQueryStride()), b.shl(column, 1));
           for (auto [part, word] : llvm::zip_equal(query, words))
             b.store(word, b.shared(b.add(place, part.at)), 4);
         });
}

void KeyScorer::loadWeights(Value token) {
  RowAccess rows = *resolveRowViews(op.getWeights());
  Value row = b.add(b.mul(b.zext64(token), rows.stride), rows.first);
  b.loop(kernel.thread, b.i32(sizes.headsPadded), b.i32(kernel.threads),
         [&](Value head) {
           Value valid = b.less(head, sizes.heads);
           Value real = b.zext64(b.select(valid, head, b.i32(0)));
           Value weight =
               b.loadFloats(b.getF32Type(), 1, kernel.getPointer(rows.base),
                            b.add(row, real))
                   .front();
           b.store(b.select(valid, weight, b.f32(0)),
                   b.shared(b.add(b.shl(head, 2), weightsAt)), 4);
         });
}

void KeyScorer::beginToken(Value token) {
  loadQuery(token);
  loadWeights(token);
  Value slot = b.zext64(kernel.loadIndex(op.getSlots(), token));
  Value index =
      b.mul(kernel.getIndex(op.getLayer()), kernel.getSize(op.getCache(), 1));
  index = b.mul(b.add(index, slot), kernel.getSize(op.getCache(), 2));
  pointer = b.offset(kernel.getPointer(op.getCache()),
                     b.mul(index, sizes.depth * keys.getBytes()));
}

/// Begins to copy the keys of a warp's tile. Those behind the last one are
/// zeros: what lies there may be no number.
void KeyScorer::beginTile(Value first, Value count, Value at, Value buffer) {
  int64_t elements = 16 / keys.getBytes(), units = sizes.depth / elements;
  b.loop(kernel.lane, b.i32(16 * units), b.i32(32), [&](Value number) {
    Value row = b.div(number, units);
    Value column = b.mul(b.rem(number, units), elements);
    Value valid = b.less(b.add(at, row), count);
    Value real = b.select(valid, b.add(at, row), b.i32(0));
    Value element = b.mul(b.zext64(b.add(first, real)), sizes.depth);
    element = b.add(element, b.zext64(column));
    Value place =
        b.add(b.mul(row, keys.stride), b.mul(column, keys.getBytes()));
    b.copyAsync(b.shared(b.add(b.add(place, keys.at), buffer)),
                b.offset(pointer, b.mul(element, keys.getBytes())), valid);
  });
  b.commitCopies();
}

/// Reads them element by element.
void KeyScorer::readTile(Value first, Value count, Value at) {
  int64_t bytes = keys.getBytes();
  Value own = b.mul(kernel.warp, sizes.getKeyBytes());
  b.loop(kernel.lane, b.i32(16 * sizes.depth), b.i32(32), [&](Value number) {
    Value row = b.div(number, sizes.depth);
    Value column = b.rem(number, sizes.depth);
    Value valid = b.less(b.add(at, row), count);
    Value real = b.select(valid, b.add(at, row), b.i32(0));
    Value element = b.mul(b.zext64(b.add(first, real)), sizes.depth);
    element = b.add(element, b.zext64(column));
    Value key =
        b.load(keys.type, b.offset(pointer, b.mul(element, bytes)), bytes);
    Value zero = LLVM::ZeroOp::create(b, keys.type);
    Value place = b.add(b.mul(row, keys.stride), b.mul(column, bytes));
    b.store(b.select(valid, key, zero),
            b.shared(b.add(b.add(place, keys.at), own)), bytes);
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Adds the weighted scores of 16 heads. A lane has two of them, and two keys of
/// each eight.
Values KeyScorer::addHeads(Value tile, Value right, ValueRange totals) {
  Value row = b.shl(tile, 4);
  Values left;
  for (const SharedTile &part : query)
    left.push_back(part.locateLeft(b, kernel.lane, row));
  Values scores(8, b.f32(0));
  for (int64_t column = 0; column < sizes.depthPadded; column += 16) {
    SmallVector<Values> rows;
    for (auto [part, place] : llvm::zip_equal(query, left))
      rows.push_back(part.loadLeft(b, place, column).front());
    SmallVector<Values> pairs = keys.loadRight(b, right, 0, column);
    for (int64_t j = 0; j < 2; ++j)
      b.addProduct(MutableArrayRef(scores).slice(4 * j, 4), rows,
                   takeHalf(pairs, j));
  }
  Values sums(totals);
  Value head = b.add(row, b.shr(kernel.lane, 2));
  for (int64_t h = 0; h < 2; ++h) {
    Value place = b.add(b.shl(b.add(head, 8 * h), 2), weightsAt);
    Value weight = b.load(b.getF32Type(), b.shared(place), 4);
    for (int64_t j = 0; j < 2; ++j)
      for (int64_t k = 0; k < 2; ++k) {
        Value score = b.max(scores[4 * j + 2 * h + k], b.f32(0));
        sums[2 * j + k] = b.fma(weight, score, sums[2 * j + k]);
      }
  }
  return sums;
}

/// Scores of the tile in a buffer: a lane has those of two keys of each eight.
Values KeyScorer::scoreTile(Value buffer) {
  Value right = b.add(keys.locateRight(b, kernel.lane, b.i32(0)), buffer);
  Values totals =
      b.loop(b.i32(0), b.i32(sizes.headsPadded / 16), b.i32(1),
             Values(4, b.f32(0)), [&](Value tile, ValueRange state) {
               return addHeads(tile, right, state);
             });
  for (Value &total : totals) {
    for (int64_t mask : {4, 8, 16})
      total = b.add(total, b.shuffleXor(total, mask));
    total = b.mul(total, b.f32(op.getScale().convertToDouble()));
  }
  return totals;
}

void KeyScorer::score(Value first, Value count,
                      llvm::function_ref<void(Value, Value)> store) {
  Value begin = b.shl(kernel.warp, 4), step = b.i32(16 * sizes.warps);
  int64_t tileBytes = sizes.getKeyBytes();
  bool isAhead = sizes.getBuffers() == 2;
  Value own = b.mul(kernel.warp, sizes.getBuffers() * tileBytes);
  if (isAhead)
    beginTile(first, count, begin, own);
  b.loop(begin, count, step, {b.i32(0)}, [&](Value at, ValueRange state) {
    Value buffer = state.front();
    Value next = isAhead ? b.sub(b.i32(tileBytes), buffer) : buffer;
    if (isAhead) {
      beginTile(first, count, b.add(at, step), b.add(own, next));
      b.waitForCopies(1);
    } else if (sizes.copies) {
      beginTile(first, count, at, own);
      b.waitForCopies(0);
    } else {
      readTile(first, count, at);
    }
    b.syncWarp();
    Values totals = scoreTile(b.add(own, buffer));
    // The tile may be written over.
    b.syncWarp();
    b.when(b.less(kernel.lane, 4), [&] {
      for (int64_t i = 0; i < 4; ++i) {
        Value place =
            b.add(b.add(at, b.shl(kernel.lane, 1)), i / 2 * 8 + i % 2);
        b.when(b.less(place, count), [&] { store(place, totals[i]); });
      }
    });
    return Values{next};
  });
  // Copies behind the last tile must not meet those of the next chunk.
  if (isAhead)
    b.waitForCopies(0);
}
