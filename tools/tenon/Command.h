// The subcommands of the driver.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TOOLS_TENON_COMMAND_H
#define TENON_TOOLS_TENON_COMMAND_H

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace tenon {

/// A subcommand with its options, which exist as long as it does.
class Command {
public:
  Command(llvm::StringRef name, llvm::StringRef description)
      : subCommand(name, description) {}
  virtual ~Command() = default;

  /// True when the command line names it.
  bool isChosen() const { return bool(subCommand); }
  virtual llvm::Error run() const = 0;

protected:
  llvm::cl::SubCommand subCommand;
};

std::unique_ptr<Command> createCompileCommand();
std::unique_ptr<Command> createRunCommand();
std::unique_ptr<Command> createEmbedCommand();
std::unique_ptr<Command> createBenchCommand();
std::unique_ptr<Command> createInspectCommand();

} // namespace tenon

#endif // TENON_TOOLS_TENON_COMMAND_H
