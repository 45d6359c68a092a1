// Executes a module before and after each pass, and compares the results.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/NumericVerifier.h"
#include "dialects/Tenon/Roles.h"
#include "tenon/Interpreter/Engine.h"
#include "tenon/Interpreter/Tolerance.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace tenon;

NumericVerifier::NumericVerifier(NumericVerifierOptions options)
    : options(std::move(options)), random(this->options.weightSeed) {}

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
  std::optional<Role> role = getRole(function, index);
  if (role == Role::Cache)
    return "cache:" + std::to_string(plan.seed + index);
  if (role)
    return stringifyRole(*role).str();
  // A pass has appended it, to write a result to.
  if (index >= numOperands)
    return "unwritten";
  Type type = function.getArgumentTypes()[index];
  return isa<FloatType>(getElementTypeOrSelf(type))
             ? "seed:" + std::to_string(plan.seed + index)
             : "zeros";
}

FunctionInputs NumericVerifier::chooseInputs(func::FuncOp function,
                                             unsigned numOperands) const {
  FunctionInputs inputs = options.inputs;
  for (unsigned i = inputs.texts.size(); i < function.getNumArguments(); ++i)
    inputs.texts.push_back(describeArgument(function, i, numOperands, plan));
  if (inputs.dims.empty())
    inputs.dims = {plan.countTokens()};
  return inputs;
}

llvm::Expected<std::vector<Tensor>>
NumericVerifier::execute(ModuleOp module, func::FuncOp function,
                         unsigned numOperands) {
  llvm::Expected<std::vector<Tensor>> tensors =
      chooseInputs(function, numOperands).make(function, plan);
  if (!tensors)
    return tensors.takeError();
  InterpretEngine engine(*weights, {});
  return engine.run(module, function.getName(), *tensors);
}

LogicalResult NumericVerifier::executeFirst(ModuleOp module) {
  entries.emplace();
  first = module.clone();
  weights = std::make_unique<DeclaredWeights>(*first, random);
  llvm::Expected<StepPlan> read = StepPlan::parse(options.step);
  if (!read)
    return emitError(module.getLoc()) << llvm::toString(read.takeError());
  plan = std::move(*read);
  for (StringRef name : options.entries)
    if (!module.lookupSymbol<func::FuncOp>(name))
      return emitError(module.getLoc())
             << "expects a function '" << name << "' to verify";
  for (auto function : module.getOps<func::FuncOp>()) {
    bool isWanted =
        options.entries.empty()
            ? function.isPublic()
            : llvm::is_contained(options.entries, function.getName());
    if (!isWanted || function.isExternal() || !isOnTensors(function))
      continue;
    unsigned numOperands = function.getNumArguments();
    llvm::Expected<std::vector<Tensor>> results =
        execute(module, function, numOperands);
    if (!results)
      return emitError(function.getLoc())
             << "function '" << function.getName()
             << "' cannot be executed before any pass: "
             << llvm::toString(results.takeError())
             << "; give its --numerics-input, or name others with "
                "--numerics-entry";
    entries->push_back(
        {function.getName().str(), numOperands, std::move(*results)});
  }
  if (!entries->empty())
    return success();
  return emitError(module.getLoc())
         << "expects a public function on tensors, whose "
            "numbers can be verified; without tensors, "
            "nothing is executed";
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

/// The deviation under the larger of both tolerances: a pass may round more, or
/// less, and its IR says so.
static llvm::Expected<Deviation> compareBoth(const Tensor &after,
                                             const Tensor &before) {
  llvm::Expected<Deviation> first = compare(after, before);
  if (!first)
    return first.takeError();
  llvm::Expected<Deviation> second = compare(before, after);
  if (!second)
    return second.takeError();
  return first->ratio < second->ratio ? *first : *second;
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

NumericVerifier::Outcome NumericVerifier::verify(ModuleOp module, Entry &entry,
                                                 StringRef pass) {
  std::vector<func::FuncOp> functions =
      findBuckets(module, entry.name, plan.countTokens());
  if (functions.empty() && !module.lookupSymbol(entry.name)) {
    emitError(module.getLoc())
        << "pass '" << pass << "' drops function '" << entry.name << "'";
    return Outcome::Broken;
  }
  std::optional<std::vector<Tensor>> last;
  for (func::FuncOp function : functions) {
    if (!isOnTensors(function))
      continue;
    llvm::Expected<std::vector<Tensor>> results =
        execute(module, function, entry.numOperands);
    Outcome outcome = results ? Outcome::Different : Outcome::Broken;
    std::string problem =
        results ? describeDifference(*results, entry.results)
                : "cannot be executed: " + llvm::toString(results.takeError());
    if (!problem.empty()) {
      writeReproducer(pass, entry, function);
      emitError(function.getLoc()) << "after pass '" << pass << "' function '"
                                   << function.getName() << "' " << problem;
      return outcome;
    }
    last = std::move(*results);
  }
  if (last)
    entry.results = std::move(*last);
  return Outcome::Same;
}

//===----------------------------------------------------------------------===//
// Between passes
//===----------------------------------------------------------------------===//

void NumericVerifier::writeReproducer(StringRef pass, const Entry &entry,
                                      func::FuncOp function) {
  if (options.reproducer.empty())
    return;
  std::string command = llvm::formatv(
      "tenon-run {0} --entry={1} --compare=interpret "
      "--weights=seed:{2} --pipeline='builtin.module({3})'",
      options.reproducer, function.getName(), options.weightSeed, pass);
  if (!before->lookupSymbol(function.getName()))
    command += " --before-entry=" + entry.name;
  command += " --step=" + options.step;
  FunctionInputs inputs = chooseInputs(function, entry.numOperands);
  for (const std::string &text : inputs.texts)
    command += " --input=" + text;
  for (int64_t dim : inputs.dims)
    command += " --dims=" + std::to_string(dim);
  llvm::Error error =
      llvm::writeToOutput(options.reproducer, [&](llvm::raw_ostream &os) {
        os << "// " << command << "\n" << **before << "\n";
        return llvm::Error::success();
      });
  if (error)
    emitError(before->getLoc()) << "cannot write '" << options.reproducer
                                << "': " << llvm::toString(std::move(error));
}

void NumericVerifier::runBeforePass(Pass *pass, Operation *op) {
  ModuleOp module = getTopModule(op);
  if (!module || outcome != Outcome::Same)
    return;
  if (!entries && failed(executeFirst(module))) {
    outcome = Outcome::NotExecutable;
    return;
  }
  before = module.clone();
}

void NumericVerifier::runAfterPass(Pass *pass, Operation *op) {
  ModuleOp module = getTopModule(op);
  if (!module || outcome != Outcome::Same)
    return;
  std::string name = describePass(pass);
  for (Entry &entry : *entries) {
    outcome = verify(module, entry, name);
    if (outcome == Outcome::Same)
      continue;
    blamed = name;
    return;
  }
}
