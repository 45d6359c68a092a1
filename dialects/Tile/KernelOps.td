// The kernel: the unit of execution between two barriers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_KERNELOPS_TD
#define TENON_DIALECTS_TILE_KERNELOPS_TD

include "dialects/Tile/TileDialect.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Tile_KernelOp : Tile_Op<"kernel", [
    IsolatedFromAbove, AttrSizedOperandSegments, DestinationStyleOpInterface,
    SingleBlockImplicitTerminator<"::tenon::tile::YieldOp">,
    RecursiveMemoryEffects]> {
  let summary = "Unit of execution between two barriers";
  let description = [{
    The region is executed once; its block arguments are `inputs`, then `outs`.
    Result `i` is operand `i` of the `tile.yield`. `outs[i]` is the destination of
    result `i`: it may be overwritten, and the region may read it, for example to
    add a residual.

    A kernel is executed between two barriers on a CPU, and is one launch on a GPU.
    Its name is kept in symbols, remarks and reports.

    | Operand  | Meaning                                            |
    |----------|----------------------------------------------------|
    | `inputs` | values that the kernel only reads                  |
    | `outs`   | destinations of the results                        |

    The configuration says how the code of the kernel is made. It is printed after the
    name: the parameters alone for a `#tile.config`, and nothing while none is chosen.

    Constraints:

    * (C1) There is a block argument of the same type for each operand.
    * (C2) There is a result of the same type for each of `outs`, and the region
      yields a value of that type.
    * (C3) The name is not empty.

    Example:

    ```mlir
    %y = tile.kernel "add" <rows = 1> ins(%x : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) {
    ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
      %s = arith.addf %a, %b : tensor<?x8xf32>
      tile.yield %s : tensor<?x8xf32>
    } -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name,
    OptionalAttr<Tile_KernelConfigAttrInterface>:$config,
    Variadic<AnyType>:$inputs, Variadic<AnyRankedTensor>:$outs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name (custom<KernelConfig>($config)^)? `ins` `(` ($inputs^ `:` type($inputs))? `)`
    `outs` `(` ($outs^ `:` type($outs))? `)` attr-dict-with-keyword $body
    (`->` type($results)^)?
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
    ::tenon::tile::YieldOp getYield();
  }];
}

def Tile_YieldOp : Tile_Op<"yield", [
    Pure, Terminator, ReturnLike, HasParent<"KernelOp">]> {
  let summary = "Terminator of a kernel: yields its results";
  let description = [{
    Example: see `tile.kernel`.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ }]>];
}

def Tile_WeightViewOp : Tile_Op<"weight_view", [Pure]> {
  let summary = "View of the packed bytes of a weight as a memref";
  let description = [{
    ```
    result = the bytes of weight from `offset` on, as elements of the result's type
    ```

    Bytes are in the packed layout that `PanelLayout.h` defines, or row-major for a
    weight without a layout. `offset` is in bytes. Weight data is constant, so the
    op is pure.

    Constraints:

    * (C1) The result is static and has the identity layout.

    Example:

    ```mlir
    %v = tile.weight_view %w at %o : !tenon.weight<96x64, <bf16>, <16x2>> to memref<32x16xi32>
    ```
  }];
  let arguments = (ins Tenon_WeightType:$weight, Index:$offset);
  let results = (outs AnyStaticShapeMemRef:$result);
  let assemblyFormat = [{
    $weight `at` $offset attr-dict `:` type($weight) `to` type($result)
  }];
  let hasVerifier = 1;
}

#endif // TENON_DIALECTS_TILE_KERNELOPS_TD
