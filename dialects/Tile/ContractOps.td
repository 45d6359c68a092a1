// GEMM tiles on weight panels, and their epilogues.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_CONTRACTOPS_TD
#define TENON_DIALECTS_TILE_CONTRACTOPS_TD

include "dialects/Tile/TileDialect.td"

def Tile_ContractOp : Tile_DestinationOp<"contract", [AttrSizedOperandSegments]> {
  let summary = "GEMM tile: rows of activations by weight panels";
  let description = [{
    `acc` has `M` rows and `16 P` columns. `at` is the index of the first element in
    `input`; dimension `along` of `input` counts rows, and the last dimension
    columns. Of the `count = n` valid rows, row `i` is

    ```
    x[i, k] = input[at + i e(along) + k e(last)]                       without order
            = input[order[at[along] + i] div choices, at[last] + k]    with order
    acc[i, 16 q + j] = sum over k of x[i, k] * weight[matrix, row(panel + q, j), k]
    ```

    where `row(p, j)` is the matrix row in lane `j` of panel `p`; the result is 0 in
    the padding lanes of the last panel. The sum is one chain of `f32` fused
    multiply-adds in ascending `k`, on weights dequantized to `f32`, so a row
    has the same bits for any `M`, `P` and `count` (batch invariance). Rows from `n`
    on are unspecified.

    | Operand  | Shape         | Meaning                                       |
    |----------|---------------|-----------------------------------------------|
    | `input`  | any           | activations                                   |
    | `at`     |               | index of the first element, one per dimension |
    | `count`  |               | valid rows, from 1 to `M`                     |
    | `order`  | `T k`         | fused gather: result of `tenon.moe_dispatch`  |
    | `weight` | `N x K` or `B x N x K` | in panels of 16 rows                 |
    | `matrix` |               | index into the stack of matrices              |
    | `panel`  |               | first panel                                   |
    | `outs`   | `M x 16 P`    | result tile `acc`                             |

    Constraints:

    * (C1) There is one index in `at` per dimension of `input`, and `along` is not
      the last dimension.
    * (C2) `acc` is static, and has a multiple of 16 columns.
    * (C3) `weight` has panels of 16 rows.
    * (C4) `weight` is a matrix, or a stack of matrices with `matrix`.
    * (C5) `choices` is positive with `order`, whose `input` has two dimensions,
      and 0 without it.

    Example:

    ```mlir
    %s = tile.contract %x[%t, %c0] along 0 count %n, %w panel %p into %z
       : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> into tensor<4x16xf32> -> tensor<4x16xf32>
    ```
  }];
  let arguments = (ins Tile_Buffer:$input, Variadic<Index>:$at, Index:$count,
    Optional<Tile_Buffer>:$order, Tenon_WeightType:$weight,
    Optional<Index>:$matrix, Index:$panel, Tile_Buffer:$outs,
    I64Prop:$along, DefaultValuedProp<I64Prop, "0">:$choices);
  let assemblyFormat = [{
    $input `[` $at `]` `along` $along `count` $count
    (`rows` $order^ `:` type($order) `choices` $choices)? `,` $weight
    (`[` $matrix^ `]`)? `panel` $panel `into` $outs attr-dict
    `:` type($input) `,` type($weight) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_AddOp : Tile_DestinationOp<"add", [ReadsOuts, WorksInPlace]> {
  let summary = "Elementwise sum of two tiles";
  let description = [{
    ```
    outs[...] = outs[...] + input[...]
    ```

    Constraints:

    * (C1) `input` and `outs` have the same shape.

    Example:

    ```mlir
    %s = tile.add %a into %b : tensor<1x64xf32> into tensor<1x64xf32> -> tensor<1x64xf32>
    ```
  }];
  let arguments = (ins Tile_Buffer:$input, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $input `into` $outs attr-dict `:` type($input) `into` type($outs)
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_AddBiasOp : Tile_DestinationOp<"add_bias", [ReadsOuts]> {
  let summary = "Adds a bias to every row of a tile";
  let description = [{
    ```
    outs[i, j] = outs[i, j] + bias[row(first div 16, j)]            without matrix
               = outs[i, j] + bias[matrix, row(first div 16, j), 0] with matrix
    ```

    Beyond the end of `bias` 0 is added.

    With `pair`, `row(p, j)` is the order of rows in paired panels, see
    `#tenon.panel`; without it, column `j` corresponds to element `first + j`.

    | Operand | Shape   | Meaning                               |
    |---------|---------|---------------------------------------|
    | `bias`  | `N` or `B x N x 1` | one element per row of the matrix |
    | `first` |         | first column of the tile, a multiple of 16 |
    | `matrix` |        | index into the stack of columns       |
    | `outs`  | `M x W` | columns from `first` on               |

    Constraints:

    * (C1) `outs` is static and of rank 2.
    * (C2) `bias` is a vector, or a stack of columns with `matrix`.

    Example:

    ```mlir
    %s = tile.add_bias %b[%n] into %a : !tenon.weight<96, <f32>> into tensor<4x32xf32> -> tensor<4x32xf32>
    ```
  }];
  let arguments = (ins Tenon_WeightType:$bias, Index:$first, Optional<Index>:$matrix,
                       Tile_Buffer:$outs, UnitProp:$pair);
  let assemblyFormat = [{
    $bias `[` $first `]` (`of` $matrix^)? (`pair` $pair^)? `into` $outs attr-dict
    `:` type($bias) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_GluPairsOp : Tile_DestinationOp<"glu_pairs", [MultipliesInputs]> {
  let summary = "GLU of interleaved gate and up columns";
  let description = [{
    Each group of 16 columns of `input` consists of 8 columns of the gate projection
    and the corresponding 8 columns of the up projection:

    ```
    outs[i, 8 q + j] = glu(input[i, 16 q + j], input[i, 16 q + 8 + j]),  j < 8
    ```

    The functions `glu` are those of `tenon.glu`.

    Constraints:

    * (C1) Both are static, `input` has a multiple of 16 columns, and `outs` has
      half as many.

    Example:

    ```mlir
    %g = tile.glu_pairs silu %s into %e : tensor<4x32xf32> into tensor<4x16xf32> -> tensor<4x16xf32>
    ```
  }];
  let arguments = (ins Tenon_GatedActivation:$activation,
                       Tile_Buffer:$input, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $activation $input `into` $outs attr-dict
    `:` type($input) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_PointwiseOp : Tile_DestinationOp<"pointwise", [WorksInPlace]> {
  let summary = "Function of every element, with one parameter";
  let description = [{
    ```
    outs[...] = f(input[...])
    ```

    The functions are those of `tenon.pointwise`.

    Constraints:

    * (C1) Both have the same shape.

    Example:

    ```mlir
    %a = tile.pointwise clamp %x by 8.0 into %o : tensor<1x96xf32> into tensor<1x96xf32> -> tensor<1x96xf32>
    ```
  }];
  let arguments = (ins EnumProp<Tenon_PointwiseFunction>:$function,
                       Tile_Buffer:$input, Tenon_PositiveF32:$parameter,
                       Tile_Buffer:$outs);
  let assemblyFormat = [{
    $function $input `by` $parameter `into` $outs attr-dict
    `:` type($input) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_TemperatureOp : Tile_Op<"temperature", [Pure]> {
  let summary = "Attention temperature of a position";
  let description = [{
    The factor of `tenon.temper_rows` for a token at `position`.

    Constraints:

    * (C1) `interval` is positive.

    Example:

    ```mlir
    %f = tile.temperature at %p interval 8192 slope 0.1
    ```
  }];
  let arguments = (ins Index:$position, I64Prop:$interval, F32Attr:$slope);
  let results = (outs F32:$factor);
  let assemblyFormat = [{
    `at` $position `interval` $interval `slope` $slope attr-dict
  }];
  let hasVerifier = 1;
}

def Tile_ScaleOp : Tile_DestinationOp<"scale", [WorksInPlace]> {
  let summary = "Product of every element with one number";
  let description = [{
    ```
    outs[...] = factor * input[...]
    ```

    Constraints:

    * (C1) Both have the same shape.

    Example:

    ```mlir
    %a = tile.scale %x by %f into %o : tensor<1x96xf32> into tensor<1x96xf32> -> tensor<1x96xf32>
    ```
  }];
  let arguments = (ins Tile_Buffer:$input, F32:$factor, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $input `by` $factor `into` $outs attr-dict
    `:` type($input) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_GluOp : Tile_DestinationOp<"glu", [WorksInPlace, MultipliesInputs]> {
  let summary = "Gated linear unit: act(gate) * up";
  let description = [{
    ```
    outs[...] = glu(gate[...], up[...])
    ```

    The functions `glu` are those of `tenon.glu`.

    Constraints:

    * (C1) All three have the same shape.

    Example:

    ```mlir
    %a = tile.glu silu %g, %u into %o : tensor<1x96xf32>, tensor<1x96xf32> into tensor<1x96xf32> -> tensor<1x96xf32>
    ```
  }];
  let arguments = (ins Tenon_GatedActivation:$activation,
                       Tile_Buffer:$gate, Tile_Buffer:$up, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $activation $gate `,` $up `into` $outs attr-dict
    `:` type($gate) `,` type($up) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

#endif // TENON_DIALECTS_TILE_CONTRACTOPS_TD
