// Drops results that are buffers of the caller, at any call depth.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/Statistic.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "tile-drop-returned-buffers"

namespace tenon {
#define GEN_PASS_DEF_DROPRETURNEDBUFFERS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numDropped, "Results that are buffers of the caller");
ALWAYS_ENABLED_STATISTIC(numRounds, "Rounds that dropped some");

namespace {
struct DropReturnedBuffers
    : tenon::impl::DropReturnedBuffersBase<DropReturnedBuffers> {
  void runOnOperation() override {
    OpPassManager simplify(ModuleOp::getOperationName());
    simplify.addPass(createCanonicalizerPass());
    simplify.addPass(createCSEPass());
    // A round drops results of functions whose callees lost theirs before, so
    // there are no more rounds than calls are deep, and one that drops nothing.
    for (bool isFirst = true;; isFirst = false) {
      unsigned before = countResults();
      if (failed(bufferization::dropEquivalentBufferResults(getOperation())))
        return signalPassFailure();
      unsigned dropped = before - countResults();
      LDBG() << dropped << " results dropped";
      if (!isFirst && dropped == 0)
        break;
      numDropped += dropped;
      numRounds += dropped != 0;
      if (failed(runPipeline(simplify, getOperation())))
        return signalPassFailure();
    }
    // Equal slices are one now, and a copy between them is one to itself.
    OpPassManager last(ModuleOp::getOperationName());
    last.addPass(createCanonicalizerPass());
    if (failed(runPipeline(last, getOperation())))
      signalPassFailure();
  }

private:
  unsigned countResults() {
    unsigned count = 0;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      count += func.getNumResults();
    return count;
  }
};
} // namespace
