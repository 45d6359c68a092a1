// Runs pipelines under the eyes of whoever wants to watch their passes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_PIPELINES_RUNPASSES_H
#define TENON_PIPELINES_RUNPASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <functional>

namespace tenon {

/// Adds what it wants to see, such as the IR after each pass, to a pass manager
/// that is about to run. `pipeline` is the name of the pipeline, with the level
/// of its target after a space if it has one.
using PassWatcher = std::function<mlir::LogicalResult(
    mlir::PassManager &manager, llvm::StringRef pipeline)>;

/// Sets the watcher of all pipelines of this process, before any of them runs.
/// Pipelines may run in several threads.
void watchPasses(PassWatcher watcher);

/// Builds a pipeline and runs it on a module.
mlir::LogicalResult
runPasses(mlir::ModuleOp module, llvm::StringRef pipeline,
          llvm::function_ref<void(mlir::OpPassManager &)> build);

} // namespace tenon

#endif // TENON_PIPELINES_RUNPASSES_H
