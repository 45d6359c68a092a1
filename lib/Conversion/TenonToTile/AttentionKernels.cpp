// Attention kernels: query blocks outside, KV blocks inside.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/QueryBlocks.h"
#include "dialects/Tenon/ShapeVerification.h"
#include "tenon/Support/Log2E.h"
#include "tenon/Support/Remarks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"
#include "KernelLowering.h"

#define DEBUG_TYPE "convert-tenon-to-tile"

using namespace mlir;
using namespace tenon;

/// Most rows, tokens times heads, of one tile of queries.
static constexpr int64_t kMostRows = 128;
/// Most heads among them.
static constexpr int64_t kMostHeads = 8;
/// Most bytes of the queries of a token that share copies of their keys.
static constexpr int64_t kMostQueryBytes = 48 * 1024;

namespace {
/// The block of queries that one iteration works on.
struct QueryBlock {
  Value first, count, slot, position, length;
  /// First head, and how many heads are folded into the rows.
  Value head;
  int64_t heads;
  /// Tokens times heads, at most.
  int64_t rows;
};

/// The running state of a softmax.
struct AttendState {
  Value acc, maximum, sum;

  static AttendState from(ValueRange values) {
    return {values[0], values[1], values[2]};
  }
  SmallVector<Value> values() const { return {acc, maximum, sum}; }
};
} // namespace

/// Reads the entry of the table of blocks with number `number`.
static QueryBlock readBlock(KernelLowering &lowering, Value blocks,
                            Value number) {
  auto read = [&](BlockColumn column) {
    Value at = lowering.index(static_cast<int64_t>(column));
    return lowering.loadIndex(blocks, {number, at});
  };
  QueryBlock block;
  block.first = read(BlockColumn::FirstRow);
  block.count = read(BlockColumn::Count);
  block.slot = read(BlockColumn::Slot);
  block.position = read(BlockColumn::FirstPosition);
  return block;
}

/// One more than the largest position of the block's sequence in this step.
static Value readLength(KernelLowering &lowering, const QueryBlock &block,
                        Value blocks, MaskAttr mask) {
  Value end = lowering.add(block.position, block.count);
  if (mask.getKind() == MaskKind::Causal)
    return end; // later positions are never seen
  Value first = lowering.index(0);
  return lowering.loop(
      first, lowering.dim(blocks, 0), 1, end, [&](Value i, ValueRange carried) {
        QueryBlock other = readBlock(lowering, blocks, i);
        OpBuilder &builder = lowering.builder;
        Value same = arith::CmpIOp::create(builder, lowering.loc,
                                           arith::CmpIPredicate::eq, other.slot,
                                           block.slot);
        Value most =
            arith::MaxSIOp::create(builder, lowering.loc, carried.front(),
                                   lowering.add(other.position, other.count));
        return SmallVector<Value>{arith::SelectOp::create(
            builder, lowering.loc, same, most, carried.front())};
      })[0];
}

/// How many heads of a group share a tile with its tokens: as many as fit, but
/// few enough that there is work for more than one worker.
static int64_t foldHeads(int64_t blockRows, int64_t group, int64_t allHeads) {
  int64_t most =
      std::min(kMostHeads, std::max<int64_t>(1, kMostRows / blockRows));
  most = std::min(most, std::max<int64_t>(1, allHeads / 2));
  for (int64_t heads = std::min(most, group);; --heads)
    if (group % heads == 0)
      return heads;
}

/// Collects the rows of a block of queries: tokens, their heads inside.
static Value packQueries(KernelLowering &lowering, Value query,
                         const QueryBlock &block) {
  int64_t size = getDim(query.getType(), 2);
  Value packed = lowering.empty({block.rows, size});
  return lowering.loop(
      lowering.index(0), block.count, 1, packed,
      [&](Value t, ValueRange carried) {
        Slice heads{
            {lowering.add(block.first, t), block.head, lowering.attr(0)},
            {lowering.attr(1), lowering.attr(block.heads),
             lowering.attr(size)}};
        SmallVector<OpFoldResult> strides(3, lowering.attr(1));
        Value rows = tensor::ExtractSliceOp::create(
            lowering.builder, lowering.loc,
            RankedTensorType::get({block.heads, size},
                                  getElementTypeOrSelf(query)),
            query, heads.offsets, heads.sizes, strides);
        return SmallVector<Value>{lowering.insert(
            rows, carried.front(),
            {{lowering.mul(t, block.heads), lowering.attr(0)},
             {lowering.attr(block.heads), lowering.attr(size)}})};
      })[0];
}

