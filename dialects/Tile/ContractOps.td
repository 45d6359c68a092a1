// Products of a few rows with weight panels, and what is done with them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_CONTRACTOPS_TD
#define TENON_DIALECTS_TILE_CONTRACTOPS_TD

include "dialects/Tile/TileDialect.td"

def Tile_ContractOp : Tile_DestinationOp<"contract", [AttrSizedOperandSegments]> {
  let summary = "Product of a few rows with a few weight panels";
  let description = [{
    `acc` has `M` rows and `16 P` columns. `at` is the place of the first element
    in `input`, one index for each dimension; rows follow each other along the
    dimension `along`, and the columns of a row along the last one. With
    `count = n` rows present, and `r(i) = min(i, n - 1)`, row `i` is

    ```
    x[i, k] = input[at + r(i) e(along) + k e(last)]                       without order
            = input[order[at[along] + r(i)] div choices, at[last] + k]    with order
    acc[i, 16 q + j] = sum over k of x[i, k] * weight[matrix, row(panel + q, j), k]
    ```

    where `row(p, j)` is the row of the matrix in place `j` of panel `p`, and the
    product is 0 where there is none. The sum runs over `k` in ascending order,
    in one chain of fused multiply-adds in `f32`, on weights rounded to `f32`: so
    a row has the same bits whatever `M`, `P` and `count` are. Rows from `n` on
    repeat the last one.

    | Operand  | Shape         | Meaning                                       |
    |----------|---------------|-----------------------------------------------|
    | `input`  | any           | where rows are read                           |
    | `at`     |               | place of the first element                    |
    | `count`  |               | rows present, from 1 to `M`                   |
    | `order`  | `C`           | rows in an order of their own                 |
    | `weight` | `N x K` or `B x N x K` | in panels of 16 rows                 |
    | `matrix` |               | which matrix of the stack                     |
    | `panel`  |               | first panel                                   |
    | `outs`   | `M x 16 P`    | the tile `acc`                                |

    Constraints:

    * (C1) There is one index in `at` for each dimension of `input`, and `along`
      is not the last one.
    * (C2) `acc` is static, and has a multiple of 16 columns.
    * (C3) `weight` has panels of 16 rows.
    * (C4) `weight` is a matrix, or a stack of matrices with `matrix`.
    * (C5) `choices` is positive with `order`, whose `input` has two dimensions,
      and 0 without.

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
  let summary = "Adds a tile to another";
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
  let summary = "Adds a part of a vector to every row of a tile";
  let description = [{
    ```
    outs[i, j] = outs[i, j] + bias[row(first div 16, j)]    as long as there is such an element
    ```

    With `pair`, the columns of the tile belong to the rows of paired panels, as
    `#tenon.panel` orders them; without it, column `j` belongs to `first + j`.

    | Operand | Shape   | Meaning                               |
    |---------|---------|---------------------------------------|
    | `bias`  | `N`     | an element for each row of a matrix   |
    | `first` |         | first column of the tile, a multiple of 16 |
    | `outs`  | `M x W` | columns from `first` on               |

    Constraints:

    * (C1) `outs` is static and of rank 2.

    Example:

    ```mlir
    %s = tile.add_bias %b[%n] into %a : !tenon.weight<96, <f32>> into tensor<4x32xf32> -> tensor<4x32xf32>
    ```
  }];
  let arguments = (ins Tenon_VectorWeight:$bias, Index:$first, Tile_Buffer:$outs,
                       UnitProp:$pair);
  let assemblyFormat = [{
    $bias `[` $first `]` (`pair` $pair^)? `into` $outs attr-dict
    `:` type($bias) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_GluPairsOp : Tile_DestinationOp<"glu_pairs", [MultipliesInputs]> {
  let summary = "Activation of gates times projections up, from paired panels";
  let description = [{
    Each 16 columns of `input` are 8 gates, then the 8 projections beside them:

    ```
    outs[i, 8 q + j] = act(input[i, 16 q + j]) * input[i, 16 q + 8 + j],  j < 8
    ```

    The functions are those of `tenon.linear`.

    Constraints:

    * (C1) Both are static, `input` has a multiple of 16 columns, and `outs` has
      half of them.

    Example:

    ```mlir
    %g = tile.glu_pairs silu %s into %e : tensor<4x32xf32> into tensor<4x16xf32> -> tensor<4x16xf32>
    ```
  }];
  let arguments = (ins EnumProp<Tenon_Activation>:$activation,
                       Tile_Buffer:$input, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $activation $input `into` $outs attr-dict
    `:` type($input) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_GluOp : Tile_DestinationOp<"glu", [WorksInPlace, MultipliesInputs]> {
  let summary = "Activation of a gate times a second projection, in a tile";
  let description = [{
    ```
    outs[...] = act(gate[...]) * up[...]
    ```

    The functions are those of `tenon.linear`.

    Constraints:

    * (C1) All three have the same shape.

    Example:

    ```mlir
    %a = tile.glu silu %g, %u into %o : tensor<1x96xf32>, tensor<1x96xf32> into tensor<1x96xf32> -> tensor<1x96xf32>
    ```
  }];
  let arguments = (ins EnumProp<Tenon_Activation>:$activation,
                       Tile_Buffer:$gate, Tile_Buffer:$up, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $activation $gate `,` $up `into` $outs attr-dict
    `:` type($gate) `,` type($up) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

#endif // TENON_DIALECTS_TILE_CONTRACTOPS_TD
