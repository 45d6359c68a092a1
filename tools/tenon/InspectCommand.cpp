// tenon inspect: the options of an inspection.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/Inspect.h"
#include "tenon/Driver/UsageError.h"
#include "Command.h"

using namespace tenon;
namespace cl = llvm::cl;

namespace {
struct InspectCommand : Command {
  InspectCommand()
      : Command("inspect", "Print what an artifact holds, as JSON") {}

  llvm::Error run() const override {
    if (artifact.empty())
      return makeUsageError("inspect expects an artifact; write tenon inspect "
                            "OUT.tenon");
    return inspectModel({artifact, check});
  }

  cl::opt<std::string> artifact{cl::Positional, cl::sub(subCommand),
                                cl::desc("<artifact>")};
  cl::opt<bool> check{"check", cl::sub(subCommand),
                      cl::desc("Verify the hashes of all weights")};
};
} // namespace

std::unique_ptr<Command> tenon::createInspectCommand() {
  return std::make_unique<InspectCommand>();
}
