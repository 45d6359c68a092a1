// Caches and both kinds of attention, one query and one key at a time.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cmath>
#include <limits>
#include <numeric>
#include "Formulas.h"

using namespace mlir;
using namespace tenon;

bool tenon::sees(MaskAttr mask, int64_t p, int64_t n, int64_t length) {
  if (n < 0 || n >= length)
    return false;
  if (mask.getKind() == MaskKind::Causal && n > p)
    return false;
  if (mask.getChunk() && n < p / *mask.getChunk() * *mask.getChunk())
    return false;
  return !mask.getWindow() || n > p - *mask.getWindow();
}

/// Fails if tokens or places of a cache do not fit together.
static LogicalResult checkPlaces(Operation *op, const Tensor &cache,
                                 int64_t layer, int64_t tokens,
                                 const Tensor &positions, const Tensor &slots) {
  if (failed(checkEqual(op, "tokens", tokens, positions.getDim(0))) ||
      failed(checkEqual(op, "tokens", tokens, slots.getDim(0))) ||
      failed(checkInside(op, "a layer", layer, cache.getDim(0))))
    return failure();
  for (int64_t t = 0; t < tokens; ++t)
    if (failed(checkInside(op, "a slot", slots.ints()[t], cache.getDim(1))) ||
        failed(checkInside(op, "a position", positions.ints()[t],
                           cache.getDim(2))))
      return failure();
  return success();
}

static LogicalResult execute(Frame &frame, tenon::CacheUpdateOp op) {
  const Tensor input = frame.tensor(op.getInput());
  const Tensor positions = frame.tensor(op.getPositions());
  const Tensor slots = frame.tensor(op.getSlots());
  int64_t layer = frame.integer(op.getLayer());
  Tensor cache = frame.takeTensor(op.getCacheMutable());
  int64_t tokens = input.getDim(0);
  int64_t width = tokens ? input.getNumElements() / tokens : 0;
  if (failed(checkPlaces(op, cache, layer, tokens, positions, slots)))
    return failure();
  MutableArrayRef<double> out = cache.mutableFloats();
  for (int64_t t = 0; t < tokens; ++t) {
    int64_t slot = slots.ints()[t], position = positions.ints()[t];
    int64_t row = (layer * cache.getDim(1) + slot) * cache.getDim(2) + position;
    for (int64_t i = 0; i < width; ++i)
      out[row * width + i] =
          frame.round(cache.getElementType(), input.floats()[t * width + i]);
  }
  cache.history.merge(input.history);
  frame.set(op, std::move(cache));
  return success();
}

namespace {
/// What both kinds of attention agree on.
struct Attention {
  Operation *op;
  const Tensor &query, &cache, &positions, &slots, &blocks;
  int64_t layer;
  double scale;
  MaskAttr mask;
  std::optional<double> softcap;
  std::vector<double> sinks;
  int64_t valueSize;
  /// What powers are rounded to.
  std::optional<Type> probabilities;
  /// Keys that a token may attend to, in the first elements of its row; null for
  /// all.
  const Tensor *selected = nullptr;

  LogicalResult check() const;
  /// One more than the largest position of a slot in this step.
  int64_t getLength(int64_t slot) const;
  /// Terms of a score, or of a sum over keys, whichever are more.
  int64_t getLongestSum() const {
    int64_t keys = 0;
    for (int64_t position : positions.ints())
      keys = std::max(keys, position + 1);
    return std::max(keys, query.getDim(2));
  }
  /// Row-major number of a position among those of the cache.
  int64_t getCacheRow(int64_t slot, int64_t n) const {
    return (layer * cache.getDim(1) + slot) * cache.getDim(2) + n;
  }

  using HeadRow = llvm::function_ref<const double *(int64_t slot, int64_t n)>;
  /// One head of one token.
  void apply(Frame &frame, Type type, int64_t t, int64_t h, HeadRow key,
             HeadRow value, MutableArrayRef<double> out) const;
};
} // namespace

LogicalResult Attention::check() const {
  int64_t tokens = query.getDim(0);
  if (failed(checkPlaces(op, cache, layer, tokens, positions, slots)))
    return failure();
  // Blocks have no meaning of their own, but other targets rely on them.
  std::vector<int64_t> covered(tokens, 0);
  for (int64_t b = 0; b < blocks.getDim(0); ++b) {
    ArrayRef<int64_t> block = blocks.ints().slice(b * 4, 4);
    for (int64_t i = 0; i < block[1]; ++i) {
      int64_t row = block[0] + i;
      if (row < 0 || row >= tokens || covered[row]++ ||
          slots.ints()[row] != block[2] ||
          positions.ints()[row] != block[3] + i)
        return op->emitOpError()
               << "expects blocks to agree with positions and slots, and to "
                  "cover a row once, but block "
               << b << " does not at row " << row;
    }
  }
  if (llvm::is_contained(covered, 0))
    return op->emitOpError() << "expects blocks to cover every row";
  return success();
}

