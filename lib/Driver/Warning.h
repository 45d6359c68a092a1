// Lines for the user that end nothing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_WARNING_H
#define TENON_LIB_DRIVER_WARNING_H

#include "llvm/ADT/Twine.h"

namespace tenon {

/// Prints `tenon: warning: <text>` on the standard error.
void printWarning(const llvm::Twine &text);

} // namespace tenon

#endif // TENON_LIB_DRIVER_WARNING_H
