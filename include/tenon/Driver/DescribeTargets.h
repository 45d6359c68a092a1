// What a user can compile for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DRIVER_DESCRIBETARGETS_H
#define TENON_DRIVER_DESCRIBETARGETS_H

#include "llvm/Support/Error.h"
#include <string>

namespace tenon {

/// The values of `--target`, separated by commas: `cpu`, then all levels.
std::string listTargets();

/// Writes the table of targets to the standard output, in Markdown: levels with
/// what they need, features, dot products, GPUs.
llvm::Error printTargets();

} // namespace tenon

#endif // TENON_DRIVER_DESCRIBETARGETS_H
