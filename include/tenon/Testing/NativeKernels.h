// Kernels as code of this machine, called on tensors of the interpreter.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TESTING_NATIVEKERNELS_H
#define TENON_TESTING_NATIVEKERNELS_H

#include "tenon/Interpreter/RuntimeValue.h"
#include "tenon/Support/TensorSource.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace tenon {

/// Executes the kernels of a module. A kernel is a function with a bucket that
/// calls nothing; its results are written over its last operands.
///
/// Each call is done by one worker, with every operand, weight and scratch
/// memory ending where a guard page begins, and again by three, with all of
/// them beginning where one ends (see GuardedMemory). Both must give the same
/// bits. An access of a guard page, or a write to a weight, ends the process
/// with one line that names the kernel and the memory. Scratch memory, and
/// results that the caller left unwritten, hold NaN.
class NativeKernels : public CallHandler {
public:
  /// Generates and loads code for the machine that the module states. The
  /// module is on the level of tiles on tensors, with a function for each
  /// kernel; weights are packed from `source`, which may be null if there are
  /// none.
  static llvm::Expected<std::unique_ptr<NativeKernels>>
  create(mlir::ModuleOp outlined, const TensorSource *source);
  ~NativeKernels() override;

  bool handles(mlir::func::FuncOp callee) const override;
  mlir::FailureOr<llvm::SmallVector<RuntimeValue>>
  call(mlir::func::FuncOp callee,
       llvm::ArrayRef<RuntimeValue> operands) override;

  /// The function of the code that a kernel became: those that are the same
  /// once they work on memory are one.
  llvm::StringRef getNativeName(mlir::func::FuncOp callee) const;

private:
  struct Code;
  NativeKernels();

  std::unique_ptr<Code> code;
};

} // namespace tenon

#endif // TENON_TESTING_NATIVEKERNELS_H
