// What a user can compile for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DRIVER_DESCRIBETARGETS_H
#define TENON_DRIVER_DESCRIBETARGETS_H

#include "llvm/Support/Error.h"
#include <string>

namespace tenon {

/// The values of `--target`, separated by commas: back ends that find the level of
/// this machine, then all levels.
std::string listTargets();

/// Writes what back ends say of their levels to the standard output, in Markdown.
llvm::Error printTargets();

} // namespace tenon

#endif // TENON_DRIVER_DESCRIBETARGETS_H
