// Makes a function that takes the arguments of each step function as an array.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "tenon/Target/CPU/LoweringPasses.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "EntryBuilder.h"

namespace tenon {
#define GEN_PASS_DEF_CREATEARRAYENTRIES
#include "tenon/Target/CPU/LoweringPasses.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// The values that a function is called with: the worker's three, an entry of
/// the table of states for each argument, arena and scratch.
static SmallVector<Value> readArguments(func::FuncOp step, OpBuilder &builder,
                                        Value context, Value worker) {
  EntryBuilder entry(builder, step.getLoc(), context, worker);
  Value workers = entry.size(offsetof(tenon_step_context, num_threads));
  SmallVector<Value> values = {context, worker, entry.asIndex(workers)};
  unsigned last = step.getNumArguments() - 2;
  for (unsigned i = values.size(); i < last; ++i) {
    Value address = entry.stateAddress(i - 3);
    Type type = step.getArgument(i).getType();
    if (auto memref = dyn_cast<MemRefType>(type))
      values.push_back(entry.loadMemref(memref, address));
    else if (isa<WeightType>(type))
      values.push_back(UnrealizedConversionCastOp::create(
                           builder, step.getLoc(), type, address)
                           .getResult(0));
    else
      values.push_back(entry.loadIndex(address));
  }
  auto memory =
      step->getAttrOfType<tile::MemoryAttr>(tile::TileDialect::kMemoryName);
  auto typeOf = [&](unsigned i) {
    return cast<MemRefType>(step.getArgument(i).getType());
  };
  values.push_back(entry.memref(
      typeOf(last), entry.address(offsetof(tenon_step_context, arena)),
      entry.constant(memory.getArena())));
  values.push_back(entry.memref(typeOf(last + 1), entry.scratchAddress(),
                                entry.constant(memory.getScratch())));
  return values;
}

namespace {
struct CreateArrayEntries
    : tenon::impl::CreateArrayEntriesBase<CreateArrayEntries> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::FuncOp> steps;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      if (func.isPublic() && func->hasAttr(tile::TileDialect::kMemoryName))
        steps.push_back(func);
    for (func::FuncOp step : steps)
      createEntry(step, symbols,
                  [&](OpBuilder &builder, Value context, Value worker) {
                    return readArguments(step, builder, context, worker);
                  });
  }
};
} // namespace