int64_t Attention::getLength(int64_t slot) const {
  int64_t length = 0;
  for (int64_t t = 0; t < slots.getDim(0); ++t)
    if (slots.ints()[t] == slot)
      length = std::max(length, positions.ints()[t] + 1);
  return length;
}

void Attention::apply(Frame &frame, Type type, int64_t t, int64_t h,
                      HeadRow key, HeadRow value,
                      MutableArrayRef<double> out) const {
  int64_t size = query.getDim(2);
  const double *q = query.floats().data() + (t * query.getDim(1) + h) * size;
  int64_t slot = slots.ints()[t], p = positions.ints()[t];
  int64_t length = getLength(slot);
  std::vector<bool> chosen(length, !selected);
  if (selected) {
    int64_t top = selected->getDim(1);
    for (int64_t n : selected->ints().slice(t * top, std::min(top, p + 1)))
      if (n >= 0 && n < length)
        chosen[n] = true;
  }
  std::vector<std::pair<int64_t, double>> scores;
  double largest = -std::numeric_limits<double>::infinity();
  for (int64_t n = 0; n < length; ++n) {
    if (!sees(mask, p, n, length) || !chosen[n])
      continue;
    const double *k = key(slot, n);
    double score = 0;
    for (int64_t i = 0; i < size; ++i)
      score += q[i] * k[i];
    score *= scale;
    if (softcap)
      score = *softcap * std::tanh(score / *softcap);
    scores.emplace_back(n, score);
    largest = std::max(largest, score);
  }
  llvm::fill(out, 0);
  if (scores.empty())
    return;
  if (!sinks.empty())
    largest = std::max(largest, sinks[h]);
  double sum = sinks.empty() ? 0 : std::exp(sinks[h] - largest);
  for (auto [n, score] : scores) {
    double weight = frame.roundInside(probabilities, std::exp(score - largest));
    const double *v = value(slot, n);
    sum += weight;
    for (int64_t i = 0; i < valueSize; ++i)
      out[i] += weight * v[i];
  }
  for (double &element : out)
    element = frame.round(type, element / sum);
}

static LogicalResult execute(Frame &frame, tenon::AttentionOp op) {
  const Tensor &query = frame.tensor(op.getQuery());
  const Tensor &key = frame.tensor(op.getKey());
  const Tensor &value = op.getValue() ? frame.tensor(op.getValue()) : key;
  FailureOr<std::vector<double>> sinks = frame.readVector(op, op.getSinks());
  if (failed(sinks))
    return failure();
  std::optional<double> softcap;
  if (op.getSoftcap())
    softcap = op.getSoftcap()->convertToDouble();
  int64_t valueSize = op.getValue() ? value.getRowLength() : op.getValueFirst();
  Attention attention{op,
                      query,
                      key,
                      frame.tensor(op.getPositions()),
                      frame.tensor(op.getSlots()),
                      frame.tensor(op.getBlocks()),
                      frame.integer(op.getLayer()),
                      op.getScale().convertToDouble(),
                      op.getMask(),
                      softcap,
                      std::move(*sinks),
                      valueSize,
                      op.getProbabilities()};
  int64_t groups = key.getRank() == 5 ? key.getDim(3) : 1;
  int64_t heads = query.getDim(1);
  if (failed(attention.check()) ||
      failed(
          checkEqual(op, "slots of caches", key.getDim(1), value.getDim(1))) ||
      failed(checkEqual(op, "positions of caches", key.getDim(2),
                        value.getDim(2))) ||
      failed(checkEqual(op, "head size", query.getDim(2), key.getRowLength())))
    return failure();
  Type type = op.getType().getElementType();
  Tensor result(type, {query.getDim(0), heads, valueSize});
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t t = 0; t < query.getDim(0); ++t)
    for (int64_t h = 0; h < heads; ++h) {
      int64_t g = h / (heads / groups);
      auto rowOf = [&](const Tensor &cache) {
        return [&, g](int64_t slot, int64_t n) {
          int64_t row = attention.getCacheRow(slot, n) * groups + g;
          return cache.floats().data() + row * cache.getRowLength();
        };
      };
      attention.apply(frame, type, t, h, rowOf(key), rowOf(value),
                      out.slice((t * heads + h) * valueSize, valueSize));
    }
  frame.noteSum(attention.getLongestSum());
  frame.set(op, std::move(result));
  return success();
}

