// Tile ops on tensors: products with panels, and rows of one token.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include <cmath>
#include "Formulas.h"

using namespace mlir;
using namespace tenon;

/// The row of a matrix in a place of a panel of 16 rows, or -1.
static int64_t rowInPanel(bool pair, int64_t rows, int64_t panel,
                          int64_t place) {
  if (!pair) {
    int64_t row = 16 * panel + place;
    return row < rows ? row : -1;
  }
  int64_t half = rows / 2, row = 8 * panel + place % 8;
  if (row >= half)
    return -1;
  return place < 8 ? row : half + row;
}

/// Reports an op that works on memory, whose contents the interpreter ignores.
template <typename OpT>
static LogicalResult checkTensors(OpT op) {
  if (op->getNumResults() == op.getDpsInits().size())
    return success();
  return op.emitOpError() << "expects tensors, but got memory; interpret the "
                             "module before bufferization";
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Beginnings of the valid rows of a contraction.
static FailureOr<SmallVector<const double *>>
findRows(Frame &frame, tile::ContractOp op, int64_t rows, int64_t cols) {
  const Tensor &input = frame.tensor(op.getInput());
  int64_t count = frame.integer(op.getCount());
  SmallVector<int64_t> at = llvm::map_to_vector(
      op.getAt(), [&](Value v) { return frame.integer(v); });
  if (count < 1 || count > rows)
    return op.emitOpError()
           << "expects a count from 1 to " << rows << ", but got " << count;
  if (failed(checkInside(op, "the last column", at.back() + cols - 1,
                         input.getRowLength())))
    return failure();
  const Tensor *order = op.getOrder() ? &frame.tensor(op.getOrder()) : nullptr;
  int64_t along = op.getAlong(), first = at[along];
  SmallVector<const double *> begins;
  for (int64_t i = 0; i < count; ++i) {
    at[along] = first + i;
    if (order) {
      if (failed(checkInside(op, "a row", at[along], order->getDim(0))))
        return failure();
      at[along] = order->ints()[at[along]] / op.getChoices();
    }
    for (auto [place, size] : llvm::zip_equal(at, input.getShape()))
      if (failed(checkInside(op, "an index", place, size)))
        return failure();
    begins.push_back(input.floats().data() + input.offsetOf(at));
  }
  return begins;
}

static LogicalResult execute(Frame &frame, tile::ContractOp op) {
  WeightType type = op.getWeight().getType();
  int64_t rows = type.getRows(), cols = type.getCols();
  int64_t matrix = op.getMatrix() ? frame.integer(op.getMatrix()) : 0;
  int64_t panel = frame.integer(op.getPanel());
  Tensor acc = frame.takeTensor(op.getOutsMutable());
  int64_t height = acc.getDim(0), width = acc.getDim(1);
  auto inputs = findRows(frame, op, height, cols);
  if (failed(inputs) ||
      failed(checkInside(op, "a matrix", matrix, type.getMatrices())))
    return failure();
  if (panel < 0)
    return op.emitOpError() << "expects a panel from 0, but got " << panel;
  MutableArrayRef<double> out = acc.mutableFloats();
  int64_t count = inputs->size();
  // Nobody may read the other rows.
  std::fill(out.begin() + count * width, out.begin() + height * width,
            std::numeric_limits<double>::quiet_NaN());
  for (int64_t column = 0; column < width; ++column) {
    int64_t row = rowInPanel(type.getLayout().getPair(), rows,
                             panel + column / 16, column % 16);
    if (row < 0) {
      for (int64_t i = 0; i < count; ++i)
        out[i * width + column] = 0;
      continue;
    }
    Product product{op,
                    op.getWeight(),
                    matrix * rows + row,
                    1,
                    cols,
                    /*roundsWeights=*/true};
    auto sums = multiply(frame, product, *inputs);
    if (failed(sums))
      return failure();
    for (int64_t i = 0; i < count; ++i)
      out[i * width + column] =
          frame.round(acc.getElementType(), (*sums)[i][0]);
  }
  frame.noteSum(cols);
  frame.set(op->getResult(0), std::move(acc));
  return success();
}

static LogicalResult execute(Frame &frame, tile::AddOp op) {
  const Tensor input = frame.tensor(op.getInput());
  Tensor result = frame.takeTensor(op.getOutsMutable());
  if (input.getShape() != result.getShape())
    return op.emitOpError() << "expects input and outs to agree on their shape";
  for (auto [out, in] : llvm::zip_equal(result.mutableFloats(), input.floats()))
    out = frame.round(result.getElementType(), out + in);
  frame.noteSum(1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tile::ConvertOp op) {
  const Tensor input = frame.tensor(op.getInput());
  Tensor result = frame.takeTensor(op.getOutsMutable());
  if (input.getShape() != result.getShape())
    return op.emitOpError() << "expects input and outs to agree on their shape";
  for (auto [out, in] : llvm::zip_equal(result.mutableFloats(), input.floats()))
    out = frame.round(result.getElementType(), in);
  frame.noteSum(1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tile::AddBiasOp op) {
  int64_t matrix = op.getMatrix() ? frame.integer(op.getMatrix()) : 0;
  FailureOr<std::vector<double>> bias =
      op.getMatrix() ? readColumn(frame, op, op.getBias(), matrix)
                     : frame.readVector(op, op.getBias());
  if (failed(bias))
    return failure();
  int64_t first = frame.integer(op.getFirst()), elements = bias->size();
  Tensor result = frame.takeTensor(op.getOutsMutable());
  int64_t width = result.getDim(1);
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t at = 0, e = out.size(); at < e; ++at) {
    int64_t column = first + at % width;
    int64_t row = rowInPanel(op.getPair(), elements, column / 16, column % 16);
    if (row >= 0)
      out[at] = frame.round(result.getElementType(), out[at] + (*bias)[row]);
  }
  frame.noteSum(1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tile::GluPairsOp op) {
  const Tensor input = frame.tensor(op.getInput());
  Tensor result = frame.takeTensor(op.getOutsMutable());
  int64_t width = result.getDim(1);
  MutableArrayRef<double> out = result.mutableFloats();
  for (int64_t at = 0, e = out.size(); at < e; ++at) {
    int64_t row = at / width, column = at % width;
    int64_t gate = row * 2 * width + column / 8 * 16 + column % 8;
    out[at] = frame.round(result.getElementType(),
                          joinGate(op.getActivation(), input.floats()[gate],
                                   input.floats()[gate + 8]));
  }
  frame.noteSum(1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tile::GluOp op) {
  const Tensor gate = frame.tensor(op.getGate());
  const Tensor up = frame.tensor(op.getUp());
  Tensor result = frame.takeTensor(op.getOutsMutable());
  if (gate.getShape() != result.getShape() ||
      up.getShape() != result.getShape())
    return op.emitOpError()
           << "expects gate, up and outs to agree on their shape";
  for (auto [out, g, u] :
       llvm::zip_equal(result.mutableFloats(), gate.floats(), up.floats()))
    out = frame.round(result.getElementType(),
                      joinGate(op.getActivation(), g, u));
  frame.noteSum(1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tile::PointwiseOp op) {
  const Tensor input = frame.tensor(op.getInput());
  Tensor result = frame.takeTensor(op.getOutsMutable());
  if (input.getShape() != result.getShape())
    return op.emitOpError() << "expects input and outs to agree on their shape";
  double parameter = op.getParameter().convertToDouble();
  for (auto [out, x] : llvm::zip_equal(result.mutableFloats(), input.floats()))
    out = frame.round(result.getElementType(),
                      applyPointwise(op.getFunction(), parameter, x));
  frame.noteSum(1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tile::TemperatureOp op) {
  int64_t passed = (frame.integer(op.getPosition()) + 1) / op.getInterval();
  double slope = op.getSlope().convertToDouble();
  double factor = 1 + slope * std::log(1 + static_cast<double>(passed));
  frame.set(op.getFactor(), Scalar{0, frame.round(op.getType(), factor)});
  return success();
}

static LogicalResult execute(Frame &frame, tile::ScaleOp op) {
  const Tensor input = frame.tensor(op.getInput());
  Tensor result = frame.takeTensor(op.getOutsMutable());
  if (input.getShape() != result.getShape())
    return op.emitOpError() << "expects input and outs to agree on their shape";
  double factor = frame.scalar(op.getFactor()).number;
  for (auto [out, x] : llvm::zip_equal(result.mutableFloats(), input.floats()))
    out = frame.round(result.getElementType(), factor * x);
  frame.noteSum(1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

//===----------------------------------------------------------------------===//
// Rows of a token
//===----------------------------------------------------------------------===//

static LogicalResult execute(Frame &frame, tile::NormOp op) {
  NormFormula formula{
      op.getKind(), op.getOrder(), op.getEps().convertToDouble(), {}, {}};
  FailureOr<std::vector<double>> weight = frame.readVector(op, op.getWeight());
  FailureOr<std::vector<double>> bias = frame.readVector(op, op.getBias());
  if (failed(weight) || failed(bias))
    return failure();
  formula.weight = std::move(*weight);
  formula.bias = std::move(*bias);
  const Tensor input = frame.tensor(op.getInput());
  Tensor result = frame.takeTensor(op.getOutsMutable());
  if (input.getShape() != result.getShape())
    return op.emitOpError() << "expects input and outs to agree on their shape";
  MutableArrayRef<double> out = result.mutableFloats();
  int64_t length = input.getRowLength();
  for (int64_t at = 0, e = input.getNumElements(); at < e; at += length)
    formula.apply(frame, result.getElementType(),
                  input.floats().slice(at, length), out.slice(at, length));
  frame.noteSum(formula.weight.empty() ? length : formula.weight.size());
  frame.set(op->getResult(0), std::move(result));
  return success();
}

/// Cosines and sines at a position, from two rows of a table.
static LogicalResult readAngles(Frame &frame, tile::RopeOp op,
                                std::vector<double> &cosines,
                                std::vector<double> &sines) {
  WeightType type = op.getTable().getType();
  int64_t position = frame.integer(op.getPosition());
  int64_t coarse = type.getRows() - 256, half = op.getRope().getDims() / 2;
  std::vector<double> a(type.getCols()), b(type.getCols());
  if (failed(checkInside(op, "a position", position, 256 * coarse)) ||
      failed(frame.readRow(op, op.getTable(), position / 256, a)) ||
      failed(frame.readRow(op, op.getTable(), coarse + position % 256, b)))
    return failure();
  for (int64_t i = 0; i < half; ++i) {
    cosines.push_back(a[i] * b[i] - a[half + i] * b[half + i]);
    sines.push_back(a[half + i] * b[i] + a[i] * b[half + i]);
  }
  return success();
}

static LogicalResult execute(Frame &frame, tile::RopeOp op) {
  std::vector<double> cosines, sines;
  if (failed(readAngles(frame, op, cosines, sines)))
    return failure();
  const Tensor input = frame.tensor(op.getInput());
  Tensor result = frame.takeTensor(op.getOutsMutable());
  MutableArrayRef<double> out = result.mutableFloats();
  int64_t length = input.getRowLength();
  for (int64_t at = 0, e = input.getNumElements(); at < e; at += length)
    rotate(frame, result.getElementType(), op.getRope(), op.getEnd(), cosines,
           sines, input.floats().slice(at, length), out.slice(at, length));
  frame.noteSum(2);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tile::FillOp op) {
  Tensor result = frame.takeTensor(op.getOutsMutable());
  llvm::fill(result.mutableFloats(), frame.scalar(op.getValue()).number);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tile::EmbedOp op) {
  int64_t token = frame.integer(op.getToken());
  WeightType type = op.getTable().getType();
  Tensor result = frame.takeTensor(op.getOutsMutable());
  if (failed(checkInside(op, "a token", token, type.getRows())) ||
      failed(frame.readRow(op, op.getTable(), token, result.mutableFloats())))
    return failure();
  double scale = op.getScale() ? op.getScale()->convertToDouble() : 1;
  for (double &element : result.mutableFloats())
    element = frame.round(result.getElementType(), scale * element);
  frame.noteSum(1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

static LogicalResult execute(Frame &frame, tile::RouteOp op) {
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
  const Tensor logits = frame.tensor(op.getLogits());
  Tensor choice = frame.takeTensor(op.getOutsMutable()[0]);
  Tensor weights = frame.takeTensor(op.getOutsMutable()[1]);
  formula.apply(frame, logits.getElementType(), logits.floats(),
                choice.mutableInts(), weights.mutableFloats());
  frame.noteSum(logits.getNumElements());
  frame.set(op->getResult(0), std::move(choice));
  frame.set(op->getResult(1), std::move(weights));
  return success();
}

static LogicalResult execute(Frame &frame, tile::MoeDispatchOp op) {
  int64_t experts = frame.tensor(op.getOuts()[2]).getDim(0) - 1;
  FailureOr<Groups> groups = group(op, frame.tensor(op.getChoice()), experts);
  if (failed(groups))
    return failure();
  frame.set(op->getResult(0), std::move(groups->order));
  frame.set(op->getResult(1), std::move(groups->place));
  frame.set(op->getResult(2), std::move(groups->offsets));
  return success();
}

static LogicalResult execute(Frame &frame, tile::MoeCombineOp op) {
  const Tensor input = frame.tensor(op.getInput());
  const Tensor place = frame.tensor(op.getPlace());
  std::optional<Tensor> weights;
  if (op.getWeights())
    weights = frame.tensor(op.getWeights());
  int64_t token = frame.integer(op.getToken()), top = place.getDim(1);
  Tensor result = frame.takeTensor(op.getOutsMutable());
  if (failed(checkInside(op, "a token", token, place.getDim(0))))
    return failure();
  for (auto [i, out] : llvm::enumerate(result.mutableFloats())) {
    double sum = 0;
    for (int64_t c = token * top; c < (token + 1) * top; ++c) {
      int64_t row = place.ints()[c];
      if (failed(checkInside(op, "a place", row, input.getDim(0))))
        return failure();
      double weight = weights ? weights->floats()[c] : 1;
      sum += weight * input.floats()[row * input.getDim(1) + i];
    }
    out = frame.round(result.getElementType(), out + sum);
  }
  frame.noteSum(top + 1);
  frame.set(op->getResult(0), std::move(result));
  return success();
}

/// Registers a handler that runs after the check that its op works on tensors.
template <typename OpT>
static void addChecked(HandlerTable &table) {
  table.add<OpT>(+[](Frame &frame, OpT op) -> LogicalResult {
    return failed(checkTensors(op)) ? failure() : execute(frame, op);
  });
}

void tenon::addTileHandlers(HandlerTable &table) {
  addChecked<tile::ContractOp>(table);
  addChecked<tile::AddOp>(table);
  addChecked<tile::AddBiasOp>(table);
  addChecked<tile::GluPairsOp>(table);
  addChecked<tile::GluOp>(table);
  addChecked<tile::PointwiseOp>(table);
  table.add<tile::TemperatureOp>(execute);
  addChecked<tile::ScaleOp>(table);
  addChecked<tile::NormOp>(table);
  addChecked<tile::RopeOp>(table);
  addChecked<tile::FillOp>(table);
  addChecked<tile::ConvertOp>(table);
  addChecked<tile::EmbedOp>(table);
  addChecked<tile::RouteOp>(table);
  addChecked<tile::MoeDispatchOp>(table);
  addChecked<tile::MoeCombineOp>(table);
}
