// Passes that bring a module on memrefs to the LLVM dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_CPU_LOWERINGPASSES_H
#define TENON_TARGET_CPU_LOWERINGPASSES_H

#include "mlir/Pass/Pass.h"

namespace tenon {

#define GEN_PASS_DECL
#include "tenon/Target/CPU/LoweringPasses.h.inc"

#define GEN_PASS_REGISTRATION
#include "tenon/Target/CPU/LoweringPasses.h.inc"

} // namespace tenon

#endif // TENON_TARGET_CPU_LOWERINGPASSES_H
