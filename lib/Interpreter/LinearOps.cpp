// Products of rows with weights, and the ops around them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cmath>
#include "Formulas.h"

using namespace mlir;
using namespace tenon;

static double dot(const double *a, const double *b, int64_t count) {
  double sums[4] = {0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (int64_t lane = 0; lane < 4; ++lane)
      sums[lane] += a[i + lane] * b[i + lane];
  for (; i < count; ++i)
    sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

FailureOr<std::vector<std::vector<double>>>
tenon::multiply(Frame &frame, const Product &product,
                ArrayRef<const double *> inputs) {
  std::vector<std::vector<double>> sums(inputs.size());
  for (std::vector<double> &row : sums)
    row.resize(product.rows);
  // Without inputs nothing is read, as for an expert that no token chose.
  if (inputs.empty())
    return sums;
  Type f32 = Float32Type::get(product.op->getContext());
  std::vector<double> weights(product.cols);
  for (int64_t n = 0; n < product.rows; ++n) {
    if (failed(frame.readRow(product.op, product.weight, product.firstRow + n,
                             weights)))
      return failure();
    if (product.roundsWeights)
      for (double &weight : weights)
        weight = frame.round(f32, weight);
    for (auto [t, input] : llvm::enumerate(inputs))
      sums[t][n] = dot(input, weights.data(), product.cols);
  }
  frame.noteSum(product.cols);
  return sums;
}

static double activate(Activation activation, double z) {
  switch (activation) {
  case Activation::Silu:
    return z / (1 + std::exp(-z));
  case Activation::GeluTanh:
    // (1 + tanh(y)) / 2 without the difference, which cancels for y near -1.
    return z /
           (1 + std::exp(-std::sqrt(8 / M_PI) * (z + 0.044715 * z * z * z)));
  case Activation::Gelu:
    return 0.5 * z * std::erfc(-z / std::sqrt(2.0));
  case Activation::Relu:
    return std::max(z, 0.0);
  }
  llvm_unreachable("all activations are listed");
}

double tenon::joinGate(const GatedActivation &activation, double gate,
                       double up) {
  double alpha = activation.alpha, limit = activation.limit;
  gate = std::min(gate, limit);
  up = std::min(std::max(up, -limit), limit);
  return activate(activation.function, alpha * gate) / alpha *
         (up + activation.beta);
}

void tenon::finishRow(const Frame &frame, Type type, ArrayRef<double> sums,
                      std::optional<GatedActivation> glu,
                      MutableArrayRef<double> out) {
  for (auto [n, element] : llvm::enumerate(out))
    element = frame.round(
        type, glu ? joinGate(*glu, sums[n], sums[n + out.size()]) : sums[n]);
}

/// The beginning of each of the rows of a tensor, heads taken together.
static SmallVector<const double *> getTokenRows(const Tensor &tensor) {
  int64_t tokens = tensor.getDim(0);
  SmallVector<const double *> rows;
  for (int64_t t = 0; t < tokens; ++t)
    rows.push_back(tensor.floats().data() +
                   t * (tensor.getNumElements() / tokens));
  return rows;
}

/// A result whose first dimension is the number of tokens.
static FailureOr<Tensor> makeResult(Frame &frame, Operation *op,
                                    int64_t tokens) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<int64_t> dims(type.getNumDynamicDims(), tokens);
  if (llvm::any_of(type.getShape().drop_front(), ShapedType::isDynamic))
    return op->emitOpError() << "expects a result with static dimensions after "
                                "the first, but got "
                             << type;
  FailureOr<SmallVector<int64_t>> shape = frame.resolveShape(op, type, dims);
  if (failed(shape))
    return failure();
  return Tensor(type.getElementType(), *shape);
}

static LogicalResult execute(Frame &frame, tenon::EmbeddingOp op) {
  const Tensor &tokens = frame.tensor(op.getTokens());
  WeightType type = op.getTable().getType();
  FailureOr<Tensor> result = makeResult(frame, op, tokens.getDim(0));
  if (failed(result))
    return failure();
  int64_t cols = type.getCols();
  for (int64_t t = 0, e = tokens.getDim(0); t < e; ++t) {
    MutableArrayRef<double> row = result->mutableFloats().slice(t * cols, cols);
    if (failed(checkInside(op, "a token", tokens.ints()[t], type.getRows())) ||
        failed(frame.readRow(op, op.getTable(), tokens.ints()[t], row)))
      return failure();
    double scale = op.getScale() ? op.getScale()->convertToDouble() : 1;
    for (double &element : row)
      element = frame.round(result->getElementType(), scale * element);
  }
  // Without a factor, f32 holds the numbers of every format but a scaled one.
  if (op.getScale() || type.getFormat().hasScale() ||
      !result->getElementType().isF32())
    frame.noteSum(1);
  frame.set(op, std::move(*result));
  return success();
}

static LogicalResult execute(Frame &frame, tenon::LinearOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  WeightType type = op.getWeight().getType();
  int64_t tokens = input.getDim(0);
  FailureOr<Tensor> result = makeResult(frame, op, tokens);
  FailureOr<std::vector<double>> bias = frame.readVector(op, op.getBias());
  if (failed(result) || failed(bias))
    return failure();
  if (tokens == 0) {
    frame.set(op, std::move(*result));
    return success();
  }
  if (failed(checkEqual(op, "the length of a row",
                        input.getNumElements() / tokens, type.getCols())))
    return failure();
  Product product{op, op.getWeight(), 0, type.getRows(), type.getCols()};
  auto sums = multiply(frame, product, getTokenRows(input));
  if (failed(sums))
    return failure();
  int64_t length = result->getNumElements() / tokens;
  for (int64_t t = 0; t < tokens; ++t) {
    for (auto [n, addend] : llvm::enumerate(*bias))
      (*sums)[t][n] += addend;
    finishRow(frame, result->getElementType(), (*sums)[t], op.getGlu(),
              result->mutableFloats().slice(t * length, length));
  }
  frame.set(op, std::move(*result));
  return success();
}

static LogicalResult execute(Frame &frame, tenon::HeadLinearOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  WeightType type = op.getWeight().getType();
  int64_t tokens = input.getDim(0), heads = type.getShape()[0];
  int64_t rows = type.getRows(), cols = type.getCols();
  int64_t length = input.getDim(2);
  FailureOr<Tensor> result = makeResult(frame, op, tokens);
  if (failed(result) ||
      failed(checkEqual(op, "the number of heads", input.getDim(1), heads)))
    return failure();
  int64_t kept = op.getKeep() ? length - cols : 0;
  MutableArrayRef<double> out = result->mutableFloats();
  for (int64_t h = 0; h < heads; ++h) {
    SmallVector<const double *> inputs;
    for (int64_t t = 0; t < tokens; ++t)
      inputs.push_back(input.floats().data() + (t * heads + h) * length);
    Product product{op, op.getWeight(), h * rows, rows, cols};
    auto sums = multiply(frame, product, inputs);
    if (failed(sums))
      return failure();
    for (int64_t t = 0; t < tokens; ++t) {
      MutableArrayRef<double> head =
          out.slice((t * heads + h) * (rows + kept), rows + kept);
      finishRow(frame, result->getElementType(), (*sums)[t], std::nullopt,
                head.take_front(rows));
      for (int64_t i = 0; i < kept; ++i)
        head[rows + i] =
            frame.round(result->getElementType(), inputs[t][cols + i]);
    }
  }
  frame.set(op, std::move(*result));
  return success();
}

static LogicalResult execute(Frame &frame, tenon::GluOp op) {
  const Tensor &gate = frame.tensor(op.getGate());
  const Tensor &up = frame.tensor(op.getUp());
  if (failed(checkEqual(op, "tokens", gate.getDim(0), up.getDim(0))) ||
      failed(
          checkEqual(op, "the length of a row", gate.getDim(1), up.getDim(1))))
    return failure();
  Tensor result(gate.getElementType(), gate.getShape());
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t i = 0, e = out.size(); i < e; ++i)
    out[i] = frame.round(
        result.getElementType(),
        joinGate(op.getActivation(), gate.floats()[i], up.floats()[i]));
  frame.noteSum(1);
  frame.set(op, std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tenon::ActivateOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  Tensor result(input.getElementType(), input.getShape());
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t i = 0, e = out.size(); i < e; ++i)
    out[i] = frame.round(result.getElementType(),
                         activate(op.getActivation(), input.floats()[i]));
  frame.noteSum(1);
  frame.set(op, std::move(result));
  return success();
}

