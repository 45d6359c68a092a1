// Computes the addresses of weights and the classes of layers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Target/CPU/LoweringPasses.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "StepContext.h"

namespace tenon {
#define GEN_PASS_DEF_LOWERWEIGHTREFS
#include "tenon/Target/CPU/LoweringPasses.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// A value of another type, as the conversion to LLVM will see it.
static Value castTo(OpBuilder &builder, Location loc, Type type, Value value) {
  return UnrealizedConversionCastOp::create(builder, loc, type, value)
      .getResult(0);
}

namespace {
struct Placed {
  WeightType type;
  int64_t offset;
};

struct LowerWeightRefs : tenon::impl::LowerWeightRefsBase<LowerWeightRefs> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<Operation *> ops;
    bool failedOnce = false;
    getOperation().walk(
        [&](WeightRefOp use) { failedOnce |= failed(lowerUse(use, symbols)); });
    if (failedOnce)
      return signalPassFailure();
    getOperation().walk([&](KindOp op) {
      lookUp(op, op.getSchedule().getKinds(), "kinds", symbols);
    });
    getOperation().walk([&](OrdinalOp op) {
      lookUp(op, op.getSchedule().getOrdinals(), "ordinals", symbols);
    });
    for (auto weight : llvm::make_early_inc_range(
             getOperation().getOps<WeightSymbolOpInterface>()))
      weight->erase();
  }

private:
  static FailureOr<Placed> placeOf(WeightRefOp use, SymbolTable &symbols) {
    auto weight = symbols.lookup<WeightSymbolOpInterface>(use.getWeight());
    std::optional<uint64_t> offset;
    if (weight)
      offset = weight.getOffset();
    if (!offset)
      return use.emitOpError() << "expects @" << use.getWeight()
                               << " to have an offset; run "
                                  "tenon-assign-weight-layouts first";
    return Placed{weight.getWeightType(), static_cast<int64_t>(*offset)};
  }

  static LogicalResult lowerUse(WeightRefOp use, SymbolTable &symbols) {
    FailureOr<Placed> placed = placeOf(use, symbols);
    if (failed(placed))
      return failure();
    OpBuilder builder(use);
    Location loc = use.getLoc();
    Type pointer = LLVM::LLVMPointerType::get(use.getContext());
    Type i64 = builder.getI64Type();
    auto func = use->getParentOfType<func::FuncOp>();
    BlockArgument argument = getOperand(func, Role::Context);
    if (!argument)
      return use.emitOpError() << "expects a function that has a context";
    Value context = castTo(builder, loc, pointer, argument);
    Value base = loadContextField(
        builder, loc, context, offsetof(tenon_step_context, weights), pointer);
    Value byte =
        arith::ConstantIntOp::create(builder, loc, i64, placed->offset);
    if (use.getIndex()) {
      WeightType layer = placed->type.dropStack();
      Value stride = arith::ConstantIntOp::create(builder, loc, i64,
                                                  layer.getPackedBytes());
      Value index =
          arith::IndexCastOp::create(builder, loc, i64, use.getIndex());
      Value skipped = arith::MulIOp::create(builder, loc, index, stride);
      byte = arith::AddIOp::create(builder, loc, byte, skipped);
    }
    Value address =
        LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                            ArrayRef<LLVM::GEPArg>{byte});
    use.replaceAllUsesWith(castTo(builder, loc, use.getType(), address));
    use.erase();
    return success();
  }

  /// Replaces an op on a layer by an entry of a table of constants.
  static void lookUp(Operation *op, ArrayRef<int64_t> entries, StringRef name,
                     SymbolTable &symbols) {
    OpBuilder builder(op);
    Location loc = op->getLoc();
    SmallVector<int32_t> values(entries.begin(), entries.end());
    auto type = MemRefType::get({static_cast<int64_t>(values.size())},
                                builder.getI32Type());
    auto tensor = RankedTensorType::get(type.getShape(), type.getElementType());
    auto initial = DenseElementsAttr::get(tensor, ArrayRef<int32_t>(values));
    auto global = memref::GlobalOp::create(
        builder, loc, name, builder.getStringAttr("private"), type, initial,
        /*constant=*/true, /*alignment=*/IntegerAttr());
    global->remove();
    symbols.insert(global);
    Value table =
        memref::GetGlobalOp::create(builder, loc, type, global.getSymName());
    Value entry =
        memref::LoadOp::create(builder, loc, table, op->getOperand(0));
    Value index =
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), entry);
    op->getResult(0).replaceAllUsesWith(index);
    op->erase();
  }
};
} // namespace
