// Kernels that multiply rows by packed matrices: what they do, and their tiles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

/// What the op itself says.
static Value readRoot(Operation *root, Contraction &c) {
  Value input;
  if (auto op = dyn_cast<LinearOp>(root)) {
    c.weight = op.getWeight();
    c.bias = op.getBias();
    c.glu = op.getGlu();
    input = op.getInput();
  } else if (auto op = dyn_cast<GroupedLinearOp>(root)) {
    c.weight = op.getWeight();
    c.glu = op.getGlu();
    c.order = op.getOrder();
    c.offsets = op.getOffsets();
    c.choices = op.getChoices();
    input = op.getInput();
  } else {
    auto heads = cast<HeadLinearOp>(root);
    c.weight = heads.getWeight();
    input = heads.getInput();
    c.inputStep = heads.getInput().getType().getDimSize(2);
    c.outStep = heads.getType().getDimSize(2);
    if (heads.getKeep())
      c.kept = c.outStep - heads.getWeight().getType().getRows();
  }
  return input;
}

FailureOr<Contraction> Contraction::match(DeviceKernel &kernel, Operation *root,
                                          std::string &reason) {
  auto fail = [&](const Twine &why) {
    reason = why.str();
    return failure();
  };
  Contraction c;
  Value input = readRoot(root, c);
  auto type = cast<WeightType>(c.weight.getType());
  if (Refusal refusal = PanelSlab::check(type))
    return fail(*refusal);
  c.rows = type.getRows();
  c.cols = type.getCols();
  c.matrices = type.getMatrices();
  if (c.glu.has_value() != type.getPanelLayout().pair)
    return fail("gates and projections up do not share panels");

  FailureOr<RowView> rows = kernel.resolveRows(input);
  if (failed(rows) || !isa<BlockArgument>(rows->base))
    return fail("the input is not an argument of the kernel");
  c.input = *rows;

  tile::YieldOp yield = kernel.op.getYield();
  Value result = yield.getValues().front();
  if (yield.getValues().size() != 1)
    return fail("the kernel has more than one result");
  if (auto add = result.getDefiningOp<arith::AddFOp>()) {
    bool isLeft = add.getLhs() == root->getResult(0);
    c.residual = isLeft ? add.getRhs() : add.getLhs();
    result = isLeft ? add.getLhs() : add.getRhs();
    if (!isa<BlockArgument>(c.residual))
      return fail("what is added is not an argument of the kernel");
  }
  if (result != root->getResult(0))
    return fail("the result goes through other operations");
  c.outStride = getRowLength(kernel.getOut(0));
  return c;
}

Refusal tenon::nvptx::emitContraction(DeviceKernel &kernel, Operation *root) {
  std::string reason;
  FailureOr<Contraction> contraction = Contraction::match(kernel, root, reason);
  if (failed(contraction))
    return reason;
  for (Type type :
       {contraction->input.base.getType(), kernel.getOut(0).getType()})
    if (!cast<RankedTensorType>(type).getElementType().isF32())
      return "rows are not f32";
  ContractionEmitter(kernel, *contraction).emit();
  return std::nullopt;
}

ContractionEmitter::ContractionEmitter(DeviceKernel &kernel,
                                       const Contraction &contraction)
    : kernel(kernel), b(kernel.b), c(contraction), slab(kernel, c.weight) {
  chooseTiling();
  planShared();
}

void ContractionEmitter::chooseTiling() {
  // Rows that share one pass over a matrix.
  int64_t rows = kernel.tokens;
  if (c.isGrouped())
    rows = llvm::divideCeil(rows * std::max<int64_t>(c.choices, 1), c.matrices);
  if (c.isGrouped() && !c.order)
    rows = std::max<int64_t>(rows, 8);
  tiling.splitsColumns = rows <= ContractionTiling::kFewTokens;
  tiling.panels = tiling.splitsColumns ? 2 : 8;
  if (tiling.splitsColumns)
    tiling.tokens = rows <= 8 ? 8 : ContractionTiling::kFewTokens;
  else // scales and offsets of a group stay in registers, too
    tiling.tokens = rows <= 32 || slab.hasOffset() ? 32 : 64;
  tokenTiles = tiling.tokens / (tiling.splitsColumns ? 8 : 16);
  slabsOfPart = llvm::divideCeil(slab.count, ContractionTiling::kParts);
  kernel.setThreads(32 * ContractionTiling::kWarps);
}