double tenon::applyPointwise(PointwiseFunction function, double parameter,
                             double value) {
  switch (function) {
  case PointwiseFunction::Scale:
    return parameter * value;
  case PointwiseFunction::Clamp:
    return std::min(std::max(value, -parameter), parameter);
  case PointwiseFunction::Softcap:
    return parameter * std::tanh(value / parameter);
  }
  llvm_unreachable("all functions are listed");
}

static LogicalResult execute(Frame &frame, tenon::PointwiseOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  double parameter = op.getParameter().convertToDouble();
  Tensor result(input.getElementType(), input.getShape());
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t i = 0, e = out.size(); i < e; ++i)
    out[i] = frame.round(
        result.getElementType(),
        applyPointwise(op.getFunction(), parameter, input.floats()[i]));
  frame.noteSum(1);
  frame.set(op, std::move(result));
  return success();
}

/// Multiplies all elements of each token's rows by the factor of the token.
static void scaleTokens(Frame &frame, const Tensor &input,
                        function_ref<double(int64_t)> factorOf, Value into) {
  Tensor result(input.getElementType(), input.getShape());
  MutableArrayRef<double> out = result.mutableFloats();
  int64_t tokens = input.getDim(0);
  int64_t perToken = tokens ? input.getNumElements() / tokens : 0;
  for (int64_t t = 0; t < tokens; ++t) {
    double factor = factorOf(t);
    for (int64_t at = t * perToken; at < (t + 1) * perToken; ++at)
      out[at] =
          frame.round(result.getElementType(), factor * input.floats()[at]);
  }
  frame.noteSum(1);
  frame.set(into, std::move(result));
}

