// Compiles up to one phase and writes what is there.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_EMITPHASE_H
#define TENON_LIB_DRIVER_EMITPHASE_H

#include "CompilerInput.h"
#include "TargetList.h"

namespace tenon {

class PhaseTimer;
class TempFiles;

/// Serves `--stop-after` and `--emit`.
llvm::Error emitPhase(CompilerInput &input, const CompileOptions &options,
                      llvm::ArrayRef<TargetName> targets, PhaseTimer &timer,
                      const TempFiles &temps);

/// Fails unless the phase and the kind go together and with the targets.
llvm::Error checkEmission(const CompileOptions &options,
                          llvm::ArrayRef<TargetName> targets);

} // namespace tenon

#endif // TENON_LIB_DRIVER_EMITPHASE_H
