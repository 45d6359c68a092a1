// Makes a function that the runtime calls for each step function.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/QueryBlocks.h"
#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Target/CPU/LoweringPasses.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "EntryBuilder.h"

namespace tenon {
#define GEN_PASS_DEF_CREATESTEPENTRIES
#include "tenon/Target/CPU/LoweringPasses.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// What the runtime writes is the table that steps read.
template <BlockColumn column>
static constexpr size_t kOffset = static_cast<size_t>(column) * sizeof(int32_t);
static_assert(sizeof(tenon_block) == kBlockColumns * sizeof(int32_t));
static_assert(offsetof(tenon_block, first_row) ==
              kOffset<BlockColumn::FirstRow>);
static_assert(offsetof(tenon_block, count) == kOffset<BlockColumn::Count>);
static_assert(offsetof(tenon_block, slot) == kOffset<BlockColumn::Slot>);
static_assert(offsetof(tenon_block, first_position) ==
              kOffset<BlockColumn::FirstPosition>);

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

  /// What all workers have in common, except for their memory.
  Value read(Role role, Type type);
  Value readArray(Type type, Value address, ArrayRef<Value> sizes) {
    return entry.memref(cast<MemRefType>(type), address, sizes);
  }
  Value readArray(Type type, size_t address, size_t size) {
    Value bytes = entry.address(address);
    return readArray(type, bytes, entry.size(size));
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
  case Role::Cache: {
    Value bytes = entry.stateAddress(states++);
    return readArray(type, bytes,
                     {entry.size(offsetof(Context, num_slots)),
                      entry.size(offsetof(Context, max_context))});
  }
  case Role::Types:
    return readArray(type, offsetof(Context, types),
                     offsetof(Context, num_tokens));
  case Role::Logits:
  case Role::Embeddings:
    return readArray(type, offsetof(Context, logits),
                     offsetof(Context, num_rows));
  case Role::Pooled:
    return readArray(type, offsetof(Context, pooled),
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

//===----------------------------------------------------------------------===//
// What the runtime can give
//===----------------------------------------------------------------------===//

/// The dimensions of an operand that the runtime counts. It knows all others
/// from the type.
static SmallVector<int64_t, 2> getCountedDims(Role role) {
  if (role == Role::Cache)
    return {1, 2};
  return {0};
}

/// Fails for an array with other dynamic sizes than those that are counted.
static LogicalResult verifyArray(func::FuncOp step, unsigned index, Role role) {
  auto type = dyn_cast<MemRefType>(step.getArgumentTypes()[index]);
  if (!type || !type.getLayout().isIdentity())
    return step.emitOpError() << "expects argument " << index
                              << " to be a memref without strides, but got "
                              << step.getArgumentTypes()[index]
                              << "; run tenon-bufferize-pipeline before";
  SmallVector<int64_t, 2> counted = getCountedDims(role);
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim) != llvm::is_contained(counted, dim))
      return step.emitOpError()
             << "expects argument " << index << ", " << stringifyRole(role)
             << ", to have dynamic sizes where the runtime counts, in "
             << (counted.size() == 1 ? "dimension 0" : "dimensions 1 and 2")
             << " alone, but got " << type;
  constexpr int64_t numbers = 4;
  if (role == Role::Blocks && type.getDimSize(1) != numbers)
    return step.emitOpError() << "expects blocks to have " << numbers
                              << " numbers each, but got " << type;
  return success();
}

/// Fails for an argument that the runtime could not give.
static LogicalResult verifyArgument(func::FuncOp step, unsigned index) {
  std::optional<Role> role = getRole(step, index);
  if (!role || *role == Role::Hidden || *role == Role::Layer ||
      *role == Role::Ordinal)
    return step.emitOpError()
           << "expects argument " << index
           << " to have the role of an operand of a step; see tenon.role";
  Type type = step.getArgumentTypes()[index];
  if (*role == Role::Worker || *role == Role::Workers)
    return success();
  if (*role != Role::Context)
    return verifyArray(step, index, *role);
  if (!isa<tile::ContextType>(type))
    return step.emitOpError()
           << "expects argument " << index
           << ", context, to be a !tile.context, but got " << type;
  return success();
}

/// Fails unless each bucket has one step, and all steps the same states.
static LogicalResult verifySteps(MutableArrayRef<func::FuncOp> steps) {
  llvm::DenseMap<int64_t, func::FuncOp> byTokens;
  auto getStates = [](func::FuncOp step) {
    SmallVector<Type> types;
    for (BlockArgument cache : getOperands(step, Role::Cache))
      types.push_back(cache.getType());
    return types;
  };
  for (func::FuncOp step : steps) {
    for (unsigned i = 0; i < step.getNumArguments(); ++i)
      if (failed(verifyArgument(step, i)))
        return failure();
    int64_t tokens = tile::getBucketTokens(step);
    if (!tokens)
      return step.emitOpError()
             << "expects " << tile::TileDialect::kBucketName
             << " on a step, by which the runtime chooses it";
    auto [other, isNew] = byTokens.insert({tokens, step});
    if (!isNew)
      return step.emitOpError()
             << "expects one step for " << tokens << " tokens, but got @"
             << other->second.getName() << " as well";
    if (getStates(step) != getStates(steps.front()))
      return step.emitOpError()
             << "expects the caches of @" << steps.front().getName()
             << ", because steps share their states";
  }
  return success();
}

namespace {
struct CreateStepEntries
    : tenon::impl::CreateStepEntriesBase<CreateStepEntries> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<func::FuncOp> steps;
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
      if (func.isPublic() && func->hasAttr(tile::TileDialect::kMemoryName))
        steps.push_back(func);
    if (failed(verifySteps(steps)))
      return signalPassFailure();
    addSuffix(getOperation(), suffix);
    SymbolTable symbols(getOperation());
    for (func::FuncOp step : steps)
      createEntry(step, symbols,
                  [&](OpBuilder &builder, Value context, Value worker) {
                    return StepArguments(step, builder, context, worker).read();
                  });
    forgetBuckets(getOperation());
  }
};
} // namespace
