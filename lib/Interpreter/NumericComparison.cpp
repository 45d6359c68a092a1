// Executes what passes make of a module, and compares it with what was there.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/NumericComparison.h"
#include "tenon/Interpreter/Engine.h"
#include "tenon/Interpreter/Tolerance.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;
using namespace tenon;

NumericComparison::NumericComparison(NumericInputs inputs,
                                     WeightProvider *weights)
    : inputs(std::move(inputs)), random(this->inputs.weightSeed),
      weights(weights) {}

/// Whether the interpreter, which runs tensors and scalars, takes a function.
static bool isOnTensors(func::FuncOp function) {
  return llvm::all_of(function.getArgumentTypes(), [](Type type) {
    return isa<RankedTensorType>(type) || type.isIntOrIndexOrFloat();
  });
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

/// What makes an argument that no text is given for.
static std::string describeArgument(func::FuncOp function, unsigned index,
                                    unsigned numOperands,
                                    const StepPlan &plan) {
  if (std::optional<std::string> text = describeByRole(function, index, plan))
    return *text;
  // A pass has appended it, to write a result to.
  if (index >= numOperands)
    return "unwritten";
  Type type = function.getArgumentTypes()[index];
  return isa<FloatType>(getElementTypeOrSelf(type))
             ? "seed:" + std::to_string(plan.seed + index)
             : "zeros";
}

FunctionInputs NumericComparison::chooseArguments(func::FuncOp function,
                                                  unsigned numOperands) const {
  FunctionInputs chosen = inputs.arguments;
  for (unsigned i = chosen.texts.size(); i < function.getNumArguments(); ++i)
    chosen.texts.push_back(describeArgument(function, i, numOperands, plan));
  if (chosen.dims.empty())
    chosen.dims = {plan.countTokens()};
  return chosen;
}

llvm::Expected<std::vector<Tensor>>
NumericComparison::execute(ModuleOp module, func::FuncOp function,
                           unsigned numOperands) {
  llvm::Expected<std::vector<Tensor>> tensors =
      chooseArguments(function, numOperands).make(function, plan);
  if (!tensors)
    return tensors.takeError();
  InterpretEngine engine(*weights, {});
  return engine.run(module, function.getName(), *tensors);
}

llvm::Error NumericComparison::start(ModuleOp module) {
  llvm::Expected<StepPlan> read = StepPlan::parse(inputs.step);
  if (!read)
    return read.takeError();
  plan = std::move(*read);
  first = module.clone();
  if (!weights) {
    declared = std::make_unique<DeclaredWeights>(*first, random);
    weights = declared.get();
  }
  for (StringRef name : inputs.entries)
    if (!module.lookupSymbol<func::FuncOp>(name))
      return llvm::createStringError("expects a function '" + name +
                                     "' to verify");
  for (auto function : module.getOps<func::FuncOp>()) {
    bool isWanted =
        inputs.entries.empty()
            ? function.isPublic()
            : llvm::is_contained(inputs.entries, function.getName());
    if (!isWanted || function.isExternal() || !isOnTensors(function))
      continue;
    unsigned numOperands = function.getNumArguments();
    llvm::Expected<std::vector<Tensor>> results =
        execute(module, function, numOperands);
    if (!results)
      return llvm::createStringError("function '" + function.getName() +
                                     "' cannot be executed before any pass: " +
                                     llvm::toString(results.takeError()));
    for (auto [index, result] : llvm::enumerate(*results))
      if (result.isFloat() &&
          llvm::any_of(result.floats(), [](double x) { return std::isnan(x); }))
        return llvm::createStringError(
            "function '" + function.getName() + "' gives NaN in result " +
            Twine(index) + " before any pass, which cannot be compared");
    entries.push_back(
        {function.getName().str(), numOperands, std::move(*results)});
  }
  if (!entries.empty())
    return llvm::Error::success();
  return llvm::createStringError(
      "expects a public function on tensors, whose numbers can be verified");
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

/// The deviation under the larger of both tolerances: a pass may round more, or
/// less, and its IR says so.
static llvm::Expected<Deviation> compareBoth(const Tensor &after,
                                             const Tensor &before) {
  llvm::Expected<Deviation> forward = compare(after, before);
  if (!forward)
    return forward.takeError();
  llvm::Expected<Deviation> backward = compare(before, after);
  if (!backward)
    return backward.takeError();
  return forward->ratio < backward->ratio ? *forward : *backward;
}

static std::string printNumber(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.7g", number);
  return text;
}

static std::string printElement(const Tensor &tensor, int64_t element) {
  return tensor.isFloat() ? printNumber(tensor.floats()[element])
                          : std::to_string(tensor.ints()[element]);
}

/// What is wrong with the results after a pass, or nothing.
static std::string describeDifference(ArrayRef<Tensor> after,
                                      ArrayRef<Tensor> before) {
  if (after.size() != before.size())
    return llvm::formatv("gives {0} results instead of {1}", after.size(),
                         before.size());
  for (auto [index, now, then] : llvm::enumerate(after, before)) {
    llvm::Expected<Deviation> deviation = compareBoth(now, then);
    if (!deviation)
      return llvm::formatv("differs in result {0}: {1}", index,
                           llvm::toString(deviation.takeError()));
    if (deviation->ratio >= 1)
      return llvm::formatv(
          "differs in result {0}: element {1} was {2} and is {3}, where a "
          "difference of {4} is allowed",
          index, deviation->element, printElement(then, deviation->element),
          printElement(now, deviation->element),
          printNumber(deviation->tolerance));
  }
  return "";
}

NumericOutcome NumericComparison::compareEntry(ModuleOp module, Entry &entry) {
  std::vector<func::FuncOp> functions =
      findBuckets(module, entry.name, plan.countTokens());
  if (functions.empty() && !module.lookupSymbol(entry.name))
    return {NumericOutcome::Broken, entry.name, entry.name, "is gone",
            module.getLoc()};
  std::optional<std::vector<Tensor>> last;
  for (func::FuncOp function : functions) {
    if (!isOnTensors(function))
      continue;
    llvm::Expected<std::vector<Tensor>> results =
        execute(module, function, entry.numOperands);
    NumericOutcome outcome{
        results ? NumericOutcome::Different : NumericOutcome::Broken,
        entry.name, function.getName().str(), "", function.getLoc()};
    outcome.problem =
        results ? describeDifference(*results, entry.results)
                : "cannot be executed: " + llvm::toString(results.takeError());
    if (!outcome.problem.empty())
      return outcome;
    last = std::move(*results);
  }
  if (last)
    entry.results = std::move(*last);
  return {};
}

NumericOutcome NumericComparison::compare(ModuleOp module) {
  for (Entry &entry : entries) {
    NumericOutcome outcome = compareEntry(module, entry);
    if (outcome.kind != NumericOutcome::Same)
      return outcome;
  }
  return {};
}

std::string
NumericComparison::describeInputs(func::FuncOp function,
                                  const NumericOutcome &outcome) const {
  auto entry = llvm::find_if(
      entries, [&](const Entry &entry) { return entry.name == outcome.entry; });
  std::string line = llvm::formatv("--weights=seed:{0} --step={1}",
                                   inputs.weightSeed, inputs.step);
  FunctionInputs arguments = chooseArguments(function, entry->numOperands);
  for (const std::string &text : arguments.texts)
    line += " --input=" + text;
  for (int64_t dim : arguments.dims)
    line += " --dims=" + std::to_string(dim);
  return line;
}
