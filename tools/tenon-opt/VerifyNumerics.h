// `--verify-numerics`: results are compared after each pass.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TOOLS_TENON_OPT_VERIFYNUMERICS_H
#define TENON_TOOLS_TENON_OPT_VERIFYNUMERICS_H

#include "mlir/Tools/mlir-opt/MlirOptMain.h"

namespace tenon {

/// Registers `--verify-numerics` and what belongs to it. Called before options
/// are parsed.
void registerVerifyNumerics();

/// Verifies the passes of a configuration if the user asked for it.
void addNumericVerifier(mlir::MlirOptMainConfig &config);

/// Whether some pass that ran changed results.
bool hasNumericFailure();

} // namespace tenon

#endif // TENON_TOOLS_TENON_OPT_VERIFYNUMERICS_H
