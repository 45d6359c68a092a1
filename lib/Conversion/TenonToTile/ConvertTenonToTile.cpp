// Lowers the bodies of kernels to loops over tiles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/Statistic.h"
#include "llvm/ADT/TypeSwitch.h"
#include "KernelLowering.h"

#define DEBUG_TYPE "convert-tenon-to-tile"

namespace tenon {
#define GEN_PASS_DEF_CONVERTTENONTOTILE
#include "tenon/Conversion/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numKernels, "Kernels that became loops over tiles");

static LogicalResult lowerKernel(tile::KernelOp kernel) {
  auto func = kernel->getParentOfType<func::FuncOp>();
  int64_t tokens = tile::getBucketTokens(func);
  if (!tokens)
    return kernel.emitOpError() << "expects a function with a bucket around it";
  if (!isa_and_nonnull<tile::ConfigAttr>(kernel.getConfigAttr()))
    return kernel.emitOpError()
           << "expects a #tile.config, which says how large its tiles are; "
              "machine.target of the module gives none to kernels of a GPU";
  KernelLowering lowering(kernel, tokens);
  for (Operation &op : kernel.getBody().front()) {
    std::optional<LogicalResult> done =
        llvm::TypeSwitch<Operation *, std::optional<LogicalResult>>(&op)
            .Case([&](LinearOp op) { return lowerLinear(lowering, op); })
            .Case(
                [&](HeadLinearOp op) { return lowerHeadLinear(lowering, op); })
            .Case([&](GroupedLinearOp op) {
              return lowerGroupedLinear(lowering, op);
            })
            .Case([&](MoeDispatchOp op) { return lowerGroup(lowering, op); })
            .Case([&](AttentionOp op) { return lowerAttention(lowering, op); })
            .Case([&](MlaAttentionOp op) {
              return lowerMlaAttention(lowering, op);
            })
            .Case([&](SelectedAttentionOp op) {
              return lowerSelectedAttention(lowering, op);
            })
            .Default([](Operation *) { return std::nullopt; });
    if (done)
      return *done;
  }
  return lowerRows(lowering);
}

namespace {
struct ConvertTenonToTile
    : tenon::impl::ConvertTenonToTileBase<ConvertTenonToTile> {
  void runOnOperation() override {
    SmallVector<tile::KernelOp> kernels;
    getOperation().walk([&](tile::KernelOp op) {
      bool hasLoops = llvm::any_of(op.getBody().front(), [](Operation &op) {
        return isa<scf::ForallOp>(op);
      });
      if (!hasLoops)
        kernels.push_back(op);
    });
    for (tile::KernelOp kernel : kernels) {
      if (failed(lowerKernel(kernel)))
        return signalPassFailure();
      ++numKernels;
    }
  }
};
} // namespace
