// Cuts weights into tiles of bounded size and packs one tile at a time.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_PACKING_TILEPACKER_H
#define TENON_LIB_PACKING_TILEPACKER_H

#include "tenon/Packing/MatrixReader.h"
#include "tenon/Packing/Packer.h"
#include <optional>

namespace tenon {

/// Buffers of one thread.
struct PackBuffers {
  std::vector<uint8_t> rows;
  std::vector<uint8_t> packed;
  std::vector<uint8_t> zeros;
  /// Numbers of each factor of the format.
  std::vector<std::vector<uint8_t>> factors;
};

/// Packs one weight, tile by tile. A tile is a run of panels, or of rows where
/// there is no layout, with all of their columns; what is larger than the limit
/// is one panel or row with a part of its columns. Either way its bytes are
/// consecutive.
class TilePacker {
public:
  /// A tile has at most `tileBytes` of codes, and at least one step of columns.
  TilePacker(const MatrixReader &reader, uint64_t offset, int64_t tileBytes);

  int64_t getTiles() const { return reader.getMatrices() * tilesOfMatrix; }
  /// Matrix that a tile belongs to.
  int64_t getMatrix(int64_t tile) const { return tile / tilesOfMatrix; }
  bool isLastOfMatrix(int64_t tile) const {
    return (tile + 1) % tilesOfMatrix == 0;
  }
  const MatrixReader &getReader() const { return reader; }
  uint64_t getOffset() const { return offset; }
  uint64_t getSize() const { return reader.getType().getPackedBytes(); }

  /// Packs and writes a tile; returns how many bytes it has.
  llvm::Expected<uint64_t> pack(int64_t tile, PackBuffers &buffers,
                                PackSink sink) const;

private:
  struct Tile {
    int64_t matrix;
    int64_t unit; // panel or row
    int64_t units;
    int64_t col;
    int64_t cols;
  };
  /// For each place of a panel, its codes in the buffer, and its row of the
  /// matrix, or -1 without a row.
  struct Places {
    llvm::SmallVector<const uint8_t *, 16> codes;
    llvm::SmallVector<int64_t, 16> rows;
  };
  Tile getTile(int64_t index) const;
  llvm::Error packRows(const Tile &tile, PackBuffers &buffers) const;
  llvm::Error packPanels(const Tile &tile, PackBuffers &buffers) const;
  llvm::Error readRows(const Tile &tile, llvm::ArrayRef<Rectangle> runs,
                       PackBuffers &buffers) const;
  Places getPlaces(const Tile &tile, llvm::ArrayRef<Rectangle> runs,
                   int64_t panel, const PackBuffers &buffers) const;
  llvm::Error readFactors(llvm::ArrayRef<Rectangle> runs,
                          PackBuffers &buffers) const;
  void packFactor(const Tile &tile, llvm::ArrayRef<Rectangle> runs,
                  size_t number, const Places &places, uint8_t *out,
                  const PackBuffers &buffers) const;
  void packPlane(const Tile &tile, const PanelField &plane,
                 const Places &places, uint8_t *out) const;
  void packPanel(const Tile &tile, llvm::ArrayRef<Rectangle> runs,
                 const Places &places, uint8_t *out,
                 const PackBuffers &buffers) const;
  llvm::SmallVector<Rectangle, 2> getRuns(const Tile &tile) const;
  int64_t getStride(int64_t cols) const;
  uint64_t getBegin(const Tile &tile) const;
  uint64_t getBytes(const Tile &tile) const;

  const MatrixReader &reader;
  uint64_t offset;
  /// None for a weight that is packed row by row.
  std::optional<PanelLayout> layout;
  int64_t units;
  int64_t unitsOfTile;
  int64_t colsOfTile;
  int64_t tilesOfMatrix;
};

} // namespace tenon

#endif // TENON_LIB_PACKING_TILEPACKER_H
