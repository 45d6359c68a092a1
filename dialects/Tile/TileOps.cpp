// Verifiers of the tile ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::tile;

static ShapedType shapeOf(Value value) {
  return cast<ShapedType>(value.getType());
}

/// Elements of a row along the last dimension; unknown if there is none.
static int64_t getRowSize(Value value) {
  ArrayRef<int64_t> shape = shapeOf(value).getShape();
  return shape.empty() ? ShapedType::kDynamic : shape.back();
}

static bool haveSameShape(Value a, Value b) {
  return succeeded(
      verifyCompatibleShape(shapeOf(a).getShape(), shapeOf(b).getShape()));
}

/// A static tile with the given rank.
static bool isStaticOfRank(Value value, int64_t rank) {
  return shapeOf(value).hasStaticShape() && shapeOf(value).getRank() == rank;
}

/// A static tile of one row.
static bool isStaticRow(Value value) {
  return isStaticOfRank(value, 2) && shapeOf(value).getDimSize(0) == 1;
}

//===----------------------------------------------------------------------===//
// KernelOp
//===----------------------------------------------------------------------===//

YieldOp KernelOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

LogicalResult KernelOp::verifyRegions() {
  if (getName().empty()) // C3
    return emitOpError() << "expects a name";
  if (getOperandTypes() != getBody().getArgumentTypes()) // C1
    return emitOpError()
           << "expects a block argument of the same type for each "
              "operand, but got "
           << getBody().getArgumentTypes() << " for " << getOperandTypes();
  if (getOuts().getTypes() != getResultTypes() ||
      getYield().getOperandTypes() != getResultTypes()) // C2
    return emitOpError() << "expects outs, yielded values and results to agree "
                            "on their types, but got "
                         << getOuts().getTypes() << ", "
                         << getYield().getOperandTypes() << " and "
                         << getResultTypes();
  return success();
}