namespace {
/// Keys and values of all heads, for the positions that the step can see.
struct Expansion {
  /// Where the keys and values of a row of the cache are found.
  llvm::DenseMap<int64_t, int64_t> places;
  std::vector<std::vector<double>> keys, values;
};
} // namespace

/// Makes keys and values of the latent vectors in the cache.
static FailureOr<Expansion> expand(Frame &frame, tenon::MlaAttentionOp op,
                                   const Attention &attention) {
  int64_t width = attention.cache.getRowLength();
  Expansion result;
  SmallVector<const double *> rows;
  for (int64_t slot : attention.slots.ints())
    for (int64_t n = 0, e = attention.getLength(slot); n < e; ++n) {
      int64_t row = attention.getCacheRow(slot, n);
      if (result.places.try_emplace(row, rows.size()).second)
        rows.push_back(attention.cache.floats().data() + row * width);
    }
  WeightType type = op.getExpand().getType();
  int64_t heads = attention.query.getDim(1), latent = type.getCols();
  // Rows of a stack of heads are numbered like those of one matrix.
  int64_t allRows = type.getMatrices() * type.getRows();
  int64_t perHead = allRows / heads, nope = op.getNope();
  Product product{op, op.getExpand(), 0, allRows, latent};
  auto sums = multiply(frame, product, rows);
  if (failed(sums))
    return failure();
  for (auto [place, row] : llvm::enumerate(rows)) {
    std::vector<double> &key = result.keys.emplace_back();
    std::vector<double> &value = result.values.emplace_back();
    for (int64_t h = 0; h < heads; ++h) {
      auto begin = (*sums)[place].begin() + h * perHead;
      key.insert(key.end(), begin, begin + nope);
      key.insert(key.end(), row + latent, row + width);
      value.insert(value.end(), begin + nope, begin + perHead);
    }
  }
  return result;
}

static LogicalResult execute(Frame &frame, tenon::MlaAttentionOp op) {
  const Tensor &query = frame.tensor(op.getQuery());
  int64_t heads = query.getDim(1), keySize = query.getDim(2);
  WeightType type = op.getExpand().getType();
  int64_t valueSize =
      type.getMatrices() * type.getRows() / heads - op.getNope();
  Attention attention{op,
                      query,
                      frame.tensor(op.getCache()),
                      frame.tensor(op.getPositions()),
                      frame.tensor(op.getSlots()),
                      frame.tensor(op.getBlocks()),
                      frame.integer(op.getLayer()),
                      op.getScale().convertToDouble(),
                      op.getMask(),
                      std::nullopt,
                      {},
                      valueSize,
                      op.getProbabilities()};
  if (op.getSelected())
    attention.selected = &frame.tensor(op.getSelected());
  if (failed(attention.check()))
    return failure();
  FailureOr<Expansion> expansion = expand(frame, op, attention);
  if (failed(expansion))
    return failure();
  Type element = op.getType().getElementType();
  Tensor result(element, {query.getDim(0), heads, valueSize});
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t t = 0; t < query.getDim(0); ++t)
    for (int64_t h = 0; h < heads; ++h) {
      auto placeOf = [&](int64_t slot, int64_t n) {
        return expansion->places.lookup(attention.getCacheRow(slot, n));
      };
      auto keyAt = [&](int64_t slot, int64_t n) -> const double * {
        return expansion->keys[placeOf(slot, n)].data() + h * keySize;
      };
      auto valueAt = [&](int64_t slot, int64_t n) -> const double * {
        return expansion->values[placeOf(slot, n)].data() + h * valueSize;
      };
      attention.apply(frame, element, t, h, keyAt, valueAt,
                      out.slice((t * heads + h) * valueSize, valueSize));
    }
  frame.noteSum(attention.getLongestSum());
  frame.set(op, std::move(result));
  return success();
}

//===----------------------------------------------------------------------===//
// Selected keys
//===----------------------------------------------------------------------===//

double tenon::scoreIndexKey(ArrayRef<double> query, ArrayRef<double> weights,
                            const double *key, double scale) {
  double total = 0;
  size_t depth = query.size() / weights.size();
  for (auto [h, weight] : llvm::enumerate(weights)) {
    double score = 0;
    for (size_t i = 0; i < depth; ++i)
      score += query[h * depth + i] * key[i];
    total += weight * std::max(score, 0.0);
  }
  return scale * total;
}