/// Writes rows into a place of a tile of f32.
static Value insertWidened(KernelLowering &lowering, Value rows, Value into,
                           const Slice &place) {
  if (!getElementTypeOrSelf(rows).isF32()) {
    Value wide = lowering.extract(into, place);
    rows = tile::ConvertOp::create(lowering.builder, lowering.loc,
                                   wide.getType(), rows, wide)
               ->getResult(0);
  }
  return lowering.insert(rows, into, place);
}

/// Brings the rows of a block back to tokens and heads.
static Value unpackRows(KernelLowering &lowering, Value rows, Value out,
                        const QueryBlock &block, int64_t size) {
  return lowering.loop(
      lowering.index(0), block.count, 1, out, [&](Value t, ValueRange carried) {
        Value heads = lowering.extract(
            rows, {{lowering.mul(t, block.heads), lowering.attr(0)},
                   {lowering.attr(block.heads), lowering.attr(size)}});
        return SmallVector<Value>{
            lowering.insert(heads, carried.front(),
                            {{t, lowering.attr(0), lowering.attr(0)},
                             {lowering.attr(1), lowering.attr(block.heads),
                              lowering.attr(size)}})};
      })[0];
}

static AttendState createState(KernelLowering &lowering, int64_t rows,
                               int64_t size) {
  SmallVector<Value> outs = {lowering.empty({rows, size}),
                             lowering.empty({rows}), lowering.empty({rows})};
  auto init = tile::AttentionInitOp::create(lowering.builder, lowering.loc,
                                            TypeRange(ValueRange(outs)), outs);
  return AttendState::from(init->getResults());
}

/// A tile of keys joins the state: `masked` says whether some are not seen.
using KeyTile = llvm::function_ref<AttendState(
    Value key, Value count, const AttendState &state, bool masked)>;

/// The three loops over KV blocks: masked edge, unmasked interior, masked edge.
static AttendState loopOverKeys(KernelLowering &lowering,
                                const QueryBlock &block, MaskAttr mask,
                                AttendState state, KeyTile tile) {
  int64_t step = lowering.config.getKeys();
  auto range =
      tile::KeyRangeOp::create(lowering.builder, lowering.loc, mask,
                               block.position, block.count, block.length, step);
  auto run = [&](Value begin, Value end, bool masked) {
    SmallVector<Value> next = lowering.loop(
        begin, end, step, state.values(), [&](Value n, ValueRange carried) {
          Value count = lowering.tileSize(step, n, range.getUpper());
          return tile(n, count, AttendState::from(carried), masked).values();
        });
    state = AttendState::from(next);
  };
  run(range.getLower(), range.getFullLower(), /*masked=*/true);
  run(range.getFullLower(), range.getFullUpper(), /*masked=*/false);
  run(range.getFullUpper(), range.getUpper(), /*masked=*/true);
  return state;
}

/// Where keys and values of a tile lie.
struct KeySource {
  Value key, value;
  SmallVector<Value> keyAt, valueAt;
  int64_t keyAlong, valueAlong;
};

