// Norms and rotations of rows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cmath>
#include "Formulas.h"
#include "RopeFormula.h"

using namespace mlir;
using namespace tenon;

void NormFormula::apply(const Frame &frame, Type type, ArrayRef<double> row,
                        MutableArrayRef<double> out) const {
  size_t d = weight.empty() ? row.size() : weight.size();
  double mean = 0, squares = 0;
  if (kind == NormKind::Layer)
    for (size_t i = 0; i < d; ++i)
      mean += row[i] / d;
  for (size_t i = 0; i < d; ++i)
    squares += (row[i] - mean) * (row[i] - mean);
  double factor = 1 / std::sqrt(squares / d + eps);
  for (size_t i = 0; i < row.size(); ++i) {
    if (i >= d) {
      out[i] = frame.round(type, row[i]);
      continue;
    }
    double n = (row[i] - mean) * factor;
    double addend = bias.empty() ? 0 : bias[i];
    double scale = weight.empty() ? 1 : weight[i];
    switch (order) {
    case NormOrder::CastThenScale:
      out[i] = frame.round(type, scale * frame.round(type, n));
      break;
    case NormOrder::ScaleThenCast:
      out[i] = frame.round(type, scale * n + addend);
      break;
    case NormOrder::OnePlus:
      out[i] = frame.round(type, (1 + scale) * n + addend);
      break;
    }
  }
}

static LogicalResult execute(Frame &frame, tenon::NormOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  NormFormula formula{
      op.getKind(), op.getOrder(), op.getEps().convertToDouble(), {}, {}};
  FailureOr<std::vector<double>> weight = frame.readVector(op, op.getWeight());
  FailureOr<std::vector<double>> bias = frame.readVector(op, op.getBias());
  if (failed(weight) || failed(bias))
    return failure();
  formula.weight = std::move(*weight);
  formula.bias = std::move(*bias);
  Tensor result(input.getElementType(), input.getShape());
  MutableArrayRef<double> out = result.mutableFloats();
  int64_t length = input.getRowLength();
  if (length < static_cast<int64_t>(formula.weight.size()))
    return op.emitOpError() << "expects rows no shorter than weight, but got "
                            << length << " and " << formula.weight.size();
  for (int64_t at = 0, e = input.getNumElements(); at < e; at += length)
    formula.apply(frame, input.getElementType(),
                  input.floats().slice(at, length), out.slice(at, length));
  frame.noteSum(formula.weight.empty() ? length : formula.weight.size());
  frame.set(op, std::move(result));
  return success();
}

//===----------------------------------------------------------------------===//
// Rotations
//===----------------------------------------------------------------------===//

static double valueOr(FloatAttr attr, double otherwise) {
  return attr ? attr.getValueAsDouble() : otherwise;
}

/// A long wave is stretched, a short one stays, and in between they are mixed.
static double scaleLlama3(double g, double factor, double original, double low,
                          double high) {
  double wave = 2 * M_PI / g;
  if (wave < original / high)
    return g;
  if (wave > original / low)
    return g / factor;
  if (low == high)
    return g;
  double t = (original * g / (2 * M_PI) - low) / (high - low);
  return (1 - t) * g / factor + t * g;
}

std::vector<double> tenon::getRopeFrequencies(RopeAttr rope) {
  bool isYarn = rope.getScaling() == RopeScaling::Yarn;
  double dims = rope.getDims(), theta = rope.getTheta().getValueAsDouble();
  double factor = valueOr(rope.getFactor(), 1);
  double original = valueOr(rope.getOriginal(), 8192);
  double low = valueOr(rope.getLow(), 1);
  double high = valueOr(rope.getHigh(), isYarn ? 32 : 4);
  auto dimOf = [&](double rotations) {
    return dims * std::log(original / (2 * M_PI * rotations)) /
           (2 * std::log(theta));
  };
  double a = dimOf(high), b = dimOf(low);
  if (rope.getTruncate()) {
    a = std::floor(a);
    b = std::ceil(b);
  }
  a = std::max(a, 0.0);
  b = std::min(b, dims - 1);
  if (a == b)
    b = a + 0.001;
  std::vector<double> frequencies;
  for (int64_t i = 0; i < rope.getDims() / 2; ++i) {
    double g = std::pow(theta, -2.0 * i / dims);
    double r = std::min(std::max((i - a) / (b - a), 0.0), 1.0);
    double f = g;
    if (rope.getScaling() == RopeScaling::Linear)
      f = g / factor;
    if (rope.getScaling() == RopeScaling::Llama3)
      f = scaleLlama3(g, factor, original, low, high);
    if (isYarn)
      f = r * g / factor + (1 - r) * g;
    if (rope.getScaling() == RopeScaling::Divided)
      f = g / rope.getDivisors()[i];
    frequencies.push_back(f);
  }
  return frequencies;
}

void tenon::rotate(const Frame &frame, Type type, RopeAttr rope, RopeEnd end,
                   ArrayRef<double> cosines, ArrayRef<double> sines,
                   ArrayRef<double> row, MutableArrayRef<double> out) {
  int64_t dims = rope.getDims(), half = dims / 2;
  int64_t begin =
      end == RopeEnd::First ? 0 : static_cast<int64_t>(row.size()) - dims;
  double m = valueOr(rope.getAttention(), 1);
  bool interleaved = rope.getPairing() == RopePairing::Interleaved;
  for (size_t i = 0; i < row.size(); ++i)
    out[i] = row[i];
  for (int64_t i = 0; i < half; ++i) {
    int64_t a = begin + (interleaved ? 2 * i : i);
    int64_t b = begin + (interleaved ? 2 * i + 1 : i + half);
    out[a] = frame.round(type, m * (row[a] * cosines[i] - row[b] * sines[i]));
    out[b] = frame.round(type, m * (row[b] * cosines[i] + row[a] * sines[i]));
  }
}

static LogicalResult execute(Frame &frame, tenon::RopeOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  const Tensor &positions = frame.tensor(op.getPositions());
  int64_t tokens = input.getDim(0), length = input.getRowLength();
  if (failed(checkEqual(op, "tokens", tokens, positions.getDim(0))))
    return failure();
  if (length < op.getRope().getDims())
    return op.emitOpError() << "expects rows no shorter than dims, but got "
                            << length << " and " << op.getRope().getDims();
  std::vector<double> frequencies = getRopeFrequencies(op.getRope());
  std::vector<double> cosines(frequencies.size()), sines(frequencies.size());
  Tensor result(input.getElementType(), input.getShape());
  MutableArrayRef<double> out = result.mutableFloats();
  int64_t perToken = tokens ? input.getNumElements() / tokens : 0;
  for (int64_t t = 0; t < tokens; ++t) {
    for (auto [i, frequency] : llvm::enumerate(frequencies)) {
      double angle = static_cast<double>(positions.ints()[t]) * frequency;
      cosines[i] = std::cos(angle);
      sines[i] = std::sin(angle);
    }
    for (int64_t at = t * perToken; at < (t + 1) * perToken; at += length)
      rotate(frame, input.getElementType(), op.getRope(), op.getEnd(), cosines,
             sines, input.floats().slice(at, length), out.slice(at, length));
  }
  frame.noteSum(2);
  frame.set(op, std::move(result));
  return success();
}

void tenon::addRowHandlers(HandlerTable &table) {
  table.add<tenon::NormOp>(execute);
  table.add<tenon::RopeOp>(execute);
}
