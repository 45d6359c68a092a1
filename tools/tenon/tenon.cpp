// The driver: compiles, runs, measures and inspects models.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/UsageError.h"
#include "tenon/Support/ErrorLine.h"
#include "tenon/Support/Version.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"
#include "Command.h"

#include <csignal>
#include <fcntl.h>
#include <unistd.h>

using namespace tenon;

static constexpr int kFailure = 1;
static constexpr int kWrongUsage = 2;

static int report(llvm::StringRef message, int code) {
  llvm::WithColor::error(llvm::errs(), "tenon") << writeAsLine(message) << '\n';
  return code;
}

/// The command whose options were meant, for a hint.
static std::string nameCommand(int argc, char **argv) {
  llvm::StringRef first = argc > 1 ? argv[1] : "";
  for (const llvm::cl::SubCommand *known : llvm::cl::getRegisteredSubcommands())
    if (!first.empty() && known->getName() == first)
      return ("tenon " + first).str();
  return "tenon";
}

/// What the parser of the command line says, in one line like every error.
static std::string shorten(llvm::StringRef text, llvm::StringRef command) {
  auto [first, rest] = text.ltrim().split('\n');
  auto [line, help] = first.split("  Try: ");
  line = line.trim();
  line.consume_front("tenon: ");
  if (!help.empty())
    line.consume_back(".");
  std::string message = line.str();
  if (!message.empty())
    message[0] = llvm::toLower(message[0]);
  llvm::StringRef guess = rest.trim();
  bool isGuessed = guess.consume_front("tenon: Did you mean ");
  if (isGuessed)
    message += "; did you mean " + guess.str();
  if (!help.empty())
    message += (isGuessed ? " See " : "; see ") + command.str() + " --help";
  return message;
}

/// Keeps files that are opened later from getting what is printed, where a
/// standard stream is closed. Writing to it stays an error.
static void occupyClosedStreams() {
  int descriptor;
  do
    descriptor = ::open("/dev/null", O_RDONLY);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO)
    ::close(descriptor);
}

int main(int argc, char **argv) {
  occupyClosedStreams();
  llvm::InitLLVM init(argc, argv);
  // Whoever closes the stream of errors wants none of them.
  llvm::scope_exit forget([] { llvm::errs().clear_error(); });
  // A limit on the size of files is an error of writing like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  identifyTool("tenon");
  std::unique_ptr<Command> commands[] = {
      createCompileCommand(), createRunCommand(), createEmbedCommand(),
      createBenchCommand(), createInspectCommand()};
  // Without this, help lists the options of all of LLVM.
  llvm::cl::OptionCategory none("Options");
  llvm::cl::HideUnrelatedOptions(none);
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (!llvm::cl::ParseCommandLineOptions(
          argc, argv, "tenon: an ahead-of-time compiler for transformers\n",
          &stream)) {
    // Values that are no numbers were reported by their parser.
    return problem.empty()
               ? kWrongUsage
               : report(shorten(problem, nameCommand(argc, argv)), kWrongUsage);
  }
  for (const std::unique_ptr<Command> &command : commands) {
    if (!command->isChosen())
      continue;
    llvm::Error error = command->run();
    if (!error)
      return 0;
    int code = error.isA<UsageError>() ? kWrongUsage : kFailure;
    return report(llvm::toString(std::move(error)), code);
  }
  return report(
      "expects a command: compile, run, embed, bench or inspect; see tenon "
      "--help",
      kWrongUsage);
}