static AttendState attend(KernelLowering &lowering, const QueryBlock &block,
                          Value query, const KeySource &source, Value first,
                          Value count, const AttendState &state,
                          FloatAttr scale, MaskAttr mask, FloatAttr softcap,
                          TypeAttr probabilities) {
  OpBuilder &builder = lowering.builder;
  // Powers of two are cheaper, so scores are in units of log2(e).
  auto forPowersOfTwo = [&](FloatAttr value) {
    double scaled = value.getValueAsDouble() * kLog2E;
    return builder.getF32FloatAttr(static_cast<float>(scaled));
  };
  Value rows = lowering.mul(block.count, block.heads);
  SmallVector<Value> outs = state.values();
  auto op = tile::OnlineAttentionOp::create(
      builder, lowering.loc, TypeRange(ValueRange(outs)), query, rows,
      source.key, source.keyAt, source.value, source.valueAt, first, count,
      block.position, block.length, outs, source.keyAlong, source.valueAlong,
      lowering.config.getKeys(), block.heads, forPowersOfTwo(scale), mask,
      softcap ? forPowersOfTwo(softcap) : FloatAttr(), probabilities);
  return AttendState::from(op->getResults());
}

/// Divides, and writes the rows of the block into the result.
static Value finishBlock(KernelLowering &lowering, const QueryBlock &block,
                         const AttendState &state, Value sinks, Value out) {
  auto finish = tile::AttentionFinishOp::create(
      lowering.builder, lowering.loc, state.acc.getType(), state.maximum,
      state.sum, sinks, sinks ? block.head : Value(), state.acc, block.heads);
  return unpackRows(lowering, finish->getResult(0), out, block,
                    getDim(out.getType(), 2));
}

/// The part of the result that a block makes.
static Slice sliceOf(KernelLowering &lowering, const QueryBlock &block,
                     Value result) {
  int64_t size = getDim(result.getType(), 2);
  return {{block.first, block.head, lowering.attr(0)},
          {block.count, lowering.attr(block.heads), lowering.attr(size)}};
}

/// All keys that a tile of queries sees; `out` is its part of the result.
static Value attendToCache(KernelLowering &lowering, AttentionOp op,
                           const QueryBlock &block, Value keyHead, Value out) {
  Value query = packQueries(lowering, op.getQuery(), block);
  Value zero = lowering.index(0);
  AttendState state =
      createState(lowering, block.rows, getDim(op.getType(), 2));
  auto tile = [&](Value first, Value count, const AttendState &old,
                  bool masked) {
    SmallVector<Value> at = {op.getLayer(), block.slot, first};
    if (keyHead)
      at.push_back(keyHead);
    at.push_back(zero);
    Value value = op.getValue() ? op.getValue() : op.getKey();
    KeySource source{op.getKey(), value, at, at, 2, 2};
    return attend(lowering, block, query, source, first, count, old,
                  op.getScaleAttr(), masked ? op.getMask() : MaskAttr(),
                  op.getSoftcapAttr(), op.getProbabilitiesAttr());
  };
  state = loopOverKeys(lowering, block, op.getMask(), state, tile);
  return finishBlock(lowering, block, state, op.getSinks(), out);
}

/// Rows from `first` on of a block's queries, at most `rows`.
static QueryBlock sliceBlock(KernelLowering &lowering, const QueryBlock &block,
                             Value first, int64_t rows) {
  QueryBlock part = block;
  part.first = lowering.add(block.first, first);
  part.position = lowering.add(block.position, first);
  part.count = lowering.tileSize(rows, first, block.count);
  part.rows = rows * block.heads;
  return part;
}

/// The tiles of a block that has more rows than one, which happens where another
/// kernel of the bucket wants large blocks.
static Value attendInTiles(KernelLowering &lowering, AttentionOp op,
                           const QueryBlock &block, Value keyHead, Value out) {
  int64_t rows = lowering.config.getRows();
  if (lowering.config.getBlock() == rows)
    return attendToCache(lowering, op, block, keyHead, out);
  return lowering.loop(
      lowering.index(0), block.count, rows, out,
      [&](Value row, ValueRange carried) {
        QueryBlock part = sliceBlock(lowering, block, row, rows);
        Slice slice = sliceOf(lowering, part, carried.front());
        slice.offsets = {row, lowering.attr(0), lowering.attr(0)};
        Value old = lowering.extract(carried.front(), slice);
        Value fresh = attendToCache(lowering, op, part, keyHead, old);
        return SmallVector<Value>{
            lowering.insert(fresh, carried.front(), slice)};
      })[0];
}

