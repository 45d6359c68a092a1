// `--verify-numerics`: results are compared after each pass.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TOOLS_TENON_OPT_NUMERICOPTIONS_H
#define TENON_TOOLS_TENON_OPT_NUMERICOPTIONS_H

#include "mlir/Tools/mlir-opt/MlirOptMain.h"

namespace tenon {

/// Registers `--verify-numerics` and what belongs to it. Called before options
/// are parsed.
void registerNumericOptions();

/// Whether the user asked for it.
bool isNumericVerificationOn();

/// Lets the passes of a configuration be verified. Some state outlives the
/// passes: it is asked after they ran.
void addNumericVerification(mlir::MlirOptMainConfig &config);

/// Whether some pass changed results.
bool hasNumericFailure();

} // namespace tenon

#endif // TENON_TOOLS_TENON_OPT_NUMERICOPTIONS_H
