// Tile ops of attention on tensors: key ranges and the state of a softmax.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include <cmath>
#include <limits>
#include "Formulas.h"

using namespace mlir;
using namespace tenon;

static LogicalResult execute(Frame &frame, tile::KeyRangeOp op) {
  int64_t first = frame.integer(op.getFirst());
  int64_t last = first + frame.integer(op.getCount()) - 1;
  int64_t length = frame.integer(op.getLength()), step = op.getStep();
  // A query at p sees the keys from `begin(p)` up to, without it, `end(p)`.
  auto begin = [&](int64_t p) {
    std::optional<int64_t> window = op.getMask().getWindow();
    std::optional<int64_t> chunk = op.getMask().getChunk();
    int64_t from = window ? std::max<int64_t>(p - *window + 1, 0) : 0;
    return chunk ? std::max(from, p / *chunk * *chunk) : from;
  };
  auto end = [&](int64_t p) {
    bool isCausal = op.getMask().getKind() == MaskKind::Causal;
    return isCausal ? std::min(p + 1, length) : length;
  };
  auto floor = [&](int64_t n) { return n >= 0 ? n / step * step : 0; };
  auto ceil = [&](int64_t n) { return floor(n + step - 1); };
  int64_t lower = floor(begin(first));
  int64_t upper = end(last) > begin(first) ? end(last) : lower;
  int64_t fullLower = std::clamp(ceil(begin(last)), lower, upper);
  int64_t fullUpper = std::max(floor(end(first)), fullLower);
  frame.set(op.getLower(), Scalar{lower, 0});
  frame.set(op.getFullLower(), Scalar{fullLower, 0});
  frame.set(op.getFullUpper(), Scalar{fullUpper, 0});
  frame.set(op.getUpper(), Scalar{upper, 0});
  return success();
}

static LogicalResult execute(Frame &frame, tile::AttentionInitOp op) {
  double values[] = {0, -std::numeric_limits<double>::infinity(), 0};
  for (auto [index, result] : llvm::enumerate(op->getResults())) {
    Tensor tensor = frame.takeTensor(op.getOutsMutable()[index]);
    llvm::fill(tensor.mutableFloats(), values[index]);
    frame.set(result, std::move(tensor));
  }
  return success();
}

namespace {
/// Rows that follow each other along one dimension of a tensor.
struct RowRun {
  const Tensor &tensor;
  SmallVector<int64_t> at;
  int64_t along;

  LogicalResult check(Operation *op, int64_t rows, int64_t cols) const {
    for (auto [dim, place, size] : llvm::enumerate(at, tensor.getShape())) {
      int64_t extent = static_cast<int64_t>(dim) == along ? rows
                       : dim + 1 == at.size()             ? cols
                                                          : 1;
      if (failed(checkInside(op, "an index", place, size)) ||
          failed(checkInside(op, "an index", place + extent - 1, size)))
        return failure();
    }
    return success();
  }
  const double *row(int64_t j) const {
    SmallVector<int64_t> place = at;
    place[along] += j;
    return tensor.floats().data() + tensor.offsetOf(place);
  }
};
} // namespace

static RowRun readRun(Frame &frame, Value tensor, ValueRange at,
                      int64_t along) {
  return {frame.tensor(tensor),
          llvm::map_to_vector(at, [&](Value v) { return frame.integer(v); }),
          along};
}

/// Scores of the keys of a tile that one row sees, by the number of the key.
static std::vector<std::pair<int64_t, double>>
scoreKeys(Frame &frame, tile::OnlineAttentionOp op, const RowRun &keys,
          int64_t row) {
  const Tensor &query = frame.tensor(op.getQuery());
  int64_t first = frame.integer(op.getFirst());
  int64_t count = frame.integer(op.getCount());
  int64_t length = frame.integer(op.getLength());
  int64_t p = frame.integer(op.getPosition()) + row / op.getHeads();
  const double *q = query.floats().data() + row * query.getDim(1);
  std::vector<std::pair<int64_t, double>> scores;
  for (int64_t j = 0; j < count; ++j) {
    if (op.getMask() && !sees(*op.getMask(), p, first + j, length))
      continue;
    const double *key = keys.row(j);
    double score = 0;
    for (int64_t i = 0; i < query.getDim(1); ++i)
      score += q[i] * key[i];
    score *= op.getScale().convertToDouble();
    if (op.getSoftcap()) {
      double cap = op.getSoftcap()->convertToDouble();
      score = cap * std::tanh(score / cap);
    }
    scores.emplace_back(j, score);
  }
  return scores;
}

