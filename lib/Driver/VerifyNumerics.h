// Executes what each phase makes of a model, before it is compiled.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_VERIFYNUMERICS_H
#define TENON_LIB_DRIVER_VERIFYNUMERICS_H

#include "CompilerInput.h"
#include "TargetList.h"

namespace tenon {

class PhaseTimer;

/// Runs the phases on copies of the module, for each target those up to the
/// last one on tensors, and compares what the interpreter makes of a step after
/// each phase with what it made before. An error names the first phase that
/// changes results. Without weights, those are random.
llvm::Error verifyNumerics(CompilerInput &input, const CompileOptions &options,
                           llvm::ArrayRef<TargetName> targets,
                           PhaseTimer &timer);

} // namespace tenon

#endif // TENON_LIB_DRIVER_VERIFYNUMERICS_H
