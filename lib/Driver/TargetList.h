// The targets that a command line names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_TARGETLIST_H
#define TENON_LIB_DRIVER_TARGETLIST_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace tenon {

/// A level of the table of targets: `x86-64-v3`, `sm_90a`.
struct TargetName {
  std::string machine;
  bool isGpu = false;

  /// As the command line spells it: `cpu:x86-64-v3`, `cuda:sm_90a`.
  std::string getSpelling() const {
    return (isGpu ? "cuda:" : "cpu:") + machine;
  }
};

/// All levels, those of CPUs first, and of either kind the best one first.
std::vector<TargetName> getKnownTargets();

/// Reads the values of `--target`, without repetitions and best first. `cpu` is
/// the best level that may be chosen automatically and that this machine has.
llvm::Expected<std::vector<TargetName>>
parseTargets(llvm::ArrayRef<std::string> names);

} // namespace tenon

#endif // TENON_LIB_DRIVER_TARGETLIST_H
