// Ready-made questions for the reducer: crashes, messages and wrong numbers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "BugReduction.h"
#include "tenon/Interpreter/NumericVerifier.h"
#include "tenon/Support/InputFile.h"
#include "tenon/Testing/NumericOptions.h"
#include "tenon/Testing/Reducer.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace tenon;
namespace cl = llvm::cl;

namespace {
struct Options : NumericOptions {
  cl::opt<std::string> file{cl::Positional, cl::Required, cl::desc("X.mlir")};
  cl::opt<std::string> output{"o", cl::init("-"), cl::value_desc("F.mlir"),
                              cl::desc("The smaller module")};
  cl::opt<std::string> pipeline{
      "pipeline",
      cl::desc("Passes, of which the first that changes results must go on "
               "doing so: builtin.module(...)")};
  cl::opt<std::string> command{
      "command",
      cl::desc("Shell command that must go on failing; %s stands for the "
               "module")};
  cl::opt<std::string> message{
      "message",
      cl::desc("What it must go on printing (default: it must crash)")};
  cl::opt<unsigned> timeout{
      "timeout", cl::init(60), cl::value_desc("seconds"),
      cl::desc("A command that runs longer is stopped, and does not count")};
};

/// Runs a command on modules, each in the same temporary file.
class CommandRunner {
public:
  static llvm::Expected<std::unique_ptr<CommandRunner>>
  create(const Options &options);

  /// Whether the command crashes, or prints the message.
  bool fails(ModuleOp module) const;

private:
  explicit CommandRunner(const Options &options) : options(options) {}

  const Options &options;
  SmallString<64> input, printed;
  llvm::FileRemover inputRemover, printedRemover;
};
} // namespace

llvm::Expected<std::unique_ptr<CommandRunner>>
CommandRunner::create(const Options &options) {
  std::unique_ptr<CommandRunner> runner(new CommandRunner(options));
  for (SmallString<64> *path : {&runner->input, &runner->printed})
    if (std::error_code code =
            llvm::sys::fs::createTemporaryFile("tenon-reduce", "mlir", *path))
      return llvm::createStringError(code, "cannot make a temporary file");
  runner->inputRemover.setFile(runner->input);
  runner->printedRemover.setFile(runner->printed);
  return std::move(runner);
}

bool CommandRunner::fails(ModuleOp module) const {
  std::error_code code;
  {
    llvm::raw_fd_ostream os(input, code);
    os << module << "\n";
    // A process writes over what the one before it printed.
    llvm::raw_fd_ostream empty(printed, code);
  }
  std::string text = options.command;
  for (size_t at = 0; (at = text.find("%s", at)) != std::string::npos;
       at += input.size() + 2)
    text.replace(at, 2, "'" + input.str().str() + "'");
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(printed),
                                          StringRef(printed)};
  std::string problem;
  int status = llvm::sys::ExecuteAndWait(
      "/bin/sh", {"/bin/sh", "-c", text}, /*Env=*/std::nullopt, redirects,
      options.timeout, /*MemoryLimit=*/0, &problem);
  if (StringRef(problem).contains("timed out"))
    return false;
  // A command that was not found gives -1; a shell adds the number of a signal
  // to 128.
  if (options.message.empty())
    return status == -2 || (status > 128 && status <= 192);
  auto output = llvm::MemoryBuffer::getFile(printed);
  return output && (*output)->getBuffer().contains(options.message);
}

/// The first failure of passes on a copy of a module: its kind and the pass, or
/// nothing if there is none.
static std::optional<std::pair<NumericOutcome::Kind, std::string>>
findFailure(ModuleOp module, const Options &options) {
  OwningOpRef<ModuleOp> copy = module.clone();
  ScopedDiagnosticHandler silent(module.getContext(),
                                 [](Diagnostic &) { return success(); });
  auto verifier = std::make_unique<NumericVerifier>(options.read(), "");
  NumericVerifier &numbers = *verifier;
  PassManager manager(module.getContext());
  manager.addInstrumentation(std::move(verifier));
  static_cast<OpPassManager &>(manager) = *parsePassPipeline(options.pipeline);
  (void)manager.run(*copy);
  if (numbers.getState() != NumericVerifier::State::Failed)
    return std::nullopt;
  return std::pair(numbers.getOutcome().kind, numbers.getPass().str());
}

/// Shrinks a module whose numbers some pass changes.
static llvm::Error reduceNumbers(OwningOpRef<ModuleOp> &module,
                                 const Options &options) {
  if (failed(parsePassPipeline(options.pipeline)))
    return llvm::createStringError("cannot read the pipeline '" +
                                   options.pipeline + "'");
  auto failure = findFailure(*module, options);
  if (!failure)
    return llvm::createStringError(
        "no pass of --pipeline changes the results of '" + options.file +
        "'; see what tenon-opt --verify-numerics says of it");
  reduceModule(module, [&](ModuleOp smaller) {
    return findFailure(smaller, options) == failure;
  });
  return llvm::Error::success();
}

/// Shrinks a module on which a command crashes or prints a message.
static llvm::Error reduceFailure(OwningOpRef<ModuleOp> &module,
                                 const Options &options) {
  auto runner = CommandRunner::create(options);
  if (!runner)
    return runner.takeError();
  if (!(*runner)->fails(*module))
    return llvm::createStringError(
        options.message.empty()
            ? "--command does not crash on '" + options.file +
                  "'; name what it prints with --message"
            : "--command does not print '" + options.message + "'");
  reduceModule(module,
               [&](ModuleOp smaller) { return (*runner)->fails(smaller); });
  return llvm::Error::success();
}

static llvm::Error reduce(MLIRContext &context, const Options &options) {
  auto text = readModuleFile(options.file);
  if (!text)
    return text.takeError();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(
      (*text)->getBuffer(), ParserConfig(&context), options.file);
  if (!module)
    return llvm::createStringError("cannot read a module from '" +
                                   options.file + "'");
  int64_t all = countOperations(*module);
  if (llvm::Error error = options.command.empty()
                              ? reduceNumbers(module, options)
                              : reduceFailure(module, options))
    return error;
  llvm::errs() << options.file << ": " << all << " operations, of which "
               << countOperations(*module) << " are left\n";
  return llvm::writeToOutput(options.output, [&](llvm::raw_ostream &os) {
    os << *module << "\n";
    return llvm::Error::success();
  });
}

int tenon::reduceBug(int argc, char **argv, DialectRegistry &registry) {
  Options options;
  cl::ParseCommandLineOptions(
      argc, argv,
      "shrinks a module while passes change its results, or while a command "
      "fails on it.\nWith --reduction-tree or --opt-reduction-pass it is "
      "mlir-reduce\n");
  auto fail = [](llvm::Error error, int code) {
    llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
    return code;
  };
  if (options.pipeline.empty() == options.command.empty())
    return fail(llvm::createStringError(
                    "expects either --pipeline, whose passes change results, "
                    "or --command, which fails"),
                2);
  if (!options.command.empty() &&
      options.command.getValue().find("%s") == std::string::npos)
    return fail(llvm::createStringError(
                    "expects %s in --command, where the module's file goes"),
                2);
  MLIRContext context(registry);
  context.disableMultithreading();
  if (llvm::Error error = reduce(context, options))
    return fail(std::move(error), 1);
  return 0;
}
