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

/// The values that a function is called with: what the context knows of the
/// worker and its memory, and an entry of the table of states for each other
/// argument.
static SmallVector<Value> readArguments(func::FuncOp step, OpBuilder &builder,
                                        Value context, Value worker) {
  EntryBuilder entry(builder, step.getLoc(), context, worker);
  SmallVector<Value> values;
  int64_t states = 0;
  for (BlockArgument argument : step.getArguments()) {
    Type type = argument.getType();
    if (Value own = entry.readWorkerOperand(step, argument)) {
      values.push_back(own);
      continue;
    }
    Value address = entry.stateAddress(states++);
    if (auto memref = dyn_cast<MemRefType>(type))
      values.push_back(entry.loadMemref(memref, address));
    else if (isa<WeightType>(type))
      values.push_back(UnrealizedConversionCastOp::create(
                           builder, step.getLoc(), type, address)
                           .getResult(0));
    else
      values.push_back(entry.loadIndex(address));
  }
  return values;
}

/// Fails for an argument that is not read from memory as it is.
static LogicalResult verifyArguments(func::FuncOp step) {
  for (auto [index, type] : llvm::enumerate(step.getArgumentTypes()))
    if (!isa<MemRefType, WeightType, IndexType, tile::ContextType>(type))
      return step.emitOpError()
             << "expects argument " << index
             << " to be a memref, a weight or an index, but got " << type
             << "; run tenon-bufferize-pipeline before";
  return success();
}

namespace {
struct CreateArrayEntries
    : tenon::impl::CreateArrayEntriesBase<CreateArrayEntries> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<func::FuncOp> steps;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      if (func.isPublic() && func->hasAttr(tile::TileDialect::kMemoryName))
        steps.push_back(func);
    for (func::FuncOp step : steps)
      if (failed(verifyArguments(step)))
        return signalPassFailure();
    addSuffix(getOperation(), suffix);
    SymbolTable symbols(getOperation());
    for (func::FuncOp step : steps)
      createEntry(step, symbols,
                  [&](OpBuilder &builder, Value context, Value worker) {
                    return readArguments(step, builder, context, worker);
                  });
    forgetBuckets(getOperation());
  }
};
} // namespace
