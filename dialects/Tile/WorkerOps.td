// What workers share: the context of a step, barriers and tickets.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_WORKEROPS_TD
#define TENON_DIALECTS_TILE_WORKEROPS_TD

include "dialects/Tile/TileDialect.td"

def Tile_ContextType : TypeDef<Tile_Dialect, "Context"> {
  let mnemonic = "context";
  let summary = "What the runtime hands to every worker of a step";
  let description = [{
    Opaque. A target says how it is laid out.

    Example: `!tile.context`
  }];
}

def Tile_BarrierOp : Tile_Op<"barrier", [
    MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Waits until every worker has arrived";
  let description = [{
    What any worker wrote before it arrived is seen by all of them afterwards.
    The counter of tickets is zero again.

    Example:

    ```mlir
    tile.barrier %ctx, %worker
    ```
  }];
  let arguments = (ins Tile_ContextType:$step, Index:$worker);
  let assemblyFormat = "$step `,` $worker attr-dict";
}

def Tile_NextTicketOp : Tile_Op<"next_ticket", [
    MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Takes a number that no other worker gets";
  let description = [{
    The numbers since the last barrier are 0, 1, 2, ...; each is given once.

    Example:

    ```mlir
    %i = tile.next_ticket %ctx
    ```
  }];
  let arguments = (ins Tile_ContextType:$step);
  let results = (outs Index:$ticket);
  let assemblyFormat = "$step attr-dict";
}

#endif // TENON_DIALECTS_TILE_WORKEROPS_TD
