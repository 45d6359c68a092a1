// Makes the arguments of a function under test from short texts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/FunctionInputs.h"
#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"

using namespace mlir;
using namespace tenon;

/// The texts of a step function's arguments, by their roles. Every cache has
/// numbers of its own. Empty if an argument has no role that a step gives.
static std::vector<std::string> describeStep(func::FuncOp function,
                                             const StepPlan &plan) {
  std::vector<std::string> texts;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::optional<Role> role = getRole(function, i);
    if (role == Role::Cache)
      texts.push_back("cache:" + std::to_string(plan.seed + i));
    else if (role)
      texts.push_back(stringifyRole(*role).str());
    else
      return {};
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
