// Lowers the online-softmax update with one KV block.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   scores: for keys j, C at a time
//             for rows r, R at a time
//               for lanes i of d: s[R][C] += query[r, i..] * key[j, i..]
//               S[r, j] = scale * (sum over the lanes of s)      a fixed tree
//   softmax: for rows r
//              S[r, j] = -infinity where the row does not see the key
//              new = max(maximum[r], max S[r, :]), S[r, j] = 2^(S[r, j] - new)
//   values: for vectors of columns, V at a time
//             for rows r, R at a time
//               a[R][V] = acc[r, :] * 2^(maximum - new)
//               for keys j: a[R][V] = fma(S[r, j], value[j, :], a)
//
// 2 M keys (d + v) flops, on keys (d + v) elements of the cache and M keys
// exponentials. Up to about ten rows for each key the bytes of the cache bind,
// beyond them the multiply-adds; with few rows and short heads also the sums
// over lanes, three instructions for eight multiply-adds at d = 64.
//
// The sums of a row depend on the place of a key in its tile alone: keys that
// are not seen count as exact zeros, and there is no variant without a mask
// that would add in another order.

#include "tenon/Support/Log2E.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <limits>
#include "Polynomials.h"
#include "VectorLowerings.h"

using namespace mlir;
using namespace tenon;

using Values = VectorBuilder::Values;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Keys whose scores are computed side by side, and most of them.
static constexpr int64_t kTileKeys = 4;
static constexpr int64_t kMostTileKeys = 8;
/// Vectors of a value that several rows share.
static constexpr int64_t kStripVectors = 2;
/// f32 elements of a cache line.
static constexpr int64_t kLine = 16;
/// Most rows for which memory binds rather than multiply-adds.
static constexpr int64_t kFewRows = 16;

namespace {
class AttentionLowering {
public:
  AttentionLowering(VectorBuilder &b, tile::OnlineAttentionOp op)
      : b(b), op(op), acc(op.getOuts()[0]), maximum(op.getOuts()[1]),
        sum(op.getOuts()[2]) {
    ArrayRef<int64_t> shape =
        cast<MemRefType>(op.getQuery().getType()).getShape();
    rows = shape[0];
    depth = shape[1];
    width = cast<MemRefType>(acc.getType()).getDimSize(1);
    // Whole vectors of keys, and whole tiles of scores.
    keys =
        llvm::alignTo(op.getKeys(), std::max<int64_t>(b.lanes, kMostTileKeys));
    scores = b.scratch({rows, keys}, b.builder.getF32Type());
    rescale = b.scratch({rows}, b.builder.getF32Type());
    if (rows > kFewRows)
      strip =
          b.scratch({keys, kStripVectors * b.lanes}, b.builder.getF32Type());
    paddedCount =
        b.mul(b.div(b.add(op.getCount(), b.lanes - 1), b.lanes), b.lanes);
  }

  void run();

private:
  void loopRowTiles(int64_t most, function_ref<void(Value, int64_t)> body);

  void buildScores();
  void buildScoreTile(Value row, int64_t rowCount, Value key, int64_t keyCount);
  void storeScores(ArrayRef<Value> totals, ArrayRef<Value> rowsAt, Value key,
                   int64_t keyCount);
  void addProducts(Value column, int64_t rest, ArrayRef<Value> rowsAt,
                   ArrayRef<Values> keysAt, MutableArrayRef<Value> sums);

  void buildSoftmax();
  Value buildScore(Value row, Value position, Value key);
  Value findSeen(Value position, Value key);
  Value buildPowers(Value row, Value newMaximum);

  void buildValues();
  void packValues(Value column, int64_t vectors, int64_t lanes);
  void buildValueTile(Value row, int64_t rowCount, Value column,
                      int64_t vectors, int64_t lanes);
  Value loadValue(Value key, Value column, int64_t v, int64_t lanes);

  Values at(ValueRange base, int64_t along, Value key, Value column);
  void prefetchValues(Value key, int64_t count);
  void prefetchNextKey(Value key, Value column, int64_t columns);

