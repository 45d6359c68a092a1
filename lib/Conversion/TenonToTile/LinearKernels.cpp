// GEMM kernels: weight panels outside, rows inside.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/RowViews.h"
#include "dialects/Tenon/ShapeVerification.h"
#include "tenon/Support/Remarks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "KernelLowering.h"

#define DEBUG_TYPE "convert-tenon-to-tile"

using namespace mlir;
using namespace tenon;

/// Blocks of columns from which on they are as large as the configuration says,
/// and panels that each has at least, if that is more than these.
static constexpr int64_t kManyBlocks = 16;
static constexpr int64_t kFewestPanels = 3;

namespace {
/// What the kernels of all products of weights have in common: how columns are
/// cut into blocks of panels, and what is done with one tile.
struct ColumnBlocks {
  ColumnBlocks(KernelLowering &lowering, WeightType weight,
               std::optional<GatedActivation> glu, Value bias)
      : lowering(lowering), glu(glu), bias(bias),
        panels(lowering.config.getPanels()), rows(lowering.config.getRows()) {
    outputs = glu ? weight.getRows() / 2 : weight.getRows();
    PanelLayout layout = weight.getPanelLayout();
    panels = std::min(panels, layout.getPanels());
    // Smaller blocks are better than idle workers.
    while (llvm::divideCeil(layout.getPanels(), panels) < kManyBlocks &&
           panels / 2 >= kFewestPanels)
      panels = llvm::divideCeil(panels, 2);
    places = panels * layout.height;
    width = glu ? places / 2 : places;
    remark::analysis(lowering.loc,
                     getRemarkOpts(lowering.kernel, DEBUG_TYPE, "CutColumns"))
        << remark::metric("Kernel", lowering.kernel.getName())
        << remark::metric("Columns", outputs)
        << remark::metric("Blocks", count())
        << remark::metric("PanelsPerBlock", panels)
        << remark::metric("RowsPerTile", rows);
  }

  int64_t count() const { return llvm::divideCeil(outputs, width); }

  /// Columns of block `block`: a constant, unless the last block has fewer.
  OpFoldResult widthOf(Value block) {
    if (outputs % width == 0)
      return lowering.attr(width);
    Value first = lowering.mul(block, width);
    return lowering.tileSize(width, first, lowering.index(outputs));
  }

  /// The product of a tile of rows, with bias and activation: `count` rows and
  /// the columns of the block are valid. With `matrix` the bias is a column of a
  /// stack, too.
  Value tile(Value input, ValueRange at, int64_t along, Value count,
             Value order, int64_t choices, Value weight, Value matrix,
             Value block) {
    OpBuilder &builder = lowering.builder;
    Value acc = lowering.empty({rows, places});
    Value result =
        tile::ContractOp::create(
            builder, lowering.loc, acc.getType(), input, at, count, order,
            weight, matrix, lowering.mul(block, panels), acc, along, choices)
            ->getResult(0);
    if (bias)
      result = tile::AddBiasOp::create(builder, lowering.loc, acc.getType(),
                                       bias, lowering.mul(block, places),
                                       matrix, result, glu.has_value())
                   ->getResult(0);
    if (!glu)
      return result;
    Value half = lowering.empty({rows, width});
    return tile::GluPairsOp::create(builder, lowering.loc, half.getType(), *glu,
                                    result, half)
        ->getResult(0);
  }

  KernelLowering &lowering;
  std::optional<GatedActivation> glu;
  Value bias;
  int64_t panels, places, rows, outputs, width;
};
} // namespace

