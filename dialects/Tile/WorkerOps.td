// Synchronization of workers: step context, barrier and atomic counter.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_WORKEROPS_TD
#define TENON_DIALECTS_TILE_WORKEROPS_TD

include "dialects/Tile/TileDialect.td"

def Tile_ContextType : TypeDef<Tile_Dialect, "Context"> {
  let mnemonic = "context";
  let summary = "Step context of the runtime";
  let description = [{
    The runtime passes it to every worker of a step. The type is opaque; the target
    defines its layout.

    Example: `!tile.context`
  }];
}

def Tile_BarrierOp : Tile_Op<"barrier", [
    MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Barrier of all workers";
  let description = [{
    Returns once every worker has arrived. All writes before the barrier are visible
    to every worker after it. Resets the ticket counter of `tile.next_ticket`.

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
  let summary = "Atomic fetch-and-increment of the ticket counter";
  let description = [{
    Returns the value of the counter before the increment. Since the last barrier
    the values are 0, 1, 2, ..., and each is returned to exactly one worker.

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
