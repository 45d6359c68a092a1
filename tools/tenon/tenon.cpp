// The driver: compiles, runs, measures and inspects models.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/UsageError.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"
#include "Command.h"

#include <csignal>

using namespace tenon;

static constexpr int kFailure = 1;
static constexpr int kWrongUsage = 2;

static int report(llvm::StringRef message, int code) {
  llvm::WithColor::error(llvm::errs(), "tenon") << message << '\n';
  return code;
}

/// What the parser of the command line says, in one line like every error.
static std::string shorten(llvm::StringRef text) {
  llvm::StringRef line = text.ltrim().split('\n').first.trim();
  line.consume_front("tenon: ");
  std::string message = line.str();
  if (!message.empty())
    message[0] = llvm::toLower(message[0]);
  return message;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // A limit on the size of files is an error of writing like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  std::unique_ptr<Command> commands[] = {
      createCompileCommand(), createRunCommand(), createBenchCommand(),
      createInspectCommand()};
  // Without this, help lists the options of all of LLVM.
  llvm::cl::OptionCategory none("Options");
  llvm::cl::HideUnrelatedOptions(none);
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (!llvm::cl::ParseCommandLineOptions(
          argc, argv, "tenon: an ahead-of-time compiler for transformers\n",
          &stream))
    return report(shorten(problem), kWrongUsage);
  for (const std::unique_ptr<Command> &command : commands) {
    if (!command->isChosen())
      continue;
    llvm::Error error = command->run();
    if (!error)
      return 0;
    int code = error.isA<UsageError>() ? kWrongUsage : kFailure;
    return report(llvm::toString(std::move(error)), code);
  }
  return report("expects a command: compile, run, bench or inspect; see tenon "
                "--help",
                kWrongUsage);
}
