// What the body of a kernel consists of, before its code is written.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelBody.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

Operation *tenon::nvptx::getRoot(tile::KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isa<KernelRootOpInterface, RouterOp>(op))
      return &op;
  return nullptr;
}

Value tenon::nvptx::getOut(tile::KernelOp kernel, int64_t result) {
  return kernel.getBody().getArgument(kernel.getInputs().size() + result);
}

int64_t tenon::nvptx::getRowLength(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return ShapedType::getNumElements(type.getShape().drop_front());
}

FailureOr<RowView> tenon::nvptx::resolveRows(Value value) {
  RowView view;
  for (Operation *def = value.getDefiningOp(); def;
       def = value.getDefiningOp()) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(def)) {
      if (slice.getSourceType().getRank() != 2 || !slice.hasUnitStride() ||
          slice.getStaticOffset(0) != 0 || slice.isDynamicOffset(1))
        return failure();
      view.first += slice.getStaticOffset(1);
      value = slice.getSource();
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(def)) {
      value = expand.getSrc();
    } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(def)) {
      value = collapse.getSrc();
    } else {
      return failure();
    }
    if (ShapedType::isDynamicShape(
            cast<RankedTensorType>(value.getType()).getShape().drop_front()))
      return failure();
  }
  view.base = value;
  view.stride = getRowLength(value);
  return view;
}