/// The runtime cuts blocks of as many tokens as the configuration says.
static LogicalResult verifyBlock(KernelLowering &lowering, Operation *op) {
  if (lowering.config.getBlock() == 0)
    return op->emitOpError() << "expects its kernel's configuration to have "
                                "block, the most tokens of a query block";
  return success();
}

LogicalResult tenon::lowerAttention(KernelLowering &lowering, AttentionOp op) {
  if (failed(lowering.verifyBody()) || failed(verifyBlock(lowering, op)))
    return failure();
  int64_t heads = getDim(op.getQuery().getType(), 1);
  bool hasHeads = op.getKey().getType().getRank() == 5;
  int64_t shared = hasHeads ? getDim(op.getKey().getType(), 3) : 1;
  int64_t group = heads / shared;
  int64_t folded = foldHeads(lowering.config.getRows(), group, heads);
  remark::analysis(lowering.loc,
                   getRemarkOpts(lowering.kernel, DEBUG_TYPE, "FoldHeads"))
      << remark::metric("Kernel", lowering.kernel.getName())
      << remark::metric("HeadsPerBlock", folded)
      << remark::metric("TokensPerBlock", lowering.config.getBlock())
      << remark::metric("KeysPerTile", lowering.config.getKeys());

  auto body = [&](ValueRange ivs, ValueRange outs) {
    QueryBlock block = readBlock(lowering, op.getBlocks(), ivs[0]);
    block.head = lowering.mul(ivs[1], folded);
    block.heads = folded;
    block.rows = lowering.config.getBlock() * folded;
    block.length = readLength(lowering, block, op.getBlocks(), op.getMask());
    Value keyHead;
    if (hasHeads)
      keyHead = arith::DivUIOp::create(lowering.builder, lowering.loc,
                                       block.head, lowering.index(group));
    Slice part = sliceOf(lowering, block, outs.front());
    Value out = attendInTiles(lowering, op, block, keyHead,
                              lowering.extract(outs.front(), part));
    return SmallVector<KernelLowering::Written>{{out, 0, part}};
  };
  Value blocks = lowering.dim(op.getBlocks(), 0);
  ValueRange results =
      lowering.parallel({OpFoldResult(blocks), lowering.attr(heads / folded)},
                        lowering.out(0), body);
  lowering.finish(SmallVector<Value>(results));
  return success();
}

/// A tile of rows of a latent cache, or of what was copied out of it.
struct LatentTile {
  Value rows;
  SmallVector<Value> at;
  int64_t along;
};

/// Keys and values of one head for a tile of latent rows.
static KeySource expandKeys(KernelLowering &lowering, MlaAttentionOp op,
                            const LatentTile &tile, Value head, Value count) {
  OpBuilder &builder = lowering.builder;
  WeightType expand = op.getExpand().getType();
  int64_t keys = lowering.config.getKeys();
  int64_t size = getDim(op.getQuery().getType(), 2), nope = op.getNope();
  int64_t latent = expand.getCols();
  Value zero = lowering.index(0);
  PanelLayout layout = expand.getPanelLayout();
  Value acc = lowering.empty({keys, layout.height * layout.getPanels()});
  Value both = tile::ContractOp::create(
                   builder, lowering.loc, acc.getType(), tile.rows, tile.at,
                   count, /*order=*/Value(), op.getExpand(), head,
                   /*panel=*/zero, acc, tile.along, /*choices=*/0)
                   ->getResult(0);
  // A key is its part of the expansion, then what all heads share.
  Value key = lowering.empty({keys, size});
  Slice own{{lowering.attr(0), lowering.attr(0)},
            {lowering.attr(keys), lowering.attr(nope)}};
  key = lowering.insert(lowering.extract(both, own), key, own);
  Type element = getElementTypeOrSelf(tile.rows);
  SmallVector<OpFoldResult> offsets(tile.at.begin(), tile.at.end());
  SmallVector<OpFoldResult> strides(offsets.size(), lowering.attr(1));
  SmallVector<OpFoldResult> sizes = strides;
  offsets.back() = lowering.attr(latent);
  sizes[tile.along] = count;
  sizes.back() = lowering.attr(size - nope);
  Value rotated = tensor::ExtractSliceOp::create(
      builder, lowering.loc,
      RankedTensorType::get({ShapedType::kDynamic, size - nope}, element),
      tile.rows, offsets, sizes, strides);
  Slice shared{{lowering.attr(0), lowering.attr(nope)},
               {count, lowering.attr(size - nope)}};
  key = insertWidened(lowering, rotated, key, shared);
  return {key, both, {zero, zero}, {zero, lowering.index(nope)}, 0, 0};
}

