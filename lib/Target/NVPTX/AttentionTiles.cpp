// The online-softmax update of a tile of rows with a tile of keys.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/Log2E.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "Attention.h"
#include "PackedWeight.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

/// Two tiles of eight keys for each four matrices that are loaded.
Values AttentionEmitter::computeScores(Value buffer) {
  int64_t keysOfWarp = t.keys / t.splits;
  Value left = query.locateLeft(b, kernel.lane, b.shl(rowTile, 4));
  Value right =
      b.add(keys.locateRight(b, kernel.lane, b.mul(split, keysOfWarp)), buffer);
  Values scores(keysOfWarp / 2, b.f32(0));
  for (int64_t column = 0; column < t.keyPadded; column += 16) {
    SmallVector<Values> rows = query.loadLeft(b, left, column);
    for (int64_t i = 0; i < keysOfWarp / 16; ++i) {
      SmallVector<Values> pairs = keys.loadRight(b, right, i * 16, column);
      for (int64_t j = 0; j < 2; ++j) {
        int64_t first = (2 * i + j) * 4;
        b.addProduct(MutableArrayRef(scores).slice(first, 4), rows,
                     takeHalf(pairs, j));
      }
    }
  }
  return scores;
}

/// Scores are powers of two.
Value AttentionEmitter::scaleScore(Value score) {
  double scale = op.scale.convertToFloat() * kLog2E;
  if (!op.softcap)
    return b.mul(score, b.f32(scale));
  double cap = op.softcap->convertToFloat() * kLog2E;
  Value tanh = b.tanh(b.mul(score, b.f32(scale / cap)));
  return b.mul(tanh, b.f32(cap));
}

/// The first row of this lane in the warp's tiles of scores; the other one
/// follows 8 rows later.
Value AttentionEmitter::getFirstRowOfLane() {
  Value row = b.shl(rowTile, 4);
  return b.add(row, b.shr(kernel.lane, 2));
}

void AttentionEmitter::maskScores(const Block &block, Value key,
                                  Values &scores) {
  Value isAfter = b.lessSigned(b.sub(block.allLower, 1), key);
  Value isBefore = b.lessSigned(b.add(key, t.keys - 1), block.allUpper);
  Value isInside = b.both(isAfter, isBefore);
  Value hidden = b.f32(-std::numeric_limits<float>::infinity());
  auto mask = [&] {
    Values masked = scores;
    Value first = b.add(key, b.mul(split, t.keys / t.splits));
    first = b.add(first, b.shl(b.bitAnd(kernel.lane, 3), 1));
    for (int64_t h = 0; h < 2; ++h) {
      Value row = getFirstRowOfLane();
      Value token = getTokenAndHead(block, b.add(row, 8 * h)).first;
      Value position = b.add(block.position, token);
      auto [lower, upper] = op.selected
                                ? std::pair(block.lower, block.upper)
                                : getKeys(op.mask.getKeysSeenByAll(), position,
                                          position, block.length);
      for (int64_t i = 0, e = scores.size() / 4; i < e; ++i)
        for (int64_t j = 0; j < 2; ++j) {
          Value at = b.add(first, i * 8 + j);
          Value isAfter = b.lessSigned(b.sub(lower, 1), at);
          Value isSeen = b.both(isAfter, b.lessSigned(at, upper));
          Value &score = masked[i * 4 + 2 * h + j];
          score = b.select(isSeen, score, hidden);
        }
    }
    return masked;
  };
  scores = b.choose(isInside, [&] { return scores; }, mask);
}

/// The largest score of each of the lane's two rows, over all keys of the tile.
Values AttentionEmitter::findMaxima(ValueRange scores) {
  Values maxima;
  for (int64_t h = 0; h < 2; ++h) {
    Value maximum = scores[2 * h];
    for (int64_t i = 0, e = scores.size(); i < e; i += 4)
      maximum = b.max(b.max(maximum, scores[i + 2 * h]), scores[i + 2 * h + 1]);
    for (int64_t bit : {1, 2})
      maximum = b.max(maximum, b.shuffleXor(maximum, bit));
    maxima.push_back(maximum);
  }
  return t.splits > 1 ? exchangeMaxima(maxima) : maxima;
}

