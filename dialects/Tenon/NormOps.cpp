// Verifier of the norm ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/ShapeVerification.h"
#include "dialects/Tenon/Tenon.h"

using namespace mlir;
using namespace tenon;

int64_t NormOp::getNormalized() {
  return getWeight() ? getWeight().getType().getShape().front()
                     : getDim(getType(), -1);
}

/// A norm without a weight has nothing that scales or follows it.
static LogicalResult verifyPlain(NormOp op) {
  if (op.getBias()) // C2
    return op.emitOpError() << "expects a weight together with bias";
  if (op.getOrder() != NormOrder::ScaleThenCast) // C4
    return op.emitOpError() << "expects order scale_then_cast without weight, "
                               "but got "
                            << stringifyNormOrder(op.getOrder());
  return success();
}

LogicalResult NormOp::verify() {
  if (!getWeight())
    return verifyPlain(*this);
  int64_t row = getDim(getType(), -1);
  int64_t length = getNormalized();
  if (!ShapedType::isDynamic(row) && length > row) // C1
    return emitOpError() << "expects weight to be no longer than a row of "
                            "input, but got "
                         << length << " and " << row;
  if (!getBias())
    return success();
  if (failed(verifyAgree(*this, "weight and bias", "length", length, // C2
                         getBias().getType().getShape().front())))
    return failure();
  if (getOrder() == NormOrder::CastThenScale) // C3
    return emitOpError() << "expects no bias with order cast_then_scale; add "
                            "it to the result instead";
  return success();
}
