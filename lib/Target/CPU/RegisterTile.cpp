// Chooses the register tile of a GEMM.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For each column of R rows and P panels of V vectors the innermost loop has
//
//   R P V       multiply-adds, each in a chain of its own
//   R           broadcasts of elements of rows
//   P V         loads of weights, or of codes that make several of them
//   D P V       instructions that decode
//
// The machine is thought to begin two multiply-adds and two loads in a cycle and
// to finish a multiply-add four cycles later.

#include "RegisterTile.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <tuple>

using namespace tenon;

/// Most rows of a tile. Rows whose length is a multiple of 4 KiB meet in one set
/// of the first cache, which has eight ways or more.
static constexpr int64_t kMostRows = 8;
/// Most panels of a tile of several rows; more would not save loads.
static constexpr int64_t kMostPanels = 4;
/// Pointers to rows and panels that fit into 16 scalar registers together with a
/// counter, its limit, the stack pointer and what addresses are computed from.
static constexpr int64_t kMostPointers = 12;
static constexpr int64_t kLatency = 4;
/// f32 elements of a cache line.
static constexpr int64_t kLine = 64 / sizeof(float);

int64_t tenon::countRegisters(const TileOperands &operands, RegisterTile tile) {
  bool isDecoded = operands.depth > 1;
  int64_t held = tile.held * operands.vectors;
  int64_t sums = tile.rows * tile.panels * operands.vectors;
  int64_t factors = held * operands.factors;
  // A single row meets each weight where it is decoded or loaded, and its own
  // elements stay for the other panels. Two codes are loaded at a time.
  if (tile.rows == 1)
    return sums + factors + operands.depth + (isDecoded ? 3 : 1) +
           operands.kept * held + operands.constants;
  // Several rows share the weights of a column; the codes stay for the next.
  return sums + factors + held * (isDecoded ? 2 : 1) + 1;
}

namespace {
/// Less is better.
struct Cost {
  /// Cycles and lines of the cache for each multiply-add of a vector.
  double cycles, lines;
  /// Tiles that take their panels at a time are simpler.
  bool isSplit;

  bool operator<(const Cost &other) const {
    return std::tie(cycles, lines, isSplit) <
           std::tie(other.cycles, other.lines, other.isSplit);
  }
};
} // namespace

static Cost costOf(const TileOperands &operands, RegisterTile tile) {
  double weights = tile.panels * operands.vectors;
  double products = tile.rows * weights;
  double vectors = products + operands.decoding * weights;
  double loads = tile.rows + weights / operands.depth;
  // Panels that take turns do not hide each other's latency.
  double turns = double(tile.panels) / double(tile.held);
  double cycles = std::max({vectors / 2, loads / 2, turns * kLatency});
  double lines = double(tile.rows) / kLine + weights / operands.depth;
  return {cycles / products, lines / products, tile.held < tile.panels};
}

RegisterTile tenon::chooseRegisterTile(const TileOperands &operands,
                                       int64_t rows, int64_t panels) {
  RegisterTile best = {1, 1, 1};
  for (int64_t p = 1; p <= panels; ++p)
    for (int64_t r = 1; r <= std::min(rows, kMostRows); ++r)
      for (int64_t held = p; held >= 1; --held) {
        RegisterTile tile = {r, p, held};
        // Only a single row has so few sums that panels can take turns.
        bool isAllowed =
            p % held == 0 && (r == 1 || (held == p && p <= kMostPanels));
        if (isAllowed && r + p <= kMostPointers &&
            countRegisters(operands, tile) <= operands.registers &&
            costOf(operands, tile) < costOf(operands, best))
          best = tile;
      }
  // Equal tiles rather than a small last one.
  auto equalize = [](int64_t all, int64_t most) {
    return llvm::divideCeil(all, llvm::divideCeil(all, most));
  };
  best.rows = equalize(rows, best.rows);
  best.panels = equalize(panels, best.panels);
  best.held = equalize(best.panels, best.held);
  return best;
}
