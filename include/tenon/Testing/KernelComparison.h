// Compares each call of a native kernel with the interpreter.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TESTING_KERNELCOMPARISON_H
#define TENON_TESTING_KERNELCOMPARISON_H

#include "tenon/Interpreter/Interpreter.h"
#include "tenon/Testing/NativeKernels.h"
#include <limits>
#include <map>

namespace tenon {

/// All calls of one kernel.
struct KernelRow {
  int64_t calls = 0;
  /// Largest error in units of the tolerance.
  double ratio = 0;
  /// Which operands gave it.
  std::string worst;
  /// The first that was no matter of tolerance.
  std::string failure;
};

/// What a kernel's results may differ by from the interpreter's.
struct Bounds {
  /// Factor of the tolerance that follows from types and sums.
  double toleranceScale = 1;
  /// Largest relative error (see Deviation) of any element, too, when a kernel
  /// has the operands of the step.
  double relative = std::numeric_limits<double>::infinity();
};

/// Gives the interpreter its own results, so that errors of one kernel do not
/// reach the next one, and keeps what the native kernel said to the same
/// operands. The tolerance is that of the one kernel. Each kernel also sees,
/// once in a step, its first operands with
///
///   zeros   every float 0 with the sign that it had
///   huge    every float times 2^100; times 2^50 if the kernel multiplies
///           activations with each other, for which f32 has no room otherwise
class KernelComparison : public CallHandler {
public:
  KernelComparison(mlir::ModuleOp module, WeightProvider &weights,
                   InterpreterOptions options, NativeKernels &kernels,
                   Bounds bounds)
      : interpreter(module, weights, options), kernels(kernels),
        bounds(bounds) {}

  /// Kernels see their special operands again.
  void beginStep() { seen.clear(); }

  bool handles(mlir::func::FuncOp callee) const override {
    return kernels.handles(callee);
  }
  mlir::FailureOr<llvm::SmallVector<RuntimeValue>>
  call(mlir::func::FuncOp callee,
       llvm::ArrayRef<RuntimeValue> operands) override;

  /// By the name of the kernel in the code.
  const std::map<std::string, KernelRow> &getRows() const { return rows; }

  /// What was wrong since `clearFailures`: `<kernel> as given, result 0: ...`.
  const std::vector<std::string> &getFailures() const { return failures; }
  void clearFailures() { failures.clear(); }

private:
  mlir::FailureOr<llvm::SmallVector<RuntimeValue>>
  compareCall(mlir::func::FuncOp callee, llvm::StringRef what,
              llvm::ArrayRef<RuntimeValue> operands);

  Interpreter interpreter;
  NativeKernels &kernels;
  Bounds bounds;
  llvm::StringMap<bool> seen;
  std::map<std::string, KernelRow> rows;
  std::vector<std::string> failures;
};

} // namespace tenon

#endif // TENON_TESTING_KERNELCOMPARISON_H
