// Executes a function on given tensors: interpreter or generated code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_INTERPRETER_ENGINE_H
#define TENON_INTERPRETER_ENGINE_H

#include "tenon/Interpreter/Interpreter.h"
#include "llvm/Support/Error.h"

namespace tenon {

class Engine {
public:
  virtual ~Engine();

  /// Runs a function of a module. An error names the place in the module.
  virtual llvm::Expected<std::vector<Tensor>>
  run(mlir::ModuleOp module, llvm::StringRef entry,
      llvm::ArrayRef<Tensor> inputs) = 0;
};

/// The interpreter, with the first of its diagnostics as the error.
class InterpretEngine : public Engine {
public:
  InterpretEngine(WeightProvider &weights, InterpreterOptions options)
      : weights(weights), options(options) {}

  llvm::Expected<std::vector<Tensor>>
  run(mlir::ModuleOp module, llvm::StringRef entry,
      llvm::ArrayRef<Tensor> inputs) override;

private:
  WeightProvider &weights;
  InterpreterOptions options;
};

} // namespace tenon

#endif // TENON_INTERPRETER_ENGINE_H
