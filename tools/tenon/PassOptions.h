// MLIR's options that print, time and reproduce passes, for a subcommand.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TOOLS_TENON_PASSOPTIONS_H
#define TENON_TOOLS_TENON_PASSOPTIONS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"

namespace tenon {

/// The options are those of `tenon-opt`. Help shows them only if it is asked for
/// hidden ones.
class PassOptions {
public:
  explicit PassOptions(llvm::cl::SubCommand &subCommand);

  /// Whether the command line has any of them.
  bool areGiven() const;
  /// Makes the pipelines of this process do what they say; fails if the folder
  /// of a tree cannot be made.
  llvm::Error apply() const;

private:
  llvm::SmallVector<llvm::cl::Option *> options;
};

} // namespace tenon

#endif // TENON_TOOLS_TENON_PASSOPTIONS_H
