// Lowers index scores of keys, and the selection of the largest.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   scores: for keys, for heads, as many at a time as a vector has lanes:
//             for lanes i of d: s[h] += query[h, i..] * key[i..]
//             total += weight[h] * max(0, sum over the lanes of s[h])
//   select: the K-th largest score t, bit by bit: 32 counts of larger ones;
//           then, in order, what exceeds t, and as many equals as are missing
//
// 2 H d flops on d elements of the cache for a key: a row of the query is read
// from the L1 cache for each multiply-add, so loads bind. To select
// takes 33 passes over the scores of a token, about 5 instructions for each
// vector.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "VectorLowerings.h"

using namespace mlir;
using namespace tenon;

using Values = VectorBuilder::Values;

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

namespace {
class ScoreLowering {
public:
  ScoreLowering(VectorBuilder &b, tile::IndexScoresOp op) : b(b), op(op) {
    ArrayRef<int64_t> shape =
        cast<MemRefType>(op.getQuery().getType()).getShape();
    heads = shape[1];
    depth = shape[2];
  }

  void run();

private:
  Values multiply(ValueRange key, Value head, int64_t count);
  Value addHeads(ValueRange key, Value head, int64_t count, Value total);

  VectorBuilder &b;
  tile::IndexScoresOp op;
  int64_t heads, depth;
};
} // namespace

void ScoreLowering::run() {
  int64_t whole = heads / b.lanes * b.lanes;
  b.loop(b.index(0), op.getCount(), 1, [&](Value n) {
    Values key(op.getAt());
    key[2] = b.add(key[2], n);
    Value total =
        b.loop(0, whole, b.lanes, b.constant(0),
               [&](Value head, ValueRange carried) {
                 return Values{addHeads(key, head, b.lanes, carried.front())};
               })
            .front();
    if (whole < heads)
      total = addHeads(key, b.index(whole), heads - whole, total);
    Value scale = b.constant(op.getScale().convertToDouble());
    Value scaled = b.mul(scale, total);
    b.store(scaled, op.getOuts(), {b.index(0), n});
  });
}

/// Products of a key with `count` heads, lane by lane.
Values ScoreLowering::multiply(ValueRange key, Value head, int64_t count) {
  auto addProducts = [&](Value column, int64_t elements, ValueRange carried) {
    auto load = [&](Value memref, Values at) {
      at.back() = b.add(at.back(), column);
      return elements == b.lanes
                 ? b.load(memref, at, b.lanes)
                 : b.maskedLoad(memref, at, b.lanes, b.index(elements));
    };
    Value part = load(op.getKey(), Values(key));
    Values sums;
    for (int64_t h = 0; h < count; ++h)
      sums.push_back(
          b.fma(load(op.getQuery(), {b.index(0), b.add(head, h), b.index(0)}),
                part, carried[h]));
    return sums;
  };
  Values zeros(count, b.constant(b.getFloats(b.lanes), 0));
  int64_t whole = depth / b.lanes * b.lanes;
  Values sums =
      b.loop(0, whole, b.lanes, zeros, [&](Value column, ValueRange carried) {
        return addProducts(column, b.lanes, carried);
      });
  return whole < depth ? addProducts(b.index(whole), depth - whole, sums)
                       : sums;
}

/// Adds the weighted scores of `count` heads, in their order.
Value ScoreLowering::addHeads(ValueRange key, Value head, int64_t count,
                              Value total) {
  Values sums = b.reduceAddEach(multiply(key, head, count));
  int64_t width = getWidth(sums.front());
  auto add = [&](Value score, Value weight) {
    score = b.max(score, b.constantLike(score, 0));
    return b.mul(weight, score);
  };
  auto loadWeights = [&](int64_t first, int64_t width) {
    return b.load(op.getWeights(), {b.index(0), b.add(head, first)}, width);
  };
  int64_t done = 0;
  for (; width > 1 && done + width <= count; done += width)
    total = b.add(
        total, b.reduceAdd(add(sums[done / width], loadWeights(done, width))));
  for (; done < count; ++done) {
    Value score = b.extract(sums[done / width], done % width);
    total = b.add(total, add(score, loadWeights(done, 1)));
  }
  return total;
}

