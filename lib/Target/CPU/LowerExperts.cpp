// Lowers the router, the sort by expert, and the combine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   route:   scores and choices of E experts in scratch memory; `top` times the
//            best of them, a vector at a time
//   group:   counting sort: count, add up, place
//   combine: for columns: outs += (sum over j of weight[j] * row[place[j]])
//
// A few thousand instructions for a token in route, ten for a choice in group:
// latency binds both. Combine is 2 flops on 4 bytes of each row: memory binds.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/Sequence.h"
#include <limits>
#include "Polynomials.h"
#include "VectorLowerings.h"

using namespace mlir;
using namespace tenon;

using Values = VectorBuilder::Values;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Route
//===----------------------------------------------------------------------===//

namespace {
/// The largest element of a row, the first one among equals.
struct Best {
  Value value, place; // f32 and i32
};

class RouteLowering {
public:
  RouteLowering(VectorBuilder &b, tile::RouteOp op, Value bias)
      : b(b), op(op), bias(bias),
        experts(cast<MemRefType>(op.getLogits().getType()).getDimSize(1)),
        padded(llvm::alignTo(experts, b.lanes)),
        scores(b.scratch({experts}, b.builder.getF32Type())),
        // Of another shape than scores, in whole vectors.
        choices(b.scratch({1, padded}, b.builder.getF32Type())) {}

  void run();

private:
  void buildScores();
  void buildSoftmax();
  void buildChoices();
  void dropGroups();
  Value buildGroupScore(Value group, int64_t size);
  void chooseExperts();
  void buildWeights();
  Best findBest(Value memory, int64_t columns);
  void clearFrom(Value memory, int64_t begin, int64_t end);

  VectorBuilder &b;
  tile::RouteOp op;
  Value bias; // as a memref, or null
  int64_t experts, padded;
  Value scores, choices;
};
} // namespace

void RouteLowering::run() {
  buildScores();
  buildChoices();
  if (op.getGroups() > 1 && op.getKeep() < op.getGroups())
    dropGroups();
  chooseExperts();
  buildWeights();
}

/// Fills a row of scratch memory with -infinity.
void RouteLowering::clearFrom(Value memory, int64_t begin, int64_t end) {
  b.loop(begin, end, 1, [&](Value column) {
    Value none = b.constant(-kInfinity);
    b.store(none, memory, {b.index(0), column});
  });
}

void RouteLowering::buildScores() {
  if (op.getScoring() == Scoring::Softmax)
    return buildSoftmax();
  b.loopColumns(experts, b.widthFor({op.getLogits()}),
                [&](Value i, int64_t width) {
                  Value logit = b.load(op.getLogits(), {b.index(0), i}, width);
                  b.store(buildSigmoid(b, logit), scores, i);
                });
}

void RouteLowering::buildSoftmax() {
  Value begin = b.index(0), end = b.index(experts);
  Value largest = b.loop(begin, end, 1, b.constant(-kInfinity),
                         [&](Value i, ValueRange carried) {
                           Value logit =
                               b.load(op.getLogits(), {b.index(0), i});
                           return Values{b.max(logit, carried.front())};
                         })
                      .front();
  b.loopColumns(
      experts, b.widthFor({op.getLogits()}), [&](Value i, int64_t width) {
        Value logit = b.load(op.getLogits(), {b.index(0), i}, width);
        Value power = buildExp(b, b.sub(logit, b.broadcast(largest, width)));
        b.store(power, scores, i);
      });
  Value sum = sumRow(b, experts, b.lanes, [&](Value i, int64_t width) {
    return b.load(scores, i, width);
  });
  b.loopColumns(experts, b.lanes, [&](Value i, int64_t width) {
    Value power = b.load(scores, i, width);
    b.store(b.divide(power, b.broadcast(sum, width)), scores, i);
  });
}

void RouteLowering::buildChoices() {
  b.loopColumns(experts, b.lanes, [&](Value i, int64_t width) {
    Value score = b.load(scores, i, width);
    if (bias)
      score = b.add(score, b.load(bias, i, width));
    b.store(score, choices, {b.index(0), i});
  });
  clearFrom(choices, experts, padded);
}

