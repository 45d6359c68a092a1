// Fuses projections of one input: gate and up, and all others.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/ShapeVerification.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/ADT/Statistic.h"
#include "DerivedWeights.h"

namespace tenon {
#define GEN_PASS_DEF_FUSEGATEUP
#define GEN_PASS_DEF_MERGEPROJECTIONS
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

/// The weight of a linear without a bias and a gate, or null.
static WeightRefOp getPlainWeight(LinearOp op) {
  if (!op || op.getBias() || op.getGlu())
    return nullptr;
  return op.getWeight().getDefiningOp<WeightRefOp>();
}

//===----------------------------------------------------------------------===//
// FuseGateUp
//===----------------------------------------------------------------------===//

#define DEBUG_TYPE "tenon-fuse-gate-up"

ALWAYS_ENABLED_STATISTIC(numFused, "Gates joined with projections up");

namespace {
/// glu(linear(x, g), linear(x, u)) -> linear(x, concat(g, u)) glu
struct FuseGlu : OpRewritePattern<GluOp> {
  FuseGlu(MLIRContext *context, SymbolTable &symbols,
          SmallVectorImpl<Operation *> &fused)
      : Base(context), symbols(symbols), fused(fused) {}

  LogicalResult matchAndRewrite(GluOp op,
                                PatternRewriter &rewriter) const override {
    auto gate = op.getGate().getDefiningOp<LinearOp>();
    auto up = op.getUp().getDefiningOp<LinearOp>();
    WeightRefOp gateWeight = getPlainWeight(gate),
                upWeight = getPlainWeight(up);
    if (!gateWeight || !upWeight)
      return rewriter.notifyMatchFailure(op, "is not fed by two plain linears");
    if (!op.getType().getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "has linears that round");
    if (gate.getInput() != up.getInput())
      return rewriter.notifyMatchFailure(op, "has linears of different inputs");
    if (!gate->hasOneUse() || !up->hasOneUse())
      return rewriter.notifyMatchFailure(op, "has a linear with further users");
    if (Refusal refusal = refuseConcat({gateWeight, upWeight}))
      return rewriter.notifyMatchFailure(op, *refusal);

    WeightRefOp both =
        concatRows(rewriter, symbols, {gateWeight, upWeight}, op);
    Location loc =
        rewriter.getFusedLoc({gate.getLoc(), up.getLoc(), op.getLoc()});
    remark::passed(loc, getRemarkOpts(op, DEBUG_TYPE, "FuseGlu"))
        << remark::metric("Weight", both.getWeight())
        << remark::metric("Rows", both.getType().getRows());
    ++numFused;
    rewriter
        .replaceOpWithNewOp<LinearOp>(op, op.getType(), gate.getInput(), both,
                                      /*bias=*/Value(), op.getActivation())
        ->setLoc(loc);
    fused.append({gate, up});
    return success();
  }

private:
  SymbolTable &symbols;
  /// Linears without users. The driver lets a pattern erase its root alone.
  SmallVectorImpl<Operation *> &fused;
};

struct FuseGateUp : tenon::impl::FuseGateUpBase<FuseGateUp> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<Operation *> fused;
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseGlu>(&getContext(), symbols, fused);
    MatchFailureRemarks remarks(DEBUG_TYPE, "FuseGlu");
    walkAndApplyPatterns(getOperation(), std::move(patterns), &remarks);
    for (Operation *linear : fused)
      linear->erase();
  }
};
} // namespace

#undef DEBUG_TYPE

//===----------------------------------------------------------------------===//
// MergeProjections
//===----------------------------------------------------------------------===//

#define DEBUG_TYPE "tenon-merge-projections"

ALWAYS_ENABLED_STATISTIC(numMerged, "Projections joined with others");
ALWAYS_ENABLED_STATISTIC(numMatrices, "Matrices made of them");

/// Whether only ops on rows read the result, in whose kernels a slice of the
/// merged result is a view. For anything else it would be copied.
static bool isReadByRows(LinearOp op) {
  return llvm::all_of(op->getUsers(), [&](Operation *user) {
    return user->getBlock() == op->getBlock() && isa<TokenOpInterface>(user);
  });
}

