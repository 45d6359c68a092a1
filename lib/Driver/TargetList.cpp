// The targets that a command line names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetList.h"
#include "tenon/Driver/UsageError.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using namespace tenon;
using llvm::StringRef;

namespace {
/// A target and what a machine needs to run its code.
struct KnownTarget {
  StringRef name, machine;
  std::vector<StringRef> features;
};
} // namespace

/// Best first.
static const std::vector<KnownTarget> &getKnownTargets() {
  static const std::vector<KnownTarget> known = {
      {"cpu:x86-64-v4",
       "x86-64-v4",
       {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}},
      {"cpu:x86-64-v3", "x86-64-v3", {"avx2", "fma", "f16c", "bmi2"}},
      {"cuda:sm_90a", "sm_90a", {}},
      {"cuda:sm_80", "sm_80", {}},
  };
  return known;
}

static llvm::Expected<const KnownTarget *> findHost() {
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  for (const KnownTarget &target : getKnownTargets())
    if (!target.features.empty() &&
        llvm::all_of(target.features,
                     [&](StringRef feature) { return host.lookup(feature); }))
      return &target;
  return llvm::createStringError(
      "cannot compile for target 'cpu': this machine has no AVX2; name the "
      "level of another machine with --target=cpu:x86-64-v3");
}

static llvm::Expected<const KnownTarget *> findTarget(StringRef name) {
  if (name == "cpu")
    return findHost();
  for (const KnownTarget &target : getKnownTargets())
    if (target.name == name)
      return &target;
  return makeUsageError("unknown target '" + name +
                        "'; known targets: cpu, cpu:x86-64-v3, cpu:x86-64-v4, "
                        "cuda:sm_80, cuda:sm_90a");
}

llvm::Expected<std::vector<TargetName>>
tenon::parseTargets(llvm::ArrayRef<std::string> names) {
  llvm::SmallVector<const KnownTarget *> found;
  for (StringRef name : names) {
    llvm::Expected<const KnownTarget *> target = findTarget(name);
    if (!target)
      return target.takeError();
    found.push_back(*target);
  }
  if (found.empty())
    return makeUsageError("expects a target; write --target=cpu");
  llvm::sort(found);
  found.erase(llvm::unique(found), found.end());
  std::vector<TargetName> targets;
  for (const KnownTarget *target : found)
    targets.push_back({target->machine.str(), target->features.empty()});
  return targets;
}
