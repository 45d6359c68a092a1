// Executes a module before and after each pass, and compares the results.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/NumericVerifier.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/FileUtilities.h"

using namespace mlir;
using namespace tenon;

NumericVerifier::NumericVerifier(NumericInputs inputs, std::string reproducer)
    : comparison(std::move(inputs)), reproducer(std::move(reproducer)) {}

NumericVerifier::~NumericVerifier() = default;

/// The module that a pass runs on, or null if it runs on an op inside.
static ModuleOp getTopModule(Operation *op) {
  return op->getParentOp() ? nullptr : dyn_cast<ModuleOp>(op);
}

static std::string describePass(Pass *pass) {
  std::string text;
  llvm::raw_string_ostream os(text);
  pass->printAsTextualPipeline(os);
  return text;
}

void NumericVerifier::writeReproducer(ModuleOp module) {
  if (reproducer.empty())
    return;
  auto function = module.lookupSymbol<func::FuncOp>(outcome.function);
  std::string command =
      "tenon-run " + reproducer + " --entry=" + outcome.function +
      " --compare=interpret --pipeline='builtin.module(" + failedPass + ")'";
  if (!before->lookupSymbol(outcome.function))
    command += " --before-entry=" + outcome.entry;
  if (function)
    command += " " + comparison.describeInputs(function, outcome);
  llvm::Error error =
      llvm::writeToOutput(reproducer, [&](llvm::raw_ostream &os) {
        os << "// " << command << "\n" << **before << "\n";
        return llvm::Error::success();
      });
  if (error)
    emitError(module.getLoc()) << "cannot write '" << reproducer
                               << "': " << llvm::toString(std::move(error));
}

void NumericVerifier::runBeforePass(Pass *pass, Operation *op) {
  ModuleOp module = getTopModule(op);
  if (!module || state != State::Same)
    return;
  if (!hasStarted)
    if (llvm::Error error = comparison.start(module)) {
      emitError(module.getLoc()) << llvm::toString(std::move(error));
      state = State::NotExecutable;
      return;
    }
  hasStarted = true;
  if (!reproducer.empty())
    before = module.clone();
}

void NumericVerifier::runAfterPass(Pass *pass, Operation *op) {
  ModuleOp module = getTopModule(op);
  if (!module || state != State::Same)
    return;
  outcome = comparison.compare(module);
  if (outcome.kind == NumericOutcome::Same)
    return;
  state = State::Failed;
  failedPass = describePass(pass);
  emitError(*outcome.location) << "after pass '" << failedPass << "' function '"
                               << outcome.function << "' " << outcome.problem;
  writeReproducer(module);
}
