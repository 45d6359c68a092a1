// Joins projections of one input: gates with their partners, and all others.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/ShapeVerification.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "DerivedWeights.h"

namespace tenon {
#define GEN_PASS_DEF_FUSEGATEUP
#define GEN_PASS_DEF_MERGEPROJECTIONS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// The use of a weight behind a plain linear, or null.
static WeightRefOp getPlainUse(LinearOp op) {
  if (!op || op.getBias() || op.getGlu())
    return nullptr;
  return op.getWeight().getDefiningOp<WeightRefOp>();
}

/// Whether only ops that can read slices read the result: what is returned or
/// passed on would have to be copied out of the merged result.
static bool isReadHere(LinearOp op) {
  return llvm::all_of(op->getUsers(), [&](Operation *user) {
    return user->getBlock() == op->getBlock() &&
           isa<TenonDialect, arith::ArithDialect>(user->getDialect());
  });
}

namespace {
/// glu(linear(x, g), linear(x, u)) -> linear(x, concat(g, u)) glu
struct PairGate : OpRewritePattern<GluOp> {
  PairGate(MLIRContext *context, SymbolTable &symbols)
      : Base(context), symbols(symbols) {}

  LogicalResult matchAndRewrite(GluOp op,
                                PatternRewriter &rewriter) const override {
    auto gate = op.getGate().getDefiningOp<LinearOp>();
    auto up = op.getUp().getDefiningOp<LinearOp>();
    WeightRefOp gateUse = getPlainUse(gate), upUse = getPlainUse(up);
    if (!gateUse || !upUse)
      return rewriter.notifyMatchFailure(op, "is not fed by two plain linears");
    if (!op.getType().getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "has linears that round");
    if (gate.getInput() != up.getInput())
      return rewriter.notifyMatchFailure(op, "has linears of different inputs");
    if (!gate->hasOneUse() || !up->hasOneUse())
      return rewriter.notifyMatchFailure(op, "has a linear with further users");
    StringRef reason = whyNotConcat({gateUse, upUse});
    if (!reason.empty())
      return rewriter.notifyMatchFailure(op, reason);

    WeightRefOp both = concatRows(rewriter, symbols, {gateUse, upUse}, op);
    rewriter.replaceOpWithNewOp<LinearOp>(op, op.getType(), gate.getInput(),
                                          both, /*bias=*/Value(),
                                          op.getActivation());
    rewriter.eraseOp(gate);
    rewriter.eraseOp(up);
    return success();
  }

private:
  SymbolTable &symbols;
};

struct FuseGateUp : tenon::impl::FuseGateUpBase<FuseGateUp> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    RewritePatternSet patterns(&getContext());
    patterns.add<PairGate>(&getContext(), symbols);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace

/// The plain linears of one input in the block of `first`, from it on, that
/// can be joined with it.
static SmallVector<LinearOp> findPartners(LinearOp first) {
  SmallVector<LinearOp> users;
  for (Operation *user : first.getInput().getUsers()) {
    auto linear = dyn_cast<LinearOp>(user);
    if (linear && linear->getBlock() == first->getBlock() &&
        getPlainUse(linear) && isReadHere(linear))
      users.push_back(linear);
  }
  llvm::sort(users,
             [](LinearOp a, LinearOp b) { return a->isBeforeInBlock(b); });
  RankedTensorType type = first.getType();
  SmallVector<LinearOp> partners = {first};
  SmallVector<WeightRefOp> uses = {getPlainUse(first)};
  for (LinearOp linear : users) {
    if (linear == first || linear->isBeforeInBlock(first) ||
        linear.getType().getElementType() != type.getElementType() ||
        linear.getType().getDimSize(0) != type.getDimSize(0))
      continue;
    uses.push_back(getPlainUse(linear));
    if (whyNotConcat(uses).empty())
      partners.push_back(linear);
    else
      uses.pop_back();
  }
  return partners;
}

/// The columns of `merged` from `first` on that have the type of a result.
static Value sliceColumns(OpBuilder &builder, Location loc, Value merged,
                          int64_t first, RankedTensorType type) {
  int64_t length = getRowLength(type);
  OpFoldResult tokens = tensor::getMixedSize(builder, loc, merged, 0);
  auto flat = RankedTensorType::get({type.getDimSize(0), length},
                                    type.getElementType());
  Value slice = tensor::ExtractSliceOp::create(
      builder, loc, flat, merged,
      ArrayRef<OpFoldResult>{builder.getIndexAttr(0),
                             builder.getIndexAttr(first)},
      ArrayRef<OpFoldResult>{tokens, builder.getIndexAttr(length)},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(1), builder.getIndexAttr(1)});
  if (type.getRank() == 2)
    return slice;
  SmallVector<OpFoldResult> shape = {tokens};
  for (int64_t size : type.getShape().drop_front())
    shape.push_back(builder.getIndexAttr(size));
  return tensor::ExpandShapeOp::create(
      builder, loc, type, slice, ArrayRef<ReassociationIndices>{{0}, {1, 2}},
      shape);
}

static void mergeLinears(MutableArrayRef<LinearOp> linears,
                         SymbolTable &symbols) {
  LinearOp first = linears.front();
  SmallVector<WeightRefOp> uses;
  int64_t rows = 0;
  for (LinearOp linear : linears) {
    uses.push_back(getPlainUse(linear));
    rows += uses.back().getType().getRows();
  }
  OpBuilder builder(first);
  WeightRefOp use = concatRows(builder, symbols, uses, first);
  RankedTensorType type = first.getType();
  auto mergedType =
      RankedTensorType::get({type.getDimSize(0), rows}, type.getElementType());
  Value merged = LinearOp::create(builder, first.getLoc(), mergedType,
                                  first.getInput(), use, /*bias=*/Value(),
                                  /*glu=*/std::nullopt);
  int64_t offset = 0;
  for (auto [linear, part] : llvm::zip(linears, uses)) {
    Value slice = sliceColumns(builder, linear->getLoc(), merged, offset,
                               linear.getType());
    linear->getResult(0).replaceAllUsesWith(slice);
    offset += part.getType().getRows();
  }
  for (LinearOp linear : linears)
    linear->erase();
}

namespace {
struct MergeProjections : tenon::impl::MergeProjectionsBase<MergeProjections> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<LinearOp> candidates;
    getOperation().walk([&](LinearOp op) { candidates.push_back(op); });
    llvm::SmallPtrSet<Operation *, 16> merged;
    for (LinearOp op : candidates) {
      if (merged.contains(op) || !getPlainUse(op) || !isReadHere(op))
        continue;
      SmallVector<LinearOp> partners = findPartners(op);
      if (partners.size() < 2)
        continue;
      merged.insert_range(partners);
      mergeLinears(partners, symbols);
    }
  }
};
} // namespace
