// The targets that a command line names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetList.h"
#include "tenon/Driver/DescribeTargets.h"
#include "tenon/Driver/UsageError.h"
#include "tenon/Runtime/Format.h"
#include "tenon/Support/Targets.h"
#include "llvm/ADT/STLExtras.h"

using namespace tenon;
using llvm::StringRef;

std::vector<TargetName> tenon::getKnownTargets() {
  std::vector<TargetName> known;
  for (const CpuLevel &level : getCpuLevels())
    known.push_back({level.name.str(), /*isGpu=*/false});
  for (const GpuLevel &level : getGpuLevels())
    known.push_back({level.name.str(), /*isGpu=*/true});
  return known;
}

/// The best level that this machine runs, of those that are chosen unasked.
static llvm::Expected<std::string> findHost() {
  uint32_t features = tenon_cpu_features();
  for (const CpuLevel &level : getCpuLevels())
    if (level.isAutomatic && (level.features & ~features) == 0)
      return "cpu:" + level.name.str();
  return llvm::createStringError(
      "cannot compile for target 'cpu': this machine has no AVX2; name the "
      "level of another machine with --target=cpu:" +
      getCpuLevels().back().name);
}

llvm::Expected<std::vector<TargetName>>
tenon::parseTargets(llvm::ArrayRef<std::string> names) {
  std::vector<TargetName> known = getKnownTargets();
  std::vector<bool> isAsked(known.size());
  for (std::string name : names) {
    if (name == "cpu") {
      llvm::Expected<std::string> host = findHost();
      if (!host)
        return host.takeError();
      name = *host;
    }
    auto found = llvm::find_if(known, [&](const TargetName &target) {
      return target.getSpelling() == name;
    });
    if (found == known.end())
      return makeUsageError("unknown target '" + name +
                            "'; known targets: " + listTargets());
    isAsked[found - known.begin()] = true;
  }
  std::vector<TargetName> targets;
  for (size_t i = 0; i < known.size(); ++i)
    if (isAsked[i])
      targets.push_back(known[i]);
  if (targets.empty())
    return makeUsageError("expects a target; write --target=cpu");
  return targets;
}
