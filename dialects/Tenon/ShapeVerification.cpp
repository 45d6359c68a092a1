// Wording of the most frequent constraint: two operands agree on a size.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/ShapeVerification.h"

using namespace mlir;
using namespace tenon;

LogicalResult tenon::verifyAgree(Operation *op, const Twine &who,
                                 const Twine &what, int64_t a, int64_t b) {
  if (a == b || ShapedType::isDynamic(a) || ShapedType::isDynamic(b))
    return success();
  return op->emitOpError() << "expects " << who << " to agree on " << what
                           << ", but got " << a << " and " << b;
}

int64_t tenon::getRowLength(Type type) {
  int64_t length = 1;
  for (int64_t size : cast<RankedTensorType>(type).getShape().drop_front()) {
    if (ShapedType::isDynamic(size))
      return ShapedType::kDynamic;
    length *= size;
  }
  return length;
}

int64_t tenon::getDim(Type type, int64_t dim) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  return shape[dim < 0 ? shape.size() + dim : dim];
}
