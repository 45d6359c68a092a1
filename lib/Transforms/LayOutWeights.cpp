// Gives every used weight a layout and a place among the packed weights.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DerivedWeights.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

namespace tenon {
#define GEN_PASS_DEF_LAYOUTWEIGHTS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// Pages of a file, and pages of a processor's large mappings.
static constexpr int64_t kPage = 4096, kLargePage = 2 << 20;

/// What the users of a weight need of it.
struct Need {
  SmallVector<UseOp> uses;
  bool multiplied = false;
  bool paired = false;
  bool asVector = false;
};

static bool isPairedBy(Operation *user, Value weight) {
  if (auto linear = dyn_cast<LinearOp>(user))
    return linear.getGlu().has_value() && linear.getWeight() == weight;
  if (auto grouped = dyn_cast<GroupedLinearOp>(user))
    return grouped.getGlu().has_value();
  return false;
}

/// What is needed of each weight, by name, in the order of the module.
static llvm::MapVector<StringAttr, Need> collectNeeds(ModuleOp module) {
  llvm::MapVector<StringAttr, Need> needs;
  for (Operation &op : module.getOps())
    if (isa<WeightOp, DeriveOp, RopeTableOp>(op))
      needs[SymbolTable::getSymbolName(&op)];
  module.walk([&](UseOp use) {
    Need &need = needs[use.getWeightAttr().getAttr()];
    need.uses.push_back(use);
    need.asVector |= use.getType().getRank() == 1;
    for (Operation *user : use->getUsers()) {
      need.multiplied = true;
      need.paired |= isPairedBy(user, use);
    }
  });
  return needs;
}

static void setType(Operation *op, WeightType type) {
  auto attr = TypeAttr::get(type);
  if (auto weight = dyn_cast<WeightOp>(op))
    weight.setTypeAttr(attr);
  else
    cast<DeriveOp>(op).setTypeAttr(attr);
}

/// Moves all uses of a weight to another one, or to its new type.
static void retarget(Need &need, StringAttr name, WeightType type) {
  for (UseOp use : need.uses) {
    use.setWeightAttr(FlatSymbolRefAttr::get(name));
    use.getResult().setType(use.getIndex() ? type.dropStack() : type);
  }
}

namespace {
struct LayOutWeights : tenon::impl::LayOutWeightsBase<LayOutWeights> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    llvm::MapVector<StringAttr, Need> needs = collectNeeds(getOperation());
    for (auto &[name, need] : needs)
      if (!need.uses.empty() && failed(layOut(symbols, name, need)))
        return signalPassFailure();
    placeUsed();
  }

private:
  LogicalResult layOut(SymbolTable &symbols, StringAttr name, Need &need) {
    Operation *op = symbols.lookup(name);
    if (isa<RopeTableOp>(op))
      return success();
    WeightType type = getWeightType(op);
    if (need.asVector) {
      castVector(symbols, op, need);
      return success();
    }
    FormatAttr format = type.getFormat();
    int64_t depth = 4 / format.getCodeBytes();
    if (format.hasScale() && format.getScaleCols() % depth != 0 &&
        format.getScaleCols() < type.getCols())
      return op->emitOpError()
             << "expects blocks of scales to have a multiple of " << depth
             << " columns, but got " << format.getScaleCols()
             << "; cast the weight";
    auto panel = PanelAttr::get(&getContext(), 16, depth, need.paired);
    auto packed =
        WeightType::get(&getContext(), type.getShape(), format, panel);
    setType(op, packed);
    retarget(need, name, packed);
    return success();
  }

  /// Vectors are few and are read as they are: always `f32`.
  void castVector(SymbolTable &symbols, Operation *op, Need &need) {
    WeightType type = getWeightType(op);
    if (type.getFormat().getCode().isF32())
      return;
    auto f32 = FormatAttr::get(Float32Type::get(&getContext()));
    auto wide = WeightType::get(&getContext(), type.getShape(), f32,
                                /*layout=*/nullptr);
    StringRef name = SymbolTable::getSymbolName(op).getValue();
    DeriveOp cast = getOrCreateDerived(symbols, name + ".f32", Derivation::Cast,
                                       {FlatSymbolRefAttr::get(op)}, wide);
    retarget(need, cast.getSymNameAttr(), wide);
  }

  /// Used weights follow each other in the order of the module.
  void placeUsed() {
    DenseSet<StringAttr> used;
    getOperation().walk(
        [&](UseOp use) { used.insert(use.getWeightAttr().getAttr()); });
    int64_t next = 0;
    for (Operation &op : getOperation().getOps()) {
      if (!isa<WeightOp, DeriveOp, RopeTableOp>(op) ||
          !used.contains(SymbolTable::getSymbolName(&op)))
        continue;
      int64_t bytes = getWeightType(&op).getPackedBytes();
      next = llvm::alignTo(next, bytes >= 4 * kLargePage ? kLargePage : kPage);
      op.setAttr("offset", OpBuilder(&op).getI64IntegerAttr(next));
      next += bytes;
    }
  }
};
} // namespace
