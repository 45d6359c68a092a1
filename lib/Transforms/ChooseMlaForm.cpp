// Chooses between the naive and the absorbed form of latent attention.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Machine/Machine.h"
#include "dialects/Tenon/ShapeVerification.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Support/Remarks.h"
#include "tenon/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/ADT/Statistic.h"
#include "DerivedWeights.h"

#define DEBUG_TYPE "tenon-choose-mla-form"

namespace tenon {
#define GEN_PASS_DEF_CHOOSEMLAFORM
#include "tenon/Transforms/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

ALWAYS_ENABLED_STATISTIC(numAbsorbed, "Latent attentions in absorbed form");
ALWAYS_ENABLED_STATISTIC(numNaive, "Latent attentions in naive form");

namespace {
/// Derived weights of one `expand`, each with all its layers.
struct ExpandParts {
  ExpandParts(OpBuilder &builder, SymbolTable &symbols, WeightRefOp use)
      : builder(builder), symbols(symbols), use(use) {}

  /// [..., H, nope + value, r]: the rows of each head. Where a block of scales
  /// would be cut, the values are taken as `f32`, as a product would take them.
  WeightSymbolOpInterface splitHeads(int64_t nope, int64_t value,
                                     bool transposes) {
    WeightType whole = getStackType(symbols, use);
    FlatSymbolRefAttr from = use.getWeightAttr();
    FormatAttr format = whole.getFormat();
    int64_t block = format.hasScale() ? format.getScaleRows() : 1;
    if (nope % block != 0 || value % block != 0 ||
        (transposes && format.hasScale() && block != format.getScaleCols())) {
      auto f32 = FormatAttr::get(Float32Type::get(whole.getContext()));
      whole = WeightType::get(whole.getContext(), whole.getShape(), f32,
                              whole.getLayout());
      WeightSymbolOpInterface cast =
          derive(use.getWeight() + ".f32", Derivation::Cast, from, whole, 0, 0);
      remark::missed(use.getLoc(), getRemarkOpts(use, DEBUG_TYPE, "KeepFormat"))
          << remark::metric("Weight", use.getWeight())
          << remark::metric("Format", format)
          << remark::reason("a head would cut a block of scales");
      from = cast.getReference();
    }
    SmallVector<int64_t> shape(whole.getShape());
    shape[shape.size() - 2] /= nope + value;
    shape.insert(shape.end() - 1, nope + value);
    // The two forms may want different formats of one weight.
    StringRef suffix = transposes ? ".heads" : ".expand";
    return derive(use.getWeight() + suffix, Derivation::SplitRows, from,
                  whole.withShape(shape), 0, nope + value);
  }

  WeightSymbolOpInterface slice(WeightSymbolOpInterface heads,
                                const Twine &name, int64_t first,
                                int64_t rows) {
    SmallVector<int64_t> shape(heads.getWeightType().getShape());
    shape[shape.size() - 2] = rows;
    return derive(use.getWeight() + name, Derivation::SliceRows,
                  heads.getReference(), heads.getWeightType().withShape(shape),
                  first, 0);
  }

  WeightSymbolOpInterface transpose(WeightSymbolOpInterface part,
                                    const Twine &name) {
    SmallVector<int64_t> shape(part.getWeightType().getShape());
    std::swap(shape[shape.size() - 2], shape.back());
    return derive(use.getWeight() + name, Derivation::Transpose,
                  part.getReference(), part.getWeightType().withShape(shape), 0,
                  0);
  }

  /// A use of a derived weight in the layer of the original use.
  WeightRefOp useOf(WeightSymbolOpInterface derived) {
    WeightType type = derived.getWeightType();
    return WeightRefOp::create(builder, use.getLoc(),
                               use.getIndex() ? type.dropStack() : type,
                               derived.getReference(), use.getIndex());
  }

private:
  WeightSymbolOpInterface derive(const Twine &name, Derivation derivation,
                                 Attribute from, WeightType type, int64_t first,
                                 int64_t count) {
    return getOrCreateDerived(builder, symbols, name, derivation, {from}, type,
                              first, count);
  }

  OpBuilder &builder;
  SymbolTable &symbols;
  WeightRefOp use;
};

struct ChooseForm : OpRewritePattern<MlaAttentionOp> {
  ChooseForm(MLIRContext *context, SymbolTable &symbols, int64_t absorbTokens)
      : Base(context), symbols(symbols), absorbTokens(absorbTokens) {}