/// Norms of all rows, computed by each worker for itself.
static Value lowerRecomputedNorm(KernelLowering &lowering, NormOp norm) {
  int64_t columns = getDim(norm.getType(), 1);
  Value scratch = lowering.empty({lowering.tokens, columns});
  Value tokens = lowering.dim(norm.getInput(), 0);
  return lowering.loop(
      lowering.index(0), tokens, 1, scratch, [&](Value t, ValueRange carried) {
        Slice row{{t, lowering.attr(0)},
                  {lowering.attr(1), lowering.attr(columns)}};
        Value input = lowering.extract(norm.getInput(), row);
        Value out = lowering.extract(carried.front(), row);
        auto tile = tile::NormOp::create(
            lowering.builder, norm.getLoc(), out.getType(), norm.getKind(),
            input, norm.getWeight(), norm.getBias(), norm.getEpsAttr(), out,
            norm.getOrder());
        return SmallVector<Value>{
            lowering.insert(tile->getResult(0), carried.front(), row)};
      })[0];
}

/// The value that the kernel reads in place of a view of it: views cover
/// columns of whole rows, so reading starts at another column.
static std::pair<Value, int64_t> lookThroughSlice(Value value) {
  auto view = value.getDefiningOp<tensor::ExtractSliceOp>();
  if (!view || !isRowView(view) || view.getSourceType().getRank() != 2)
    return {value, 0};
  return {view.getSource(), view.getStaticOffset(1)};
}

/// Fails if a loop over blocks of columns cannot do what the kernel does.
static LogicalResult verifyLinearKernel(KernelLowering &lowering, LinearOp op) {
  NormOp norm = lowering.structure.norm;
  if (norm && !norm->hasOneUse())
    return norm.emitOpError()
           << "expects the linear of the kernel to be its only user";
  if (failed(lowering.verifyBody()))
    return failure();
  if (op.getInput().getType().getRank() != 2 || op.getType().getRank() != 2)
    return op.emitOpError()
           << "expects flat rows, but got " << op.getInput().getType()
           << " and " << op.getType() << "; run tenon-form-kernels";
  return lowering.verifyLayout(op, op.getWeight().getType(),
                               op.getGlu().has_value());
}

/// Adds rows of a product to the same ones of `addend`, which may be what the
/// kernel writes over: then `into` holds them, from `column` on.
static Value addTo(KernelLowering &lowering, Value rows, Value addend,
                   Value into, const Slice &place, OpFoldResult column) {
  Value old;
  if (addend == lowering.out(0)) {
    old = lowering.extract(into, place);
  } else {
    Slice source{{place.offsets.front(), column}, place.sizes};
    // The addend is kept, so the sum is made in the tile of the product.
    old = rows;
    rows = lowering.extract(addend, source);
  }
  return tile::AddOp::create(lowering.builder, lowering.loc, old.getType(),
                             rows, old)
      ->getResult(0);
}

LogicalResult tenon::lowerLinear(KernelLowering &lowering, LinearOp op) {
  if (failed(verifyLinearKernel(lowering, op)))
    return failure();
  Value addend = lowering.structure.addend;
  Value input = op.getInput();
  int64_t firstColumn = 0;
  if (NormOp norm = lowering.structure.norm)
    input = lowerRecomputedNorm(lowering, norm);
  else
    std::tie(input, firstColumn) = lookThroughSlice(input);
  ColumnBlocks blocks(lowering, op.getWeight().getType(), op.getGlu(),
                      op.getBias());

  Value tokens = lowering.dim(lowering.out(0), 0);
  auto body = [&](ValueRange ivs, ValueRange shared) {
    Value block = ivs.front();
    OpFoldResult width = blocks.widthOf(block);
    Value column = lowering.mul(block, blocks.width);
    Slice whole{{lowering.attr(0), column}, {tokens, width}};
    Value columns = lowering.extract(shared.front(), whole);
    SmallVector<Value> done = lowering.loop(
        lowering.index(0), tokens, blocks.rows, columns,
        [&](Value t, ValueRange carried) {
          Value count = lowering.tileSize(blocks.rows, t, tokens);
          Value tile =
              blocks.tile(input, {t, lowering.index(firstColumn)}, 0, count,
                          Value(), 0, op.getWeight(), Value(), block);
          Slice valid{{lowering.attr(0), lowering.attr(0)}, {count, width}};
          Slice place{{t, lowering.attr(0)}, {count, width}};
          Value rows = lowering.extract(tile, valid);
          if (addend)
            rows =
                addTo(lowering, rows, addend, carried.front(), place, column);
          return SmallVector<Value>{
              lowering.insert(rows, carried.front(), place)};
        });
    return SmallVector<KernelLowering::Written>{{done[0], 0, whole}};
  };
  ValueRange results =
      lowering.parallel(lowering.attr(blocks.count()), lowering.out(0), body);
  lowering.finish(SmallVector<Value>(results));
  return success();
}

