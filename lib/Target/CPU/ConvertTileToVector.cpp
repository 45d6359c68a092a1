// Lowers the ops of the tile dialect on memrefs to vector code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/CPU/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/Statistic.h"
#include "VectorLowerings.h"

#define DEBUG_TYPE "convert-tile-to-vector"

namespace tenon {
#define GEN_PASS_DEF_CONVERTTILETOVECTOR
#include "tenon/Target/CPU/Passes.h.inc"
} // namespace tenon

#include "lib/Target/CPU/VectorLowering.cpp.inc"

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numOps, "Ops that became vector code");

/// Ops that become vector code, in their order.
static SmallVector<VectorLoweringOpInterface> collectTiles(func::FuncOp func) {
  SmallVector<VectorLoweringOpInterface> tiles;
  func.walk([&](VectorLoweringOpInterface op) {
    if (llvm::none_of(op->getOperandTypes(), llvm::IsaPred<TensorType>))
      tiles.push_back(op);
  });
  return tiles;
}

namespace {
struct ConvertTileToVector
    : tenon::impl::ConvertTileToVectorBase<ConvertTileToVector> {
  void getDependentDialects(DialectRegistry &registry) const override {
    Base::getDependentDialects(registry);
    registry.addExtension(+[](MLIRContext *context, tile::TileDialect *,
                              memref::MemRefDialect *) {
      for (auto attach :
           {attachAttendLowerings, attachContractLowerings,
            attachElementLowerings, attachExpertLowerings, attachRowLowerings,
            attachKeyRangeLowerings, attachIndexerLowerings})
        attach(*context);
    });
  }

  void runOnOperation() override {
    SmallVector<VectorLoweringOpInterface> tiles = collectTiles(getOperation());
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
    for (VectorLoweringOpInterface op : tiles) {
      OpBuilder builder(op);
      VectorBuilder b(builder, op->getLoc(), cpu, pool);
      if (failed(op.lowerToVectors(b)))
        return signalPassFailure();
      op->erase();
      ++numOps;
    }
  }
};
} // namespace
