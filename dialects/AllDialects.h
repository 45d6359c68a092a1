// Registration of every dialect that may appear in a module of tenon.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_ALLDIALECTS_H
#define TENON_DIALECTS_ALLDIALECTS_H

#include "mlir/IR/DialectRegistry.h"

namespace tenon {

/// Registers our dialects, the upstream ones they are used with, and the
/// interfaces that passes expect of both.
void registerAllDialects(mlir::DialectRegistry &registry);

} // namespace tenon

#endif // TENON_DIALECTS_ALLDIALECTS_H
