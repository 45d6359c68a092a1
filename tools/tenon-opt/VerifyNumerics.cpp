// `--verify-numerics`: results are compared after each pass.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "VerifyNumerics.h"
#include "tenon/Interpreter/NumericVerifier.h"
#include "tenon/Testing/NumericOptions.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace tenon;
namespace cl = llvm::cl;

namespace {
struct VerifyOptions : NumericOptions {
  cl::opt<bool> verify{
      "verify-numerics",
      cl::desc("Execute public functions in the interpreter after each pass, "
               "and fail at the first one that changes results")};
  cl::opt<std::string> reproducer{
      "numerics-reproducer", cl::value_desc("F.mlir"),
      cl::desc("File for the module before the pass that changed results, with "
               "a tenon-run line that shows it")};
  /// How passes ended; it outlives their pass manager.
  bool hasFailed = false;
};

/// Says how the passes ended when its pass manager is destroyed.
struct ReportingVerifier : NumericVerifier {
  ReportingVerifier(NumericInputs inputs, std::string reproducer,
                    bool &hasFailed)
      : NumericVerifier(std::move(inputs), std::move(reproducer)),
        hasFailed(hasFailed) {}
  ~ReportingVerifier() override { hasFailed |= getState() != State::Same; }

  bool &hasFailed;
};
} // namespace

static VerifyOptions &getOptions() {
  static VerifyOptions options;
  return options;
}

void tenon::registerVerifyNumerics() { (void)getOptions(); }

bool tenon::hasNumericFailure() { return getOptions().hasFailed; }

void tenon::addNumericVerifier(MlirOptMainConfig &config) {
  if (!getOptions().verify)
    return;
  MlirOptMainConfig inner = config;
  config.setPassPipelineSetupFn([inner](PassManager &manager) {
    if (failed(inner.setupPassPipeline(manager)))
      return failure();
    manager.getContext()->disableMultithreading();
    manager.addInstrumentation(std::make_unique<ReportingVerifier>(
        getOptions().read(), getOptions().reproducer, getOptions().hasFailed));
    return success();
  });
}
