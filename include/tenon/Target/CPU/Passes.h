// Passes that turn tiles on memrefs into code of one CPU.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_CPU_PASSES_H
#define TENON_TARGET_CPU_PASSES_H

#include "mlir/Pass/Pass.h"

namespace tenon {

#define GEN_PASS_DECL
#include "tenon/Target/CPU/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tenon/Target/CPU/Passes.h.inc"

} // namespace tenon

#endif // TENON_TARGET_CPU_PASSES_H