/// Why a linear can be joined with no other, if so.
static Refusal refuseAnyMerge(LinearOp linear) {
  if (!getPlainWeight(linear))
    return "has a bias, glu or a weight without a name";
  if (!isReadByRows(linear))
    return "has a user that cannot read a slice of rows";
  return std::nullopt;
}

/// Whether a linear can be joined with those that have these weights, the first
/// of which is the weight of `first`.
static Refusal refuseMerge(LinearOp linear, LinearOp first,
                           ArrayRef<WeightRefOp> weights) {
  if (Refusal refusal = refuseAnyMerge(linear))
    return refusal;
  WeightRefOp weight = getPlainWeight(linear);
  RankedTensorType type = linear.getType(), other = first.getType();
  if (type.getElementType() != other.getElementType())
    return "has a result of another element type";
  if (type.getDimSize(0) != other.getDimSize(0))
    return "has another number of rows";
  SmallVector<WeightRefOp> all(weights);
  all.push_back(weight);
  return refuseConcat(all);
}

/// The other linears of the same input in the block, in their order.
static SmallVector<LinearOp> findSiblings(LinearOp op) {
  SmallVector<LinearOp> siblings;
  for (Operation *user : op.getInput().getUsers()) {
    auto linear = dyn_cast<LinearOp>(user);
    if (linear && linear != op && linear->getBlock() == op->getBlock())
      siblings.push_back(linear);
  }
  llvm::sort(siblings,
             [](LinearOp a, LinearOp b) { return a->isBeforeInBlock(b); });
  return siblings;
}

static remark::detail::InFlightRemark remarkOnMissed(LinearOp linear) {
  return remark::missed(linear.getLoc(),
                        getRemarkOpts(linear, DEBUG_TYPE, "MergeProjection"));
}

using LinearSet = llvm::SmallPtrSet<Operation *, 16>;

/// The linears of the same input in the block of `first`, from it on, that can
/// be joined with it. The others are refused with a remark.
static SmallVector<LinearOp> findPartners(LinearOp first, LinearSet &refused) {
  SmallVector<LinearOp> partners = {first};
  SmallVector<WeightRefOp> weights = {getPlainWeight(first)};
  for (LinearOp linear : findSiblings(first)) {
    if (linear->isBeforeInBlock(first))
      continue;
    if (Refusal refusal = refuseMerge(linear, first, weights)) {
      refused.insert(linear);
      remarkOnMissed(linear)
          << remark::metric("With", weights.front().getWeight())
          << remark::reason("{0}", *refusal);
      continue;
    }
    partners.push_back(linear);
    weights.push_back(getPlainWeight(linear));
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
  SmallVector<Location> locs;
  int64_t rows = 0;
  for (LinearOp linear : linears) {
    uses.push_back(getPlainWeight(linear));
    locs.push_back(linear.getLoc());
    rows += uses.back().getType().getRows();
  }
  OpBuilder builder(first);
  Location loc = builder.getFusedLoc(locs);
  WeightRefOp use = concatRows(builder, symbols, uses, first);
  RankedTensorType type = first.getType();
  auto mergedType =
      RankedTensorType::get({type.getDimSize(0), rows}, type.getElementType());
  Value merged =
      LinearOp::create(builder, loc, mergedType, first.getInput(), use,
                       /*bias=*/Value(), /*glu=*/std::nullopt);
  remark::passed(loc, getRemarkOpts(first, DEBUG_TYPE, "MergeProjection"))
      << remark::metric("Weight", use.getWeight())
      << remark::metric("Projections", linears.size())
      << remark::metric("Rows", rows);
  numMerged += linears.size();
  ++numMatrices;
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
    LinearSet merged, refused;
    for (LinearOp op : candidates) {
      if (merged.contains(op))
        continue;
      if (Refusal refusal = refuseAnyMerge(op)) {
        if (!refused.contains(op) && !findSiblings(op).empty())
          remarkOnMissed(op) << remark::reason("{0}", *refusal);
        continue;
      }
      SmallVector<LinearOp> partners = findPartners(op, refused);
      if (partners.size() < 2)
        continue;
      merged.insert_range(partners);
      mergeLinears(partners, symbols);
    }
  }
};
} // namespace
