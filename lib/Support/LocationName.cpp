// What a location is called in messages.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/LocationName.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace tenon;

std::string tenon::getLocationName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) +
            ":" + llvm::Twine(file.getColumn()))
        .str();
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return getLocationName(call.getCallee());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string name = getLocationName(part); !name.empty())
        return name;
  return "";
}
