// Verifiers of the ops that multiply by weights.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/ShapeVerification.h"
#include "dialects/Tenon/Tenon.h"

using namespace mlir;
using namespace tenon;

LogicalResult EmbeddingOp::verify() {
  if (failed(verifyAgree(*this, "table and result", "row length", // C1
                         getTable().getType().getCols(), getDim(getType(), 1))))
    return failure();
  return verifyAgree(*this, "tokens and result", "number of tokens", // C2
                     getDim(getTokens().getType(), 0), getDim(getType(), 0));
}

LogicalResult LinearOp::verify() {
  WeightType weight = getWeight().getType();
  if (failed(verifyAgree(*this, "input and weight", "row length", // C1
                         getRowLength(getInput().getType()), weight.getCols())))
    return failure();
  if (getGlu() && weight.getRows() % 2 != 0) // C2
    return emitOpError() << "expects an even number of weight rows with glu, "
                            "but got "
                         << weight.getRows();
  int64_t outputs = getGlu() ? weight.getRows() / 2 : weight.getRows();
  if (failed(verifyAgree(*this, "weight and result", "number of outputs", // C2
                         outputs, getRowLength(getType()))))
    return failure();
  if (getBias() &&
      failed(verifyAgree(*this, "weight and bias", "number of outputs", // C3
                         weight.getRows(),
                         getBias().getType().getShape().front())))
    return failure();
  return verifyAgree(*this, "input and result", "number of tokens", // C4
                     getDim(getInput().getType(), 0), getDim(getType(), 0));
}

LogicalResult HeadLinearOp::verify() {
  WeightType weight = getWeight().getType();
  int64_t heads = weight.getShape().front();
  for (Type type : {Type(getInput().getType()), Type(getType())}) // C1
    if (failed(verifyAgree(*this, "weight and its operands", "head count",
                           heads, getDim(type, 1))))
      return failure();

  int64_t size = getDim(getInput().getType(), 2);
  int64_t kept = ShapedType::isDynamic(size) ? size : size - weight.getCols();
  if (!ShapedType::isDynamic(size) && (getKeep() ? kept < 0 : kept != 0)) // C2
    return emitOpError() << "expects a head of input to have "
                         << (getKeep() ? "at least " : "") << weight.getCols()
                         << " elements, but got " << size;
  int64_t expected =
      ShapedType::isDynamic(kept) ? kept : weight.getRows() + kept;
  if (failed(verifyAgree(*this, "weight and result", "head size", // C3
                         expected, getDim(getType(), 2))))
    return failure();
  return verifyAgree(*this, "input and result", "number of tokens", // C4
                     getDim(getInput().getType(), 0), getDim(getType(), 0));
}

LogicalResult ScaleRowsOp::verify() {
  int64_t columns = getDim(getFactors().getType(), 1);
  if (!ShapedType::isDynamic(columns) && columns != 1) // C1
    return emitOpError() << "expects factors to have one column, but got "
                         << columns;
  return verifyAgree(*this, "input and factors", "number of tokens", // C2
                     getDim(getType(), 0), getDim(getFactors().getType(), 0));
}

LogicalResult TemperRowsOp::verify() {
  if (getInterval() < 1) // C1
    return emitOpError() << "expects interval to be positive, but got "
                         << getInterval();
  return verifyAgree(*this, "input and positions", "number of tokens", // C2
                     getDim(getType(), 0), getDim(getPositions().getType(), 0));
}

LogicalResult GatherRowsOp::verify() {
  if (failed(verifyAgree(*this, "input and result", "row length", // C1
                         getDim(getInput().getType(), 1),
                         getDim(getType(), 1))))
    return failure();
  return verifyAgree(*this, "rows and result", "number of rows", // C2
                     getDim(getRows().getType(), 0), getDim(getType(), 0));
}
