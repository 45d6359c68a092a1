// Makes the arguments of a function under test from short texts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/FunctionInputs.h"
#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"

using namespace mlir;
using namespace tenon;

std::optional<std::string> tenon::describeByRole(func::FuncOp function,
                                                 unsigned index,
                                                 const StepPlan &plan) {
  std::optional<Role> role = getRole(function, index);
  if (!role)
    return std::nullopt;
  if (role == Role::Cache)
    return "cache:" + std::to_string(plan.seed + index);
  return stringifyRole(*role).str();
}

/// The texts of a step function's arguments. Empty if an argument has no role.
static std::vector<std::string> describeStep(func::FuncOp function,
                                             const StepPlan &plan) {
  std::vector<std::string> texts;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::optional<std::string> text = describeByRole(function, i, plan);
    if (!text)
      return {};
    texts.push_back(std::move(*text));
  }
  return texts;
}

llvm::Expected<std::vector<Tensor>>
FunctionInputs::make(func::FuncOp function, const StepPlan &plan) const {
  std::vector<std::string> list = texts;
  if (texts.empty() && function.getNumArguments())
    list = describeStep(function, plan);
  if (list.size() != function.getNumArguments())
    return llvm::createStringError(
        "expects " + Twine(function.getNumArguments()) + " inputs for '" +
        function.getName() + "', but got " + Twine(list.size()) +
        "; give one --input for each, or --step for a function whose "
        "arguments have a tenon.role");
  std::vector<Tensor> tensors;
  for (auto [text, type] : llvm::zip_equal(list, function.getArgumentTypes())) {
    llvm::Expected<Tensor> tensor = makeInput(text, type, dims, plan);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

std::vector<func::FuncOp> tenon::findBuckets(ModuleOp module, StringRef entry,
                                             int64_t tokens) {
  if (auto function = module.lookupSymbol<func::FuncOp>(entry))
    return {function};
  std::vector<func::FuncOp> entries;
  for (auto function : module.getOps<func::FuncOp>()) {
    int64_t bucket = tile::getBucketTokens(function);
    StringRef name = function.getName();
    if (bucket && bucket >= tokens && name.consume_front(entry) &&
        name.consume_front(".t") && !name.contains('.'))
      entries.push_back(function);
  }
  return entries;
}