/// Copies the elements of a head from `from` on to the result's head, from `to`
/// on.
static Value copyKept(KernelLowering &lowering, Value input, Value out,
                      int64_t heads, int64_t from, int64_t to, int64_t count) {
  Value tokens = lowering.dim(input, 0);
  return lowering.parallel(
      {OpFoldResult(tokens), lowering.attr(heads)}, out,
      [&](ValueRange ivs, ValueRange) {
        SmallVector<OpFoldResult> sizes = {lowering.attr(1), lowering.attr(1),
                                           lowering.attr(count)};
        Value kept = lowering.extract(
            input, {{ivs[0], ivs[1], lowering.attr(from)}, sizes});
        return SmallVector<KernelLowering::Written>{
            {kept, 0, {{ivs[0], ivs[1], lowering.attr(to)}, sizes}}};
      })[0];
}

LogicalResult tenon::lowerHeadLinear(KernelLowering &lowering,
                                     HeadLinearOp op) {
  if (failed(lowering.verifyBody()) ||
      failed(lowering.verifyLayout(op, op.getWeight().getType(),
                                   /*isPaired=*/false)))
    return failure();
  WeightType weight = op.getWeight().getType();
  int64_t heads = weight.getShape().front();
  Value input = op.getInput();
  Value out = lowering.out(0);
  int64_t kept = getDim(input.getType(), 2) - weight.getCols();
  if (kept > 0)
    out = copyKept(lowering, input, out, heads, weight.getCols(),
                   weight.getRows(), kept);

  ColumnBlocks blocks(lowering, weight, std::nullopt, Value());
  Value tokens = lowering.dim(input, 0);
  auto body = [&](ValueRange ivs, ValueRange shared) {
    Value head = ivs[0], block = ivs[1];
    OpFoldResult width = blocks.widthOf(block);
    Value column = lowering.mul(block, blocks.width);
    Slice whole{{lowering.attr(0), head, column},
                {tokens, lowering.attr(1), width}};
    Value columns = lowering.extract(shared.front(), whole);
    SmallVector<Value> done = lowering.loop(
        lowering.index(0), tokens, blocks.rows, columns,
        [&](Value t, ValueRange carried) {
          Value count = lowering.tileSize(blocks.rows, t, tokens);
          Value tile =
              blocks.tile(input, {t, head, lowering.index(0)}, 0, count,
                          Value(), 0, op.getWeight(), head, block);
          Value rows = lowering.extract(
              tile, {{lowering.attr(0), lowering.attr(0)}, {count, width}});
          return SmallVector<Value>{
              lowering.insert(rows, carried.front(),
                              {{t, lowering.attr(0), lowering.attr(0)},
                               {count, lowering.attr(1), width}})};
        });
    return SmallVector<KernelLowering::Written>{{done[0], 0, whole}};
  };
  ValueRange results = lowering.parallel(
      {lowering.attr(heads), lowering.attr(blocks.count())}, out, body);
  lowering.finish(SmallVector<Value>(results));
  return success();
}