static LogicalResult execute(Frame &frame, tile::OnlineAttentionOp op) {
  RowRun keys = readRun(frame, op.getKey(), op.getKeyAt(), op.getKeyAlong());
  RowRun values =
      readRun(frame, op.getValue(), op.getValueAt(), op.getValueAlong());
  int64_t rows = frame.integer(op.getRows());
  int64_t count = frame.integer(op.getCount());
  int64_t querySize = frame.tensor(op.getQuery()).getDim(1);
  Tensor acc = frame.takeTensor(op.getOutsMutable()[0]);
  Tensor maximum = frame.takeTensor(op.getOutsMutable()[1]);
  Tensor sum = frame.takeTensor(op.getOutsMutable()[2]);
  int64_t width = acc.getDim(1);
  if (failed(checkInside(op, "rows", rows, acc.getDim(0) + 1)) ||
      failed(checkInside(op, "a count", count, op.getKeys() + 1)))
    return failure();
  if (count > 0 && (failed(keys.check(op, count, querySize)) ||
                    failed(values.check(op, count, width))))
    return failure();
  Type type = acc.getElementType();
  MutableArrayRef<double> accs = acc.mutableFloats();
  for (int64_t r = 0; r < rows; ++r) {
    auto scores = scoreKeys(frame, op, keys, r);
    if (scores.empty())
      continue;
    double old = maximum.floats()[r], largest = old;
    for (auto [j, score] : scores)
      largest = std::max(largest, score);
    double factor = std::exp2(old - largest);
    double total = sum.floats()[r] * factor;
    std::vector<double> row(width);
    for (int64_t i = 0; i < width; ++i)
      row[i] = accs[r * width + i] * factor;
    for (auto [j, score] : scores) {
      double weight =
          frame.roundInside(op.getProbabilities(), std::exp2(score - largest));
      total += weight;
      for (int64_t i = 0; i < width; ++i)
        row[i] += weight * values.row(j)[i];
    }
    for (int64_t i = 0; i < width; ++i)
      accs[r * width + i] = frame.round(type, row[i]);
    maximum.mutableFloats()[r] = frame.round(type, largest);
    sum.mutableFloats()[r] = frame.round(type, total);
  }
  frame.noteSum(std::max(querySize, count));
  frame.set(op->getResult(0), std::move(acc));
  frame.set(op->getResult(1), std::move(maximum));
  frame.set(op->getResult(2), std::move(sum));
  return success();
}

static LogicalResult execute(Frame &frame, tile::IndexScoresOp op) {
  const Tensor query = frame.tensor(op.getQuery());
  const Tensor weights = frame.tensor(op.getWeights());
  RowRun keys = readRun(frame, op.getKey(), op.getAt(), /*along=*/2);
  int64_t count = frame.integer(op.getCount());
  Tensor scores = frame.takeTensor(op.getOutsMutable());
  if (failed(checkInside(op, "a count", count, scores.getDim(1) + 1)) ||
      failed(keys.check(op, count, query.getDim(2))))
    return failure();
  for (int64_t n = 0; n < count; ++n)
    scores.mutableFloats()[n] =
        frame.round(scores.getElementType(),
                    scoreIndexKey(query.floats(), weights.floats(), keys.row(n),
                                  op.getScale().convertToDouble()));
  frame.noteSum(query.getDim(1) + query.getDim(2));
  frame.set(op->getResult(0), std::move(scores));
  return success();
}

static LogicalResult execute(Frame &frame, tile::SelectTopOp op) {
  const Tensor scores = frame.tensor(op.getScores());
  int64_t count = frame.integer(op.getCount());
  Tensor places = frame.takeTensor(op.getOutsMutable());
  if (failed(checkInside(op, "a count", count, scores.getDim(1) + 1)))
    return failure();
  selectTop(scores.floats().take_front(count), places.mutableInts());
  frame.set(op->getResult(0), std::move(places));
  return success();
}

static LogicalResult execute(Frame &frame, tile::AttentionFinishOp op) {
  const Tensor maximum = frame.tensor(op.getMaximum());
  const Tensor sum = frame.tensor(op.getSum());
  FailureOr<std::vector<double>> sinks = frame.readVector(op, op.getSinks());
  if (failed(sinks))
    return failure();
  Tensor result = frame.takeTensor(op.getOutsMutable());
  int64_t width = result.getDim(1);
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t r = 0, rows = result.getDim(0); r < rows; ++r) {
    double factor = 1, divisor = sum.floats()[r];
    if (!sinks->empty()) {
      int64_t head = frame.integer(op.getHead()) + r % op.getHeads();
      if (failed(checkInside(op, "a head", head, sinks->size())))
        return failure();
      double sink = (*sinks)[head] * M_LOG2E;
      double largest = std::max(maximum.floats()[r], sink);
      factor = std::exp2(maximum.floats()[r] - largest);
      divisor = divisor * factor + std::exp2(sink - largest);
    }
    for (double &element : out.slice(r * width, width))
      element = divisor == 0 ? 0
                             : frame.round(result.getElementType(),
                                           element * factor / divisor);
  }
  frame.noteSum(1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

/// Registers a handler that runs after the check that its op works on tensors.
template <typename OpT>
static void addChecked(HandlerTable &table) {
  table.add<OpT>(+[](Frame &frame, OpT op) -> LogicalResult {
    if (op->getNumResults() == op.getDpsInits().size())
      return execute(frame, op);
    return op.emitOpError() << "expects tensors, but got memory; interpret the "
                               "module before bufferization";
  });
}

void tenon::addAttendHandlers(HandlerTable &table) {
  table.add<tile::KeyRangeOp>(execute);
  addChecked<tile::AttentionInitOp>(table);
  addChecked<tile::OnlineAttentionOp>(table);
  addChecked<tile::IndexScoresOp>(table);
  addChecked<tile::SelectTopOp>(table);
  addChecked<tile::AttentionFinishOp>(table);
}