void ContractionEmitter::planShared() {
  int64_t slabs = tiling.stages * tiling.panels *
                  (tiling.splitsColumns ? ContractionTiling::kWarps : 1);
  weightsAt = kernel.reserve(slabs * slab.sharedBytes, 128);
  if (!tiling.splitsColumns)
    inputsAt = kernel.reserve(2 * tiling.tokens * (slab.columns * 2 + 32), 128);
  // Sums are staged where slabs were.
  resultsAt = 0;
  int64_t parts = tiling.splitsColumns ? ContractionTiling::kParts : 1;
  int64_t results =
      parts * tiling.tokens * (tiling.panels * slab.layout.height + 4) * 4;
  kernel.sharedBytes = std::max(kernel.sharedBytes, results);
}

void ContractionEmitter::emit() {
  int64_t panelTiles = llvm::divideCeil(slab.layout.getPanels(), tiling.panels);
  if (c.isGrouped()) {
    kernel.blocks = panelTiles * c.matrices;
    kernel.forEachWorkItem(b.i32(kernel.blocks),
                           [&](Value piece) { emitGroupedPiece(piece); });
    return;
  }
  kernel.blocks =
      panelTiles * c.matrices * llvm::divideCeil(kernel.tokens, tiling.tokens);
  Value rows = b.trunc32(kernel.getSize(kernel.getOut(0), 0));
  Value pieces = b.mul(b.ceilDiv(rows, tiling.tokens), panelTiles * c.matrices);
  kernel.forEachWorkItem(pieces, [&](Value piece) { emitPiece(piece); });
}

void ContractionEmitter::emitPiece(Value piece) {
  // Blocks that run at the same time share panels rather than rows.
  int64_t panelTiles = llvm::divideCeil(slab.layout.getPanels(), tiling.panels);
  Tile tile;
  tile.endRow = b.trunc32(kernel.getSize(kernel.getOut(0), 0));
  Value rowTiles = b.ceilDiv(tile.endRow, tiling.tokens);
  tile.firstRow = b.mul(b.rem(piece, rowTiles), tiling.tokens);
  Value rest = b.div(piece, rowTiles);
  tile.matrix = b.div(rest, panelTiles);
  tile.firstPanel = b.mul(b.rem(rest, panelTiles), tiling.panels);
  tile.inputFirst = b.mul(b.zext64(tile.matrix), c.inputStep);
  tile.outFirst = b.mul(b.zext64(tile.matrix), c.outStep);
  emitTile(tile);
  if (c.kept == 0)
    return;
  b.when(b.equal(tile.firstPanel, 0), [&] { copyKept(tile); });
}

void ContractionEmitter::emitGroupedPiece(Value piece) {
  // The panels of a matrix stay in the cache while the rows of its expert pass.
  int64_t panelTiles = llvm::divideCeil(slab.layout.getPanels(), tiling.panels);
  Tile tile;
  tile.matrix = b.div(piece, panelTiles);
  tile.firstPanel = b.mul(b.rem(piece, panelTiles), tiling.panels);
  tile.inputFirst = tile.outFirst = b.i64(0);
  Value begin = kernel.loadIndex(c.offsets, tile.matrix);
  tile.endRow = kernel.loadIndex(c.offsets, b.add(tile.matrix, 1));
  b.loop(begin, tile.endRow, b.i32(tiling.tokens), [&](Value row) {
    Tile here = tile;
    here.firstRow = row;
    emitTile(here);
  });
}

void ContractionEmitter::emitTile(const Tile &tile) {
  Values sums =
      tiling.splitsColumns ? sumSplitColumns(tile) : sumWholeColumns(tile);
  b.waitForCopies(0);
  b.syncBlock();
  stageSums(sums);
  b.syncBlock();
  storeResults(tile);
  b.syncBlock();
}