/// A tile of expanded keys is used by all rows of a block that see some of it, a
/// few at a time, so that both stay in the cache.
static AttendState attendInParts(KernelLowering &lowering, MlaAttentionOp op,
                                 const QueryBlock &block, Value query,
                                 const KeySource &source, Value firstKey,
                                 Value count, const AttendState &state,
                                 int64_t rows) {
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc;
  int64_t size = getDim(query.getType(), 1);
  int64_t width = getDim(state.acc.getType(), 1);
  auto slice = [&](Value row, int64_t columns) {
    Slice slice{{row}, {lowering.attr(rows)}};
    if (columns) {
      slice.offsets.push_back(lowering.attr(0));
      slice.sizes.push_back(lowering.attr(columns));
    }
    return slice;
  };
  auto isLess = [&](Value a, Value b) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
  };
  SmallVector<Value> next = lowering.loop(
      lowering.index(0), block.count, rows, state.values(),
      [&](Value row, ValueRange carried) {
        QueryBlock part = sliceBlock(lowering, block, row, rows);
        auto range = tile::KeyRangeOp::create(
            builder, loc, op.getMask(), part.position, part.count, part.length,
            lowering.config.getKeys());
        Value isBelow = isLess(firstKey, range.getUpper());
        Value isAbove = isLess(range.getLower(), lowering.add(firstKey, count));
        Value isSeen = arith::AndIOp::create(builder, loc, isBelow, isAbove);
        auto branch = scf::IfOp::create(builder, loc, carried.getTypes(),
                                        isSeen, /*withElseRegion=*/true);
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToStart(branch.elseBlock());
        scf::YieldOp::create(builder, loc, carried);
        builder.setInsertionPointToStart(branch.thenBlock());
        AttendState old = {lowering.extract(carried[0], slice(row, width)),
                           lowering.extract(carried[1], slice(row, 0)),
                           lowering.extract(carried[2], slice(row, 0))};
        AttendState fresh =
            attend(lowering, part, lowering.extract(query, slice(row, size)),
                   source, firstKey, count, old, op.getScaleAttr(),
                   op.getMask(), FloatAttr(), op.getProbabilitiesAttr());
        SmallVector<Value> written = {
            lowering.insert(fresh.acc, carried[0], slice(row, width)),
            lowering.insert(fresh.maximum, carried[1], slice(row, 0)),
            lowering.insert(fresh.sum, carried[2], slice(row, 0))};
        scf::YieldOp::create(builder, loc, written);
        return SmallVector<Value>(branch.getResults());
      });
  return AttendState::from(next);
}

/// All keys that a block with tokens sees, with one head; `out` is its part of
/// the result.
static Value attendToLatents(KernelLowering &lowering, MlaAttentionOp op,
                             const QueryBlock &block, Value out) {
  Value query = packQueries(lowering, op.getQuery(), block);
  AttendState state =
      createState(lowering, block.rows, getDim(op.getType(), 2));
  int64_t keys = lowering.config.getKeys();
  auto range =
      tile::KeyRangeOp::create(lowering.builder, lowering.loc, op.getMask(),
                               block.position, block.count, block.length, keys);
  SmallVector<Value> seen = lowering.loop(
      range.getLower(), range.getUpper(), keys, state.values(),
      [&](Value first, ValueRange carried) {
        Value count = lowering.tileSize(keys, first, range.getUpper());
        LatentTile tile{op.getCache(),
                        {op.getLayer(), block.slot, first, lowering.index(0)},
                        /*along=*/2};
        KeySource source = expandKeys(lowering, op, tile, block.head, count);
        return attendInParts(lowering, op, block, query, source, first, count,
                             AttendState::from(carried),
                             lowering.config.getRows())
            .values();
      });
  return finishBlock(lowering, block, AttendState::from(seen), Value(), out);
}