LogicalResult tenon::lowerGroupedLinear(KernelLowering &lowering,
                                        GroupedLinearOp op) {
  if (failed(lowering.verifyBody()) ||
      failed(lowering.verifyLayout(op, op.getWeight().getType(),
                                   op.getGlu().has_value())))
    return failure();
  WeightType weight = op.getWeight().getType();
  ColumnBlocks blocks(lowering, weight, op.getGlu(), op.getBias());
  Value order = op.getOrder(), offsets = op.getOffsets();
  // Workers take shares of consecutive iterations. With few tokens most experts
  // have no rows, and each worker should get a share of all the others. With
  // many, the rows of an expert stay in the cache while its columns are streamed.
  bool isBlockFirst = lowering.tokens <= blocks.rows;
  remark::analysis(lowering.loc,
                   getRemarkOpts(lowering.kernel, DEBUG_TYPE, "OrderExperts"))
      << remark::metric("Kernel", lowering.kernel.getName())
      << remark::metric("Outer", isBlockFirst ? "columns" : "experts");
  auto body = [&](ValueRange ivs, ValueRange shared) {
    Value expert = ivs[isBlockFirst], block = ivs[!isBlockFirst];
    Value begin = lowering.loadIndex(offsets, expert);
    Value end =
        lowering.loadIndex(offsets, lowering.add(expert, lowering.index(1)));
    Value count =
        arith::SubIOp::create(lowering.builder, lowering.loc, end, begin);
    OpFoldResult width = blocks.widthOf(block);
    Slice whole{{begin, lowering.mul(block, blocks.width)}, {count, width}};
    Value columns = lowering.extract(shared.front(), whole);
    SmallVector<Value> done = lowering.loop(
        lowering.index(0), count, blocks.rows, columns,
        [&](Value r, ValueRange carried) {
          Value present = lowering.tileSize(blocks.rows, r, count);
          Value tile = blocks.tile(
              op.getInput(), {lowering.add(begin, r), lowering.index(0)}, 0,
              present, order, op.getChoices(), op.getWeight(), expert, block);
          Value rows = lowering.extract(
              tile, {{lowering.attr(0), lowering.attr(0)}, {present, width}});
          return SmallVector<Value>{
              lowering.insert(rows, carried.front(),
                              {{r, lowering.attr(0)}, {present, width}})};
        });
    return SmallVector<KernelLowering::Written>{{done[0], 0, whole}};
  };
  OpFoldResult bounds[] = {lowering.attr(weight.getShape().front()),
                           lowering.attr(blocks.count())};
  if (isBlockFirst)
    std::swap(bounds[0], bounds[1]);
  ValueRange results = lowering.parallel(bounds, lowering.out(0), body);
  lowering.finish(SmallVector<Value>(results));
  return success();
}

LogicalResult tenon::lowerGroup(KernelLowering &lowering, MoeDispatchOp op) {
  if (failed(lowering.verifyBody()))
    return failure();
  SmallVector<Value> outs = {lowering.out(0), lowering.out(1), lowering.out(2)};
  auto wholeOf = [&](Value value) {
    Slice slice;
    auto type = cast<RankedTensorType>(value.getType());
    for (int64_t i = 0; i < type.getRank(); ++i) {
      slice.offsets.push_back(lowering.attr(0));
      slice.sizes.push_back(
          tensor::getMixedSize(lowering.builder, lowering.loc, value, i));
    }
    return slice;
  };
  ValueRange results = lowering.parallel(
      lowering.attr(1), outs, [&](ValueRange, ValueRange shared) {
        // One-Shot Bufferize sees that slices of the whole size are equivalent.
        SmallVector<Value> slices;
        for (auto [out, value] : llvm::zip(outs, shared))
          slices.push_back(lowering.extract(value, wholeOf(out)));
        auto group = tile::MoeDispatchOp::create(lowering.builder, lowering.loc,
                                                 TypeRange(ValueRange(slices)),
                                                 op.getChoice(), slices);
        SmallVector<KernelLowering::Written> written;
        for (auto [number, value] : llvm::enumerate(group->getResults()))
          written.push_back(
              {value, static_cast<unsigned>(number), wholeOf(outs[number])});
        return written;
      });
  lowering.finish(SmallVector<Value>(results));
  return success();
}
