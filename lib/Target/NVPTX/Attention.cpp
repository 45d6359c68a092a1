// Attention over caches: which rows and keys a block of threads works on.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Attention.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

CacheAttention::CacheAttention(AttentionOp op)
    : op(op), query(op.getQuery()), key(op.getKey()), result(op.getResult()),
      value(op.getValue()), layer(op.getLayer()), positions(op.getPositions()),
      slots(op.getSlots()), sinks(op.getSinks()), blocks(op.getBlocks()),
      mask(op.getMask()), scale(op.getScale()), softcap(op.getSoftcap()),
      probabilities(
          op.getProbabilities().value_or(Float32Type::get(op.getContext()))) {}

CacheAttention::CacheAttention(SelectedAttentionOp op)
    : op(op), query(op.getQuery()), key(op.getCache()), result(op.getResult()),
      layer(op.getLayer()), positions(op.getPositions()), slots(op.getSlots()),
      selected(op.getSelected()), scale(op.getScale()),
      probabilities(
          op.getProbabilities().value_or(Float32Type::get(op.getContext()))) {}

std::optional<CacheAttention> CacheAttention::match(Operation *op) {
  if (auto attention = dyn_cast<AttentionOp>(op))
    return CacheAttention(attention);
  if (auto attention = dyn_cast<SelectedAttentionOp>(op))
    return CacheAttention(attention);
  return std::nullopt;
}

Refusal tenon::nvptx::checkAttention(tile::KernelOp kernel,
                                     const CacheAttention &op) {
  int64_t tokens =
      tile::getBucketTokens(kernel->getParentOfType<func::FuncOp>());
  if (op.selected && !llvm::isUInt<32>(tokens * op.getSelected()))
    return "the keys that all tokens select are not counted in 32 bits";
  Type type = op.key.getType().getElementType();
  if (op.value && op.value.getType().getElementType() != type)
    return "keys and values have different types";
  for (Type rows : {op.query.getType().getElementType(),
                    op.result.getType().getElementType()})
    if (!rows.isF32() && !rows.isBF16())
      return "rows are neither f32 nor bf16";
  if (kernel.getYield().getValues().size() != 1 ||
      kernel.getYield().getValues().front() != op.result)
    return "the result goes through other operations";
  FailureOr<RowAccess> queries = resolveRowViews(op.query);
  if (failed(queries) || !isa<BlockArgument>(queries->base))
    return "queries are not rows of an argument of the kernel";
  for (Value operand : op.op->getOperands())
    if (operand != op.query && isa<TensorType>(operand.getType()) &&
        !isa<BlockArgument>(operand))
      return "an operand is not an argument of the kernel";
  return std::nullopt;
}

Refusal tenon::nvptx::emitAttention(DeviceKernel &kernel, Operation *root) {
  CacheAttention op = *CacheAttention::match(root);
  auto config = kernel.getConfig<AttentionAttr>();
  if (!config)
    return kernel.refuseConfig();
  if (Refusal refusal = checkAttention(kernel.op, op))
    return refusal;
  AttentionTiling tiling(op);
  tiling.set(config);
  if (Refusal refusal = tiling.check())
    return refusal;
  AttentionEmitter(kernel, op, config, tiling).emit();
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

AttentionEmitter::AttentionEmitter(DeviceKernel &kernel,
                                   const CacheAttention &op,
                                   AttentionAttr config,
                                   const AttentionTiling &tiling)
    : kernel(kernel), b(kernel.b), op(op), config(config), t(tiling),
      queries(*resolveRowViews(op.query)) {
  query.type = t.queryType;
  query.stride = t.getQueryStride();
  query.at = kernel.reserve(t.getRows() * query.stride, 128);
  keys.type = values.type = t.cacheType;
  keys.size = t.keySize;
  keys.stride = t.getKeyStride();
  values.size = t.valueSize;
  values.stride = t.getValueStride();
  keys.at = kernel.reserve(t.getBuffers() * t.getTileBytes());
  values.at = t.sharesValue ? keys.at : keys.at + t.keys * keys.stride;
  if (t.splits > 1) {
    powers.type = t.probabilityType;
    powers.stride = t.getPowerStride();
    powers.at = kernel.reserve(t.getRows() * powers.stride);
    maximaAt = kernel.reserve(t.getRows() * t.splits * 4);
  }
  columnTiles = t.valuePadded / t.splits / 8;
}

/// The value of an expression over (first, last, length). What a bound divides
/// are positions, which are not negative.
static Value evaluateBound(DeviceBuilder &b, AffineExpr expr, ValueRange dims) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return b.i32(constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value left = evaluateBound(b, binary.getLHS(), dims);
  Value right = evaluateBound(b, binary.getRHS(), dims);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return b.add(left, right);
  case AffineExprKind::Mul:
    return b.mul(left, right);
  case AffineExprKind::FloorDiv:
    return b.div(left, right);
  default:
    llvm_unreachable("bounds add, multiply and divide");
  }
}

std::pair<Value, Value> AttentionEmitter::getKeys(MaskAttr::KeyRange range,
                                                  Value first, Value last,
                                                  Value length) {
  SmallVector<Value> dims = {first, last, length};
  Value lower, upper;
  for (AffineExpr expr : range.lower.getResults()) {
    Value bound = evaluateBound(b, expr, dims);
    lower = lower ? b.max(lower, bound) : bound;
  }
  for (AffineExpr expr : range.upper.getResults()) {
    Value bound = evaluateBound(b, expr, dims);
    upper = upper ? b.min(upper, bound) : bound;
  }
  return {lower, upper};
}

