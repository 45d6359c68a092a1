// Routers, experts, and the ops that experts open into.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cmath>
#include <deque>
#include <limits>
#include "Formulas.h"

using namespace mlir;
using namespace tenon;

/// Places of the largest numbers, largest first; the lower one of equal
/// numbers. A NaN counts as least, which keeps the order total.
static std::vector<int64_t> findLargest(ArrayRef<double> numbers,
                                        int64_t count) {
  std::vector<std::pair<double, int64_t>> order;
  for (auto [place, number] : llvm::enumerate(numbers))
    order.emplace_back(std::isnan(number) ? INFINITY : -number, place);
  llvm::sort(order);
  order.resize(std::min<size_t>(count, order.size()));
  auto places = llvm::make_second_range(order);
  return std::vector<int64_t>(places.begin(), places.end());
}

static std::vector<double> scoreLogits(Scoring scoring,
                                       ArrayRef<double> logits) {
  std::vector<double> scores;
  if (scoring == Scoring::Sigmoid) {
    for (double logit : logits)
      scores.push_back(1 / (1 + std::exp(-logit)));
    return scores;
  }
  double largest = *llvm::max_element(logits), sum = 0;
  for (double logit : logits) {
    scores.push_back(std::exp(logit - largest));
    sum += scores.back();
  }
  for (double &score : scores)
    score /= sum;
  return scores;
}

void RouteFormula::apply(const Frame &frame, Type type, ArrayRef<double> logits,
                         MutableArrayRef<int64_t> choice,
                         MutableArrayRef<double> weights) const {
  // Scores are numbers of f32, since those that are equal in it are a tie.
  std::vector<double> scores = scoreLogits(scoring, logits);
  std::vector<double> corrected;
  for (auto [e, score] : llvm::enumerate(scores)) {
    score = frame.round(type, score);
    corrected.push_back(
        frame.round(type, score + (bias.empty() ? 0 : bias[e])));
  }
  int64_t perGroup = logits.size() / groups;
  std::vector<double> groupScores;
  for (int64_t g = 0; g < groups; ++g) {
    ArrayRef<double> members =
        ArrayRef<double>(corrected).slice(g * perGroup, perGroup);
    double score = 0;
    for (int64_t member : findLargest(members, by == GroupScore::Max ? 1 : 2))
      score += members[member];
    groupScores.push_back(frame.round(type, score));
  }
  std::vector<int64_t> kept = findLargest(groupScores, keep);
  for (int64_t e = 0, end = corrected.size(); e < end; ++e)
    if (!llvm::is_contained(kept, e / perGroup))
      corrected[e] = -std::numeric_limits<double>::infinity();
  double sum = 0;
  for (auto [j, expert] : llvm::enumerate(findLargest(corrected, top))) {
    choice[j] = expert;
    weights[j] = scores[expert];
    sum += weights[j];
  }
  for (double &weight : weights)
    weight =
        frame.round(type, (renorm ? weight / (sum + *renorm) : weight) * scale);
}

static LogicalResult execute(Frame &frame, tenon::RouterOp op) {
  const Tensor &logits = frame.tensor(op.getLogits());
  FailureOr<std::vector<double>> bias = frame.readVector(op, op.getBias());
  if (failed(bias))
    return failure();
  std::optional<double> renorm;
  if (op.getRenorm())
    renorm = op.getRenorm()->convertToDouble();
  RouteFormula formula{op.getScoring(), std::move(*bias),
                       op.getGroups(),  op.getKeep(),
                       op.getBy(),      op.getTop(),
                       renorm,          op.getScale().convertToDouble()};
  int64_t tokens = logits.getDim(0), experts = logits.getDim(1);
  int64_t top = op.getTop();
  Tensor choice(op.getChoice().getType().getElementType(), {tokens, top});
  Tensor weights(logits.getElementType(), {tokens, top});
  if (experts % op.getGroups() != 0 ||
      op.getKeep() * (experts / op.getGroups()) < top)
    return op.emitOpError()
           << "expects groups to divide the experts and to keep "
              "as many as are chosen, but got "
           << experts << " experts";
  for (int64_t t = 0; t < tokens; ++t)
    formula.apply(frame, logits.getElementType(),
                  logits.floats().slice(t * experts, experts),
                  choice.mutableInts().slice(t * top, top),
                  weights.mutableFloats().slice(t * top, top));
  frame.noteSum(experts);
  frame.set(op.getChoice(), std::move(choice));
  frame.set(op.getWeights(), std::move(weights));
  return success();
}

