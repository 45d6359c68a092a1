// Makes a function that takes the arguments of each step function as an array.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Roles.h"
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

/// The values that a function is called with: what the context knows of the
/// worker and its memory, and an entry of the table of states for each other
/// argument.
static SmallVector<Value> readArguments(func::FuncOp step, OpBuilder &builder,
                                        Value context, Value worker) {
  EntryBuilder entry(builder, step.getLoc(), context, worker);
  auto memory =
      step->getAttrOfType<tile::MemoryAttr>(tile::TileDialect::kMemoryName);
  SmallVector<Value> values;
  int64_t states = 0;
  for (BlockArgument argument : step.getArguments()) {
    std::optional<Role> role = getRole(step, argument.getArgNumber());
    Type type = argument.getType();
    auto memref = dyn_cast<MemRefType>(type);
    if (role == Role::Context)
      values.push_back(context);
    else if (role == Role::Worker)
      values.push_back(worker);
    else if (role == Role::Workers)
      values.push_back(
          entry.asIndex(entry.size(offsetof(tenon_step_context, num_threads))));
    else if (role == Role::Arena)
      values.push_back(entry.memref(
          memref, entry.address(offsetof(tenon_step_context, arena)),
          entry.constant(memory.getArena())));
    else if (role == Role::Scratch)
      values.push_back(entry.memref(memref, entry.scratchAddress(),
                                    entry.constant(memory.getScratch())));
    else if (memref)
      values.push_back(entry.loadMemref(memref, entry.stateAddress(states++)));
    else if (isa<WeightType>(type))
      values.push_back(
          UnrealizedConversionCastOp::create(builder, step.getLoc(), type,
                                             entry.stateAddress(states++))
              .getResult(0));
    else
      values.push_back(entry.loadIndex(entry.stateAddress(states++)));
  }
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
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      func.removeArgAttrsAttr();
  }
};
} // namespace
