// What the body of a kernel consists of, before its code is written.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelBody.h"
#include "dialects/Tenon/ShapeVerification.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

Operation *tenon::nvptx::getRoot(tile::KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isa<KernelRootOpInterface, RouterOp, IndexTopkOp>(op))
      return &op;
  return nullptr;
}

Value tenon::nvptx::getOut(tile::KernelOp kernel, int64_t result) {
  return kernel.getBody().getArgument(kernel.getInputs().size() + result);
}

static Refusal checkOperand(Value operand) {
  if (isa<BlockArgument>(operand))
    return std::nullopt;
  if (operand.getType().isIndex())
    return matchPattern(operand, m_Constant())
               ? Refusal()
               : "an index is computed in the kernel";
  if (isa<WeightType>(operand.getType()))
    return "a weight is not an argument of the kernel";
  if (getElementTypeOrSelf(operand).isInteger())
    return "integers are not an argument of the kernel";
  return std::nullopt;
}

Refusal tenon::nvptx::checkOperands(tile::KernelOp kernel) {
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    // Integers of views are sizes, which follow from those of arguments.
    if (isa<tensor::TensorDialect>(op.getDialect()))
      continue;
    for (Value operand : op.getOperands())
      if (Refusal refusal = checkOperand(operand))
        return refusal;
  }
  return std::nullopt;
}

int64_t tenon::nvptx::getRowLength(Value tensor) {
  return tenon::getRowLength(tensor.getType());
}
