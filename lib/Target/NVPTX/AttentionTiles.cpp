// A tile of keys joins the softmax of a tile of rows.
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
  Value lane = kernel.lane;
  Value row = b.add(b.bitAnd(lane, 15), b.shl(rowTile, 4));
  Value query = b.add(b.mul(row, t.getKeyStride()),
                      b.add(b.shl(b.shr(lane, 4), 4), queryAt));
  Value key = b.add(b.shl(b.shr(lane, 4), 3), b.bitAnd(lane, 7));
  key = b.add(key, b.mul(split, keysOfWarp));
  Value source = b.add(
      b.mul(key, keys.stride),
      b.add(b.shl(b.bitAnd(b.shr(lane, 3), 1), 4), b.add(buffer, keys.tileAt)));
  Values scores(keysOfWarp / 2, b.f32(0));
  for (int64_t step = 0; step < t.keyPadded / 16; ++step) {
    Values left =
        b.loadMatrices(b.shared(b.add(query, step * 32)), /*transpose=*/false);
    for (int64_t i = 0; i < keysOfWarp / 16; ++i) {
      Value at = b.add(source, i * 16 * keys.stride + step * 32);
      Values right = b.loadMatrices(b.shared(at), /*transpose=*/false);
      for (int64_t j = 0; j < 2; ++j) {
        int64_t first = (2 * i + j) * 4;
        Values sums = b.multiplyTile(left, ValueRange(right).slice(2 * j, 2),
                                     ValueRange(scores).slice(first, 4));
        std::copy(sums.begin(), sums.end(), scores.begin() + first);
      }
    }
  }
  return scores;
}

/// Scores are powers of two.
Value AttentionEmitter::scaleScore(Value score) {
  double scale = op.getScale().convertToFloat() * kLog2E;
  if (!op.getSoftcap())
    return b.mul(score, b.f32(scale));
  double cap = op.getSoftcap()->convertToFloat() * kLog2E;
  return b.mul(b.tanh(b.mul(score, b.f32(scale / cap))), b.f32(cap));
}

