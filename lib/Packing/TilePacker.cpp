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
    : reader(reader), offset(offset) {
  // Without a layout a unit is a row, and any number of columns is a step.
  int64_t height = 1, step = 1;
  units = reader.getRows();
  if (reader.getType().getLayout()) {
    layout = reader.getType().getPanelLayout();
    units = layout->getPanels();
    height = layout->height;
    step = layout->getCutCols();
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
  if (!layout)
    return begin +
           (tile.unit * reader.getCols() + tile.col) * reader.getCodeBytes();
  return begin + tile.unit * layout->getPanelBytes() +
         layout->getCutByte(tile.col);
}

uint64_t TilePacker::getBytes(const Tile &tile) const {
  if (!layout)
    return tile.units * tile.cols * reader.getCodeBytes();
  return tile.units * layout->withCols(tile.cols).getPanelBytes();
}

/// Bytes between two rows in the buffer. They are no power of two, which would
/// put the rows of a panel into the same lines of the cache.
int64_t TilePacker::getStride(int64_t cols) const {
  int64_t bytes = alignTo(cols, layout->periodCols) * reader.getCodeBytes();
  return alignTo(bytes, 64) + 64;
}

/// The rows that a tile needs: with `pair` those of both halves.
llvm::SmallVector<Rectangle, 2> TilePacker::getRuns(const Tile &tile) const {
  int64_t height = layout->height, rows = reader.getRows();
  int64_t half = layout->pair ? 2 : 1;
  int64_t first = tile.unit * (height / half);
  int64_t last = std::min(first + tile.units * (height / half), rows / half);
  Rectangle run = {tile.matrix, first, last - first, tile.col, tile.cols};
  if (!layout->pair)
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

/// Reads codes of the runs of rows, one below the other. Columns up to the next
/// whole period are zero.
Error TilePacker::readRows(const Tile &tile, ArrayRef<Rectangle> runs,
                           PackBuffers &buffers) const {
  int64_t stride = getStride(tile.cols), bytes = reader.getCodeBytes();
  int64_t rows = 0, row = 0;
  for (const Rectangle &run : runs)
    rows += run.rows;
  buffers.rows.resize(std::max<size_t>(buffers.rows.size(), rows * stride));
  for (const Rectangle &run : runs) {
    uint8_t *codes = buffers.rows.data() + row * stride;
    if (Error error = reader.readCodes(run, codes, stride))
      return error;
    int64_t used = tile.cols * bytes;
    int64_t padded = alignTo(tile.cols, layout->periodCols) * bytes;
    for (int64_t i = 0; i < run.rows && padded > used; ++i)
      memset(codes + i * stride + used, 0, padded - used);
    row += run.rows;
  }
  return Error::success();
}

/// Reads the numbers of all factors for the runs of rows, one after the other.
Error TilePacker::readFactors(ArrayRef<Rectangle> runs,
                              PackBuffers &buffers) const {
  buffers.factors.resize(layout->getFactors().size());
  for (auto [number, numbers] : llvm::enumerate(buffers.factors)) {
    int64_t bytes = 0;
    for (const Rectangle &run : runs) {
      Rectangle blocks = getBlocks(reader.getFactor(number), run);
      int64_t begin = bytes;
      bytes += blocks.rows * blocks.cols * reader.getFactorBytes(number);
      numbers.resize(std::max<size_t>(numbers.size(), bytes));
      if (Error error =
              reader.readFactor(number, blocks, numbers.data() + begin))
        return error;
    }
  }
  return Error::success();
}

/// Finds the codes of each place of a panel in the buffers.
TilePacker::Places TilePacker::getPlaces(const Tile &tile,
                                         ArrayRef<Rectangle> runs,
                                         int64_t panel,
                                         const PackBuffers &buffers) const {
  int64_t stride = getStride(tile.cols);
  Places places;
  for (int64_t place = 0; place < layout->height; ++place) {
    int64_t row = layout->getRow(panel, place);
    places.rows.push_back(row);
    if (row < 0) {
      places.codes.push_back(buffers.zeros.data());
      continue;
    }
    bool isSecond = layout->pair && place >= layout->height / 2;
    int64_t before = isSecond ? runs[0].rows : 0;
    places.codes.push_back(buffers.rows.data() +
                           (before + row - runs[isSecond].row) * stride);
  }
  return places;
}

/// Writes the numbers of a factor, where the map has them.
void TilePacker::packFactor(const Tile &tile, ArrayRef<Rectangle> runs,
                            size_t number, const Places &places, uint8_t *out,
                            const PackBuffers &buffers) const {
  const PanelField &field = layout->getFactors()[number];
  const FormatFactor &factor = reader.getFactor(number);
  int64_t groups = divideCeil(tile.cols, field.cols), bytes = field.bits / 8;
  Rectangle first = getBlocks(factor, runs[0]);
  for (auto [place, row] : llvm::enumerate(places.rows)) {
    if (row < 0)
      continue;
    // Rows of the second run have their blocks after those of the first.
    bool isSecond = layout->pair && row >= reader.getRows() / 2;
    Rectangle run = isSecond ? getBlocks(factor, runs[1]) : first;
    int64_t block = row / factor.rows - run.row + (isSecond ? first.rows : 0);
    const uint8_t *numbers =
        buffers.factors[number].data() + block * groups * bytes;
    for (int64_t group = 0; group < groups; ++group)
      memcpy(out + field.getBit(place, group * field.cols) / 8,
             numbers + group * bytes, bytes);
  }
}

/// Writes a plane of less than a byte of each code.
void TilePacker::packPlane(const Tile &tile, const PanelField &plane,
                           const Places &places, uint8_t *out) const {
  int64_t inByte = 8 / plane.bits, depth = layout->depth;
  unsigned mask = (1u << plane.bits) - 1;
  // Lines of a wide plane whose columns are all after the last one are zero.
  int64_t end = alignTo(tile.cols, layout->periodCols);
  for (int64_t col = 0; col < end; col += depth * inByte)
    for (auto [place, codes] : llvm::enumerate(places.codes)) {
      uint8_t *bytes = out + plane.getBit(place, col) / 8;
      for (int64_t i = 0; i < depth; ++i) {
        unsigned byte = 0;
        for (int64_t j = 0; j < inByte; ++j)
          byte |= (codes[col + j * depth + i] >> plane.shift & mask)
                  << j * plane.bits;
        bytes[i] = static_cast<uint8_t>(byte);
      }
    }
}

/// Writes one panel: its factors, and the lines of its codes.
void TilePacker::packPanel(const Tile &tile, ArrayRef<Rectangle> runs,
                           const Places &places, uint8_t *out,
                           const PackBuffers &buffers) const {
  for (int64_t col = 0; layout->blockCols && col < tile.cols;
       col += layout->blockCols)
    memset(out + layout->getCutByte(col), 0, layout->getHeaderBytes());
  for (size_t number = 0; number < layout->getFactors().size(); ++number)
    packFactor(tile, runs, number, places, out, buffers);
  if (layout->codeBits < 8) {
    for (const PanelField &plane : layout->getPlanes())
      packPlane(tile, plane, places, out);
    return;
  }

  // Up to a block's end the lines of a plane of whole bytes follow each other.
  const PanelField &plane = layout->getPlanes().front();
  int64_t step = layout->blockCols ? layout->blockCols : tile.cols;
  int64_t unitBytes = layout->getLineBytes() / layout->height;
  llvm::SmallVector<const uint8_t *, 16> codes = places.codes;
  for (int64_t col = 0; col < tile.cols; col += step) {
    int64_t lines =
        divideCeil(std::min(step, tile.cols - col), layout->periodCols);
    interleave(codes, unitBytes, lines, out + plane.getBit(0, col) / 8);
    for (const uint8_t *&code : codes)
      if (code != buffers.zeros.data())
        code += lines * unitBytes;
  }
}

Error TilePacker::packPanels(const Tile &tile, PackBuffers &buffers) const {
  llvm::SmallVector<Rectangle, 2> runs = getRuns(tile);
  if (Error error = readRows(tile, runs, buffers))
    return error;
  if (Error error = readFactors(runs, buffers))
    return error;
  buffers.zeros.resize(
      std::max<size_t>(buffers.zeros.size(), getStride(tile.cols)));
  uint64_t panelBytes = getBytes(tile) / tile.units;
  for (int64_t i = 0; i < tile.units; ++i)
    packPanel(tile, runs, getPlaces(tile, runs, tile.unit + i, buffers),
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
          layout ? packPanels(tile, buffers) : packRows(tile, buffers))
    return error;
  ArrayRef<uint8_t> packed(buffers.packed);
  if (Error error = sink(getBegin(tile), packed.take_front(bytes)))
    return error;
  return bytes;
}
