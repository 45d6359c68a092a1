// Row-wise ops, on the rows of one token.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_ROWOPS_TD
#define TENON_DIALECTS_TILE_ROWOPS_TD

include "dialects/Tenon/RopeAttr.td"
include "dialects/Tile/TileDialect.td"

def Tile_NormOp : Tile_DestinationOp<"norm", [
    AttrSizedOperandSegments, WorksInPlace, MultipliesInputs]> {
  let summary = "Norm of every row of a tile";
  let description = [{
    `tenon.norm` of each row along the last dimension. The order of sums depends
    only on the length of a row. `input` and `outs` may alias.

    | Operand  | Shape      | Meaning                      |
    |----------|------------|------------------------------|
    | `input`  | `... x N`  | rows                         |
    | `weight`, `bias` | `D` | see `tenon.norm`            |
    | `outs`   | `... x N`  | normalized rows              |

    Constraints:

    * (C1) `input` and `outs` have the same shape, with a static last dimension.
    * (C2) `weight` has at most as many elements as a row.
    * (C3) `bias` has as many elements as `weight`, and is absent with
      `cast_then_scale` and without `weight`.

    Example:

    ```mlir
    %h = tile.norm rms %x, %w eps 1.0e-6 into %o
       : tensor<1x64xf32>, !tenon.weight<64, <f32>> into tensor<1x64xf32> -> tensor<1x64xf32>
    ```
  }];
  let arguments = (ins EnumProp<Tenon_NormKind>:$kind, Tile_Buffer:$input,
    Optional<Tenon_VectorWeight>:$weight, Optional<Tenon_VectorWeight>:$bias,
    Tenon_PositiveF32:$eps, Tile_Buffer:$outs,
    DefaultValuedProp<EnumProp<Tenon_NormOrder>,
                      "::tenon::NormOrder::ScaleThenCast">:$order);
  let assemblyFormat = [{
    $kind $input (`,` $weight^)? (`bias` $bias^ `:` type($bias))? `eps` $eps (`order` $order^)?
    `into` $outs attr-dict `:` type($input) (`,` type($weight)^)? `into` type($outs)
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_RopeOp : Tile_DestinationOp<"rope", [WorksInPlace]> {
  let summary = "Rotary position embedding of the rows of one token";
  let description = [{
    `tenon.rope` of each row along the last dimension, at one position. Cosines and
    sines are read from `table`. `input` and `outs` may alias.

    | Operand    | Shape     | Meaning                              |
    |------------|-----------|--------------------------------------|
    | `input`    | `... x N` | rows of one token                    |
    | `position` |           | position of the token                |
    | `table`    | `R x dims`| cos/sin table, see `tenon.rope_table` |
    | `outs`     | `... x N` | rotated rows                         |

    Constraints:

    * (C1) `input` and `outs` have the same static shape.
    * (C2) `table` has `dims` columns, and a row has at least `dims` elements.

    Example:

    ```mlir
    %r = tile.rope %q at %p last <dims = 8, pairing = half, theta = 1.0e4 : f64>, %t
       into %o : tensor<1x4x24xf32>, !tenon.weight<257x8, <f32>> into tensor<1x4x24xf32> -> tensor<1x4x24xf32>
    ```
  }];
  let arguments = (ins Tile_Buffer:$input, Index:$position,
    EnumProp<Tenon_RopeEnd>:$end, Tenon_RopeAttr:$rope, Tenon_MatrixWeight:$table,
    Tile_Buffer:$outs);
  let assemblyFormat = [{
    $input `at` $position $end $rope `,` $table `into` $outs attr-dict
    `:` type($input) `,` type($table) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_EmbedOp : Tile_DestinationOp<"embed", []> {
  let summary = "Embedding lookup of one token";
  let description = [{
    ```
    outs[0, i] = scale * table[token, i]
    ```

    Constraints:

    * (C1) `outs` is a static row with as many columns as `table`.

    Example:

    ```mlir
    %x = tile.embed %t, %w scale 8.0 into %o : !tenon.weight<100x64, <bf16>, <16x2>> into tensor<1x64xf32> -> tensor<1x64xf32>
    ```
  }];
  let arguments = (ins Index:$token, Tenon_MatrixWeight:$table,
                       OptionalAttr<F32Attr>:$scale, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $token `,` $table (`scale` $scale^)? `into` $outs attr-dict
    `:` type($table) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_FillOp : Tile_DestinationOp<"fill", []> {
  let summary = "Fills a tile with a value";
  let description = [{
    ```
    outs[...] = value
    ```

    Constraints:

    * (C1) `value` has the element type of `outs`.

    Example:

    ```mlir
    %z = tile.fill %v into %o : f32 into tensor<1x64xf32> -> tensor<1x64xf32>
    ```
  }];
  let arguments = (ins AnyFloat:$value, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $value `into` $outs attr-dict `:` type($value) `into` type($outs)
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_ConvertOp : Tile_DestinationOp<"convert", []> {
  let summary = "Converts the elements of a tile to another float type";
  let description = [{
    ```
    outs[...] = round(input[...])
    ```

    Widening is exact, and rounding is to nearest even.

    Constraints:

    * (C1) `input` and `outs` have the same shape and different float types.

    Example:

    ```mlir
    %r = tile.convert %x into %o : tensor<1x64xf32> into tensor<1x64xbf16> -> tensor<1x64xbf16>
    ```
  }];
  let arguments = (ins Tile_Buffer:$input, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $input `into` $outs attr-dict `:` type($input) `into` type($outs)
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_RouteOp : Tile_DestinationOp<"route", [
    AttrSizedOperandSegments, MultipliesInputs]> {
  let summary = "Top-k routing of one token";
  let description = [{
    `tenon.router` of one row. The first of `outs` receives the selected experts, the
    second one their weights.

    Constraints:

    * (C1) `logits` is a static row, and there are two `outs` of `1 x top`.

    Example:

    ```mlir
    %id, %wt = tile.route sigmoid %lg groups 4 keep 2 by top2sum top 3 scale 2.5
        into %i, %w : tensor<1x8xf32> into tensor<1x3xi32>, tensor<1x3xf32> -> tensor<1x3xi32>, tensor<1x3xf32>
    ```
  }];
  let arguments = (ins EnumProp<Tenon_Scoring>:$scoring, Tile_Buffer:$logits,
    Optional<Tenon_VectorWeight>:$bias,
    DefaultValuedProp<I64Prop, "1">:$groups, DefaultValuedProp<I64Prop, "1">:$keep,
    DefaultValuedProp<EnumProp<Tenon_GroupScore>, "::tenon::GroupScore::Max">:$by,
    I64Prop:$top, OptionalAttr<F32Attr>:$renorm, F32Attr:$scale,
    Variadic<Tile_Buffer>:$outs);
  let assemblyFormat = [{
    $scoring $logits (`bias` $bias^ `:` type($bias))? (`groups` $groups^)?
    (`keep` $keep^)? (`by` $by^)? `top` $top (`renorm` $renorm^)? `scale` $scale
    `into` $outs attr-dict `:` type($logits) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_MoeDispatchOp : Tile_DestinationOp<"moe_dispatch", []> {
  let summary = "Sorts top-k assignments by expert";
  let description = [{
    `tenon.moe_dispatch` of all tokens; `outs` are its results `order`, `place` and
    `offsets`.

    Constraints:

    * (C1) There are three `outs`, and the last is static.

    Example:

    ```mlir
    %o, %p, %f = tile.moe_dispatch %id into %a, %b, %c
        : tensor<?x2xi32> into tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
    ```
  }];
  let arguments = (ins Tile_Buffer:$choice, Variadic<Tile_Buffer>:$outs);
  let assemblyFormat = [{
    $choice `into` $outs attr-dict `:` type($choice) `into` type($outs)
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_MoeCombineOp : Tile_DestinationOp<"moe_combine", [
    ReadsOuts, MultipliesInputs]> {
  let summary = "Weighted sum of the rows of one token's experts";
  let description = [{
    ```
    outs[0, i] = outs[0, i] + (weights[token, 0] * input[place[token, 0], i] + ...)
    ```

    The sum over the experts is in ascending order of their top-k index, in `f32`.
    Without `weights` each factor is 1.

    Constraints:

    * (C1) `outs` is a static row with as many columns as `input`.

    Example:

    ```mlir
    %y = tile.moe_combine %dn, %place, %wt of %t into %x
       : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32> into tensor<1x64xf32> -> tensor<1x64xf32>
    ```
  }];
  let arguments = (ins Tile_Buffer:$input, Tile_Buffer:$place,
    Optional<Tile_Buffer>:$weights, Index:$token, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $input `,` $place (`,` $weights^)? `of` $token `into` $outs attr-dict
    `:` type($input) `,` type($place) (`,` type($weights)^)? `into` type($outs)
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

#endif // TENON_DIALECTS_TILE_ROWOPS_TD
