// What the body of a kernel consists of, before its code is written.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelBody.h"
#include "dialects/Tenon/ShapeVerification.h"

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
  return tenon::getRowLength(tensor.getType());
}
