// Sets the type of activations where they are multiplied.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/RowViews.h"
#include "dialects/Tenon/Tenon.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/Statistic.h"
#include "DerivedWeights.h"

#define DEBUG_TYPE "tenon-round-activations"

namespace tenon {
#define GEN_PASS_DEF_ROUNDACTIVATIONS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numRounded, "Operands that became bf16");
ALWAYS_ENABLED_STATISTIC(numCast, "Uses of weights that became bf16");

/// Whether a router or an indexer reads a value, or what ops on rows make of it.
/// What they decide is not continuous, so scores keep all of their bits.
static bool feedsRouter(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    auto row = dyn_cast<RowOpInterface>(user);
    if (row && row.comparesElements())
      return true;
    return (row || isRowView(user)) &&
           llvm::any_of(user->getResults(), feedsRouter);
  });
}

/// Why the operand of a product keeps its type, if so.
static Refusal refuseRounding(KernelRootOpInterface root) {
  Type type = getElementTypeOrSelf(root.getMultipliedOperand()->get());
  if (!type.isF32())
    return "has activations that are not f32";
  if (llvm::any_of(root->getResults(), feedsRouter))
    return "feeds a choice, which keeps f32";
  return std::nullopt;
}

namespace {
class Rounder {
public:
  Rounder(ModuleOp module)
      : module(module), symbols(module), builder(module.getContext()) {}

  void run();

private:
  void roundRoot(KernelRootOpInterface root);
  Value getRounded(Value value);
  void roundAtRoots();

  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  DenseMap<Value, Value> rounded;
  /// Views that have been repeated after the rounding, sources first.
  SmallVector<Operation *> repeated;
};
} // namespace

/// The same values as `bf16`. Reshapes are repeated after the rounding, which is
/// so next to the op that makes the rows.
Value Rounder::getRounded(Value value) {
  if (Value known = rounded.lookup(value))
    return known;
  auto type =
      cast<RankedTensorType>(value.getType()).clone(builder.getBF16Type());
  Operation *def = value.getDefiningOp();
  Value result;
  if (isRowView(def) && !isa<tensor::ExtractSliceOp>(def)) {
    Value source = getRounded(def->getOperand(0));
    builder.setInsertionPointAfter(def);
    IRMapping mapping;
    mapping.map(def->getOperand(0), source);
    Operation *view = builder.clone(*def, mapping);
    view->getResult(0).setType(type);
    result = view->getResult(0);
    repeated.push_back(def);
  } else {
    builder.setInsertionPointAfterValue(value);
    result = arith::TruncFOp::create(builder, value.getLoc(), type, value);
  }
  rounded[value] = result;
  return result;
}

void Rounder::roundRoot(KernelRootOpInterface root) {
  if (Refusal refusal = refuseRounding(root)) {
    remark::missed(root.getLoc(),
                   getRemarkOpts(root, DEBUG_TYPE, "RoundOperand"))
        << remark::reason("{0}", *refusal);
    return;
  }
  OpOperand &operand = *root.getMultipliedOperand();
  operand.set(getRounded(operand.get()));
  // A weight of more bits is rounded, too: a product of both would not be more
  // exact than its activations.
  if (OpOperand *weight = root.getMultipliedWeight())
    numCast += castWeight(builder, symbols, *weight, builder.getBF16Type());
  root.roundIntermediates(builder.getBF16Type());
  remark::passed(root.getLoc(), getRemarkOpts(root, DEBUG_TYPE, "RoundOperand"))
      << remark::metric("Type", builder.getBF16Type());
  ++numRounded;
}

/// An op that rounds its result anyway rounds it to `bf16` at once, if nobody
/// reads it in another type.
void Rounder::roundAtRoots() {
  SmallVector<Operation *> dead;
  module.walk([&](KernelRootOpInterface root) {
    if (!root.getMultipliedOperand() || root->getNumResults() != 1)
      return;
    OpResult result = root->getResult(0);
    SmallVector<arith::TruncFOp> rounds;
    for (Operation *user : result.getUsers()) {
      auto round = dyn_cast<arith::TruncFOp>(user);
      bool isBF16 = round && getElementTypeOrSelf(round.getType()).isBF16();
      if (!isBF16 && !isa<tensor::DimOp>(user))
        return;
      if (round)
        rounds.push_back(round);
    }
    if (rounds.empty())
      return;
    result.setType(rounds.front().getType());
    for (arith::TruncFOp round : rounds)
      round.getResult().replaceAllUsesWith(result);
    dead.append(rounds.begin(), rounds.end());
  });
  for (Operation *op : dead)
    op->erase();
}

void Rounder::run() {
  SmallVector<KernelRootOpInterface> roots;
  module.walk([&](KernelRootOpInterface root) {
    if (root.getMultipliedOperand())
      roots.push_back(root);
  });
  for (KernelRootOpInterface root : roots)
    roundRoot(root);
  // Unused views would count as users that keep results in f32.
  for (Operation *view : llvm::reverse(repeated))
    if (view->use_empty())
      view->erase();
  roundAtRoots();
}

namespace {
struct RoundActivations : tenon::impl::RoundActivationsBase<RoundActivations> {
  void runOnOperation() override { Rounder(getOperation()).run(); }
};
} // namespace
