// The targets that a command line names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_TARGETLIST_H
#define TENON_LIB_DRIVER_TARGETLIST_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace tenon {

/// A target as the machine dialect names it: `x86-64-v3`, `sm_90a`.
struct TargetName {
  std::string machine;
  bool isGpu = false;
};

/// Reads the values of `--target`, without repetitions and best first. `cpu` is
/// the best level that this machine has.
llvm::Expected<std::vector<TargetName>>
parseTargets(llvm::ArrayRef<std::string> names);

} // namespace tenon

#endif // TENON_LIB_DRIVER_TARGETLIST_H
