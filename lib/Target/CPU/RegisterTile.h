// How many rows and panels a product of weights holds in registers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_REGISTERTILE_H
#define TENON_LIB_TARGET_CPU_REGISTERTILE_H

#include <cstdint>

namespace tenon {

/// What the innermost loop of a product reads beside its rows, for each vector
/// of a panel.
struct TileOperands {
  /// Vector registers of the machine, and those that a column of a panel fills.
  int64_t registers, vectors;
  /// Columns that are decoded together; 1 if what is loaded are f32 weights.
  int64_t depth = 1;
  /// Codes of each vector with more columns than that, which stay for them.
  int64_t kept = 0;
  /// Constants that decoding uses, beside one or two.
  int64_t constants = 0;
  /// Vectors of scales and offsets that decoding holds.
  int64_t factors = 0;
  /// Instructions that make a weight of a code, on the ports of multiply-adds.
  int64_t decoding = 0;
};

/// `rows x panels` sums are carried through the innermost loop, which takes
/// `held` of the panels at a time, with their factors.
struct RegisterTile {
  int64_t rows, panels, held;
};

/// The tile for `rows` rows and `panels` panels at most that needs the least
/// time for a multiply-add. Whatever its innermost loop touches has a register:
/// sums, codes, weights, factors, elements of rows and pointers.
RegisterTile chooseRegisterTile(const TileOperands &operands, int64_t rows,
                                int64_t panels);

/// Vector registers that a tile fills.
int64_t countRegisters(const TileOperands &operands, RegisterTile tile);

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_REGISTERTILE_H
