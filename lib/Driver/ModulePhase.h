// How far a module has come on the way from import to code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_MODULEPHASE_H
#define TENON_LIB_DRIVER_MODULEPHASE_H

#include "tenon/Driver/Compile.h"
#include "mlir/IR/BuiltinOps.h"
#include "TargetList.h"

namespace tenon {

/// Fails if `compileFrom` goes with nothing else that was asked for.
llvm::Error checkCompileFrom(const CompileOptions &options);

/// Fails unless the module of `source` is what `compileFrom` leaves.
llvm::Error checkPhaseOfModule(mlir::ModuleOp module,
                               const CompileOptions &options);

/// The targets to compile for, best first. A module has one from `Form` on.
llvm::Expected<std::vector<TargetName>>
chooseTargets(const CompileOptions &options);

} // namespace tenon

#endif // TENON_LIB_DRIVER_MODULEPHASE_H
