// Selects the keys with the largest index scores.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   for each chunk of a token's keys:
//     append their scores to those that are kept
//     if there are more than K of them now:
//       t = the K-th largest score, bit by bit: 32 counts of those that reach it
//       keep, in order, what exceeds t, and as many equals as are missing
//
// A block of threads works on a token, whatever else is in the step. To select
// takes 34 passes over K and a chunk, about 10 instructions for each score and
// thread: a tenth of the scores' own cost with 64 heads of 128 elements, K =
// 2048 and chunks as long as that. In steps of few tokens most of the machine
// has nothing to do.

#include "KeySelection.h"
#include "dialects/Machine/Machine.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

SelectionSizes::SelectionSizes(IndexTopkOp op, SelectionAttr config) {
  RankedTensorType query = op.getQuery().getType();
  cacheType = op.getCache().getType().getElementType();
  heads = query.getDimSize(1);
  headsPadded = llvm::alignTo(heads, 16);
  depth = query.getDimSize(2);
  depthPadded = llvm::alignTo(depth, 16);
  warps = config.getWarps();
  int64_t context = op.getContext();
  kept = std::min(op.getType().getDimSize(1), context);
  capacity = std::min(kept + config.getKeys(), context);
  queryParts = countParts(query.getElementType());
  copies = depth * getBytes(cacheType) % 16 == 0;
}

int64_t SelectionSizes::getQueryStride() const {
  return SharedTile::getStride(BFloat16Type::get(cacheType.getContext()),
                               depthPadded);
}

int64_t SelectionSizes::getKeyStride() const {
  return SharedTile::getStride(cacheType, depthPadded);
}

int64_t SelectionSizes::getSharedBytes() const {
  int64_t tiles = warps * getBuffers() * getKeyBytes();
  int64_t partials = 2 * warps * 4;
  return queryParts * getQueryBytes() + tiles + headsPadded * 4 +
         llvm::alignTo(capacity * 4, 16) * 2 + llvm::alignTo(partials, 16);
}

FailureOr<SelectionAttr>
tenon::nvptx::chooseSelection(IndexTopkOp op, machine::GpuAttr machine) {
  constexpr int64_t warps = 8, fewest = 16 * warps;
  // As many as are kept, so that a key is looked at twice on average; what is
  // selected does not depend on it.
  int64_t keys = llvm::PowerOf2Ceil(
      std::clamp(op.getType().getDimSize(1), 4 * fewest, 32 * fewest));
  for (; keys >= fewest; keys /= 2) {
    auto config = SelectionAttr::get(machine.getContext(), keys, warps);
    if (SelectionSizes(op, config).getSharedBytes() <= machine.getShared())
      return config;
  }
  return failure();
}