  VectorBuilder &b;
  tile::OnlineAttentionOp op;
  Value acc, maximum, sum;
  int64_t rows, depth, width, keys;
  Value scores, rescale, paddedCount;
  /// Values of a strip of columns, key by key; null where each is used once.
  Value strip;
};
} // namespace

void AttentionLowering::run() {
  buildScores();
  buildSoftmax();
  buildValues();
}

/// Indices of a key or value, `key` positions after the first one.
Values AttentionLowering::at(ValueRange base, int64_t along, Value key,
                             Value column) {
  Values place(base);
  place[along] = b.add(place[along], key);
  place.back() = b.add(place.back(), column);
  return place;
}

// The hardware's prefetcher does not follow from keys to values and back. With
// so few rows that memory binds, each phase asks for what the other one needs.

/// Asks for the values of some keys.
void AttentionLowering::prefetchValues(Value key, int64_t count) {
  int64_t along = op.getValueAlong();
  Value last = b.sub(op.getCount(), b.index(1));
  for (int64_t c = 0; c < count; ++c)
    b.loop(0, width, kLine, [&](Value column) {
      b.prefetch(op.getValue(), at(op.getValueAt(), along,
                                   b.min(b.add(key, c), last), column));
    });
}

/// Asks for a part of a key of the next tile, as far as there is memory.
void AttentionLowering::prefetchNextKey(Value key, Value column,
                                        int64_t columns) {
  int64_t along = op.getKeyAlong();
  Value end = b.dim(op.getKey(), along);
  Value last = b.sub(end, b.index(1));
  for (int64_t i = 0; i < columns; i += kLine) {
    Value next = b.add(key, op.getCount());
    Values place = at(op.getKeyAt(), along, next, b.add(column, i));
    place[along] = b.min(place[along], last);
    b.prefetch(op.getKey(), place);
  }
}