//===----------------------------------------------------------------------===//
// Selected keys: a token at a time, since each has keys of its own
//===----------------------------------------------------------------------===//

/// One token with some of its heads.
template <typename OpT>
static QueryBlock readToken(KernelLowering &lowering, OpT op, ValueRange ivs,
                            int64_t heads) {
  QueryBlock block;
  block.first = ivs[0];
  block.count = lowering.index(1);
  block.slot = lowering.loadIndex(op.getSlots(), ivs[0]);
  block.position = lowering.loadIndex(op.getPositions(), ivs[0]);
  block.length = lowering.add(block.position, block.count);
  block.head = lowering.mul(ivs[1], heads);
  block.heads = block.rows = heads;
  return block;
}

/// Copies the rows of keys that a token selects, `count` from `first` on.
template <typename OpT>
static Value gatherKeys(KernelLowering &lowering, OpT op,
                        const QueryBlock &block, Value first, Value count) {
  OpBuilder &builder = lowering.builder;
  int64_t width = getDim(op.getCache().getType(), 3);
  Type element = op.getCache().getType().getElementType();
  Value rows = lowering.empty({lowering.config.getKeys(), width});
  return lowering.loop(
      lowering.index(0), count, 1, rows, [&](Value i, ValueRange carried) {
        Value n = lowering.loadIndex(op.getSelected(),
                                     {block.first, lowering.add(first, i)});
        SmallVector<OpFoldResult> strides(4, lowering.attr(1));
        SmallVector<OpFoldResult> sizes = strides;
        sizes.back() = lowering.attr(width);
        Value row = tensor::ExtractSliceOp::create(
            builder, lowering.loc, RankedTensorType::get({1, width}, element),
            op.getCache(),
            ArrayRef<OpFoldResult>{op.getLayer(), block.slot, n,
                                   lowering.attr(0)},
            sizes, strides);
        Slice place{{i, lowering.attr(0)},
                    {lowering.attr(1), lowering.attr(width)}};
        return SmallVector<Value>{
            insertWidened(lowering, row, carried.front(), place)};
      })[0];
}

/// All keys that a token selects; `out` is its part of the result.
template <typename OpT>
static Value attendToSelected(
    KernelLowering &lowering, OpT op, const QueryBlock &block, Value out,
    llvm::function_ref<KeySource(Value rows, Value count)> keysOf) {
  Value query = packQueries(lowering, op.getQuery(), block);
  AttendState state =
      createState(lowering, block.rows, getDim(op.getType(), 2));
  int64_t keys = lowering.config.getKeys();
  Value end = arith::MinUIOp::create(
      lowering.builder, lowering.loc, block.length,
      lowering.index(getDim(op.getSelected().getType(), 1)));
  SmallVector<Value> seen = lowering.loop(
      lowering.index(0), end, keys, state.values(),
      [&](Value first, ValueRange carried) {
        Value count = lowering.tileSize(keys, first, end);
        Value rows = gatherKeys(lowering, op, block, first, count);
        return attend(lowering, block, query, keysOf(rows, count), first, count,
                      AttendState::from(carried), op.getScaleAttr(), MaskAttr(),
                      FloatAttr(), op.getProbabilitiesAttr())
            .values();
      });
  return finishBlock(lowering, block, AttendState::from(seen), Value(), out);
}

