// What a value of a program stands for while it is interpreted.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_RUNTIMEVALUE_H
#define TENON_INTERPRETER_RUNTIMEVALUE_H

#include "tenon/Interpreter/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <variant>

namespace tenon {

/// An index, integer or float, whichever the type of its value says.
struct Scalar {
  int64_t integer = 0;
  double number = 0;
};

/// A part of a stack of weights.
struct WeightValue {
  mlir::Operation *symbol = nullptr;
  /// The first of its rows, which are numbered through the whole stack.
  int64_t firstRow = 0;
};

using RuntimeValue = std::variant<Scalar, Tensor, WeightValue>;

/// Executes calls of some functions in the place of the interpreter.
class CallHandler {
public:
  virtual ~CallHandler();
  virtual bool handles(mlir::func::FuncOp callee) const = 0;
  /// What goes wrong is a diagnostic at the function.
  virtual mlir::FailureOr<llvm::SmallVector<RuntimeValue>>
  call(mlir::func::FuncOp callee, llvm::ArrayRef<RuntimeValue> operands) = 0;
};

} // namespace tenon

#endif // TENON_INTERPRETER_RUNTIMEVALUE_H