/// Rows that are present, `most` at a time; the last tile of the memory may
/// have fewer.
void AttentionLowering::loopRowTiles(int64_t most,
                                     function_ref<void(Value, int64_t)> body) {
  int64_t whole = rows / most * most;
  if (rows <= most)
    return body(b.index(0), rows);
  Value begin = b.index(0), end = b.min(op.getRows(), b.index(whole));
  b.loop(begin, end, most, [&](Value row) { body(row, most); });
  if (whole < rows)
    b.ifThen(b.isLess(b.index(whole), op.getRows()),
             [&] { body(b.index(whole), rows - whole); });
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

/// Rows and keys whose sums fit into the registers together with the rows and
/// one key.
static std::pair<int64_t, int64_t> chooseScoreTile(const VectorBuilder &b,
                                                   int64_t rows) {
  int64_t most = std::max<int64_t>(1, (b.registers - 1) / (kTileKeys + 1));
  int64_t tileRows = std::min(rows, most);
  // With a single row more keys give chains enough to hide the latency.
  bool isWide = tileRows == 1 && b.registers >= 2 * kMostTileKeys;
  return {tileRows, isWide ? kMostTileKeys : kTileKeys};
}

void AttentionLowering::buildScores() {
  std::pair<int64_t, int64_t> tile = chooseScoreTile(b, rows);
  b.loop(b.index(0), op.getCount(), tile.second, [&](Value key) {
    if (rows <= kFewRows && op.getKey() != op.getValue())
      prefetchValues(key, tile.second);
    loopRowTiles(tile.first, [&](Value row, int64_t rowCount) {
      buildScoreTile(row, rowCount, key, tile.second);
    });
  });
}

void AttentionLowering::buildScoreTile(Value row, int64_t rowCount, Value key,
                                       int64_t keyCount) {
  Value last = b.sub(op.getCount(), b.index(1));
  Values rowsAt;
  for (int64_t r = 0; r < rowCount; ++r)
    rowsAt.push_back(b.add(row, r));
  SmallVector<Values> keyPlaces;
  for (int64_t c = 0; c < keyCount; ++c) {
    // A key that is not there repeats the last one; its score is cut off later.
    Value clamped = b.min(b.add(key, c), last);
    keyPlaces.push_back(
        at(op.getKeyAt(), op.getKeyAlong(), clamped, b.index(0)));
  }

  Values zeros(rowCount * keyCount, b.constant(b.getFloats(b.lanes), 0));
  int64_t whole = depth / b.lanes * b.lanes;
  Values sums =
      b.loop(0, whole, b.lanes, zeros, [&](Value column, ValueRange carried) {
        Values sums(carried);
        addProducts(column, b.lanes, rowsAt, keyPlaces, sums);
        return sums;
      });
  if (whole < depth)
    addProducts(b.index(whole), depth - whole, rowsAt, keyPlaces, sums);

  storeScores(b.reduceAddEach(sums), rowsAt, key, keyCount);
}

/// Scales and stores the scores of some rows for `keyCount` keys, which lie
/// side by side in `totals`.
void AttentionLowering::storeScores(ArrayRef<Value> totals,
                                    ArrayRef<Value> rowsAt, Value key,
                                    int64_t keyCount) {
  Values scaled;
  for (Value total : totals)
    scaled.push_back(
        b.mul(total, b.constantLike(total, op.getScale().convertToFloat())));
  int64_t width = getWidth(totals.front());
  int64_t part = std::min(keyCount, width);
  for (int64_t i = 0; i < (int64_t)rowsAt.size() * keyCount; i += part) {
    Value ofRow = b.slice(scaled[i / width], i % width, part);
    b.store(ofRow, scores, {rowsAt[i / keyCount], b.add(key, i % keyCount)});
  }
}

void AttentionLowering::addProducts(Value column, int64_t rest,
                                    ArrayRef<Value> rowsAt,
                                    ArrayRef<Values> keysAt,
                                    MutableArrayRef<Value> sums) {
  auto load = [&](Value memref, ValueRange place) {
    return rest == b.lanes
               ? b.load(memref, place, b.lanes)
               : b.maskedLoad(memref, place, b.lanes, b.index(rest));
  };
  Values queries;
  for (Value row : rowsAt)
    queries.push_back(load(op.getQuery(), {row, column}));
  for (auto [c, place] : llvm::enumerate(keysAt)) {
    Values shifted(place);
    shifted.back() = b.add(shifted.back(), column);
    Value key = load(op.getKey(), shifted);
    for (size_t r = 0; r < rowsAt.size(); ++r) {
      Value &sum = sums[r * keysAt.size() + c];
      sum = b.fma(queries[r], key, sum);
    }
  }
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

void AttentionLowering::buildSoftmax() {
  Value low = b.constant(-kInfinity);
  b.loop(b.index(0), op.getRows(), 1, [&](Value row) {
    Value position = b.add(op.getPosition(), b.div(row, op.getHeads()));
    Value begin = b.index(0);
    Values largest =
        b.loop(begin, paddedCount, b.lanes, b.broadcast(low, b.lanes),
               [&](Value key, ValueRange carried) {
                 Value score = buildScore(row, position, key);
                 b.store(score, scores, {row, key});
                 return Values{b.max(score, carried.front())};
               });
    Value old = b.load(maximum, row);
    Value next = b.max(b.reduceMax(largest.front()), old);
    // A row that has seen nothing is compared with 0: the difference of two
    // infinities would not be a number.
    Value isEmpty = b.compare(arith::CmpFPredicate::OEQ, next, low);
    Value base = b.select(isEmpty, b.constant(0), next);
    Value factor = buildExp2(b, b.sub(old, base));
    Value total = buildPowers(row, base);
    b.store(b.fma(b.load(sum, row), factor, total), sum, row);
    b.store(factor, rescale, row);
    b.store(next, maximum, row);
  });
}

/// The scores of a row for a vector of keys, -infinity for those not seen.
Value AttentionLowering::buildScore(Value row, Value position, Value key) {
  Value score = b.load(scores, {row, key}, b.lanes);
  if (auto softcap = op.getSoftcapAttr()) {
    double cap = softcap.getValueAsDouble();
    Value part = b.mul(score, b.constantLike(score, 1 / cap));
    Value tanh = buildTanh(b, part);
    score = b.mul(tanh, b.constantLike(score, cap));
  }
  Value isSeen = findSeen(position, key);
  return b.select(isSeen, score, b.constantLike(score, -kInfinity));
}

/// For a vector of keys from `key` on, whether there is such a key and whether
/// the query sees it. What a single query sees is a range, whatever the mask.
Value AttentionLowering::findSeen(Value position, Value key) {
  Value offsets = b.iota(b.lanes);
  offsets = b.add(offsets, b.broadcast(b.toInt(key), b.lanes));
  auto compare = [&](arith::CmpIPredicate predicate, Value bound) {
    return b.compare(predicate, offsets, b.broadcast(b.toInt(bound), b.lanes));
  };
  if (!op.getMask())
    return compare(arith::CmpIPredicate::slt, op.getCount());
  auto [lower, upper] = buildKeyRange(b, op.getMask()->getKeysSeenBySome(),
                                      position, position, op.getLength());
  Value end = b.min(b.sub(upper, op.getFirst()), op.getCount());
  Value isAfter =
      compare(arith::CmpIPredicate::sge, b.sub(lower, op.getFirst()));
  return b.bitAnd(isAfter, compare(arith::CmpIPredicate::slt, end));
}

/// Scores become powers of two; returns their sum.
Value AttentionLowering::buildPowers(Value row, Value base) {
  Value bases = b.broadcast(base, b.lanes);
  Value begin = b.index(0);
  Values total = b.loop(begin, paddedCount, b.lanes, b.constantLike(bases, 0),
                        [&](Value key, ValueRange carried) {
                          Value score = b.load(scores, {row, key}, b.lanes);
                          Value power = buildExp2(b, b.sub(score, bases));
                          if (std::optional<Type> type = op.getProbabilities())
                            power = b.round(power, *type);
                          b.store(power, scores, {row, key});
                          return Values{b.add(carried.front(), power)};
                        });
  return b.reduceAdd(total.front());
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

void AttentionLowering::buildValues() {
  // Two vectors of a value, with as many rows as leave registers for them; a
  // single row takes more vectors to hide the latency.
  int64_t vectors = rows == 1 ? 8 : kStripVectors;
  int64_t most = rows == 1 ? 1 : (b.registers - vectors - 1) / vectors;
  int64_t columns = vectors * b.lanes;
  auto build = [&](Value column, int64_t vectors, int64_t lanes) {
    packValues(column, vectors, lanes);
    loopRowTiles(std::min(rows, most), [&](Value row, int64_t rowCount) {
      buildValueTile(row, rowCount, column, vectors, lanes);
    });
  };
  int64_t strips = width / columns * columns;
  int64_t whole = width / b.lanes * b.lanes;
  b.loop(0, strips, columns,
         [&](Value column) { build(column, vectors, b.lanes); });
  if (strips < whole)
    build(b.index(strips), (whole - strips) / b.lanes, b.lanes);
  b.loop(whole, width, 1, [&](Value column) { build(column, 1, 1); });
}

/// Packs the values of a strip. In the KV cache their stride is a large power of
/// two, so that they would evict each other between the rows that use them.
void AttentionLowering::packValues(Value column, int64_t vectors,
                                   int64_t lanes) {
  if (!strip)
    return;
  b.loop(b.index(0), op.getCount(), 1, [&](Value key) {
    for (int64_t v = 0; v < vectors; ++v) {
      Value from = b.add(column, v * lanes);
      Values place = at(op.getValueAt(), op.getValueAlong(), key, from);
      Value values = b.load(op.getValue(), place, lanes);
      b.store(values, strip, {key, b.index(v * lanes)});
    }
  });
}

Value AttentionLowering::loadValue(Value key, Value column, int64_t v,
                                   int64_t lanes) {
  if (strip)
    return b.load(strip, {key, b.index(v * lanes)}, lanes);
  Value from = b.add(column, v * lanes);
  return b.load(op.getValue(),
                at(op.getValueAt(), op.getValueAlong(), key, from), lanes);
}

void AttentionLowering::buildValueTile(Value row, int64_t rowCount,
                                       Value column, int64_t vectors,
                                       int64_t lanes) {
  auto columnOf = [&](int64_t v) { return b.add(column, v * lanes); };
  Values sums, rowsAt;
  for (int64_t r = 0; r < rowCount; ++r) {
    rowsAt.push_back(b.add(row, r));
    Value factor = b.broadcast(b.load(rescale, rowsAt[r]), lanes);
    for (int64_t v = 0; v < vectors; ++v)
      sums.push_back(
          b.mul(b.load(acc, {rowsAt[r], columnOf(v)}, lanes), factor));
  }
  sums = b.loop(
      b.index(0), op.getCount(), 1, sums, [&](Value key, ValueRange carried) {
        Values next(carried), values;
        if (rows <= kFewRows && lanes > 1)
          prefetchNextKey(key, column, std::min(vectors * lanes, depth));
        for (int64_t v = 0; v < vectors; ++v)
          values.push_back(loadValue(key, column, v, lanes));
        for (int64_t i = 0; i < rowCount * vectors; ++i) {
          Value power = b.load(scores, {rowsAt[i / vectors], key});
          next[i] =
              b.fma(b.broadcast(power, lanes), values[i % vectors], next[i]);
        }
        return next;
      });
  for (auto [i, sum] : llvm::enumerate(sums))
    b.store(sum, acc, {rowsAt[i / vectors], columnOf(i % vectors)});
}

static LogicalResult lowerOnlineAttention(VectorBuilder &b,
                                          tile::OnlineAttentionOp op) {
  if (b.widthFor(
          {op.getQuery(), op.getKey(), op.getValue(), op.getOuts()[0]}) == 1)
    return op.emitOpError() << "expects query, key, value and acc to have "
                               "contiguous rows; copy them to tiles";
  AttentionLowering(b, op).run();
  return success();
}

//===----------------------------------------------------------------------===//
// Begin and end
//===----------------------------------------------------------------------===//

static LogicalResult lowerAttentionInit(VectorBuilder &b,
                                        tile::AttentionInitOp op) {
  fill(b, op.getOuts()[0], b.constant(0));
  fill(b, op.getOuts()[1], b.constant(-kInfinity));
  fill(b, op.getOuts()[2], b.constant(0));
  return success();
}

namespace {
/// What the accumulator of a row is multiplied with and divided by.
struct Division {
  Value factor, divisor;
};
} // namespace

/// A sink is a score without a value: it takes part in the sum alone.
static FailureOr<Division> divideBySum(VectorBuilder &b,
                                       tile::AttentionFinishOp op, Value row) {
  Value sum = b.load(op.getSum(), row);
  Division division = {b.constant(1), sum};
  if (op.getSinks()) {
    FailureOr<Value> sinks = viewRowMajor(b, op, op.getSinks());
    if (failed(sinks))
      return failure();
    Value head = b.add(op.getHead(), b.remainder(row, op.getHeads()));
    Value sink = b.load(*sinks, head);
    sink = b.mul(sink, b.constant(kLog2E));
    Value maximum = b.load(op.getMaximum(), row);
    Value next = b.max(maximum, sink);
    division.factor = buildExp2(b, b.sub(maximum, next));
    division.divisor =
        b.fma(sum, division.factor, buildExp2(b, b.sub(sink, next)));
  }
  // A row without keys is 0 whatever it is divided by.
  Value isZero =
      b.compare(arith::CmpFPredicate::OEQ, division.divisor, b.constant(0));
  division.divisor = b.select(isZero, b.constant(1), division.divisor);
  return division;
}

static LogicalResult lowerAttentionFinish(VectorBuilder &b,
                                          tile::AttentionFinishOp op) {
  Value outs = op.getOuts();
  bool hasFailed = false;
  b.loopOver(outs, 1, [&](ValueRange row) {
    FailureOr<Division> division = divideBySum(b, op, row.front());
    hasFailed = failed(division);
    if (hasFailed)
      return;
    b.loopColumns(b.dim(outs, 1), b.widthFor({outs}),
                  [&](Value column, int64_t width) {
                    Value acc = b.load(outs, {row.front(), column}, width);
                    acc = b.mul(acc, b.broadcast(division->factor, width));
                    acc = b.divide(acc, b.broadcast(division->divisor, width));
                    b.store(acc, outs, {row.front(), column});
                  });
  });
  return failure(hasFailed);
}

void tenon::attachAttendLowerings(MLIRContext &context) {
  attachLowerings<lowerOnlineAttention, lowerAttentionInit,
                  lowerAttentionFinish>(context);
}
