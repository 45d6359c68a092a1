// The phases between import and code, on one module.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_PHASES_H
#define TENON_LIB_DRIVER_PHASES_H

#include "tenon/Driver/Compile.h"
#include "mlir/IR/BuiltinOps.h"
#include "TargetList.h"

namespace tenon {

class PhaseTimer;
class TempFiles;

/// Simplifies, and keeps the result.
llvm::Error simplify(mlir::ModuleOp module, PhaseTimer &timer,
                     const TempFiles &temps);

/// Specializes the step per bucket and assigns layouts and offsets to weights,
/// which are the same for all targets.
llvm::Error layOut(mlir::ModuleOp module, const CompileOptions &options,
                   llvm::ArrayRef<TargetName> targets, int64_t positions,
                   PhaseTimer &timer);

/// States the machine on a module that is laid out, and runs the phases of its
/// back end after `first`, to the one before `Codegen`, or to `last`. Keeps
/// what each leaves.
llvm::Error lowerForTarget(mlir::ModuleOp module, const TargetName &target,
                           Phase first, Phase last, PhaseTimer &timer,
                           const TempFiles &temps);

} // namespace tenon

#endif // TENON_LIB_DRIVER_PHASES_H
