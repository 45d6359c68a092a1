// Passes that move from one level of the IR to the next.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_CONVERSION_PASSES_H
#define TENON_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace tenon {

#define GEN_PASS_DECL
#include "tenon/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tenon/Conversion/Passes.h.inc"

} // namespace tenon

#endif // TENON_CONVERSION_PASSES_H
