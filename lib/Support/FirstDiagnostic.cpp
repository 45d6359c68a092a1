// The first error that passes report, as one line.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/FirstDiagnostic.h"
#include "tenon/Support/LocationName.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace tenon;

FirstDiagnostic::FirstDiagnostic(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error ||
            !text.empty())
          return success();
        std::string place = getLocationName(diagnostic.getLocation());
        text =
            place.empty() ? diagnostic.str() : place + ": " + diagnostic.str();
        return success();
      }) {}

StringRef FirstDiagnostic::getLine() const {
  StringRef line = StringRef(text).split('\n').first;
  return line.empty() ? "a pass failed" : line;
}

llvm::Error FirstDiagnostic::take(const llvm::Twine &action) const {
  return llvm::createStringError(action + ": " + getLine());
}