static LogicalResult lowerScores(VectorBuilder &b, tile::IndexScoresOp op) {
  ScoreLowering(b, op).run();
  return success();
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

namespace {
class SelectLowering {
public:
  SelectLowering(VectorBuilder &b, tile::SelectTopOp op)
      : b(b), op(op),
        top(cast<MemRefType>(op.getOuts().getType()).getDimSize(1)),
        width(b.widthFor({op.getScores()})) {}

  void run();

private:
  Value load(Value place, int64_t width);
  Value count(arith::CmpIPredicate predicate, Value than);
  Value findThreshold();
  void writeFrom(Value threshold);

  VectorBuilder &b;
  tile::SelectTopOp op;
  int64_t top, width;
};
} // namespace

void SelectLowering::run() {
  Value places = b.index(top);
  b.ifThen(
      b.isLess(places, op.getCount()), [&] { writeFrom(findThreshold()); },
      [&] {
        b.loop(b.index(0), places, 1, [&](Value i) {
          Value isThere = b.isLess(i, op.getCount());
          Value none = b.bits(b.getInts(1), -1);
          Value key = b.select(isThere, b.toInt(i), none);
          b.store(key, op.getOuts(), {b.index(0), i});
        });
      });
}

/// Scores as integers of the same order. A zero has one sign.
Value SelectLowering::load(Value place, int64_t width) {
  Value score = b.load(op.getScores(), {b.index(0), place}, width);
  Value bits = b.asInts(b.add(score, b.constantLike(score, 0)));
  Value isNegative = b.isLess(bits, b.bits(bits.getType(), 0));
  return b.select(isNegative, b.bitXor(bits, 0x7fffffff), bits);
}

/// How many scores compare with a number as told.
Value SelectLowering::count(arith::CmpIPredicate predicate, Value than) {
  auto step = [&](int64_t width) {
    return [&, width](Value place, ValueRange carried) {
      Value score = load(place, width);
      Value holds = b.compare(predicate, score, b.broadcast(than, width));
      Type type = b.getInts(width);
      Value one = b.bits(type, 1);
      one = b.select(holds, one, b.bits(type, 0));
      return Values{b.add(carried.front(), one)};
    };
  };
  Value whole = b.mul(b.div(op.getCount(), width), width);
  Value begin = b.index(0), none = b.bits(b.getInts(width), 0);
  Value sums = b.loop(begin, whole, width, none, step(width)).front();
  Value sum = width == 1 ? sums : b.reduceAdd(sums);
  return b.loop(whole, op.getCount(), 1, sum, step(1)).front();
}

/// The largest number that at least `top` scores reach: the `top`-th largest
/// score.
Value SelectLowering::findThreshold() {
  Type type = b.getInts(1);
  Value lowest = b.bits(type, 0x80000000);
  Value begin = b.index(0), end = b.index(32);
  return b
      .loop(begin, end, 1, {lowest, lowest},
            [&](Value, ValueRange carried) {
              Value found = carried[0], bit = carried[1];
              // Wraps around once, from the lowest number to 0.
              Value next = b.add(found, bit);
              Value reached = count(arith::CmpIPredicate::sge, next);
              Value isEnough = b.compare(arith::CmpIPredicate::sge, reached,
                                         b.bits(type, top));
              Value half = arith::ShRUIOp::create(b.builder, b.loc, bit,
                                                  b.bits(type, 1));
              return Values{b.select(isEnough, next, found), half};
            })
      .front();
}

/// Writes the places of scores above the threshold, and of the first ones equal
/// to it.
void SelectLowering::writeFrom(Value threshold) {
  Type type = b.getInts(1);
  Value one = b.bits(type, 1), none = b.bits(type, 0);
  Value above = count(arith::CmpIPredicate::sgt, threshold);
  Value missing = b.sub(b.bits(type, top), above);
  Value begin = b.index(0);
  b.loop(begin, op.getCount(), 1, {b.index(0), missing},
         [&](Value place, ValueRange carried) {
           Value written = carried[0], left = carried[1];
           Value score = load(place, 1);
           Value isAbove =
               b.compare(arith::CmpIPredicate::sgt, score, threshold);
           Value isEqual =
               b.compare(arith::CmpIPredicate::eq, score, threshold);
           Value isLast = b.bitAnd(isEqual, b.isLess(none, left));
           Value isTaken = b.bitOr(isAbove, isLast);
           b.ifThen(isTaken, [&] {
             Value key = b.toInt(place);
             b.store(key, op.getOuts(), {b.index(0), written});
           });
           Value next = b.select(isTaken, b.add(written, 1), written);
           return Values{next, b.sub(left, b.select(isLast, one, none))};
         });
}

static LogicalResult lowerSelect(VectorBuilder &b, tile::SelectTopOp op) {
  SelectLowering(b, op).run();
  return success();
}

void tenon::attachIndexerLowerings(MLIRContext &context) {
  attachLowerings<lowerScores, lowerSelect>(context);
}
