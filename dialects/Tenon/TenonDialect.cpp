// The tenon dialect and the generated code of its attributes and ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/RowTensors.h"
#include "dialects/Tenon/Tenon.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon;

#include "dialects/Tenon/TenonInterfaces.cpp.inc"
#include "dialects/Tenon/TenonOpsDialect.cpp.inc"
#include "dialects/Tenon/TenonOpsEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tenon/TenonOpsAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Tenon/TenonOps.cpp.inc"

Operation *TenonDialect::materializeConstant(OpBuilder &builder,
                                             Attribute value, Type type,
                                             Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

void TenonDialect::initialize() {
  registerTypes();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tenon/TenonOpsAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Tenon/TenonOps.cpp.inc"
      >();
  attachRowModels(*getContext());
}
