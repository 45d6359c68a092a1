// Decomposes experts into dispatch, grouped GEMMs and combine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/ShapeVerification.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/Statistic.h"
#include "DerivedWeights.h"

#define DEBUG_TYPE "tenon-decompose-experts"

namespace tenon {
#define GEN_PASS_DEF_DECOMPOSEEXPERTS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numDecomposed, "Experts that became grouped products");

/// A value and the op that adds the experts to it.
struct Residual {
  Value init;
  arith::AddFOp add;
};

/// What the experts are added to, if that is all that happens to them.
static Residual findResidual(ExpertsOp op) {
  if (!op->hasOneUse())
    return {};
  auto add = dyn_cast<arith::AddFOp>(*op->user_begin());
  if (!add || add->getBlock() != op->getBlock())
    return {};
  Value other = add.getLhs() == op ? add.getRhs() : add.getLhs();
  return {other, add};
}

/// The uses of the weights of gates and of projections up, without which they
/// cannot be joined; null if one has no name.
static SmallVector<WeightRefOp> findUses(ArrayRef<Value> weights) {
  SmallVector<WeightRefOp> uses;
  for (Value weight : weights) {
    if (!weight)
      continue;
    uses.push_back(weight.getDefiningOp<WeightRefOp>());
    if (!uses.back())
      return {};
  }
  return uses;
}

namespace {
struct DecomposeExpert : OpRewritePattern<ExpertsOp> {
  DecomposeExpert(MLIRContext *context, SymbolTable &symbols)
      : Base(context), symbols(symbols) {}

  LogicalResult matchAndRewrite(ExpertsOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<WeightRefOp> uses = findUses({op.getGate(), op.getUp()});
    SmallVector<WeightRefOp> biases =
        findUses({op.getGateBias(), op.getUpBias()});
    if (uses.empty() || biases.empty() != !op.getGateBias())
      return rewriter.notifyMatchFailure(op, "has a weight without a name");
    if (!op.getType().getElementType().isF32())
      return rewriter.notifyMatchFailure(op,
                                         "keeps more than its type between");

    Residual residual = findResidual(op);
    Operation *last = residual.add ? residual.add.getOperation() : op;
    rewriter.setInsertionPoint(last);
    Joined both;
    Refusal refusal = refuseConcat(uses);
    if (!refusal && !biases.empty())
      refusal = refuseConcat(biases);
    if (refusal) {
      remark::missed(op.getLoc(), getRemarkOpts(op, DEBUG_TYPE, "ConcatGateUp"))
          << remark::reason("{0}", *refusal);
    } else {
      both.weight = concatRows(rewriter, symbols, uses, last);
      if (!biases.empty())
        both.bias = concatRows(rewriter, symbols, biases, last);
    }
    remark::passed(op.getLoc(),
                   getRemarkOpts(op, DEBUG_TYPE, "DecomposeExpert"))
        << remark::metric("Experts", uses[0].getType().getShape().front())
        << remark::metric("Products", both.weight ? 2 : 3)
        << remark::metric("AddsToResidual", bool(residual.add));
    ++numDecomposed;
    Value init = residual.init;
    if (!init)
      init = createFilled(rewriter, op.getLoc(), 0, op.getInput());
    rewriter.replaceOp(last, open(rewriter, op, both, init));
    if (residual.add)
      rewriter.eraseOp(op);
    return success();
  }

private:
  /// Gates and projections up as one weight, and their biases; null if they
  /// cannot be joined.
  struct Joined {
    Value weight, bias;
  };

  /// A tensor that is filled with a number, in the type and size of another one.
  static Value createFilled(PatternRewriter &rewriter, Location loc,
                            double number, Value like) {
    auto type = cast<RankedTensorType>(like.getType());
    Value value = arith::ConstantOp::create(
        rewriter, loc, rewriter.getFloatAttr(type.getElementType(), number));
    SmallVector<Value> sizes;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(i))
        sizes.push_back(tensor::DimOp::create(rewriter, loc, like, i));
    return tensor::SplatOp::create(rewriter, loc, value, type, sizes);
  }

  /// group, two grouped products, combine.
  static Value open(PatternRewriter &rewriter, ExpertsOp op, Joined both,
                    Value init) {
    Location loc = op.getLoc();
    Value input = op.getInput();
    if (op.getScaleInput())
      input = ScaleRowsOp::create(rewriter, loc, input, op.getWeights());
    ArrayRef<int64_t> gate = op.getGate().getType().getShape();
    RankedTensorType choice = op.getChoice().getType();
    int64_t dynamic = ShapedType::kDynamic, top = choice.getDimSize(1);
    auto order = RankedTensorType::get({dynamic}, choice.getElementType());
    auto offsets =
        RankedTensorType::get({gate[0] + 1}, choice.getElementType());
    MoeDispatchOp group = MoeDispatchOp::create(rewriter, loc, order, choice,
                                                offsets, op.getChoice());
    Type element = op.getType().getElementType();
    auto hiddenType = RankedTensorType::get({dynamic, gate[1]}, element);
    auto project = [&](Value weight, Value bias,
                       std::optional<GatedActivation> glu) -> Value {
      return GroupedLinearOp::create(rewriter, loc, hiddenType, input,
                                     group.getOrder(), group.getOffsets(),
                                     weight, bias, top, glu);
    };
    Value hidden;
    if (both.weight) {
      hidden = project(both.weight, both.bias, op.getActivation());
    } else {
      Value gated = project(op.getGate(), op.getGateBias(), std::nullopt);
      Value up = project(op.getUp(), op.getUpBias(), std::nullopt);
      hidden = GluOp::create(rewriter, loc, op.getActivation(), gated, up);
    }
    Value rows = GroupedLinearOp::create(
        rewriter, loc, RankedTensorType::get({dynamic, gate[2]}, element),
        hidden, /*order=*/Value(), group.getOffsets(), op.getDown(),
        op.getDownBias(), /*choices=*/0, /*glu=*/std::nullopt);
    Value weights = op.getWeights();
    if (op.getScaleInput())
      weights = createFilled(rewriter, loc, 1, weights);
    return MoeCombineOp::create(rewriter, loc, init.getType(), rows,
                                group.getPlace(), weights, init);
  }

  SymbolTable &symbols;
};

struct DecomposeExperts : tenon::impl::DecomposeExpertsBase<DecomposeExperts> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeExpert>(&getContext(), symbols);
    // The addition that goes with the experts may be the next op of a walk.
    SmallVector<Operation *> experts;
    getOperation().walk([&](ExpertsOp op) { experts.push_back(op); });
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingOps);
    MatchFailureRemarks remarks(DEBUG_TYPE, "DecomposeExpert");
    config.setListener(&remarks);
    (void)applyOpPatternsGreedily(experts, std::move(patterns), config);
  }
};
} // namespace