/// Where the row of a block begins in the table of blocks.
Value AttentionEmitter::getBlockRow(Value index) {
  return b.shl(index, llvm::ConstantLog2<kBlockColumns>());
}

Value AttentionEmitter::loadBlock(Value row, BlockColumn column) {
  return kernel.loadIndex(op.blocks, b.add(row, static_cast<int64_t>(column)));
}

/// One more than the largest position of a sequence in this step.
Value AttentionEmitter::getLength(Value slot) {
  Value count = b.trunc32(kernel.getSize(op.blocks, 0));
  Value zero = b.i32(0), one = b.i32(1);
  return b
      .loop(zero, count, one, b.i32(0),
            [&](Value index, ValueRange state) {
              Value row = getBlockRow(index);
              Value end = loadBlock(row, BlockColumn::FirstPosition);
              end = b.add(end, loadBlock(row, BlockColumn::Count));
              Value isSame = b.equal(loadBlock(row, BlockColumn::Slot), slot);
              end = b.select(isSame, end, b.i32(0));
              return Values{b.max(state.front(), end)};
            })
      .front();
}

AttentionEmitter::Block AttentionEmitter::readBlock(Value index, Value group) {
  Value row = getBlockRow(index);
  Block block;
  block.first = loadBlock(row, BlockColumn::FirstRow);
  block.count = loadBlock(row, BlockColumn::Count);
  block.slot = loadBlock(row, BlockColumn::Slot);
  block.position = loadBlock(row, BlockColumn::FirstPosition);
  // A causal query sees no later key, so that the length does not matter.
  bool isCausal = op.mask.getKind() == MaskKind::Causal;
  block.length =
      isCausal ? b.add(block.position, block.count) : getLength(block.slot);
  block.group = group;
  block.endRow = b.mul(block.count, t.headsOfGroup);
  return block;
}

/// A token that has keys of its own is a block.
AttentionEmitter::Block AttentionEmitter::readToken(Value token, Value group) {
  Block block;
  block.first = token;
  block.count = b.i32(1);
  block.slot = kernel.loadIndex(op.slots, token);
  block.position = kernel.loadIndex(op.positions, token);
  block.length = b.add(block.position, 1);
  block.group = group;
  block.endRow = b.i32(t.headsOfGroup);
  return block;
}

/// Chooses the rows of a block from `firstRow` on, and the keys they see: those
/// that are selected are counted.
void AttentionEmitter::setRows(Block &block, Value firstRow) {
  block.firstRow = firstRow;
  if (op.selected) {
    block.lower = block.allLower = b.i32(0);
    block.upper = block.allUpper = b.min(block.length, b.i32(op.getSelected()));
    return;
  }
  Value lastRow = b.sub(b.min(b.add(firstRow, t.getRows()), block.endRow), 1);
  Value first = b.add(block.position, b.div(firstRow, t.headsOfGroup));
  Value last = b.add(block.position, b.div(lastRow, t.headsOfGroup));
  MaskAttr mask = op.mask;
  std::tie(block.lower, block.upper) =
      getKeys(mask.getKeysSeenBySome(), first, last, block.length);
  std::tie(block.allLower, block.allUpper) =
      getKeys(mask.getKeysSeenByAll(), first, last, block.length);
  block.lower = b.bitAnd(b.max(block.lower, b.i32(0)), -t.keys);
}

std::pair<Value, Value> AttentionEmitter::getTokenAndHead(const Block &block,
                                                          Value row) {
  Value inBlock = b.add(block.firstRow, row);
  Value head = b.rem(inBlock, t.headsOfGroup);
  head = b.add(head, b.mul(block.group, t.headsOfGroup));
  return {b.div(inBlock, t.headsOfGroup), head};
}

void AttentionEmitter::emit() {
  rowTile = b.rem(kernel.warp, t.rowTiles);
  split = b.div(kernel.warp, t.rowTiles);
  clearPadding();
  int64_t rows = config.getTokens() * t.headsOfGroup;
  int64_t chunks = llvm::divideCeil(rows, t.getRows());
  kernel.blocks = kernel.tokens * t.groups * chunks;
  Value counted = op.selected ? op.positions : op.blocks;
  Value blocks = b.trunc32(kernel.getSize(counted, 0));
  kernel.forEachWorkItem(b.mul(blocks, t.groups * chunks), [&](Value piece) {
    // The last rows see the most keys, so they come first.
    Value last = b.i32(chunks - 1);
    Value chunk = b.sub(last, b.rem(piece, chunks));
    Value rest = b.div(piece, chunks);
    Value index = b.div(rest, t.groups), group = b.rem(rest, t.groups);
    Block block =
        op.selected ? readToken(index, group) : readBlock(index, group);
    Value begin = b.mul(chunk, t.getRows());
    b.loop(begin, block.endRow, b.i32(chunks * t.getRows()),
           [&](Value firstRow) {
             Block here = block;
             setRows(here, firstRow);
             emitRows(here);
           });
  });
}

void AttentionEmitter::emitRows(const Block &block) {
  b.syncBlock();
  locateCaches(block);
  loadQuery(block);
  if (t.copy == CacheCopy::Ahead)
    beginTile(block, block.lower);
  // Sums of values, sums of powers, maxima.
  Values state(columnTiles * 4 + 4, b.f32(0));
  state.append(2, b.f32(-std::numeric_limits<float>::infinity()));
  state = b.loop(block.lower, block.upper, b.i32(t.keys), state,
                 [&](Value key, ValueRange now) {
                   finishTile(block, key);
                   return runTile(block, key, now);
                 });
  b.waitForCopies(0);
  storeRows(block, state);
}