FailureOr<Groups> tenon::group(Operation *op, const Tensor &choice,
                               int64_t experts) {
  ArrayRef<int64_t> choices = choice.ints();
  Type type = choice.getElementType();
  int64_t count = choices.size();
  Groups groups{Tensor(type, {count}), Tensor(type, choice.getShape()),
                Tensor(type, {experts + 1})};
  int64_t next = 0;
  for (int64_t e = 0; e < experts; ++e) {
    groups.offsets.mutableInts()[e] = next;
    for (int64_t c = 0; c < count; ++c)
      if (choices[c] == e) {
        groups.order.mutableInts()[next] = c;
        groups.place.mutableInts()[c] = next++;
      }
  }
  groups.offsets.mutableInts()[experts] = next;
  for (int64_t c : choices)
    if (failed(checkInside(op, "an expert", c, experts)))
      return failure();
  return groups;
}

static LogicalResult execute(Frame &frame, tenon::MoeDispatchOp op) {
  int64_t offsets = op.getOffsets().getType().getDimSize(0);
  if (ShapedType::isDynamic(offsets))
    return op.emitOpError() << "expects a static number of offsets, which says "
                               "how many experts there are";
  FailureOr<Groups> groups =
      group(op, frame.tensor(op.getChoice()), offsets - 1);
  if (failed(groups))
    return failure();
  frame.set(op.getOrder(), std::move(groups->order));
  frame.set(op.getPlace(), std::move(groups->place));
  frame.set(op.getOffsets(), std::move(groups->offsets));
  return success();
}

FailureOr<std::vector<double>> tenon::readColumn(Frame &frame, Operation *op,
                                                 Value weight, int64_t matrix) {
  auto type = cast<WeightType>(weight.getType());
  int64_t rows = type.getRows();
  if (failed(checkInside(op, "a matrix", matrix, type.getMatrices())))
    return failure();
  std::vector<double> column(rows);
  for (int64_t n = 0; n < rows; ++n)
    if (failed(frame.readRow(op, weight, matrix * rows + n,
                             MutableArrayRef<double>(column[n]))))
      return failure();
  return column;
}

/// Adds the bias of an expert to each of its rows.
static LogicalResult addColumn(Frame &frame, Operation *op, Value bias,
                               int64_t expert,
                               std::vector<std::vector<double>> &rows) {
  // Without rows nothing is read, as for an expert that no token chose.
  if (!bias || rows.empty())
    return success();
  FailureOr<std::vector<double>> column = readColumn(frame, op, bias, expert);
  if (failed(column))
    return failure();
  for (std::vector<double> &row : rows)
    for (auto [element, addend] : llvm::zip_equal(row, *column))
      element += addend;
  return success();
}

/// One expert for all tokens that chose it.
static LogicalResult addExpert(Frame &frame, tenon::ExpertsOp op,
                               int64_t expert,
                               std::vector<std::vector<double>> &results) {
  const Tensor &input = frame.tensor(op.getInput());
  const Tensor &choice = frame.tensor(op.getChoice());
  int64_t top = choice.getDim(1), length = input.getDim(1);
  SmallVector<int64_t> chosen;
  SmallVector<const double *> rows;
  std::deque<std::vector<double>> scaled;
  for (int64_t c = 0, e = choice.getNumElements(); c < e; ++c)
    if (choice.ints()[c] == expert) {
      chosen.push_back(c);
      const double *row = input.floats().data() + c / top * length;
      if (op.getScaleInput()) {
        std::vector<double> &copy = scaled.emplace_back(row, row + length);
        double weight = frame.tensor(op.getWeights()).floats()[c];
        for (double &x : copy)
          x = frame.round(input.getElementType(), x * weight);
        row = copy.data();
      }
      rows.push_back(row);
    }
  int64_t inner = op.getGate().getType().getRows();
  Product first{op, op.getGate(), expert * inner, inner, length};
  auto gates = multiply(frame, first, rows);
  first.weight = op.getUp();
  auto ups = multiply(frame, first, rows);
  if (failed(gates) || failed(ups) ||
      failed(addColumn(frame, op, op.getGateBias(), expert, *gates)) ||
      failed(addColumn(frame, op, op.getUpBias(), expert, *ups)))
    return failure();
  SmallVector<const double *> inners;
  for (auto [gate, up] : llvm::zip_equal(*gates, *ups)) {
    for (auto [g, u] : llvm::zip_equal(gate, up))
      g = joinGate(op.getActivation(), g, u);
    inners.push_back(gate.data());
  }
  Product second{op, op.getDown(), expert * length, length, inner};
  auto downs = multiply(frame, second, inners);
  if (failed(downs) ||
      failed(addColumn(frame, op, op.getDownBias(), expert, *downs)))
    return failure();
  for (auto [c, down] : llvm::zip_equal(chosen, *downs))
    results[c] = std::move(down);
  return success();
}