Refusal tenon::nvptx::checkSelection(tile::KernelOp kernel, IndexTopkOp op) {
  if (!llvm::equal(kernel.getYield().getValues(), op->getResults()))
    return "tenon.index_topk goes together with other operations";
  for (Value rows : {Value(op.getQuery()), Value(op.getWeights())}) {
    FailureOr<RowAccess> access = resolveRowViews(rows);
    if (failed(access) || !isa<BlockArgument>(access->base))
      return "queries or weights of an indexer are not rows of an argument of "
             "the kernel";
  }
  Type type = getElementTypeOrSelf(op.getQuery());
  if (!type.isF32() && !type.isBF16())
    return "rows are neither f32 nor bf16";
  if (!isa<BlockArgument>(op.getCache()))
    return "a cache is not an argument of the kernel";
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// The largest scores
//===----------------------------------------------------------------------===//

KeySelector::KeySelector(DeviceKernel &kernel, const SelectionSizes &sizes)
    : kernel(kernel), b(kernel.b), sizes(sizes) {
  scoresAt = kernel.reserve(sizes.capacity * 4);
  keysAt = kernel.reserve(sizes.capacity * 4);
  partialsAt = kernel.reserve(2 * sizes.warps * 4);
}

Value KeySelector::at(int64_t table, Value place) {
  return b.shared(b.add(b.shl(place, 2), table));
}

/// Scores are kept as unsigned integers of the same order. A zero has one sign.
void KeySelector::store(Value place, Value score, Value key) {
  Value bits = b.bitcast(b.getI32Type(), b.add(score, b.f32(0)));
  Value isNegative = b.lessSigned(bits, b.i32(0));
  Value flips = b.select(isNegative, b.i32(-1), b.i32(0x80000000));
  b.store(b.bitXor(bits, flips), at(scoresAt, place), 4);
  b.store(key, at(keysAt, place), 4);
}

Value KeySelector::loadScore(Value place) {
  return b.load(b.getI32Type(), at(scoresAt, place), 4);
}

Value KeySelector::loadKey(Value place) {
  return b.load(b.getI32Type(), at(keysAt, place), 4);
}

/// How many scores reach a number. Two counts, one after the other, have two
/// tables of partial sums.
Value KeySelector::count(Value least, Value total, Value partials) {
  Value first = b.shl(kernel.warp, 5);
  Value own = b.loop(first, total, b.i32(kernel.threads), b.i32(0),
                     [&](Value base, ValueRange state) {
                       Value place = b.add(base, kernel.lane);
                       Value score = loadScore(b.min(place, b.sub(total, 1)));
                       Value reaches = arith::CmpIOp::create(
                           b, arith::CmpIPredicate::uge, score, least);
                       reaches = b.both(reaches, b.less(place, total));
                       return Values{b.add(state.front(),
                                           b.countBits(b.ballot(reaches)))};
                     })
                  .front();
  Value table = b.add(b.mul(partials, sizes.warps * 4), partialsAt);
  b.when(b.equal(kernel.lane, 0), [&] {
    b.store(own, b.shared(b.add(table, b.shl(kernel.warp, 2))), 4);
  });
  b.syncBlock();
  Value sum = b.i32(0);
  for (int64_t i = 0; i < sizes.warps; ++i)
    sum = b.add(sum, b.load(b.getI32Type(), b.shared(b.add(table, 4 * i)), 4));
  return sum;
}

/// The largest number that at least as many scores reach as are kept.
Value KeySelector::findThreshold(Value total) {
  Values init = {b.i32(0), b.i32(0x80000000)};
  return b
      .loop(b.i32(0), b.i32(32), b.i32(1), init,
            [&](Value index, ValueRange state) {
              Value next = b.bitOr(state[0], state[1]);
              Value reached = count(next, total, b.bitAnd(index, 1));
              Value isTooFew = b.less(reached, b.i32(sizes.kept));
              return Values{b.select(isTooFew, state[0], next),
                            b.shr(state[1], 1)};
            })
      .front();
}

/// Moves the scores that are kept of one for each thread, from `first` on,
/// behind those before them, of which so many exceed the threshold and so many
/// equal it.
Values KeySelector::move(Value first, Value total, Value threshold,
                         Value missing, ValueRange before) {
  Value place = b.add(first, kernel.thread);
  Value isThere = b.less(place, total);
  Value real = b.min(place, b.sub(total, 1));
  Value score = loadScore(real), key = loadKey(real);
  Value isAbove = b.both(isThere, b.less(threshold, score));
  Value isEqual = b.both(isThere, b.equal(threshold, score));
  Value lanesAbove = b.ballot(isAbove), lanesEqual = b.ballot(isEqual);
  auto join = [&](Value above, Value equal) {
    return b.add(above, b.shl(equal, 16));
  };
  b.when(b.equal(kernel.lane, 0), [&] {
    b.store(join(b.countBits(lanesAbove), b.countBits(lanesEqual)),
            at(partialsAt, kernel.warp), 4);
  });
  b.syncBlock();
  Value all = b.i32(0), earlier = b.lanesBefore(kernel.lane);
  Value own = join(b.countBits(b.bitAnd(lanesAbove, earlier)),
                   b.countBits(b.bitAnd(lanesEqual, earlier)));
  for (int64_t i = 0; i < sizes.warps; ++i) {
    Value part = b.load(b.getI32Type(), b.shared(b.i32(partialsAt + 4 * i)), 4);
    own = b.add(own, b.select(b.less(b.i32(i), kernel.warp), part, b.i32(0)));
    all = b.add(all, part);
  }
  Value above = b.add(before[0], b.bitAnd(own, 0xffff));
  Value equal = b.add(before[1], b.shr(own, 16));
  Value isTaken =
      arith::OrIOp::create(b, isAbove, b.both(isEqual, b.less(equal, missing)));
  b.when(isTaken, [&] {
    Value target = b.add(above, b.min(equal, missing));
    b.store(score, at(scoresAt, target), 4);
    b.store(key, at(keysAt, target), 4);
  });
  b.syncBlock();
  return {b.add(before[0], b.bitAnd(all, 0xffff)),
          b.add(before[1], b.shr(all, 16))};
}

void KeySelector::keepLargest(Value total) {
  Value threshold = findThreshold(total);
  Value above = count(b.add(threshold, 1), total, b.i32(0));
  Value missing = b.sub(b.i32(sizes.kept), above);
  // Counts are read before the table has others.
  b.syncBlock();
  // Nothing moves up, and all threads have read what others write over.
  Values none = {b.i32(0), b.i32(0)};
  b.loop(b.i32(0), total, b.i32(kernel.threads), none,
         [&](Value first, ValueRange before) {
           return move(first, total, threshold, missing, before);
         });
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

static void selectKeys(DeviceKernel &kernel, IndexTopkOp op,
                       SelectionAttr config, const SelectionSizes &sizes,
                       KeyScorer &scorer, KeySelector &selector, Value token) {
  DeviceBuilder &b = kernel.b;
  scorer.beginToken(token);
  b.syncBlock();
  Value keys = b.add(kernel.loadIndex(op.getPositions(), token), 1);
  Value kept =
      b.loop(b.i32(0), keys, b.i32(config.getKeys()), b.i32(0),
             [&](Value first, ValueRange state) {
               Value kept = state.front();
               Value count = b.min(b.sub(keys, first), b.i32(config.getKeys()));
               scorer.score(first, count, [&](Value place, Value score) {
                 selector.store(b.add(kept, place), score, b.add(first, place));
               });
               b.syncBlock();
               Value total = b.add(kept, count);
               if (sizes.kept < sizes.capacity)
                 b.when(b.less(b.i32(sizes.kept), total),
                        [&] { selector.keepLargest(total); });
               return Values{b.min(total, b.i32(sizes.kept))};
             })
          .front();
  int64_t top = op.getType().getDimSize(1);
  Value row = b.mul(b.zext64(token), top);
  b.loop(kernel.thread, b.i32(top), b.i32(kernel.threads), [&](Value place) {
    Value isThere = b.less(place, kept);
    Value key = selector.loadKey(b.select(isThere, place, b.i32(0)));
    Value bytes = b.mul(b.add(row, b.zext64(place)), 4);
    b.store(b.select(isThere, key, b.i32(-1)),
            b.offset(kernel.getPointer(kernel.getOut(0)), bytes), 4);
  });
  // The next token writes over what this one has read.
  b.syncBlock();
}

Refusal tenon::nvptx::emitSelection(DeviceKernel &kernel, IndexTopkOp op) {
  auto config = kernel.getConfig<SelectionAttr>();
  if (!config)
    return kernel.refuseConfig();
  if (Refusal refusal = checkSelection(kernel.op, op))
    return refusal;
  SelectionSizes sizes(op, config);
  KeyScorer scorer(kernel, op, sizes);
  KeySelector selector(kernel, sizes);
  scorer.clearPadding();
  kernel.blocks = kernel.tokens;
  Value tokens = kernel.b.trunc32(kernel.getSize(kernel.getOut(0), 0));
  kernel.forEachWorkItem(tokens, [&](Value token) {
    selectKeys(kernel, op, config, sizes, scorer, selector, token);
  });
  return std::nullopt;
}
