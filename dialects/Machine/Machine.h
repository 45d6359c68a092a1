// The machine dialect and its attributes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_MACHINE_MACHINE_H
#define TENON_DIALECTS_MACHINE_MACHINE_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dialect.h"

#include <optional>

#include "dialects/Machine/MachineAttrsDialect.h.inc"

namespace tenon::machine {

struct TileSizes {
  /// Rows of activations that are worked on together, while caches hold their
  /// weights, and weight panels of 16 rows beside them.
  int64_t rows, panels;
  /// Keys in one tile of attention: the same for every step.
  int64_t keys;
};

} // namespace tenon::machine

#include "dialects/Machine/MachineAttrInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Machine/MachineAttrs.h.inc"

namespace tenon::machine {

/// The machine that the module around `op` is compiled for, or null.
MachineAttrInterface getTarget(mlir::Operation *op);

/// The attribute for a level of the table of targets, such as `x86-64-v3` or
/// `sm_90a`; null if the table has none of this name.
MachineAttrInterface lookupMachine(mlir::MLIRContext *context,
                                   llvm::StringRef name);

} // namespace tenon::machine

#endif // TENON_DIALECTS_MACHINE_MACHINE_H