Values AttentionEmitter::exchangeMaxima(ValueRange maxima) {
  Value row = getFirstRowOfLane();
  Value at = b.add(b.shl(row, 2), maximaAt);
  int64_t bytes = t.getRows() * 4;
  b.when(b.equal(b.bitAnd(kernel.lane, 3), 0), [&] {
    for (int64_t h = 0; h < 2; ++h) {
      Value own = b.add(at, b.mul(split, bytes));
      b.store(maxima[h], b.shared(b.add(own, 32 * h)), 4);
    }
  });
  b.syncBlock();
  Values results;
  for (int64_t h = 0; h < 2; ++h) {
    Value maximum;
    for (int64_t i = 0; i < t.splits; ++i) {
      Value other =
          b.load(b.getF32Type(), b.shared(b.add(at, i * bytes + 32 * h)), 4);
      maximum = maximum ? b.max(maximum, other) : other;
    }
    results.push_back(maximum);
  }
  return results;
}

/// Words of pairs of neighboring powers, for each of their parts. Powers are
/// rounded here if probabilities are `bf16`.
SmallVector<Values> AttentionEmitter::splitPowers(ValueRange numbers) {
  SmallVector<Values> parts(countParts(t.probabilityType));
  for (int64_t i = 0, e = numbers.size(); i < e; i += 2) {
    Values words;
    if (t.probabilityType.isF32())
      words = b.splitBF16(numbers[i], numbers[i + 1], parts.size());
    else
      words = {b.packBF16(numbers[i], numbers[i + 1])};
    for (auto [part, word] : llvm::zip_equal(parts, words))
      part.push_back(word);
  }
  return parts;
}

/// Powers of all keys of the tile as left operands, 16 keys each.
SmallVector<SmallVector<Values>>
AttentionEmitter::sharePowers(ValueRange numbers) {
  SmallVector<SmallVector<Values>> operands;
  if (t.splits == 1) {
    // The layout of a product's result is that of the next one's left operand.
    SmallVector<Values> parts = splitPowers(numbers);
    for (int64_t i = 0; i < t.keys / 16; ++i) {
      SmallVector<Values> &operand = operands.emplace_back();
      for (const Values &words : parts)
        operand.push_back(Values(ArrayRef<Value>(words).slice(4 * i, 4)));
    }
    return operands;
  }
  Value row = getFirstRowOfLane();
  Value column = b.mul(split, t.keys / t.splits);
  column = b.add(column, b.shl(b.bitAnd(kernel.lane, 3), 1));
  Value at = b.mul(row, powers.stride);
  Value inRow = b.add(b.mul(column, powers.getBytes()), powers.at);
  at = b.add(at, inRow);
  for (int64_t i = 0, e = numbers.size() / 2; i < e; ++i) {
    Value place =
        b.add(at, i / 2 * 8 * powers.getBytes() + i % 2 * 8 * powers.stride);
    Values pair;
    for (Value number : numbers.slice(2 * i, 2))
      pair.push_back(b.convert(powers.type, number));
    b.storeVector(pair, b.shared(place));
  }
  b.syncBlock();
  Value source = powers.locateLeft(b, kernel.lane, b.shl(rowTile, 4));
  for (int64_t key = 0; key < t.keys; key += 16)
    operands.push_back(powers.loadLeft(b, source, key));
  return operands;
}

/// Adds the products of powers and values, and of powers and ones.
void AttentionEmitter::addValues(Value buffer,
                                 ArrayRef<SmallVector<Values>> rows,
                                 Values &sums) {
  Value source = b.add(
      values.locateTransposed(b, kernel.lane, b.mul(split, columnTiles * 8)),
      buffer);
  auto accumulate = [&](int64_t first, ArrayRef<Values> left,
                        ArrayRef<Values> right) {
    b.addProduct(MutableArrayRef(sums).slice(first, 4), left, right);
  };
  SmallVector<Values> ones = {Values(2, b.i32(0x3f803f80))};
  for (auto [step, left] : llvm::enumerate(rows)) {
    for (int64_t i = 0; i < columnTiles / 2; ++i) {
      SmallVector<Values> right =
          values.loadTransposed(b, source, step * 16, i * 16);
      for (int64_t j = 0; j < 2; ++j)
        accumulate(i * 8 + 4 * j, left, takeHalf(right, j));
    }
    // Sums of powers are products with ones: so they are rounded as the powers
    // are, and added in the same order whoever computes them.
    accumulate(columnTiles * 4, left, ones);
  }
}

