// Enums of the tile dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_TILEENUMS_TD
#define TENON_DIALECTS_TILE_TILEENUMS_TD

include "mlir/IR/EnumAttr.td"

def Tile_Split : I32Enum<"Split", "scheduling of a parallel loop", [
    I32EnumCase<"Static", 0, "static">,
    I32EnumCase<"Ticket", 1, "ticket">]> {
  let cppNamespace = "::tenon::tile";
}

#endif // TENON_DIALECTS_TILE_TILEENUMS_TD
