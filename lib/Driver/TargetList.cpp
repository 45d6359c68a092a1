// The targets that a command line names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetList.h"
#include "tenon/Driver/DescribeTargets.h"
#include "tenon/Driver/UsageError.h"
#include "llvm/ADT/STLExtras.h"

using namespace tenon;
using llvm::StringRef;

std::vector<TargetName> tenon::getKnownTargets() {
  std::vector<TargetName> known;
  for (const Backend *backend : getBackends())
    for (StringRef level : backend->getLevels())
      known.push_back({backend, level.str()});
  return known;
}

/// What stands for the name of a back end: the target that this machine runs.
static llvm::Expected<TargetName> detectTarget(const Backend &backend) {
  if (std::optional<StringRef> level = backend.detectLevel())
    return TargetName{&backend, level->str()};
  return llvm::createStringError(
      "cannot compile for target '" + backend.getName() +
      "': this machine runs none of its levels; name the level of another "
      "machine with --target=" +
      TargetName{&backend, backend.getLevels().back().str()}.getSpelling());
}

llvm::Expected<std::vector<TargetName>>
tenon::parseTargets(llvm::ArrayRef<std::string> names) {
  std::vector<TargetName> known = getKnownTargets();
  std::vector<bool> isAsked(known.size());
  for (std::string name : names) {
    for (const Backend *backend : getBackends())
      if (backend->canDetectLevel() && name == backend->getName()) {
        llvm::Expected<TargetName> detected = detectTarget(*backend);
        if (!detected)
          return detected.takeError();
        name = detected->getSpelling();
        break;
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
