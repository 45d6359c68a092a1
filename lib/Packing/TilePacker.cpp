// Cuts weights into tiles of bounded size and packs one tile at a time.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TilePacker.h"
#include "Interleave.h"

using namespace tenon;
using llvm::alignTo;
using llvm::ArrayRef;
using llvm::divideCeil;
using llvm::Error;

TilePacker::TilePacker(const MatrixReader &reader, uint64_t offset,
                       int64_t tileBytes)
    : reader(reader), offset(offset),
      hasLayout(static_cast<bool>(reader.getType().getLayout())) {
  // Without a layout a unit is a row, and any number of columns is a step.
  int64_t height = 1, step = 1;
  units = reader.getRows();
  if (hasLayout) {
    layout = reader.getType().getPanelLayout();
    units = layout.getPanels();
    height = layout.height;
    step = layout.hasScale() ? layout.groupCols : layout.depth;
  }
  int64_t colBytes = height * reader.getCodeBytes(), cols = reader.getCols();
  unitsOfTile = std::max<int64_t>(1, tileBytes / (colBytes * cols));
  unitsOfTile = std::min(unitsOfTile, units);
  colsOfTile = cols;
  if (colBytes * cols > tileBytes)
    colsOfTile = std::min(
        cols, std::max<int64_t>(step, tileBytes / colBytes / step * step));
  tilesOfMatrix = divideCeil(units, unitsOfTile) * divideCeil(cols, colsOfTile);
}

TilePacker::Tile TilePacker::getTile(int64_t index) const {
  int64_t across = divideCeil(reader.getCols(), colsOfTile);
  int64_t inside = index % tilesOfMatrix;
  int64_t unit = inside / across * unitsOfTile;
  int64_t col = inside % across * colsOfTile;
  return {index / tilesOfMatrix, unit, std::min(unitsOfTile, units - unit), col,
          std::min(colsOfTile, reader.getCols() - col)};
}

/// Where the tile begins in the data section.
uint64_t TilePacker::getBegin(const Tile &tile) const {
  uint64_t begin = offset + tile.matrix * reader.getType().getMatrixBytes();
  if (!hasLayout)
    return begin +
           (tile.unit * reader.getCols() + tile.col) * reader.getCodeBytes();
  begin += tile.unit * layout.getPanelBytes();
  if (layout.hasScale())
    return begin + tile.col / layout.groupCols * layout.getFullGroupBytes();
  return begin + tile.col * layout.height * layout.codeBytes;
}

uint64_t TilePacker::getBytes(const Tile &tile) const {
  if (!hasLayout)
    return tile.units * tile.cols * reader.getCodeBytes();
  PanelLayout part = layout;
  part.cols = tile.cols;
  return tile.units * part.getPanelBytes();
}

/// Bytes between two rows in the buffer. They are no power of two, which would
/// put the rows of a panel into the same lines of the cache.
int64_t TilePacker::getStride(int64_t cols) const {
  int64_t bytes = alignTo(cols, layout.depth) * reader.getCodeBytes();
  return alignTo(bytes, 64) + 64;
}

/// The rows that a tile needs: with `pair` those of both halves.
llvm::SmallVector<Rectangle, 2> TilePacker::getRuns(const Tile &tile) const {
  int64_t height = layout.height, rows = reader.getRows();
  int64_t half = layout.pair ? 2 : 1;
  int64_t first = tile.unit * (height / half);
  int64_t last = std::min(first + tile.units * (height / half), rows / half);
  Rectangle run = {tile.matrix, first, last - first, tile.col, tile.cols};
  if (!layout.pair)
    return {run};
  Rectangle other = run;
  other.row += rows / 2;
  return {run, other};
}

Error TilePacker::packRows(const Tile &tile, PackBuffers &buffers) const {
  Rectangle region = {tile.matrix, tile.unit, tile.units, tile.col, tile.cols};
  return reader.readCodes(region, buffers.packed.data(),
                          tile.cols * reader.getCodeBytes());
}

