// The targets that a command line names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_TARGETLIST_H
#define TENON_LIB_DRIVER_TARGETLIST_H

#include "tenon/Target/Backend.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace tenon {

/// A level of the table of targets, and the back end that makes its code.
struct TargetName {
  const Backend *backend = nullptr;
  std::string machine;

  /// As the command line spells it: `cpu:x86-64-v3`.
  std::string getSpelling() const {
    return (backend->getName() + ":" + machine).str();
  }
};

/// All levels by back end, and of either the best one first.
std::vector<TargetName> getKnownTargets();

/// Reads the values of `--target`, without repetitions and best first. The name
/// of a back end alone is the best of its levels that this machine runs.
llvm::Expected<std::vector<TargetName>>
parseTargets(llvm::ArrayRef<std::string> names);

} // namespace tenon

#endif // TENON_LIB_DRIVER_TARGETLIST_H
