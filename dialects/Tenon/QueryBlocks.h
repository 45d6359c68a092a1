// The columns of the table of query blocks, the operand `blocks`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_QUERYBLOCKS_H
#define TENON_DIALECTS_TENON_QUERYBLOCKS_H

#include <cstdint>

namespace tenon {

/// A query block is a run of tokens of one sequence at successive positions.
enum class BlockColumn : int64_t { FirstRow, Count, Slot, FirstPosition };

inline constexpr int64_t kBlockColumns = 4;

} // namespace tenon

#endif // TENON_DIALECTS_TENON_QUERYBLOCKS_H
