// The first error that passes report, as one line.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/FirstDiagnostic.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace tenon;

/// The name of what was imported there, or a line of a file; empty if neither
/// is known.
static std::string describe(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) +
            ":" + llvm::Twine(file.getColumn()))
        .str();
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return describe(call.getCallee());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string place = describe(part); !place.empty())
        return place;
  return "";
}

FirstDiagnostic::FirstDiagnostic(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error ||
            !text.empty())
          return success();
        std::string place = describe(diagnostic.getLocation());
        text =
            place.empty() ? diagnostic.str() : place + ": " + diagnostic.str();
        return success();
      }) {}

llvm::Error FirstDiagnostic::take(const llvm::Twine &action) const {
  // The rest of a message of several lines is IR.
  StringRef line = StringRef(text).split('\n').first;
  return llvm::createStringError(
      action + ": " + (line.empty() ? StringRef("a pass failed") : line));
}
