// `--verify-numerics`: results are compared after each pass.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "NumericOptions.h"
#include "tenon/Interpreter/NumericVerifier.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace tenon;
namespace cl = llvm::cl;

namespace {
struct NumericOptions {
  cl::opt<bool> verify{
      "verify-numerics",
      cl::desc("Execute public functions in the interpreter after each pass, "
               "and fail at the first one that changes results")};
  cl::list<std::string> entries{
      "numerics-entry", cl::CommaSeparated, cl::value_desc("f"),
      cl::desc("Functions to execute (default: all public ones)")};
  cl::opt<std::string> step{
      "numerics-step", cl::init(NumericVerifierOptions().step),
      cl::desc("Step that operands with a tenon.role are parts of, as in "
               "tenon-run")};
  cl::list<std::string> inputs{
      "numerics-input",
      cl::desc("Argument of each function, as in tenon-run (default: by role; "
               "otherwise floats are random and integers zero)")};
  cl::list<int64_t> dims{
      "numerics-dims", cl::CommaSeparated,
      cl::desc("Dynamic sizes of arguments (default: the tokens of the step)")};
  cl::opt<std::string> reproducer{
      "numerics-reproducer", cl::value_desc("F.mlir"),
      cl::desc("File for the module before the pass that changed results, with "
               "a tenon-run line that shows it")};
  /// Whether some pass changed results.
  bool hasFailed = false;
};

/// Remembers how the passes ended when its pass manager is destroyed.
struct ReportingVerifier : NumericVerifier {
  ReportingVerifier(NumericVerifierOptions options, bool &outcome)
      : NumericVerifier(std::move(options)), outcome(outcome) {}
  ~ReportingVerifier() override { outcome |= hasFailed(); }

  bool &outcome;
};
} // namespace

static NumericOptions &getOptions() {
  static NumericOptions options;
  return options;
}

void tenon::registerNumericOptions() { (void)getOptions(); }

bool tenon::isNumericVerificationOn() { return getOptions().verify; }

bool tenon::hasNumericFailure() { return getOptions().hasFailed; }

static NumericVerifierOptions readOptions() {
  NumericOptions &asked = getOptions();
  NumericVerifierOptions options;
  options.entries.assign(asked.entries.begin(), asked.entries.end());
  options.step = asked.step;
  options.inputs.texts.assign(asked.inputs.begin(), asked.inputs.end());
  options.inputs.dims.assign(asked.dims.begin(), asked.dims.end());
  options.reproducer = asked.reproducer;
  return options;
}

void tenon::addNumericVerification(MlirOptMainConfig &config) {
  MlirOptMainConfig inner = config;
  config.setPassPipelineSetupFn([inner](PassManager &manager) {
    if (failed(inner.setupPassPipeline(manager)))
      return failure();
    manager.getContext()->disableMultithreading();
    manager.addInstrumentation(std::make_unique<ReportingVerifier>(
        readOptions(), getOptions().hasFailed));
    return success();
  });
}
