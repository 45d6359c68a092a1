// Verifier of the norm ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/ShapeVerification.h"
#include "dialects/Tenon/Tenon.h"

using namespace mlir;
using namespace tenon;

LogicalResult NormOp::verify() {
  int64_t row = getDim(getType(), -1);
  int64_t length = getWeight().getType().getShape().front();
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
