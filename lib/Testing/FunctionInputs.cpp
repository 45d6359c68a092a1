// Makes the arguments of a function under test from short texts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/FunctionInputs.h"

using namespace mlir;
using namespace tenon;

/// The texts of a step function's arguments. Every cache has numbers of its
/// own; what else there is takes results.
static std::vector<std::string> describeStep(func::FuncOp function,
                                             const StepPlan &plan) {
  std::vector<std::string> texts = {"tokens", "positions", "slots", "rows",
                                    "blocks"};
  while (texts.size() < function.getNumArguments()) {
    auto type =
        dyn_cast<RankedTensorType>(function.getArgumentTypes()[texts.size()]);
    bool isCache = type && type.getRank() > 3;
    texts.push_back(isCache
                        ? "cache:" + std::to_string(plan.seed + texts.size())
                        : "logits");
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
        "; give one --input for each, or --step");
  std::vector<Tensor> tensors;
  for (auto [text, type] : llvm::zip_equal(list, function.getArgumentTypes())) {
    llvm::Expected<Tensor> tensor = makeInput(text, type, dims, plan);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}