Values AttentionEmitter::runTile(const Block &block, Value key,
                                 ValueRange state) {
  Value buffer = getBuffer(key);
  Values scores = computeScores(buffer);
  for (Value &score : scores)
    score = scaleScore(score);
  maskScores(block, key, scores);

  Values sums(state.drop_back(2)), maxima = findMaxima(scores), factors;
  for (int64_t h = 0; h < 2; ++h) {
    Value old = state[sums.size() + h];
    maxima[h] = b.max(maxima[h], old);
    // A row that has seen no key has no maximum to subtract.
    Value none = b.f32(-std::numeric_limits<float>::infinity());
    Value isNone =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, maxima[h], none);
    Value base = b.select(isNone, b.f32(0), maxima[h]);
    factors.push_back(b.exp2(b.sub(old, base)));
    for (int64_t i = 2 * h, e = scores.size(); i < e; i += 4)
      for (int64_t j = 0; j < 2; ++j)
        scores[i + j] = b.exp2(b.sub(scores[i + j], base));
  }
  SmallVector<SmallVector<Values>> rows = sharePowers(scores);
  for (int64_t i = 0, e = sums.size(); i < e; ++i)
    sums[i] = b.mul(sums[i], factors[i % 4 / 2]);
  addValues(buffer, rows, sums);
  sums.append(maxima);
  return sums;
}

/// What the sums of a row are multiplied with in the end.
Value AttentionEmitter::getFinalFactor(const Block &block, Value row,
                                       Value maximum, Value sum) {
  Value isSome =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, sum, b.f32(0));
  if (!op.sinks) {
    Value inverse = b.divide(b.f32(1.0), sum);
    return b.select(isSome, inverse, b.f32(0));
  }
  Value head = getTokenAndHead(block, row).second;
  // Rows after the last one have no head of their own.
  head = b.min(head, b.i32(t.heads - 1));
  Value sink = loadFromVector(kernel, op.sinks, head, 1).front();
  sink = b.mul(sink, b.f32(kLog2E));
  Value larger = b.max(maximum, sink);
  Value factor = b.exp2(b.sub(maximum, larger));
  Value total = b.fma(sum, factor, b.exp2(b.sub(sink, larger)));
  return b.divide(factor, total);
}

void AttentionEmitter::storeRows(const Block &block, ValueRange state) {
  int64_t width = t.valueSize % 2 == 0 ? 2 : 1;
  Type type = op.result.getType().getElementType();
  int64_t bytes = getBytes(type);
  Value first = b.mul(split, columnTiles * 8);
  first = b.add(first, b.shl(b.bitAnd(kernel.lane, 3), 1));
  for (int64_t h = 0; h < 2; ++h) {
    Value row = getFirstRowOfLane();
    row = b.add(row, 8 * h);
    Value sum = state[columnTiles * 4 + 2 * h];
    Value maximum = state[columnTiles * 4 + 4 + h];
    b.when(b.less(b.add(block.firstRow, row), block.endRow), [&] {
      Value factor = getFinalFactor(block, row, maximum, sum);
      auto [token, head] = getTokenAndHead(block, row);
      Value index = b.zext64(b.add(block.first, token));
      index = b.mul(index, t.heads);
      index = b.add(index, b.zext64(head));
      Value out = b.offset(kernel.getPointer(kernel.getOut(0)),
                           b.mul(index, t.valueSize * bytes));
      for (int64_t i = 0; i < columnTiles; ++i)
        for (int64_t j = 0; j < 2; j += width) {
          Value column = b.add(first, i * 8 + j);
          Values elements;
          for (int64_t k = 0; k < width; ++k)
            elements.push_back(
                b.convert(type, b.mul(state[i * 4 + 2 * h + j + k], factor)));
          Value place = b.offset(out, b.zext64(b.mul(column, bytes)));
          if (t.valuePadded == t.valueSize)
            b.storeVector(elements, place);
          else
            b.when(b.less(column, t.valueSize),
                   [&] { b.storeVector(elements, place); });
        }
    });
  }
}
