// Runs pipelines under the eyes of whoever wants to watch their passes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Pipelines/RunPasses.h"

using namespace mlir;
using namespace tenon;

static PassWatcher &getWatcher() {
  static PassWatcher watcher;
  return watcher;
}

void tenon::watchPasses(PassWatcher watcher) {
  getWatcher() = std::move(watcher);
}

LogicalResult
tenon::runPasses(ModuleOp module, StringRef pipeline,
                 llvm::function_ref<void(OpPassManager &)> build) {
  PassManager manager(module.getContext());
  build(manager);
  if (const PassWatcher &watcher = getWatcher())
    if (failed(watcher(manager, pipeline)))
      return failure();
  return manager.run(module);
}
