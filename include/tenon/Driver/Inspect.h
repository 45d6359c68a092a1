// Prints what an artifact says about itself.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DRIVER_INSPECT_H
#define TENON_DRIVER_INSPECT_H

#include "llvm/Support/Error.h"
#include <string>

namespace tenon {

struct InspectOptions {
  std::string artifact;
  /// Compares all weights with their hashes.
  bool check = false;
};

/// Writes the manifest to the standard output as JSON.
llvm::Error inspectModel(const InspectOptions &options);

} // namespace tenon

#endif // TENON_DRIVER_INSPECT_H
