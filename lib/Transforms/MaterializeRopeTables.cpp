// Materializes cos/sin tables for rotary embeddings.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/Statistic.h"

#define DEBUG_TYPE "tenon-materialize-rope-tables"

namespace tenon {
#define GEN_PASS_DEF_MATERIALIZEROPETABLES
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numTables, "Tables of cosines and sines");

namespace {
struct MaterializeRopeTables
    : tenon::impl::MaterializeRopeTablesBase<MaterializeRopeTables> {
  using Base::Base;

  LogicalResult initialize(MLIRContext *context) override {
    if (positions < 1)
      return emitError(UnknownLoc::get(context))
             << getArgument() << " expects positions to be at least 1, but got "
             << positions.getValue();
    return success();
  }

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    DenseMap<RopeAttr, RopeTableOp> tables;
    for (RopeTableOp table : getOperation().getOps<RopeTableOp>())
      if (table.getPositions() >= positions)
        tables[table.getRope()] = table;
    SmallVector<RopeOp> ropes;
    getOperation().walk([&](RopeOp op) {
      if (!op.getTable())
        ropes.push_back(op);
    });
    for (RopeOp op : ropes) {
      RopeTableOp &table = tables[op.getRope()];
      if (!table)
        table = createTable(symbols, op.getRope(), op.getLoc());
      OpBuilder builder(op);
      auto use =
          WeightRefOp::create(builder, op.getLoc(), table.getWeightType(),
                              FlatSymbolRefAttr::get(table.getSymNameAttr()),
                              /*index=*/Value());
      op.getTableMutable().assign(use.getResult());
    }
  }

private:
  RopeTableOp createTable(SymbolTable &symbols, RopeAttr rope, Location loc) {
    OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
    auto f32 = FormatAttr::get(builder.getF32Type());
    auto type = WeightType::get(&getContext(),
                                RopeTableOp::getShapeFor(rope, positions), f32,
                                /*layout=*/nullptr);
    auto table =
        RopeTableOp::create(builder, loc, "rope", rope, positions, type,
                            /*offset=*/IntegerAttr());
    symbols.insert(table);
    remark::passed(
        loc, getRemarkOpts(getOperation(), DEBUG_TYPE, "MaterializeRopeTable"))
        << remark::metric("Table", table.getSymName())
        << remark::metric("Positions", positions.getValue())
        << remark::metric("Bytes", type.getPackedBytes());
    ++numTables;
    return table;
  }
};
} // namespace