/// Reads codes and scales of the runs of rows, one below the other. Columns up
/// to the next multiple of the depth are zero.
Error TilePacker::readRows(const Tile &tile, ArrayRef<Rectangle> runs,
                           PackBuffers &buffers) const {
  int64_t stride = getStride(tile.cols), bytes = reader.getCodeBytes();
  int64_t rows = 0, scales = 0;
  for (const Rectangle &run : runs) {
    Rectangle blocks = getBlocks(reader, run);
    rows += run.rows;
    scales += blocks.rows * blocks.cols;
  }
  buffers.rows.resize(std::max<size_t>(buffers.rows.size(), rows * stride));
  if (layout.hasScale()) {
    buffers.scales.resize(scales);
    buffers.offsets.resize(scales);
  }
  int64_t row = 0, scale = 0;
  for (const Rectangle &run : runs) {
    uint8_t *codes = buffers.rows.data() + row * stride;
    if (Error error = reader.readCodes(run, codes, stride))
      return error;
    int64_t used = tile.cols * bytes;
    int64_t padded = alignTo(tile.cols, layout.depth) * bytes;
    for (int64_t i = 0; i < run.rows && padded > used; ++i)
      memset(codes + i * stride + used, 0, padded - used);
    row += run.rows;
    if (!layout.hasScale())
      continue;
    Rectangle blocks = getBlocks(reader, run);
    if (Error error = reader.readScales(
            blocks, buffers.scales.data() + scale,
            layout.hasOffset ? buffers.offsets.data() + scale : nullptr))
      return error;
    scale += blocks.rows * blocks.cols;
  }
  return Error::success();
}

/// Finds the codes and scales of each place of a panel in the buffers.
TilePacker::Places TilePacker::getPlaces(const Tile &tile,
                                         ArrayRef<Rectangle> runs,
                                         int64_t panel,
                                         const PackBuffers &buffers) const {
  int64_t stride = getStride(tile.cols);
  Places places;
  for (int64_t place = 0; place < layout.height; ++place) {
    int64_t row = layout.getRow(panel, place);
    if (row < 0) {
      places.codes.push_back(buffers.zeros.data());
      places.blocks.push_back(-1);
      continue;
    }
    bool isSecond = layout.pair && place >= layout.height / 2;
    int64_t codesBefore = isSecond ? runs[0].rows : 0;
    int64_t blocksBefore = isSecond ? getBlocks(reader, runs[0]).rows : 0;
    const Rectangle &run = runs[isSecond];
    places.codes.push_back(buffers.rows.data() +
                           (codesBefore + row - run.row) * stride);
    places.blocks.push_back(blocksBefore + row / reader.getScaleRows() -
                            getBlocks(reader, run).row);
  }
  return places;
}

static uint8_t *writeScales(ArrayRef<float> scales, int64_t groups,
                            int64_t group, ArrayRef<int64_t> blocks,
                            uint8_t *out) {
  for (int64_t block : blocks) {
    float value = block < 0 ? 0 : scales[block * groups + group];
    memcpy(out, &value, sizeof(float));
    out += sizeof(float);
  }
  return out;
}

/// Writes one panel: for each group of columns its scales, offsets and codes.
void TilePacker::packPanel(const Tile &tile, Places places, uint8_t *out,
                           const PackBuffers &buffers) const {
  int64_t groupCols = layout.hasScale() ? layout.groupCols : tile.cols;
  int64_t groups = divideCeil(tile.cols, groupCols);
  for (int64_t group = 0; group < groups; ++group) {
    if (layout.hasScale())
      out = writeScales(buffers.scales, groups, group, places.blocks, out);
    if (layout.hasOffset)
      out = writeScales(buffers.offsets, groups, group, places.blocks, out);
    int64_t cols = std::min(groupCols, tile.cols - group * groupCols);
    int64_t steps = divideCeil(cols, layout.depth);
    int64_t unitBytes = layout.depth * layout.codeBytes;
    interleave(places.codes, unitBytes, steps, out);
    out += steps * layout.height * unitBytes;
    for (const uint8_t *&codes : places.codes)
      if (codes != buffers.zeros.data())
        codes += steps * unitBytes;
  }
}

Error TilePacker::packPanels(const Tile &tile, PackBuffers &buffers) const {
  llvm::SmallVector<Rectangle, 2> runs = getRuns(tile);
  if (Error error = readRows(tile, runs, buffers))
    return error;
  buffers.zeros.resize(
      std::max<size_t>(buffers.zeros.size(), getStride(tile.cols)));
  uint64_t panelBytes = getBytes(tile) / tile.units;
  for (int64_t i = 0; i < tile.units; ++i)
    packPanel(tile, getPlaces(tile, runs, tile.unit + i, buffers),
              buffers.packed.data() + i * panelBytes, buffers);
  return Error::success();
}

llvm::Expected<uint64_t> TilePacker::pack(int64_t index, PackBuffers &buffers,
                                          PackSink sink) const {
  Tile tile = getTile(index);
  uint64_t bytes = getBytes(tile);
  if (buffers.packed.size() < bytes)
    buffers.packed.resize(bytes);
  if (Error error =
          hasLayout ? packPanels(tile, buffers) : packRows(tile, buffers))
    return error;
  ArrayRef<uint8_t> packed(buffers.packed);
  if (Error error = sink(getBegin(tile), packed.take_front(bytes)))
    return error;
  return bytes;
}
