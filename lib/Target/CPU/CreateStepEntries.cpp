// Makes a function that the runtime calls for each step function.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Roles.h"
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

namespace {
/// Reads the values that a step function is called with from the context.
class StepArguments {
public:
  StepArguments(func::FuncOp step, OpBuilder &builder, Value context,
                Value worker)
      : step(step), entry(builder, step.getLoc(), context, worker) {}

  SmallVector<Value> read() {
    SmallVector<Value> values;
    for (BlockArgument argument : step.getArguments()) {
      Value own = entry.readWorkerOperand(step, argument);
      values.push_back(own ? own
                           : read(*getRole(step, argument.getArgNumber()),
                                  argument.getType()));
    }
    return values;
  }

private:
  using Context = tenon_step_context;

  /// What all workers share but their memory.
  Value read(Role role, Type type);
  Value readArray(Type type, Value address, ArrayRef<Value> sizes) {
    return entry.memref(cast<MemRefType>(type), address, sizes);
  }
  Value readArray(Type type, size_t address, size_t size) {
    return readArray(type, entry.address(address), entry.size(size));
  }

  func::FuncOp step;
  EntryBuilder entry;
  int64_t states = 0;
};
} // namespace

Value StepArguments::read(Role role, Type type) {
  switch (role) {
  case Role::Tokens:
    return readArray(type, offsetof(Context, tokens),
                     offsetof(Context, num_tokens));
  case Role::Positions:
    return readArray(type, offsetof(Context, positions),
                     offsetof(Context, num_tokens));
  case Role::Slots:
    return readArray(type, offsetof(Context, slots),
                     offsetof(Context, num_tokens));
  case Role::Rows:
    return readArray(type, offsetof(Context, rows),
                     offsetof(Context, num_rows));
  case Role::Blocks:
    return readArray(type, offsetof(Context, blocks),
                     offsetof(Context, num_blocks));
  case Role::Cache:
    return readArray(type, entry.stateAddress(states++),
                     {entry.size(offsetof(Context, num_slots)),
                      entry.size(offsetof(Context, max_context))});
  case Role::Logits:
    return readArray(type, offsetof(Context, logits),
                     offsetof(Context, num_rows));
  case Role::Context:
  case Role::Worker:
  case Role::Workers:
  case Role::Arena:
  case Role::Scratch:
  case Role::Hidden:
  case Role::Layer:
  case Role::Ordinal:
    break;
  }
  llvm_unreachable("a step has no such operand");
}

/// Fails for an argument that the runtime could not give.
static LogicalResult verifyRoles(func::FuncOp step) {
  for (unsigned i = 0; i < step.getNumArguments(); ++i) {
    std::optional<Role> role = getRole(step, i);
    if (!role || *role == Role::Hidden || *role == Role::Layer ||
        *role == Role::Ordinal)
      return step.emitOpError()
             << "expects argument " << i
             << " to have the role of an operand of a step; see tenon.role";
  }
  return success();
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
      if (failed(verifyRoles(step)))
        return signalPassFailure();
    for (func::FuncOp step : steps)
      createEntry(step, symbols,
                  [&](OpBuilder &builder, Value context, Value worker) {
                    return StepArguments(step, builder, context, worker).read();
                  });
    // Memory is planned, so nothing else tells the kernels of two buckets
    // apart.
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      if (func.isPrivate()) {
        func->removeAttr(tile::TileDialect::kBucketName);
        func->removeAttr(tile::TileDialect::kMemoryName);
        func.removeArgAttrsAttr();
        if (tile::isKernel(func))
          func->setAttr(tile::TileDialect::kKernelName,
                        UnitAttr::get(&getContext()));
      }
  }
};
} // namespace
