// The tile dialect: includes all groups of ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_TILEOPS_TD
#define TENON_DIALECTS_TILE_TILEOPS_TD

include "dialects/Tile/OnlineAttentionOps.td"
include "dialects/Tile/ContractOps.td"
include "dialects/Tile/KernelOps.td"
include "dialects/Tile/RowOps.td"
include "dialects/Tile/WorkerOps.td"

#endif // TENON_DIALECTS_TILE_TILEOPS_TD