static LogicalResult execute(Frame &frame, tenon::ExpertsOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  const Tensor &choice = frame.tensor(op.getChoice());
  const Tensor &weights = frame.tensor(op.getWeights());
  int64_t experts = op.getGate().getType().getShape()[0];
  int64_t tokens = input.getDim(0), length = input.getDim(1);
  if (failed(checkEqual(op, "tokens", tokens, choice.getDim(0))) ||
      failed(checkEqual(op, "tokens", tokens, weights.getDim(0))) ||
      failed(checkEqual(op, "the number of choices", choice.getDim(1),
                        weights.getDim(1))))
    return failure();
  for (int64_t expert : choice.ints())
    if (failed(checkInside(op, "an expert", expert, experts)))
      return failure();
  std::vector<std::vector<double>> rows(choice.getNumElements());
  for (int64_t e = 0; e < experts; ++e)
    if (failed(addExpert(frame, op, e, rows)))
      return failure();
  Tensor result(input.getElementType(), input.getShape());
  MutableArrayRef<double> out = result.mutableFloats();
  int64_t top = choice.getDim(1);
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t i = 0; i < length; ++i) {
      double sum = 0;
      for (int64_t c = t * top; c < (t + 1) * top; ++c)
        sum += (op.getScaleInput() ? 1 : weights.floats()[c]) * rows[c][i];
      out[t * length + i] = frame.round(result.getElementType(), sum);
    }
  frame.set(op, std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tenon::GroupedLinearOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  const Tensor &offsets = frame.tensor(op.getOffsets());
  const Tensor *order = op.getOrder() ? &frame.tensor(op.getOrder()) : nullptr;
  WeightType type = op.getWeight().getType();
  int64_t rows = order ? order->getDim(0) : input.getDim(0);
  int64_t experts = type.getShape()[0], n = type.getRows(), k = type.getCols();
  if (failed(checkEqual(op, "the number of experts", offsets.getDim(0) - 1,
                        experts)) ||
      failed(checkEqual(op, "the length of a row", input.getDim(1), k)) ||
      failed(checkEqual(op, "rows", rows, offsets.ints().back())))
    return failure();
  int64_t length = op.getGlu() ? n / 2 : n;
  Tensor result(op.getType().getElementType(), {rows, length});
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t e = 0; e < experts; ++e) {
    SmallVector<const double *> inputs;
    int64_t begin = offsets.ints()[e], end = offsets.ints()[e + 1];
    for (int64_t j = begin; j < end; ++j) {
      if (failed(checkInside(op, "a row", j, rows)))
        return failure();
      int64_t row = order ? order->ints()[j] / op.getChoices() : j;
      if (failed(checkInside(op, "a token", row, input.getDim(0))))
        return failure();
      inputs.push_back(input.floats().data() + row * k);
    }
    auto sums = multiply(frame, {op, op.getWeight(), e * n, n, k}, inputs);
    if (failed(sums) || failed(addColumn(frame, op, op.getBias(), e, *sums)))
      return failure();
    for (auto [i, sum] : llvm::enumerate(*sums))
      finishRow(frame, result.getElementType(), sum, op.getGlu(),
                out.slice((begin + i) * length, length));
  }
  frame.set(op, std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tenon::MoeCombineOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  const Tensor &place = frame.tensor(op.getPlace());
  const Tensor &weights = frame.tensor(op.getWeights());
  const Tensor &init = frame.tensor(op.getInit());
  int64_t tokens = init.getDim(0), length = init.getDim(1);
  int64_t top = place.getDim(1);
  if (failed(checkEqual(op, "tokens", tokens, place.getDim(0))) ||
      failed(checkEqual(op, "tokens", tokens, weights.getDim(0))) ||
      failed(checkEqual(op, "the number of choices", top, weights.getDim(1))) ||
      failed(checkEqual(op, "the length of a row", input.getDim(1), length)))
    return failure();
  for (int64_t row : place.ints())
    if (failed(checkInside(op, "a place", row, input.getDim(0))))
      return failure();
  Tensor result(init.getElementType(), init.getShape());
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t at = 0, e = init.getNumElements(); at < e; ++at) {
    double sum = 0;
    for (int64_t c = at / length * top; c < (at / length + 1) * top; ++c)
      sum += weights.floats()[c] *
             input.floats()[place.ints()[c] * length + at % length];
    out[at] = frame.round(result.getElementType(), init.floats()[at] + sum);
  }
  frame.noteSum(top + 1);
  frame.set(op, std::move(result));
  return success();
}

void tenon::addExpertHandlers(HandlerTable &table) {
  table.add<tenon::RouterOp>(execute);
  table.add<tenon::ExpertsOp>(execute);
  table.add<tenon::MoeDispatchOp>(execute);
  table.add<tenon::GroupedLinearOp>(execute);
  table.add<tenon::MoeCombineOp>(execute);
}
