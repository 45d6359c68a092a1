// Compares each call of a native kernel with the interpreter.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/KernelComparison.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Interpreter/Tolerance.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace tenon;

/// Operands that the step has, and not what was made of them.
static constexpr llvm::StringLiteral kAsGiven = "as given";

/// Operands whose floats went through a function, without a history: a
/// tolerance then follows from the kernel alone.
static SmallVector<RuntimeValue>
change(ArrayRef<RuntimeValue> operands,
       llvm::function_ref<double(double)> change) {
  SmallVector<RuntimeValue> changed(operands);
  for (RuntimeValue &value : changed) {
    auto *tensor = std::get_if<Tensor>(&value);
    if (!tensor)
      continue;
    tensor->history = History();
    if (change && tensor->isFloat())
      for (double &number : tensor->mutableFloats())
        number = roundTo(tensor->getElementType(), change(number));
  }
  return changed;
}

/// How many activations some result has a product of: an index score is one of
/// three.
static int countFactors(func::FuncOp kernel) {
  int factors = 1;
  kernel.walk([&](Operation *op) {
    if (op->hasTrait<tile::MultipliesInputs>())
      factors = std::max(factors, isa<tile::IndexScoresOp>(op) ? 3 : 2);
  });
  return factors;
}

FailureOr<SmallVector<RuntimeValue>>
KernelComparison::compareCall(func::FuncOp callee, StringRef what,
                              ArrayRef<RuntimeValue> operands) {
  auto expected = interpreter.call(callee, operands);
  if (failed(expected))
    return failure();
  auto results = kernels.call(callee, operands);
  if (failed(results))
    return failure();
  std::string name = kernels.getNativeName(callee).str();
  KernelRow &row = rows[name];
  ++row.calls;
  for (auto [index, result, oracle] : llvm::enumerate(*results, *expected)) {
    llvm::Expected<Deviation> deviation =
        compare(std::get<Tensor>(result), std::get<Tensor>(oracle),
                bounds.toleranceScale);
    std::string place = (what + ", result " + Twine(index) + ": ").str();
    if (!deviation) {
      std::string message = place + llvm::toString(deviation.takeError());
      failures.push_back(name + " " + message);
      if (row.failure.empty())
        row.failure = message;
      continue;
    }
    if (what == kAsGiven && deviation->relative > bounds.relative) {
      failures.push_back(name + " " + place + "relative error " +
                         llvm::formatv("{0:e3}", deviation->relative).str());
      row.failure = failures.back();
    }
    if (deviation->ratio >= 1)
      failures.push_back(name + " " + place + std::to_string(deviation->ratio) +
                         " times the tolerance");
    if (deviation->ratio > row.ratio) {
      row.ratio = deviation->ratio;
      row.worst = what.str();
    }
  }
  return expected;
}

FailureOr<SmallVector<RuntimeValue>>
KernelComparison::call(func::FuncOp callee, ArrayRef<RuntimeValue> operands) {
  if (!std::exchange(seen[callee.getName()], true)) {
    int exponent = 100 / countFactors(callee);
    auto toZero = [](double x) { return std::copysign(0.0, x); };
    auto grow = [&](double x) { return std::ldexp(x, exponent); };
    if (failed(compareCall(callee, "zeros", change(operands, toZero))) ||
        failed(compareCall(callee, "huge", change(operands, grow))))
      return failure();
  }
  return compareCall(callee, kAsGiven, change(operands, nullptr));
}