/// The largest element of a group, or the sum of its two largest.
Value RouteLowering::buildGroupScore(Value group, int64_t size) {
  Value first = b.mul(group, size);
  Value low = b.constant(-kInfinity);
  Value begin = b.index(0), end = b.index(size);
  Values best = b.loop(
      begin, end, 1, ValueRange{low, low}, [&](Value i, ValueRange carried) {
        Value choice = b.load(choices, {b.index(0), b.add(first, i)});
        Value most = carried[0], second = carried[1];
        return Values{b.max(choice, most), b.max(second, b.min(choice, most))};
      });
  return op.getBy() == GroupScore::Top2Sum ? b.add(best[0], best[1]) : best[0];
}

/// Keeps the experts of the best groups: the others become -infinity.
void RouteLowering::dropGroups() {
  int64_t groups = op.getGroups(), size = experts / groups;
  int64_t columns = llvm::alignTo(groups, b.lanes);
  Value groupScores = b.scratch({1, 1, columns}, b.builder.getF32Type());
  Value kept = b.scratch({groups}, b.builder.getI32Type());
  auto row = Values(2, b.index(0));
  b.loop(0, columns, 1, [&](Value group) {
    b.store(b.constant(-kInfinity), groupScores, {row[0], row[1], group});
  });
  b.loop(0, groups, 1, [&](Value group) {
    b.store(buildGroupScore(group, size), groupScores, {row[0], row[1], group});
    b.store(b.bits(b.getInts(1), 0), kept, group);
  });
  b.loop(0, op.getKeep(), 1, [&](Value) {
    Value best = b.toIndex(findBest(groupScores, columns).place);
    b.store(b.constant(-kInfinity), groupScores, {row[0], row[1], best});
    b.store(b.bits(b.getInts(1), 1), kept, best);
  });
  b.loop(0, groups, 1, [&](Value group) {
    Value isKept = b.load(kept, group);
    Value isDropped =
        b.compare(arith::CmpIPredicate::eq, isKept, b.bits(b.getInts(1), 0));
    b.ifThen(isDropped, [&] {
      b.loop(0, size, 1, [&](Value i) {
        Value none = b.constant(-kInfinity);
        b.store(none, choices, {b.index(0), b.add(b.mul(group, size), i)});
      });
    });
  });
}

/// Each lane finds its best element; then the lanes are compared one by one.
Best RouteLowering::findBest(Value memory, int64_t columns) {
  int64_t rank = cast<MemRefType>(memory.getType()).getRank();
  Type floats = b.getFloats(b.lanes), ints = b.getInts(b.lanes);
  Values found = b.loop(
      0, columns, b.lanes,
      ValueRange{b.constant(floats, -kInfinity), b.bits(ints, 0x7fffffff)},
      [&](Value i, ValueRange carried) {
        Values at(rank - 1, b.index(0));
        at.push_back(i);
        Value value = b.load(memory, at, b.lanes);
        Value place = b.iota(b.lanes);
        place = b.add(place, b.broadcast(b.toInt(i), b.lanes));
        Value isBetter =
            b.compare(arith::CmpFPredicate::OGT, value, carried[0]);
        return Values{b.select(isBetter, value, carried[0]),
                      b.select(isBetter, place, carried[1])};
      });
  Best best = {b.extract(found[0], 0), b.extract(found[1], 0)};
  for (int64_t lane : llvm::seq<int64_t>(1, b.lanes)) {
    Best other = {b.extract(found[0], lane), b.extract(found[1], lane)};
    Value isMore =
        b.compare(arith::CmpFPredicate::OGT, other.value, best.value);
    Value isSame =
        b.compare(arith::CmpFPredicate::OEQ, other.value, best.value);
    Value isFirst = b.bitAnd(isSame, b.isLess(other.place, best.place));
    Value isBetter = arith::OrIOp::create(b.builder, b.loc, isMore, isFirst);
    best = {b.select(isBetter, other.value, best.value),
            b.select(isBetter, other.place, best.place)};
  }
  // Numbers that cannot be compared still name an element.
  best.place =
      b.min(best.place,
            b.bits(b.getInts(1),
                   static_cast<uint32_t>(std::max<int64_t>(columns, 1) - 1)));
  return best;
}

void RouteLowering::chooseExperts() {
  b.loop(0, op.getTop(), 1, [&](Value j) {
    Value place = findBest(choices, padded).place;
    // The padding is never better than an expert.
    place = b.min(place, b.bits(b.getInts(1), experts - 1));
    b.store(place, op.getOuts()[0], {b.index(0), j});
    Value none = b.constant(-kInfinity);
    b.store(none, choices, {b.index(0), b.toIndex(place)});
    Value score = b.load(scores, b.toIndex(place));
    b.store(score, op.getOuts()[1], {b.index(0), j});
  });
}