LogicalResult WeightViewOp::verify() {
  if (!getType().getLayout().isIdentity()) // C1
    return emitOpError()
           << "expects a result with the identity layout, but got "
           << getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

LogicalResult tile::ContractOp::verify() {
  int64_t rank = shapeOf(getInput()).getRank();
  if (static_cast<int64_t>(getAt().size()) != rank || getAlong() < 0 ||
      getAlong() >= rank - 1) // C1
    return emitOpError()
           << "expects one index for each dimension of input, and "
              "rows along one before the last, but got "
           << getAt().size() << " indices along " << getAlong() << " for rank "
           << rank;
  if (!isStaticOfRank(getOuts(), 2) ||
      shapeOf(getOuts()).getDimSize(1) % kPanelHeight != 0) // C2
    return emitOpError() << "expects a static tile with a multiple of "
                         << kPanelHeight << " columns, but got "
                         << getOuts().getType();
  WeightType weight = cast<WeightType>(getWeight().getType());
  if (!weight.getLayout() || weight.getLayout().getRows() != kPanelHeight) // C3
    return emitOpError() << "expects weight to have panels of " << kPanelHeight
                         << " rows, but got " << weight;
  if (weight.getRank() != (getMatrix() ? 3 : 2)) // C4
    return emitOpError()
           << "expects a matrix index for a stack of matrices and "
              "none for a matrix, but got "
           << weight;
  bool hasOrder = static_cast<bool>(getOrder());
  if (hasOrder ? getChoices() < 1 || rank != 2 : getChoices() != 0) // C5
    return emitOpError() << "expects choices to be positive with order, on an "
                            "input of rank 2, and 0 without, but got "
                         << getChoices() << " on rank " << rank;
  return success();
}

/// What ops that work element by element ask for.
static LogicalResult verifySameShape(Operation *op, Value input, Value outs) {
  if (!haveSameShape(input, outs))
    return op->emitOpError()
           << "expects input and outs to have the same shape, "
              "but got "
           << input.getType() << " and " << outs.getType();
  return success();
}

LogicalResult tile::AddOp::verify() {
  return verifySameShape(*this, getInput(), getOuts()); // C1
}

LogicalResult tile::AddBiasOp::verify() {
  if (!isStaticOfRank(getOuts(), 2)) // C1
    return emitOpError() << "expects a static tile of rank 2, but got "
                         << getOuts().getType();
  auto bias = cast<WeightType>(getBias().getType());
  bool isColumns = bias.getRank() == 3 && bias.getCols() == 1;
  if (getMatrix() ? !isColumns : bias.getRank() != 1) // C2
    return emitOpError() << "expects a bias that is a vector, or a stack of "
                            "columns with matrix, but got "
                         << bias;
  return success();
}

LogicalResult tile::GluPairsOp::verify() {
  if (!isStaticOfRank(getInput(), 2) || !isStaticOfRank(getOuts(), 2) ||
      shapeOf(getInput()).getDimSize(1) % kPanelHeight != 0 ||
      shapeOf(getInput()).getDimSize(1) !=
          2 * shapeOf(getOuts()).getDimSize(1) ||
      shapeOf(getInput()).getDimSize(0) !=
          shapeOf(getOuts()).getDimSize(0)) // C1
    return emitOpError()
           << "expects static tiles, with a multiple of 16 columns "
              "and half of them, but got "
           << getInput().getType() << " and " << getOuts().getType();
  return success();
}

LogicalResult tile::PointwiseOp::verify() {
  return verifySameShape(*this, getInput(), getOuts()); // C1
}

LogicalResult tile::TemperatureOp::verify() {
  if (getInterval() < 1) // C1
    return emitOpError() << "expects interval to be positive, but got "
                         << getInterval();
  return success();
}

LogicalResult tile::ScaleOp::verify() {
  return verifySameShape(*this, getInput(), getOuts()); // C1
}

LogicalResult tile::GluOp::verify() {
  if (!haveSameShape(getGate(), getUp()) ||
      !haveSameShape(getGate(), getOuts())) // C1
    return emitOpError() << "expects gate, up and outs to have the same shape, "
                            "but got "
                         << getGate().getType() << ", " << getUp().getType()
                         << " and " << getOuts().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

LogicalResult tile::NormOp::verify() {
  int64_t row = getRowSize(getInput());
  if (!haveSameShape(getInput(), getOuts()) || ShapedType::isDynamic(row)) // C1
    return emitOpError()
           << "expects input and outs to have the same shape, with "
              "a static last dimension, but got "
           << getInput().getType() << " and " << getOuts().getType();
  if (!getWeight() &&
      (getBias() || getOrder() != NormOrder::ScaleThenCast)) // C3
    return emitOpError() << "expects no bias and order scale_then_cast without "
                            "weight, but got "
                         << stringifyNormOrder(getOrder());
  if (!getWeight())
    return success();
  if (getWeight().getType().getCols() > row) // C2
    return emitOpError()
           << "expects weight to be no longer than a row, but got "
           << getWeight().getType().getCols() << " and " << row;
  if (!getBias())
    return success();
  int64_t length = getBias().getType().getCols();
  if (length != getWeight().getType().getCols() ||
      getOrder() == NormOrder::CastThenScale) // C3
    return emitOpError()
           << "expects bias to be as long as weight, and none with "
              "order cast_then_scale, but got "
           << length << " and " << getWeight().getType().getCols()
           << " with order " << stringifyNormOrder(getOrder());
  return success();
}

LogicalResult tile::RopeOp::verify() {
  if (!haveSameShape(getInput(), getOuts()) ||
      !shapeOf(getInput()).hasStaticShape() ||
      shapeOf(getInput()).getRank() == 0) // C1
    return emitOpError() << "expects input and outs to have the same static "
                            "shape, with rows, but got "
                         << getInput().getType() << " and "
                         << getOuts().getType();
  int64_t dims = getRope().getDims();
  if (getTable().getType().getCols() != dims ||
      shapeOf(getInput()).getShape().back() < dims) // C2
    return emitOpError() << "expects a table of " << dims
                         << " columns and rows no shorter, but got "
                         << getTable().getType() << " and "
                         << getInput().getType();
  return success();
}

LogicalResult tile::EmbedOp::verify() {
  int64_t columns = getTable().getType().getCols();
  if (!isStaticRow(getOuts()) ||
      shapeOf(getOuts()).getDimSize(1) != columns) // C1
    return emitOpError() << "expects a static row of " << columns
                         << " columns, but got " << getOuts().getType();
  return success();
}

LogicalResult FillOp::verify() {
  Type element = shapeOf(getOuts()).getElementType();
  if (getValue().getType() != element) // C1
    return emitOpError() << "expects value to have the element type of outs, "
                            "but got "
                         << getValue().getType() << " and " << element;
  return success();
}

LogicalResult tile::ConvertOp::verify() {
  Type from = shapeOf(getInput()).getElementType();
  Type to = shapeOf(getOuts()).getElementType();
  if (!haveSameShape(getInput(), getOuts()) || !isa<FloatType>(from) ||
      !isa<FloatType>(to) || from == to) // C1
    return emitOpError()
           << "expects input and outs to have the same shape, and "
              "floats of different types, but got "
           << getInput().getType() << " and " << getOuts().getType();
  return success();
}

LogicalResult tile::RouteOp::verify() {
  bool fits = isStaticRow(getLogits()) && getOuts().size() == 2;
  for (Value out : getOuts())
    fits = fits && shapeOf(out).getShape() == ArrayRef<int64_t>({1, getTop()});
  if (!fits) // C1
    return emitOpError() << "expects a static row of logits and two outs of 1x"
                         << getTop() << ", but got " << getLogits().getType()
                         << " and " << getOuts().getTypes();
  return success();
}

LogicalResult tile::MoeDispatchOp::verify() {
  if (getOuts().size() != 3 || !isStaticOfRank(getOuts()[2], 1)) // C1
    return emitOpError() << "expects three outs, the last of them static, but "
                            "got "
                         << getOuts().getTypes();
  return success();
}

LogicalResult tile::MoeCombineOp::verify() {
  if (!isStaticRow(getOuts()) ||
      getRowSize(getInput()) != shapeOf(getOuts()).getDimSize(1)) // C1
    return emitOpError() << "expects a static row with as many columns as "
                            "input, but got "
                         << getOuts().getType() << " and "
                         << getInput().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

LogicalResult tile::IndexScoresOp::verify() {
  int64_t rank = shapeOf(getKey()).getRank();
  if (static_cast<int64_t>(getAt().size()) != rank || rank != 4) // C1
    return emitOpError() << "expects key to have four dimensions, with one "
                            "index for each, but got "
                         << getAt().size() << " and " << getKey().getType();
  ShapedType query = shapeOf(getQuery());
  if (!query.hasStaticShape() || query.getRank() != 3 ||
      query.getDimSize(0) != 1 || !isStaticRow(getWeights()) ||
      getRowSize(getWeights()) != query.getDimSize(1)) // C2
    return emitOpError()
           << "expects query to be the static heads of one token, "
              "with a weight for each, but got "
           << query << " and " << getWeights().getType();
  if (!isStaticRow(getOuts())) // C3
    return emitOpError() << "expects outs to be a static row, but got "
                         << getOuts().getType();
  return success();
}

LogicalResult tile::SelectTopOp::verify() {
  if (!isStaticRow(getScores()) || !isStaticRow(getOuts()) ||
      !shapeOf(getScores()).getElementType().isF32() ||
      !shapeOf(getOuts()).getElementType().isInteger(32)) // C1
    return emitOpError() << "expects static rows of f32 and of i32, but got "
                         << getScores().getType() << " and "
                         << getOuts().getType();
  return success();
}

LogicalResult tile::KeyRangeOp::verify() {
  if (getStep() < 1) // C1
    return emitOpError() << "expects step to be positive, but got "
                         << getStep();
  return success();
}

/// A tile of rows and two vectors, all static, with as many elements as rows.
static bool isAttendState(ValueRange outs) {
  return outs.size() == 3 && isStaticOfRank(outs[0], 2) &&
         isStaticOfRank(outs[1], 1) && isStaticOfRank(outs[2], 1) &&
         shapeOf(outs[0]).getDimSize(0) == shapeOf(outs[1]).getDimSize(0) &&
         shapeOf(outs[0]).getDimSize(0) == shapeOf(outs[2]).getDimSize(0);
}

LogicalResult tile::AttentionInitOp::verify() {
  if (!isAttendState(getOuts())) // C1
    return emitOpError() << "expects three static outs with the same number of "
                            "rows, but got "
                         << getOuts().getTypes();
  return success();
}

LogicalResult tile::OnlineAttentionOp::verify() {
  int64_t keyRank = shapeOf(getKey()).getRank();
  int64_t valueRank = shapeOf(getValue()).getRank();
  if (static_cast<int64_t>(getKeyAt().size()) != keyRank ||
      static_cast<int64_t>(getValueAt().size()) != valueRank ||
      getKeyAlong() < 0 || getKeyAlong() >= keyRank - 1 ||
      getValueAlong() < 0 || getValueAlong() >= valueRank - 1) // C1
    return emitOpError()
           << "expects one index for each dimension of key and "
              "value, and steps along one before the last, but got "
           << getKeyAt().size() << " and " << getValueAt().size() << " indices";
  if (!isAttendState(getOuts()) || !isStaticOfRank(getQuery(), 2) ||
      shapeOf(getQuery()).getDimSize(0) !=
          shapeOf(getOuts()[0]).getDimSize(0)) // C2
    return emitOpError()
           << "expects query and outs to be static and to agree on "
              "their rows, but got "
           << getQuery().getType() << " and " << getOuts().getTypes();
  if (getKeys() < 1 || getHeads() < 1 ||
      shapeOf(getQuery()).getDimSize(0) % getHeads() != 0) // C3
    return emitOpError()
           << "expects keys to be positive and heads to divide the "
              "rows of query, but got "
           << getKeys() << " and " << getHeads();
  return success();
}

LogicalResult tile::AttentionFinishOp::verify() {
  if (!isAttendState({getOuts(), getMaximum(), getSum()})) // C1
    return emitOpError() << "expects maximum, sum and outs to be static and to "
                            "agree on their rows, but got "
                         << getMaximum().getType() << ", " << getSum().getType()
                         << " and " << getOuts().getType();
  if (static_cast<bool>(getSinks()) != static_cast<bool>(getHead())) // C2
    return emitOpError() << "expects a head exactly with sinks";
  return success();
}
