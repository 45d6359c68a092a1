// Which tensors of a block have the same number of rows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Analysis/RowCountEquivalence.h"
#include "dialects/Tenon/RowTensors.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace tenon;

RowCountEquivalence::RowCountEquivalence(Block &block) {
  for (Operation &op : block) {
    SmallVector<Value> tensors = getRowTensors(&op);
    for (Value tensor : tensors)
      classes.unionSets(tensors.front().getAsOpaquePointer(),
                        tensor.getAsOpaquePointer());
  }
}

bool RowCountEquivalence::areEqual(Value a, Value b) const {
  int64_t rows = cast<RankedTensorType>(a.getType()).getDimSize(0);
  if (!ShapedType::isDynamic(rows) &&
      rows == cast<RankedTensorType>(b.getType()).getDimSize(0))
    return true;
  return a == b ||
         classes.isEquivalent(a.getAsOpaquePointer(), b.getAsOpaquePointer());
}
