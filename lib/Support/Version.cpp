// The version of tenon, and what its tools say about themselves.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/Version.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/raw_ostream.h"

using namespace tenon;

llvm::StringRef tenon::getVersion() { return TENON_VERSION; }

void tenon::identifyTool(llvm::StringLiteral tool) {
  llvm::cl::SetVersionPrinter([tool](llvm::raw_ostream &stream) {
    stream << tool << ": tenon " << getVersion() << ", LLVM "
           << LLVM_VERSION_STRING << '\n';
  });
  llvm::setBugReportMsg(
      "This is a bug of tenon. Please report it with the command, its input "
      "and what follows.\n");
}

void tenon::hideOptionsOfLibraries() {
  for (const auto &[name, option] : llvm::cl::getRegisteredOptions()) {
    bool isOfEveryTool = llvm::any_of(
        option->Categories, [](llvm::cl::OptionCategory *category) {
          return category->getName() == "Generic Options";
        });
    if (!isOfEveryTool && option->getOptionHiddenFlag() == llvm::cl::NotHidden)
      option->setHiddenFlag(llvm::cl::Hidden);
  }
}
