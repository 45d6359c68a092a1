// Lines for the user that end nothing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Warning.h"
#include "tenon/Support/ErrorLine.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

void tenon::printWarning(const llvm::Twine &text) {
  llvm::WithColor::warning(llvm::errs(), "tenon")
      << writeAsLine(text.str()) << '\n';
}