void tenon::selectTop(ArrayRef<double> scores, MutableArrayRef<int64_t> out) {
  std::vector<int64_t> places(scores.size());
  std::iota(places.begin(), places.end(), 0);
  llvm::sort(places, [&](int64_t a, int64_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  places.resize(std::min(places.size(), out.size()));
  llvm::sort(places);
  llvm::fill(out, -1);
  llvm::copy(places, out.begin());
}

static LogicalResult execute(Frame &frame, tenon::IndexTopkOp op) {
  const Tensor &query = frame.tensor(op.getQuery());
  const Tensor &cache = frame.tensor(op.getCache());
  const Tensor &weights = frame.tensor(op.getWeights());
  const Tensor &positions = frame.tensor(op.getPositions());
  const Tensor &slots = frame.tensor(op.getSlots());
  int64_t layer = frame.integer(op.getLayer()), tokens = query.getDim(0);
  int64_t heads = query.getDim(1), depth = query.getDim(2);
  int64_t top = op.getType().getDimSize(1);
  if (failed(checkPlaces(op, cache, layer, tokens, positions, slots)) ||
      failed(checkEqual(op, "tokens", tokens, weights.getDim(0))) ||
      failed(checkEqual(op, "heads", heads, weights.getDim(1))) ||
      failed(checkEqual(op, "row length", depth, cache.getRowLength())))
    return failure();
  Tensor result(op.getType().getElementType(), {tokens, top});
  for (int64_t t = 0; t < tokens; ++t) {
    int64_t keys = positions.ints()[t] + 1;
    if (failed(checkInside(op, "a position", keys - 1, op.getContext())))
      return failure();
    int64_t row = (layer * cache.getDim(1) + slots.ints()[t]) * cache.getDim(2);
    std::vector<double> scores;
    for (int64_t n = 0; n < keys; ++n)
      scores.push_back(
          scoreIndexKey(query.floats().slice(t * heads * depth, heads * depth),
                        weights.floats().slice(t * heads, heads),
                        cache.floats().data() + (row + n) * depth,
                        op.getScale().convertToDouble()));
    selectTop(scores, result.mutableInts().slice(t * top, top));
  }
  frame.set(op, std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tenon::SelectedAttentionOp op) {
  const Tensor &query = frame.tensor(op.getQuery());
  const Tensor &cache = frame.tensor(op.getCache());
  const Tensor &selected = frame.tensor(op.getSelected());
  Tensor noBlocks(IntegerType::get(op.getContext(), 32), {0, 4});
  Attention attention{op,
                      query,
                      cache,
                      frame.tensor(op.getPositions()),
                      frame.tensor(op.getSlots()),
                      noBlocks,
                      frame.integer(op.getLayer()),
                      op.getScale().convertToDouble(),
                      MaskAttr::get(op.getContext(), MaskKind::Causal),
                      std::nullopt,
                      {},
                      op.getType().getDimSize(2),
                      op.getProbabilities(),
                      &selected};
  int64_t tokens = query.getDim(0), heads = query.getDim(1);
  if (failed(checkPlaces(op, cache, attention.layer, tokens,
                         attention.positions, attention.slots)) ||
      failed(checkEqual(op, "tokens", tokens, selected.getDim(0))) ||
      failed(
          checkEqual(op, "head size", query.getDim(2), cache.getRowLength())))
    return failure();
  Type type = op.getType().getElementType();
  Tensor result(type, {tokens, heads, attention.valueSize});
  MutableArrayRef<double> out = result.mutableFloats();
  auto rowOf = [&](int64_t slot, int64_t n) {
    return cache.floats().data() +
           attention.getCacheRow(slot, n) * cache.getRowLength();
  };
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t h = 0; h < heads; ++h)
      attention.apply(frame, type, t, h, rowOf, rowOf,
                      out.slice((t * heads + h) * attention.valueSize,
                                attention.valueSize));
  frame.noteSum(attention.getLongestSum());
  frame.set(op, std::move(result));
  return success();
}

void tenon::addAttentionHandlers(HandlerTable &table) {
  table.add<tenon::CacheUpdateOp>(execute);
  table.add<tenon::AttentionOp>(execute);
  table.add<tenon::MlaAttentionOp>(execute);
  table.add<tenon::IndexTopkOp>(execute);
  table.add<tenon::SelectedAttentionOp>(execute);
}
