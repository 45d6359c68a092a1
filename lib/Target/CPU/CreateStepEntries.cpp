// Makes a function that the runtime calls for each step function.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "tenon/Target/CPU/LoweringPasses.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "EntryBuilder.h"

namespace tenon {
#define GEN_PASS_DEF_CREATESTEPENTRIES
#include "tenon/Target/CPU/LoweringPasses.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// The values that a step function is called with, read from the context. Its
/// arguments are, after the three of each worker: tokens, positions, slots,
/// rows, blocks, caches, logits, arena, scratch.
static SmallVector<Value> readArguments(func::FuncOp step, OpBuilder &builder,
                                        Value context, Value worker) {
  EntryBuilder entry(builder, step.getLoc(), context, worker);
  using Context = tenon_step_context;
  Value tokens = entry.size(offsetof(Context, num_tokens));
  Value rows = entry.size(offsetof(Context, num_rows));
  Value blocks = entry.size(offsetof(Context, num_blocks));
  Value slots = entry.size(offsetof(Context, num_slots));
  Value positions = entry.size(offsetof(Context, max_context));
  Value workers = entry.size(offsetof(Context, num_threads));

  SmallVector<Value> values = {context, worker, entry.asIndex(workers)};
  auto add = [&](Value base, ArrayRef<Value> dynamic) {
    auto type = cast<MemRefType>(step.getArgument(values.size()).getType());
    values.push_back(entry.memref(type, base, dynamic));
  };
  add(entry.address(offsetof(Context, tokens)), tokens);
  add(entry.address(offsetof(Context, positions)), tokens);
  add(entry.address(offsetof(Context, slots)), tokens);
  add(entry.address(offsetof(Context, rows)), rows);
  add(entry.address(offsetof(Context, blocks)), blocks);
  int64_t states = step.getNumArguments() - values.size() - 3;
  for (int64_t number = 0; number < states; ++number)
    add(entry.stateAddress(number), {slots, positions});
  add(entry.address(offsetof(Context, logits)), rows);
  auto memory =
      step->getAttrOfType<tile::MemoryAttr>(tile::TileDialect::kMemoryName);
  add(entry.address(offsetof(Context, arena)),
      entry.constant(memory.getArena()));
  add(entry.scratchAddress(), entry.constant(memory.getScratch()));
  return values;
}

namespace {
struct CreateStepEntries
    : tenon::impl::CreateStepEntriesBase<CreateStepEntries> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<func::FuncOp> steps;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      if (func.isPublic() && func->hasAttr(tile::TileDialect::kMemoryName))
        steps.push_back(func);
      func.setSymName((func.getName() + suffix).str());
    }
    // All callees at once: a symbol table walks the module for each of them.
    getOperation().walk([&](func::CallOp call) {
      call.setCallee((call.getCallee() + suffix).str());
    });
    SymbolTable symbols(getOperation());
    for (func::FuncOp step : steps)
      createEntry(step, symbols,
                  [&](OpBuilder &builder, Value context, Value worker) {
                    return readArguments(step, builder, context, worker);
                  });
    // Memory is planned, so nothing else tells the kernels of two buckets
    // apart.
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      if (func.isPrivate()) {
        func->removeAttr(tile::TileDialect::kBucketName);
        func->removeAttr(tile::TileDialect::kMemoryName);
      }
  }
};
} // namespace
