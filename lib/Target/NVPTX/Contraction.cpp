// Kernels that multiply rows by packed matrices: what they do, and their tiles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Contraction.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/FormatVariadic.h"

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
    c.bias = op.getBias();
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

FailureOr<Contraction> Contraction::match(tile::KernelOp kernel,
                                          Operation *root,
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

  FailureOr<RowAccess> rows = resolveRowViews(input);
  if (failed(rows) || !isa<BlockArgument>(rows->base))
    return fail("the input is not an argument of the kernel");
  c.input = *rows;

  KernelStructure structure(kernel.getBody().front());
  if (kernel.getYield().getValues().size() != 1)
    return fail("the kernel has more than one result");
  if (!structure.yieldsLast)
    return fail("the result goes through other operations");
  c.residual = structure.addend;
  if (c.residual && !isa<BlockArgument>(c.residual))
    return fail("what is added is not an argument of the kernel");
  c.inputType = getElementTypeOrSelf(c.input.base);
  c.outType = getElementTypeOrSelf(getOut(kernel, 0));
  for (Type rowType : {c.inputType, c.outType})
    if (!rowType.isF32() && !rowType.isBF16())
      return fail("rows are neither f32 nor bf16");
  c.outStride = getRowLength(getOut(kernel, 0));
  return c;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

ContractionAttr tenon::nvptx::chooseContraction(const Contraction &c,
                                                int64_t tokens,
                                                int64_t sharedBytes) {
  // The order of sums follows from the parts alone: they are a constant.
  constexpr int64_t parts = 8, warps = 8, stages = 3;
  // Rows that share one pass over a matrix.
  int64_t rows = tokens;
  if (c.isGrouped())
    rows = llvm::divideCeil(rows * std::max<int64_t>(c.choices, 1), c.matrices);
  if (c.isGrouped() && !c.order)
    rows = std::max<int64_t>(rows, 8);
  MLIRContext *context = c.weight.getContext();
  // Scales and offsets of a group stay in registers, too: with offsets, or where
  // rows of experts meet short groups, few sums do.
  auto type = cast<WeightType>(c.weight.getType());
  bool hasOffset = type.getPanelLayout().getFactors().size() > 1;
  bool hasShortGroups =
      type.getFormat().hasScale() && type.getFormat().getScaleCols() <= 32;
  bool hasFewSums = hasOffset || (hasShortGroups && c.isGrouped());
  // Up to two tiles of an instruction, columns are split among warps.
  if (rows <= 2 * 8) {
    bool isTight = hasFewSums && countParts(c.inputType) > 1;
    return ContractionAttr::get(context, rows <= 8 || isTight ? 8 : 16,
                                /*panels=*/2, stages, parts, Columns::Split,
                                warps);
  }
  constexpr int64_t panels = 8;
  int64_t slabBytes = PanelSlab::getSharedBytes(type.getPanelLayout());
  // Two buffers of rows, in parts.
  int64_t rowBytes =
      2 * countParts(c.inputType) *
      getStagedRowBytes(PanelSlab::getColumns(type.getPanelLayout()));
  bool fits = stages * panels * slabBytes + 64 * rowBytes <= sharedBytes;
  return ContractionAttr::get(context,
                              rows <= 32 || hasFewSums || !fits ? 32 : 64,
                              panels, stages, parts, Columns::Whole, warps);
}

Refusal tenon::nvptx::emitContraction(DeviceKernel &kernel, Operation *root) {
  auto config = kernel.getConfig<ContractionAttr>();
  if (!config)
    return kernel.refuseConfig();
  std::string reason;
  FailureOr<Contraction> contraction =
      Contraction::match(kernel.op, root, reason);
  if (failed(contraction))
    return reason;
  ContractionEmitter emitter(kernel, *contraction, config);
  if (Refusal refusal = emitter.check())
    return refusal;
  emitter.emit();
  return std::nullopt;
}

ContractionEmitter::ContractionEmitter(DeviceKernel &kernel,
                                       const Contraction &contraction,
                                       ContractionAttr tiling)
    : kernel(kernel), b(kernel.b), c(contraction), slab(kernel, c.weight),
      tiling(tiling),
      tokenTiles(tiling.getTokens() / (8 * tiling.getWarpsOfPanels())),
      slabsOfPart(llvm::divideCeil(slab.count, tiling.getParts())),
      stageBytes(tiling.getPanels() * slab.sharedBytes),
      inputParts(countParts(c.inputType)),
      unitValues(c.inputType.isF32() ? 4 : 2) {
  planShared();
}

Refusal ContractionEmitter::check() const {
  int64_t tokens = tiling.getTokens(), rowsAtOnce = kernel.threads / getUnits();
  if (tiling.splitsColumns() ||
      (kernel.threads % getUnits() == 0 && tokens % rowsAtOnce == 0))
    return std::nullopt;
  return llvm::formatv("{0} threads do not load {1} rows of {2} columns evenly",
                       kernel.threads, tokens, slab.columns)
      .str();
}

void ContractionEmitter::planShared() {
  int64_t rings = tiling.splitsColumns() ? tiling.getWarps() : 1;
  weightsAt = kernel.reserve(rings * tiling.getStages() * stageBytes, 128);
  if (!tiling.splitsColumns())
    inputsAt = kernel.reserve(2 * inputParts * getPlaneBytes(), 128);
  // Sums are staged where slabs were.
  resultsAt = 0;
  int64_t parts = tiling.splitsColumns() ? tiling.getParts() : 1;
  int64_t results = parts * tiling.getTokens() *
                    (tiling.getPanels() * slab.layout.height + 4) * 4;
  kernel.sharedBytes = std::max(kernel.sharedBytes, results);
}

void ContractionEmitter::emit() {
  int64_t panelTiles =
      llvm::divideCeil(slab.layout.getPanels(), tiling.getPanels());
  if (c.isGrouped()) {
    kernel.blocks = panelTiles * c.matrices;
    kernel.forEachWorkItem(b.i32(kernel.blocks),
                           [&](Value piece) { emitGroupedPiece(piece); });
    return;
  }
  kernel.blocks = panelTiles * c.matrices *
                  llvm::divideCeil(kernel.tokens, tiling.getTokens());
  Value rows = b.trunc32(kernel.getSize(kernel.getOut(0), 0));
  Value pieces =
      b.mul(b.ceilDiv(rows, tiling.getTokens()), panelTiles * c.matrices);
  kernel.forEachWorkItem(pieces, [&](Value piece) { emitPiece(piece); });
}

void ContractionEmitter::emitPiece(Value piece) {
  // Blocks that run at the same time share panels rather than rows.
  int64_t panelTiles =
      llvm::divideCeil(slab.layout.getPanels(), tiling.getPanels());
  Tile tile;
  tile.endRow = b.trunc32(kernel.getSize(kernel.getOut(0), 0));
  Value rowTiles = b.ceilDiv(tile.endRow, tiling.getTokens());
  tile.firstRow = b.mul(b.rem(piece, rowTiles), tiling.getTokens());
  Value rest = b.div(piece, rowTiles);
  tile.matrix = b.div(rest, panelTiles);
  tile.firstPanel = b.mul(b.rem(rest, panelTiles), tiling.getPanels());
  tile.inputFirst = b.mul(b.zext64(tile.matrix), c.inputStep);
  tile.outFirst = b.mul(b.zext64(tile.matrix), c.outStep);
  emitTile(tile);
  if (c.kept == 0)
    return;
  b.when(b.equal(tile.firstPanel, 0), [&] { copyKept(tile); });
}

void ContractionEmitter::emitGroupedPiece(Value piece) {
  // The panels of a matrix stay in the cache while the rows of its expert pass.
  int64_t panelTiles =
      llvm::divideCeil(slab.layout.getPanels(), tiling.getPanels());
  Tile tile;
  tile.matrix = b.div(piece, panelTiles);
  tile.firstPanel = b.mul(b.rem(piece, panelTiles), tiling.getPanels());
  tile.inputFirst = tile.outFirst = b.i64(0);
  Value begin = kernel.loadIndex(c.offsets, tile.matrix);
  tile.endRow = kernel.loadIndex(c.offsets, b.add(tile.matrix, 1));
  b.loop(begin, tile.endRow, b.i32(tiling.getTokens()), [&](Value row) {
    Tile here = tile;
    here.firstRow = row;
    emitTile(here);
  });
}

void ContractionEmitter::emitTile(const Tile &tile) {
  Values sums =
      tiling.splitsColumns() ? sumSplitColumns(tile) : sumWholeColumns(tile);
  b.waitForCopies(0);
  b.syncBlock();
  stageSums(sums);
  b.syncBlock();
  storeResults(tile);
  b.syncBlock();
}