/// The loop over tokens and groups of as many heads.
template <typename OpT>
static void
lowerTokens(KernelLowering &lowering, OpT op, int64_t heads,
            llvm::function_ref<Value(const QueryBlock &, Value)> attendToken) {
  remark::analysis(lowering.loc,
                   getRemarkOpts(lowering.kernel, DEBUG_TYPE, "SelectKeys"))
      << remark::metric("Kernel", lowering.kernel.getName())
      << remark::metric("HeadsPerToken", heads)
      << remark::metric("KeysPerTile", lowering.config.getKeys());
  auto body = [&](ValueRange ivs, ValueRange outs) {
    QueryBlock block = readToken(lowering, op, ivs, heads);
    Slice part = sliceOf(lowering, block, outs.front());
    Value out = attendToken(block, lowering.extract(outs.front(), part));
    return SmallVector<KernelLowering::Written>{{out, 0, part}};
  };
  ValueRange results = lowering.parallel(
      {OpFoldResult(lowering.dim(op.getQuery(), 0)),
       lowering.attr(getDim(op.getQuery().getType(), 1) / heads)},
      lowering.out(0), body, tile::Split::Ticket);
  lowering.finish(SmallVector<Value>(results));
}

LogicalResult tenon::lowerSelectedAttention(KernelLowering &lowering,
                                            SelectedAttentionOp op) {
  if (failed(lowering.verifyBody()))
    return failure();
  // All heads read the same rows: the more of them, the fewer copies. Their
  // queries and sums have to stay in the cache.
  RankedTensorType query = op.getQuery().getType();
  int64_t heads = getDim(query, 1), size = getDim(query, 2) * sizeof(float);
  int64_t most = std::min({kMostRows, heads / 2, kMostQueryBytes / size});
  most = std::max<int64_t>(1, most);
  while (heads % most != 0)
    --most;
  auto keysOf = [&](Value rows, Value) {
    Value zero = lowering.index(0);
    return KeySource{rows, rows, {zero, zero}, {zero, zero}, 0, 0};
  };
  lowerTokens(lowering, op, most, [&](const QueryBlock &block, Value out) {
    return attendToSelected(lowering, op, block, out, keysOf);
  });
  return success();
}

/// Every token expands its keys for itself.
static void lowerSelectedLatents(KernelLowering &lowering, MlaAttentionOp op) {
  lowerTokens(lowering, op, 1, [&](const QueryBlock &block, Value out) {
    auto keysOf = [&](Value rows, Value count) {
      LatentTile tile{rows, {lowering.index(0), lowering.index(0)}, 0};
      return expandKeys(lowering, op, tile, block.head, count);
    };
    return attendToSelected(lowering, op, block, out, keysOf);
  });
}

LogicalResult tenon::lowerMlaAttention(KernelLowering &lowering,
                                       MlaAttentionOp op) {
  if (failed(lowering.verifyBody()) || failed(verifyBlock(lowering, op)))
    return failure();
  if (op.getExpand().getType().getRank() != 3)
    return op.emitOpError() << "expects expand to be split by heads; run "
                               "tenon-choose-mla-form first";
  if (failed(lowering.verifyLayout(op, op.getExpand().getType(),
                                   /*isPaired=*/false)))
    return failure();
  if (op.getSelected()) {
    lowerSelectedLatents(lowering, op);
    return success();
  }
  int64_t heads = getDim(op.getQuery().getType(), 1);
  remark::analysis(lowering.loc,
                   getRemarkOpts(lowering.kernel, DEBUG_TYPE, "ShareKeys"))
      << remark::metric("Kernel", lowering.kernel.getName())
      << remark::metric("TokensPerBlock", lowering.config.getBlock())
      << remark::metric("TokensPerTile", lowering.config.getRows())
      << remark::metric("KeysPerTile", lowering.config.getKeys());
  auto body = [&](ValueRange ivs, ValueRange outs) {
    QueryBlock block = readBlock(lowering, op.getBlocks(), ivs[0]);
    block.head = ivs[1];
    block.heads = 1;
    block.rows = lowering.config.getBlock();
    block.length = readLength(lowering, block, op.getBlocks(), op.getMask());
    Slice part = sliceOf(lowering, block, outs.front());
    Value out = attendToLatents(lowering, op, block,
                                lowering.extract(outs.front(), part));
    return SmallVector<KernelLowering::Written>{{out, 0, part}};
  };
  Value blocks = lowering.dim(op.getBlocks(), 0);
  ValueRange results = lowering.parallel(
      {OpFoldResult(blocks), lowering.attr(heads)}, lowering.out(0), body);
  lowering.finish(SmallVector<Value>(results));
  return success();
}
