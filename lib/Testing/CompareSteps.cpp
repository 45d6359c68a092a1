// Runs steps in the interpreter and each of their kernels as native code, too.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/CompareSteps.h"
#include "tenon/Interpreter/Engine.h"
#include "tenon/Support/InputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

#include <iostream>
#include <sstream>

using namespace mlir;
using namespace tenon;

StepComparison::StepComparison(ModuleOp module, std::string entry,
                               FunctionInputs inputs, WeightProvider &weights,
                               InterpreterOptions options, Bounds bounds,
                               std::unique_ptr<NativeKernels> kernels)
    : module(module), entry(std::move(entry)), inputs(std::move(inputs)),
      weights(weights), options(options), kernels(std::move(kernels)),
      comparison(module, weights, options, *this->kernels, bounds) {
  this->options.calls = &comparison;
}

llvm::Expected<std::unique_ptr<StepComparison>>
StepComparison::create(ModuleOp module, std::string entry,
                       FunctionInputs inputs, WeightProvider &weights,
                       const TensorSource *source, InterpreterOptions options,
                       Bounds bounds) {
  auto kernels = NativeKernels::create(module, source);
  if (!kernels)
    return kernels.takeError();
  return std::unique_ptr<StepComparison>(
      new StepComparison(module, std::move(entry), std::move(inputs), weights,
                         options, bounds, std::move(*kernels)));
}

llvm::Error StepComparison::run(StringRef step) {
  llvm::Expected<StepPlan> plan = StepPlan::parse(step);
  if (!plan)
    return plan.takeError();
  std::vector<func::FuncOp> entries =
      findBuckets(module, entry, plan->countTokens());
  if (entries.empty())
    return llvm::createStringError("no function '" + entry +
                                   "', and no bucket of it with room for " +
                                   Twine(plan->countTokens()) + " tokens");
  for (func::FuncOp function : entries) {
    comparison.beginStep();
    auto tensors = inputs.make(function, *plan);
    if (!tensors)
      return tensors.takeError();
    InterpretEngine engine(weights, options);
    auto results = engine.run(module, function.getName(), *tensors);
    if (!results)
      return llvm::createStringError("step " + step + " in @" +
                                     function.getName() + ": " +
                                     llvm::toString(results.takeError()));
  }
  return llvm::Error::success();
}

llvm::Error StepComparison::runLines(StringRef path) {
  std::istringstream text;
  if (path != "-") {
    llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file =
        readInputFile(path);
    if (!file)
      return file.takeError();
    text.str((*file)->getBuffer().str());
  }
  std::istream &lines = path == "-" ? std::cin : text;
  for (std::string line; std::getline(lines, line);) {
    comparison.clearFailures();
    if (llvm::Error error = run(line))
      return error;
    const std::vector<std::string> &failures = comparison.getFailures();
    llvm::outs() << (failures.empty() ? "ok" : "wrong: ")
                 << llvm::join(failures, "; ") << "\n";
    llvm::outs().flush();
  }
  return llvm::Error::success();
}

bool StepComparison::report(llvm::raw_ostream &os) const {
  bool isGood = true;
  for (const auto &[name, row] : comparison.getRows()) {
    bool isNear = row.ratio < 1 && row.failure.empty();
    os << "kernel " << name << ": " << row.calls << " calls, ratio "
       << llvm::format("%.3g", row.ratio) << (row.worst.empty() ? "" : " ")
       << row.worst << (isNear ? "" : ", wrong")
       << (row.failure.empty() ? "" : "; ") << row.failure << "\n";
    isGood &= isNear;
  }
  return isGood && !comparison.getRows().empty();
}