void RouteLowering::buildWeights() {
  Value weights = op.getOuts()[1];
  Value zero = b.index(0);
  Value divisor;
  if (auto renorm = op.getRenormAttr()) {
    Values sum = b.loop(
        0, op.getTop(), 1, b.constant(0), [&](Value j, ValueRange carried) {
          return Values{b.add(carried.front(), b.load(weights, {zero, j}))};
        });
    divisor = b.add(sum.front(), b.constant(renorm.getValueAsDouble()));
  }
  Value scale = b.constant(op.getScale().convertToFloat());
  b.loop(0, op.getTop(), 1, [&](Value j) {
    Value weight = b.load(weights, {zero, j});
    if (divisor)
      weight = b.divide(weight, divisor);
    b.store(b.mul(weight, scale), weights, {zero, j});
  });
}

static LogicalResult lowerRoute(VectorBuilder &b, tile::RouteOp op) {
  FailureOr<Value> bias = viewRowMajor(b, op, op.getBias());
  if (failed(bias))
    return failure();
  RouteLowering(b, op, *bias).run();
  return success();
}

//===----------------------------------------------------------------------===//
// Group
//===----------------------------------------------------------------------===//

/// Adds to an element of i32 memory; returns what it was.
static Value addTo(VectorBuilder &b, Value memory, Value at, Value amount) {
  Value old = b.load(memory, at);
  b.store(b.add(old, amount), memory, at);
  return old;
}

static LogicalResult lowerGroup(VectorBuilder &b, tile::MoeDispatchOp op) {
  Value choice = op.getChoice();
  Value order = op.getOuts()[0], place = op.getOuts()[1],
        offsets = op.getOuts()[2];
  int64_t experts = cast<MemRefType>(offsets.getType()).getDimSize(0) - 1;
  Value zero = b.bits(b.getInts(1), 0), one = b.bits(b.getInts(1), 1);
  Value columns = b.dim(choice, 1);

  // Count the choices of the expert below each one, and add up.
  b.loop(0, experts + 1, 1, [&](Value e) { b.store(zero, offsets, e); });
  b.loopOver(choice, 2, [&](ValueRange at) {
    addTo(b, offsets, b.add(b.toIndex(b.load(choice, at)), 1), one);
  });
  b.loop(0, experts, 1, [&](Value e) {
    Value next = b.add(e, 1);
    addTo(b, offsets, next, b.load(offsets, e));
  });
  // Place the choices; each offset moves on to the next one,
  b.loopOver(choice, 2, [&](ValueRange at) {
    Value next = addTo(b, offsets, b.toIndex(b.load(choice, at)), one);
    b.store(next, place, at);
    Value number = b.add(b.mul(at[0], columns), at[1]);
    number = b.toInt(number);
    b.store(number, order, b.toIndex(next));
  });
  // so all of them move back by one.
  b.loop(0, experts, 1, [&](Value i) {
    Value e = b.sub(b.index(experts), i);
    b.store(b.load(offsets, b.sub(e, b.index(1))), offsets, e);
  });
  b.store(zero, offsets, b.index(0));
  return success();
}

//===----------------------------------------------------------------------===//
// Combine
//===----------------------------------------------------------------------===//

static LogicalResult lowerCombine(VectorBuilder &b, tile::MoeCombineOp op) {
  Value outs = op.getOuts();
  int64_t size = cast<MemRefType>(outs.getType()).getDimSize(1);
  Value choices = b.dim(op.getPlace(), 1);
  b.loopColumns(
      size, b.widthFor({op.getInput(), outs}),
      [&](Value column, int64_t width) {
        Value zeros = b.constant(b.getFloats(width), 0);
        Values sum = b.loop(
            b.index(0), choices, 1, zeros, [&](Value j, ValueRange carried) {
              Value row = b.toIndex(b.load(op.getPlace(), {op.getToken(), j}));
              Value x = b.load(op.getInput(), {row, column}, width);
              if (!op.getWeights())
                return Values{b.add(x, carried.front())};
              Value weight = b.load(op.getWeights(), {op.getToken(), j});
              return Values{
                  b.fma(b.broadcast(weight, width), x, carried.front())};
            });
        Value before = b.load(outs, {b.index(0), column}, width);
        Value after = b.add(before, sum.front());
        b.store(after, outs, {b.index(0), column});
      });
  return success();
}

void tenon::attachExpertLowerings(MLIRContext &context) {
  attachLowerings<lowerRoute, lowerGroup, lowerCombine>(context);
}
