// Verifiers of the ops of mixtures of experts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/ShapeVerification.h"
#include "dialects/Tenon/Tenon.h"

using namespace mlir;
using namespace tenon;

/// C1 to C3: groups, kept groups and choices fit into the experts.
static LogicalResult verifyGroups(RouterOp op, int64_t experts) {
  int64_t groups = op.getGroups(), keep = op.getKeep();
  if (groups < 1 || experts % groups != 0) // C1
    return op.emitOpError() << "expects the number of experts to be a multiple "
                               "of groups, but got "
                            << experts << " and " << groups;
  int64_t size = experts / groups;
  if (op.getBy() == GroupScore::Top2Sum && size < 2) // C1
    return op.emitOpError() << "expects groups of at least two experts for "
                               "top2sum, but got "
                            << size;
  if (keep < 1 || keep > groups) // C2
    return op.emitOpError() << "expects keep to lie between 1 and groups, but "
                               "got "
                            << keep << " and " << groups;
  if (op.getTop() < 1 || op.getTop() > keep * size) // C3
    return op.emitOpError() << "expects top to lie between 1 and the number of "
                               "experts kept, but got "
                            << op.getTop() << " and " << keep * size;
  return success();
}

LogicalResult RouterOp::verify() {
  int64_t experts = getDim(getLogits().getType(), 1);
  if (!ShapedType::isDynamic(experts) && failed(verifyGroups(*this, experts)))
    return failure();
  if (getBias() &&
      failed(verifyAgree(*this, "logits and bias", "number of experts", // C4
                         experts, getBias().getType().getShape().front())))
    return failure();
  for (Value result : getResults()) {
    if (failed(verifyAgree(*this, "top and a result",
                           "choices of a token", // C3
                           getTop(), getDim(result.getType(), 1))) ||
        failed(verifyAgree(*this, "logits and a result", // C5
                           "number of tokens", getDim(getLogits().getType(), 0),
                           getDim(result.getType(), 0))))
      return failure();
  }
  return success();
}

/// Whether a weight is the stack of columns that goes with a stack of matrices.
static bool isBiasOf(TypedValue<WeightType> bias, WeightType matrices) {
  SmallVector<int64_t> shape(matrices.getShape());
  shape.back() = 1;
  return bias.getType().getShape() == ArrayRef<int64_t>(shape);
}

/// C5: there are biases of all projections of experts or of none.
static LogicalResult verifyBiases(ExpertsOp op) {
  TypedValue<WeightType> biases[] = {op.getGateBias(), op.getUpBias(),
                                     op.getDownBias()};
  WeightType projections[] = {op.getGate().getType(), op.getUp().getType(),
                              op.getDown().getType()};
  for (auto [bias, projection] : llvm::zip_equal(biases, projections)) {
    if (!bias != !biases[0]) // C5
      return op.emitOpError() << "expects biases of all projections or of none";
    if (bias && !isBiasOf(bias, projection)) // C5
      return op.emitOpError() << "expects a bias with the shape of its "
                                 "projection, but one column, but got "
                              << bias.getType() << " and " << projection;
  }
  return success();
}

LogicalResult ExpertsOp::verify() {
  ArrayRef<int64_t> gate = getGate().getType().getShape();
  ArrayRef<int64_t> down = getDown().getType().getShape();
  if (gate != getUp().getType().getShape()) // C1
    return emitOpError() << "expects gate and up to agree on shape, but got "
                         << getGate().getType() << " and " << getUp().getType();
  if (down != ArrayRef<int64_t>({gate[0], gate[2], gate[1]})) // C2
    return emitOpError() << "expects down to have the shape of gate with its "
                            "last dimensions swapped, but got "
                         << getDown().getType() << " and "
                         << getGate().getType();
  if (failed(verifyAgree(*this, "input and gate", "row length", // C3
                         getDim(getInput().getType(), 1), gate[2])))
    return failure();
  if (failed(verifyAgree(
          *this, "choice and weights", "choices of a token", // C4
          getDim(getChoice().getType(), 1), getDim(getWeights().getType(), 1))))
    return failure();
  for (Value value : {Value(getChoice()), Value(getWeights())})
    if (failed(verifyAgree(*this, "input, choice and weights", // C4
                           "number of tokens", getDim(getInput().getType(), 0),
                           getDim(value.getType(), 0))))
      return failure();
  if (failed(verifyBiases(*this))) // C5
    return failure();
  int64_t choices = getDim(getChoice().getType(), 1);
  if (getScaleInput() && !ShapedType::isDynamic(choices) && choices != 1) // C6
    return emitOpError() << "expects one expert of each token with "
                            "scale_input, but got "
                         << choices;
  return success();
}

LogicalResult MoeDispatchOp::verify() {
  for (int64_t dim : {0, 1})
    if (failed(verifyAgree(*this, "choice and place", "shape", // C1
                           getDim(getChoice().getType(), dim),
                           getDim(getPlace().getType(), dim))))
      return failure();
  int64_t size = getDim(getOffsets().getType(), 0);
  if (!ShapedType::isDynamic(size) && size < 2) // C2
    return emitOpError() << "expects offsets to have at least two elements, "
                            "but got "
                         << size;
  return success();
}

LogicalResult GroupedLinearOp::verify() {
  WeightType weight = getWeight().getType();
  if (failed(verifyAgree(*this, "input and weight", "row length", // C1
                         getDim(getInput().getType(), 1), weight.getCols())))
    return failure();
  if (getGlu() && weight.getRows() % 2 != 0) // C2
    return emitOpError() << "expects an even number of weight rows with glu, "
                            "but got "
                         << weight.getRows();
  int64_t outputs = getGlu() ? weight.getRows() / 2 : weight.getRows();
  if (failed(verifyAgree(*this, "weight and result", "number of outputs", // C2
                         outputs, getDim(getType(), 1))))
    return failure();
  if (failed(verifyAgree(*this, "weight and offsets", // C3
                         "number of experts and one more",
                         weight.getShape().front() + 1,
                         getDim(getOffsets().getType(), 0))))
    return failure();
  if (getOrder() ? getChoices() < 1 : getChoices() != 0) // C4
    return emitOpError() << "expects choices to be positive with order and "
                            "absent without, but got "
                         << getChoices();
  if (getBias() && !isBiasOf(getBias(), weight)) // C5
    return emitOpError() << "expects a bias with the shape of weight, but one "
                            "column, but got "
                         << getBias().getType() << " and " << weight;
  return success();
}

LogicalResult MoeCombineOp::verify() {
  if (failed(verifyAgree(*this, "input and init", "row length", // C1
                         getDim(getInput().getType(), 1),
                         getDim(getInit().getType(), 1))))
    return failure();
  for (int64_t dim : {0, 1})
    if (failed(verifyAgree(*this, "place and weights", "shape", // C2
                           getDim(getPlace().getType(), dim),
                           getDim(getWeights().getType(), dim))))
      return failure();
  return verifyAgree(*this, "place and init", "number of tokens", // C2
                     getDim(getPlace().getType(), 0),
                     getDim(getInit().getType(), 0));
}
