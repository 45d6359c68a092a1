// Assigns a packed layout and a byte offset to every used weight.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/Statistic.h"
#include "DerivedWeights.h"

#define DEBUG_TYPE "tenon-assign-weight-layouts"

namespace tenon {
#define GEN_PASS_DEF_ASSIGNWEIGHTLAYOUTS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numPlaced, "Weights with a place");
ALWAYS_ENABLED_STATISTIC(numPackedTwice,
                         "Weights packed in two orders of rows");
ALWAYS_ENABLED_STATISTIC(numCast, "Vectors cast to f32");

/// Pages of a file, and pages of a processor's large mappings.
static constexpr int64_t kPage = 4096, kLargePage = 2 << 20;

/// Uses of a weight, by the layout that they need.
struct Need {
  SmallVector<WeightRefOp> plain, paired;
};

/// Whether a product takes the rows of a weight in pairs.
static bool isPairedBy(OpOperand &use) {
  auto root = dyn_cast<KernelRootOpInterface>(use.getOwner());
  return root && root.pairsWeightRows() && root.getMultipliedWeight() == &use;
}

static bool isPaired(WeightRefOp use) {
  return llvm::any_of(use->getUses(), isPairedBy);
}

/// Whether a weight is read as it is: a vector, or columns that are added.
static bool isVector(WeightRefOp use) {
  return use.getType().getRank() == 1 ||
         llvm::any_of(use->getUses(), [](OpOperand &operand) {
           auto op = dyn_cast<GroupedLinearOp>(operand.getOwner());
           return op && op.getBias() == operand.get();
         });
}

/// Gives products that take pairs a use of their own.
static void separateUsers(ModuleOp module) {
  SmallVector<WeightRefOp> uses;
  module.walk([&](WeightRefOp use) { uses.push_back(use); });
  for (WeightRefOp use : uses) {
    if (!isPaired(use) || llvm::all_of(use->getUses(), isPairedBy))
      continue;
    OpBuilder builder(use);
    Operation *own = builder.clone(*use);
    use.getResult().replaceUsesWithIf(own->getResult(0), isPairedBy);
  }
}

/// What is needed of each weight, by name, in the order of the module.
static llvm::MapVector<StringAttr, Need> collectNeeds(ModuleOp module) {
  llvm::MapVector<StringAttr, Need> needs;
  for (auto weight : module.getOps<WeightSymbolOpInterface>())
    needs[SymbolTable::getSymbolName(weight)];
  module.walk([&](WeightRefOp use) {
    Need &need = needs[use.getWeightAttr().getAttr()];
    (isPaired(use) ? need.paired : need.plain).push_back(use);
  });
  return needs;
}

/// Moves uses to another weight, or to the new type of their own.
static void retarget(ArrayRef<WeightRefOp> uses, FlatSymbolRefAttr weight,
                     WeightType type) {
  for (WeightRefOp use : uses) {
    use.setWeightAttr(weight);
    use.getResult().setType(use.getIndex() ? type.dropStack() : type);
  }
}

namespace {
struct AssignWeightLayouts
    : tenon::impl::AssignWeightLayoutsBase<AssignWeightLayouts> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    separateUsers(getOperation());
    for (auto &[name, need] : collectNeeds(getOperation())) {
      auto op = symbols.lookup<WeightSymbolOpInterface>(name);
      if (op.hasFreeLayout() && failed(layOut(symbols, op, need)))
        return signalPassFailure();
    }
    placeUsed();
  }

private:
  LogicalResult layOut(SymbolTable &symbols, WeightSymbolOpInterface op,
                       Need &need) {
    if (need.plain.empty() && need.paired.empty())
      return success();
    if (!need.plain.empty() && isVector(need.plain.front())) {
      castVector(symbols, op, need.plain);
      return success();
    }
    if (!need.plain.empty() && !need.paired.empty()) {
      // Two orders of rows are two weights.
      remark::missed(op.getLoc(), getRemarkOpts(op, DEBUG_TYPE, "ShareLayout"))
          << remark::metric("Weight", SymbolTable::getSymbolName(op).getValue())
          << remark::reason("is needed with rows in pairs and in order");
      ++numPackedTwice;
      OpBuilder builder(&getContext());
      WeightSymbolOpInterface copy = getOrCreateDerived(
          builder, symbols, SymbolTable::getSymbolName(op).getValue() + ".pair",
          Derivation::ConcatRows, {op.getReference()}, op.getWeightType());
      if (failed(pack(copy, need.paired, /*pairs=*/true)))
        return failure();
      return pack(op, need.plain, /*pairs=*/false);
    }
    bool pairs = need.plain.empty();
    return pack(op, pairs ? need.paired : need.plain, pairs);
  }

  LogicalResult pack(WeightSymbolOpInterface op, ArrayRef<WeightRefOp> uses,
                     bool pairs) {
    WeightType type = op.getWeightType();
    FormatAttr format = type.getFormat();
    int64_t depth = getPanelDepth(format.getCodeBits());
    if (!format.fitsPanel(type.getCols(), depth))
      return op->emitOpError()
             << "expects columns that lie together in a panel "
                "to share their scales, but got blocks of "
             << format.getScaleCols() << " columns; cast the weight";
    auto panel = PanelAttr::get(&getContext(), kPanelHeight, depth, pairs);
    auto packed =
        WeightType::get(&getContext(), type.getShape(), format, panel);
    op.setWeightType(packed);
    retarget(uses, op.getReference(), packed);
    return success();
  }

  /// Vectors are few and are read as they are: always `f32`.
  void castVector(SymbolTable &symbols, WeightSymbolOpInterface op,
                  ArrayRef<WeightRefOp> uses) {
    WeightType type = op.getWeightType();
    if (type.getFormat().getCode().isF32())
      return;
    auto f32 = FormatAttr::get(Float32Type::get(&getContext()));
    auto wide = WeightType::get(&getContext(), type.getShape(), f32,
                                /*layout=*/nullptr);
    StringRef name = SymbolTable::getSymbolName(op).getValue();
    OpBuilder builder(&getContext());
    WeightSymbolOpInterface cast =
        getOrCreateDerived(builder, symbols, name + ".f32", Derivation::Cast,
                           {op.getReference()}, wide);
    retarget(uses, cast.getReference(), wide);
    ++numCast;
  }

  /// Used weights follow each other in the order of the module.
  void placeUsed() {
    DenseSet<StringAttr> used;
    getOperation().walk(
        [&](WeightRefOp use) { used.insert(use.getWeightAttr().getAttr()); });
    int64_t next = 0;
    for (auto weight : getOperation().getOps<WeightSymbolOpInterface>()) {
      if (!used.contains(SymbolTable::getSymbolName(weight)))
        continue;
      int64_t bytes = weight.getWeightType().getPackedBytes();
      next = llvm::alignTo(next, bytes >= 4 * kLargePage ? kLargePage : kPage);
      weight.setOffset(next);
      remark::analysis(weight.getLoc(),
                       getRemarkOpts(weight, DEBUG_TYPE, "PlaceWeight"))
          << remark::metric("Weight",
                            SymbolTable::getSymbolName(weight).getValue())
          << remark::metric("Type", weight.getWeightType())
          << remark::metric("Offset", next) << remark::metric("Bytes", bytes);
      ++numPlaced;
      next += bytes;
    }
  }
};
} // namespace
