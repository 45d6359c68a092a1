// What a user can compile for, as text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/DescribeTargets.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "ReplaceFile.h"
#include "TargetList.h"

using namespace tenon;

std::string tenon::listTargets() {
  llvm::SmallVector<std::string> names;
  for (const Backend *backend : getBackends())
    if (backend->canDetectLevel())
      names.push_back(backend->getName().str());
  for (const TargetName &target : getKnownTargets())
    names.push_back(target.getSpelling());
  return llvm::join(names, ", ");
}

llvm::Error tenon::printTargets() {
  std::string text;
  llvm::raw_string_ostream out(text);
  for (const Backend *backend : getBackends()) {
    if (!text.empty())
      out << "\n";
    backend->printLevels(out);
  }
  return writeOutput("-", text);
}