void AttentionEmitter::maskScores(const Block &block, Value key,
                                  Values &scores) {
  Value isInside = b.both(b.lessSigned(b.sub(block.allLower, 1), key),
                          b.lessSigned(b.add(key, t.keys - 1), block.allUpper));
  Value hidden = b.f32(-std::numeric_limits<float>::infinity());
  auto mask = [&] {
    Values masked = scores;
    Value first = b.add(key, b.mul(split, t.keys / t.splits));
    first = b.add(first, b.shl(b.bitAnd(kernel.lane, 3), 1));
    for (int64_t h = 0; h < 2; ++h) {
      Value row = b.add(b.shl(rowTile, 4), b.shr(kernel.lane, 2));
      Value token = getTokenAndHead(block, b.add(row, 8 * h)).first;
      Value position = b.add(block.position, token);
      auto [lower, upper] = getKeys(op.getMask().getKeysSeenByAll(), position,
                                    position, block.length);
      for (int64_t i = 0, e = scores.size() / 4; i < e; ++i)
        for (int64_t j = 0; j < 2; ++j) {
          Value at = b.add(first, i * 8 + j);
          Value isSeen = b.both(b.lessSigned(b.sub(lower, 1), at),
                                b.lessSigned(at, upper));
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
  Value row = b.add(b.shl(rowTile, 4), b.shr(kernel.lane, 2));
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

/// Powers of all keys of the tile as left operands, 16 keys each.
SmallVector<Values> AttentionEmitter::sharePowers(ValueRange powers) {
  SmallVector<Values> operands;
  Values words;
  for (int64_t i = 0, e = powers.size(); i < e; i += 2)
    words.push_back(b.packBF16(powers[i], powers[i + 1]));
  if (t.splits == 1) {
    // The sums of a product lie as the left operand of the next one wants them.
    for (int64_t i = 0, e = words.size(); i < e; i += 4)
      operands.push_back({words[i], words[i + 1], words[i + 2], words[i + 3]});
    return operands;
  }
  int64_t stride = t.getPowerStride();
  Value row = b.add(b.shl(rowTile, 4), b.shr(kernel.lane, 2));
  Value column = b.add(b.mul(split, t.keys / t.splits),
                       b.shl(b.bitAnd(kernel.lane, 3), 1));
  Value at = b.add(b.mul(row, stride), b.add(b.shl(column, 1), powersAt));
  for (int64_t i = 0, e = words.size(); i < e; ++i)
    b.store(words[i], b.shared(b.add(at, i / 2 * 16 + i % 2 * 8 * stride)), 4);
  b.syncBlock();
  Value source = b.add(b.bitAnd(kernel.lane, 15), b.shl(rowTile, 4));
  source = b.add(b.mul(source, stride),
                 b.add(b.shl(b.shr(kernel.lane, 4), 4), powersAt));
  for (int64_t step = 0; step < t.keys / 16; ++step)
    operands.push_back(b.loadMatrices(b.shared(b.add(source, step * 32)),
                                      /*transpose=*/false));
  return operands;
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
  SmallVector<Values> powers = sharePowers(scores);
  for (int64_t i = 0, e = sums.size(); i < e; ++i)
    sums[i] = b.mul(sums[i], factors[i % 4 / 2]);

  Value lane = kernel.lane;
  Value row = b.add(b.shl(b.bitAnd(b.shr(lane, 3), 1), 3), b.bitAnd(lane, 7));
  Value column = b.add(b.mul(split, columnTiles * 8), b.shl(b.shr(lane, 4), 3));
  Value source = b.add(b.mul(row, values.stride),
                       b.add(b.shl(column, 1), b.add(buffer, values.tileAt)));
  auto accumulate = [&](int64_t first, ValueRange left, ValueRange right) {
    Values result =
        b.multiplyTile(left, right, ValueRange(sums).slice(first, 4));
    std::copy(result.begin(), result.end(), sums.begin() + first);
  };
  Values ones(2, b.i32(0x3f803f80));
  for (auto [step, left] : llvm::enumerate(powers)) {
    for (int64_t i = 0; i < columnTiles / 2; ++i) {
      Value at = b.add(source, step * 16 * values.stride + i * 32);
      Values right = b.loadMatrices(b.shared(at), /*transpose=*/true);
      accumulate(i * 8, left, ValueRange(right).take_front(2));
      accumulate(i * 8 + 4, left, ValueRange(right).drop_front(2));
    }
    // Sums of powers are products with ones: so they are rounded as the powers
    // are, and added in the same order whoever computes them.
    accumulate(columnTiles * 4, left, ones);
  }
  sums.append(maxima);
  return sums;
}

/// What the sums of a row are multiplied with in the end.
Value AttentionEmitter::getFinalFactor(const Block &block, Value row,
                                       Value maximum, Value sum) {
  Value isSome =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, sum, b.f32(0));
  if (!op.getSinks())
    return b.select(isSome, b.divide(b.f32(1.0), sum), b.f32(0));
  Value head = getTokenAndHead(block, row).second;
  // Rows behind the last one have no head of their own.
  head = b.min(head, b.i32(t.heads - 1));
  Value sink = loadFromVector(kernel, op.getSinks(), head, 1).front();
  sink = b.mul(sink, b.f32(kLog2E));
  Value larger = b.max(maximum, sink);
  Value factor = b.exp2(b.sub(maximum, larger));
  Value total = b.fma(sum, factor, b.exp2(b.sub(sink, larger)));
  return b.divide(factor, total);
}

void AttentionEmitter::storeRows(const Block &block, ValueRange state) {
  int64_t width = t.valueSize % 2 == 0 ? 2 : 1;
  Value first =
      b.add(b.mul(split, columnTiles * 8), b.shl(b.bitAnd(kernel.lane, 3), 1));
  for (int64_t h = 0; h < 2; ++h) {
    Value row = b.add(b.shl(rowTile, 4), b.shr(kernel.lane, 2));
    row = b.add(row, 8 * h);
    Value sum = state[columnTiles * 4 + 2 * h];
    Value maximum = state[columnTiles * 4 + 4 + h];
    b.when(b.less(b.add(block.firstRow, row), block.endRow), [&] {
      Value factor = getFinalFactor(block, row, maximum, sum);
      auto [token, head] = getTokenAndHead(block, row);
      Value index = b.zext64(b.add(block.first, token));
      index = b.add(b.mul(index, t.heads), b.zext64(head));
      Value out = b.offset(kernel.getPointer(kernel.getOut(0)),
                           b.mul(index, t.valueSize * 4));
      for (int64_t i = 0; i < columnTiles; ++i)
        for (int64_t j = 0; j < 2; j += width) {
          Value column = b.add(first, i * 8 + j);
          Values elements;
          for (int64_t k = 0; k < width; ++k)
            elements.push_back(b.mul(state[i * 4 + 2 * h + j + k], factor));
          Value place = b.offset(out, b.zext64(b.shl(column, 2)));
          if (t.valuePadded == t.valueSize)
            b.storeVector(elements, place);
          else
            b.when(b.less(column, t.valueSize),
                   [&] { b.storeVector(elements, place); });
        }
    });
  }
}
