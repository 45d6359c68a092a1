// The tenon dialect, its attributes and its ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_TENON_H
#define TENON_DIALECTS_TENON_TENON_H

#include "dialects/Tenon/FormatFactor.h"
#include "dialects/Tenon/GatedActivation.h"
#include "tenon/Support/PanelLayout.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/IntegerSet.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Tenon/TenonOpsDialect.h.inc"
#include "dialects/Tenon/TenonOpsEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tenon/TenonOpsAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Tenon/TenonOpsTypes.h.inc"

#include "dialects/Tenon/TenonInterfaces.h.inc"

namespace tenon {

/// The last part of the name of a weight that `tenon.weight_ref` names: `q` of `dense.q`;
/// `linear` for any other value.
std::string getNameOfWeight(mlir::Value weight);

} // namespace tenon

#define GET_OP_CLASSES
#include "dialects/Tenon/TenonOps.h.inc"

#endif // TENON_DIALECTS_TENON_TENON_H