  LogicalResult matchAndRewrite(MlaAttentionOp op,
                                PatternRewriter &rewriter) const override {
    auto use = op.getExpand().getDefiningOp<WeightRefOp>();
    if (!use)
      return rewriter.notifyMatchFailure(op, "has a weight without a name");
    int64_t tokens = tile::getBucketTokens(op->getParentOfType<func::FuncOp>());
    if (!tokens)
      return rewriter.notifyMatchFailure(op, "belongs to no bucket");
    if (op.getExpand().getType().getRank() != 2)
      return rewriter.notifyMatchFailure(op, "is split by heads already");
    // Selected keys are those of one token: to expand them would be in vain.
    bool absorbs =
        tokens <= absorbTokens || (op.getSelected() && absorbTokens > 0);
    remark::analysis(op.getLoc(), getRemarkOpts(op, DEBUG_TYPE, "ChooseForm"))
        << remark::metric("Form", absorbs ? "absorbed" : "naive")
        << remark::metric("Tokens", tokens)
        << remark::metric("AbsorbTokens", absorbTokens);
    if (absorbs)
      absorb(op, use, rewriter);
    else
      split(op, use, rewriter);
    ++(absorbs ? numAbsorbed : numNaive);
    return success();
  }

private:
  void split(MlaAttentionOp op, WeightRefOp use,
             PatternRewriter &rewriter) const {
    ExpandParts parts(rewriter, symbols, use);
    WeightSymbolOpInterface heads =
        parts.splitHeads(op.getNope(), getDim(op.getType(), 2),
                         /*transposes=*/false);
    Value byHead = parts.useOf(heads);
    rewriter.modifyOpInPlace(op, [&] { op.getExpandMutable().assign(byHead); });
  }

  void absorb(MlaAttentionOp op, WeightRefOp use,
              PatternRewriter &rewriter) const {
    int64_t nope = op.getNope(), value = getDim(op.getType(), 2);
    int64_t latent = op.getExpand().getType().getCols();
    ExpandParts parts(rewriter, symbols, use);
    WeightSymbolOpInterface heads =
        parts.splitHeads(nope, value, /*transposes=*/true);
    WeightSymbolOpInterface keys = parts.slice(heads, ".keys", 0, nope);
    WeightSymbolOpInterface values = parts.slice(heads, ".values", nope, value);
    WeightSymbolOpInterface absorbed =
        parts.transpose(keys, ".keys_transposed");

    Location loc = op.getLoc();
    RankedTensorType query = op.getQuery().getType();
    auto withHead = [&](int64_t size) {
      return RankedTensorType::get(
          {query.getDimSize(0), query.getDimSize(1), size},
          query.getElementType());
    };
    int64_t rotated = query.getDimSize(2) - nope;
    Value wide = HeadLinearOp::create(rewriter, loc, withHead(latent + rotated),
                                      op.getQuery(), parts.useOf(absorbed),
                                      /*keep=*/true);
    Value mixed;
    if (op.getSelected())
      mixed = SelectedAttentionOp::create(
          rewriter, loc, withHead(latent), wide, op.getCache(), op.getLayer(),
          op.getSelected(), op.getPositions(), op.getSlots(), op.getScaleAttr(),
          op.getProbabilitiesAttr());
    else
      mixed = AttentionOp::create(
          rewriter, loc, withHead(latent), wide, op.getCache(),
          /*value=*/Value(), op.getLayer(), op.getPositions(), op.getSlots(),
          op.getBlocks(), /*sinks=*/Value(), op.getScaleAttr(), op.getMask(),
          /*softcap=*/FloatAttr(), op.getProbabilitiesAttr(),
          /*value_first=*/latent);
    rewriter.replaceOpWithNewOp<HeadLinearOp>(op, op.getType(), mixed,
                                              parts.useOf(values),
                                              /*keep=*/false);
  }

  SymbolTable &symbols;
  int64_t absorbTokens;
};

struct ChooseMlaForm : tenon::impl::ChooseMlaFormBase<ChooseMlaForm> {
  using Base::Base;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    RewritePatternSet patterns(&getContext());
    patterns.add<ChooseForm>(&getContext(), symbols, getMostTokens());
    MatchFailureRemarks remarks(DEBUG_TYPE, "ChooseForm");
    walkAndApplyPatterns(getOperation(), std::move(patterns), &remarks);
  }

private:
  int64_t getMostTokens() {
    if (absorbTokens >= 0)
      return absorbTokens;
    machine::MachineAttrInterface target = machine::getTarget(getOperation());
    return target ? target.getAbsorbedTokens() : 0;
  }
};
} // namespace
