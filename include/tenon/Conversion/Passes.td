// Conversions from one level of the IR to the next.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_CONVERSION_PASSES_TD
#define TENON_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertTenonToTile : Pass<"convert-tenon-to-tile", "::mlir::ModuleOp"> {
  let summary = "Lower kernel bodies to loops over tiles";
  let description = [{
    The body of each kernel becomes loops around ops of the tile dialect: over
    blocks of weight panels and M tiles for a linear, over tokens for row-wise ops,
    over query blocks, heads and KV blocks for attention. With
    `<rows = 4, panels = 2>`, the kernel

    ```mlir
    %y = tile.kernel "k" <rows = 4, panels = 2> ins(%x, %w : ...) outs(%e : tensor<?x96xf32>) {
      %r = tenon.linear %a, %b : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
      tile.yield %r : tensor<?x96xf32>
    }
    ```

    becomes

    ```mlir
    %r = scf.forall (%p) in (3) shared_outs(%o = %c) -> (tensor<?x96xf32>) {
      %s = tensor.extract_slice %o[0, %col] [%t, 32] [1, 1] : ...
      %z = scf.for %i = %c0 to %t step %c4 iter_args(%q = %s) -> (tensor<?x32xf32>) {
        %left = arith.subi %t, %i : index
        %n = arith.minsi %left, %c4 : index
        %e = tensor.empty() : tensor<4x32xf32>
        %v = tile.contract %a[%i, %c0] along 0 count %n, %b panel %panel into %e : ...
        %rows = tensor.extract_slice %v[0, 0] [%n, 32] [1, 1] : ...
        %u = tensor.insert_slice %rows into %q[%i, 0] [%n, 32] [1, 1] : ...
        scf.yield %u : tensor<?x32xf32>
      }
      scf.forall.in_parallel { tensor.parallel_insert_slice %z into %o[0, %col] [%t, 32] [1, 1] : ... }
    } {mapping = [#tile.worker<static>]}
    ```

    Kernels that already contain loops are unchanged. An op that cannot be lowered
    is an error that names the op and, if there is one, the pass that must run
    first: a rotary embedding without a table, a weight without panels, reads of
    rows of other tokens.

    Runs after `tenon-form-kernels` because tile sizes are read from the
    configuration of a kernel; must precede `tile-outline-kernels` because it
    matches `tile.kernel` regions, and `one-shot-bufferize` because ops of the
    tenon dialect do not implement `BufferizableOpInterface`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::tenon::tile::TileDialect"
  ];
}

#endif // TENON_CONVERSION_PASSES_TD