static LogicalResult execute(Frame &frame, tenon::ScaleRowsOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  const Tensor &factors = frame.tensor(op.getFactors());
  if (failed(checkEqual(op, "tokens", input.getDim(0), factors.getDim(0))))
    return failure();
  scaleTokens(
      frame, input, [&](int64_t t) { return factors.floats()[t]; },
      op.getResult());
  return success();
}

static LogicalResult execute(Frame &frame, tenon::TemperRowsOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  const Tensor &positions = frame.tensor(op.getPositions());
  if (failed(checkEqual(op, "tokens", input.getDim(0), positions.getDim(0))))
    return failure();
  double interval = op.getInterval(), slope = op.getSlope().convertToDouble();
  auto temperature = [&](int64_t t) {
    double p = positions.ints()[t];
    return 1 + slope * std::log(1 + std::floor((p + 1) / interval));
  };
  scaleTokens(frame, input, temperature, op.getResult());
  return success();
}

static LogicalResult execute(Frame &frame, tenon::GatherRowsOp op) {
  const Tensor &input = frame.tensor(op.getInput());
  const Tensor &rows = frame.tensor(op.getRows());
  int64_t length = input.getDim(1);
  Type type = op.getType().getElementType();
  Tensor result(type, {rows.getDim(0), length});
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t r = 0, e = rows.getDim(0); r < e; ++r) {
    int64_t row = rows.ints()[r];
    if (failed(checkInside(op, "a row", row, input.getDim(0))))
      return failure();
    for (int64_t i = 0; i < length; ++i)
      out[r * length + i] = frame.round(type, input.floats()[row * length + i]);
  }
  frame.set(op, std::move(result));
  return success();
}

void tenon::addLinearHandlers(HandlerTable &table) {
  table.add<tenon::EmbeddingOp>(execute);
  table.add<tenon::LinearOp>(execute);
  table.add<tenon::HeadLinearOp>(execute);
  table.add<tenon::GluOp>(execute);
  table.add<tenon::ActivateOp>(execute);
  table.add<tenon::PointwiseOp>(execute);
  table.add<tenon::ScaleRowsOp>(execute);
  table.add<tenon::TemperRowsOp>(execute);
  table.add<tenon::GatherRowsOp>(execute);
}
