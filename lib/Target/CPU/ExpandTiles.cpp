// Replaces the ops of the tile dialect on memrefs by vector code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/CPU/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"
#include "Expand.h"

namespace tenon {
#define GEN_PASS_DEF_EXPANDTILES
#include "tenon/Target/CPU/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

static bool isOnMemrefs(Operation *op) {
  return llvm::none_of(op->getOperandTypes(), llvm::IsaPred<TensorType>);
}

/// Ops that become vector code, in their order.
static SmallVector<Operation *> collectTiles(func::FuncOp func) {
  SmallVector<Operation *> tiles;
  func.walk([&](Operation *op) {
    bool isTile =
        isa<tile::AddBiasOp, tile::AddOp, tile::AttendFinishOp,
            tile::AttendInitOp, tile::AttendOp, tile::CombineOp,
            tile::ContractOp, tile::ConvertOp, tile::EmbedOp, tile::FillOp,
            tile::GluOp, tile::GluPairsOp, tile::GroupOp, tile::KeyRangeOp,
            tile::NormOp, tile::RopeOp, tile::RouteOp, memref::CopyOp>(op);
    if (isTile && isOnMemrefs(op))
      tiles.push_back(op);
  });
  return tiles;
}

static LogicalResult expandTile(VectorBuilder &b, Operation *op) {
  if (auto range = dyn_cast<tile::KeyRangeOp>(op)) {
    range->replaceAllUsesWith(expand(b, range));
    return success();
  }
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<tile::AddBiasOp, tile::AddOp, tile::AttendFinishOp,
            tile::AttendInitOp, tile::AttendOp, tile::CombineOp,
            tile::ContractOp, tile::ConvertOp, tile::EmbedOp, tile::FillOp,
            tile::GluOp, tile::GluPairsOp, tile::GroupOp, tile::NormOp,
            tile::RopeOp, tile::RouteOp, memref::CopyOp>(
          [&](auto op) { return expand(b, op); });
}

namespace {
struct ExpandTiles : tenon::impl::ExpandTilesBase<ExpandTiles> {
  void runOnOperation() override {
    SmallVector<Operation *> tiles = collectTiles(getOperation());
    if (tiles.empty())
      return;
    auto cpu =
        dyn_cast_or_null<machine::CpuAttr>(machine::getTarget(getOperation()));
    if (!cpu) {
      getOperation().emitOpError()
          << "expects the module to name a CPU as machine.target, which says "
             "how many lanes a vector has; give it #machine.cpu";
      return signalPassFailure();
    }
    SmallVector<Value> pool;
    for (Operation *op : tiles) {
      OpBuilder builder(op);
      VectorBuilder b(builder, op->getLoc(), cpu, pool);
      if (failed(expandTile(b, op)))
        return signalPassFailure();
      op->erase();
    }
  }
};
} // namespace
