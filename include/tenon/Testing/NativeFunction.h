// A whole function as code of this machine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TESTING_NATIVEFUNCTION_H
#define TENON_TESTING_NATIVEFUNCTION_H

#include "tenon/Interpreter/Tensor.h"
#include "tenon/Support/TensorSource.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace tenon {

/// How a function is run.
struct NativeRun {
  int64_t workers = 1;
  /// How often it is measured; 0 runs it once.
  int64_t times = 0;
};

/// What a function gives, and how fast.
struct NativeResults {
  std::vector<Tensor> results;
  /// Seconds of the run in the middle, if it was measured.
  double seconds = 0;
  /// Of all arguments, results and packed weights.
  uint64_t bytes = 0;
};

/// Compiles a function for the machine that the module states, or else for this
/// one, as `tenon compile --entry` does, in one bucket that has room for the
/// arguments; runs it on them. Weights are packed from `source`, which may be
/// null if there are none. The module is not changed.
llvm::Expected<NativeResults>
runNativeFunction(mlir::ModuleOp module, const std::string &entry,
                  llvm::ArrayRef<Tensor> arguments, const TensorSource *source,
                  const NativeRun &run);

} // namespace tenon

#endif // TENON_TESTING_NATIVEFUNCTION_H
