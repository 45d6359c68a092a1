// Online-softmax attention over KV blocks.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_ONLINEATTENTIONOPS_TD
#define TENON_DIALECTS_TILE_ONLINEATTENTIONOPS_TD

include "dialects/Tenon/MaskAttr.td"
include "dialects/Tile/TileDialect.td"

def Tile_KeyRangeOp : Tile_Op<"key_range", [Pure]> {
  let summary = "Range of KV blocks that a query block attends to";
  let description = [{
    The queries are at positions `first` to `first + count - 1` of a sequence of
    length `length`. Let `some` be the range of keys that are unmasked for at least
    one of the queries, and `all` the range of those that are unmasked for every
    query. Rounded to multiples of `step`, the size of a KV block:

    ```
    lower      = begin of some, rounded down
    full_lower = begin of all, rounded up, clamped to [lower, upper]
    full_upper = end of all, rounded down, at least full_lower
    upper      = end of some; lower if some is empty
    ```

    KV blocks from `full_lower` to `full_upper` require no mask.

    Constraints:

    * (C1) `step` is positive.

    Example:

    ```mlir
    %lo, %f0, %f1, %hi = tile.key_range <causal, window = 8> at %p count %n of %len step 64
    ```
  }];
  let arguments = (ins Tenon_MaskAttr:$mask, Index:$first, Index:$count,
                       Index:$length, I64Prop:$step);
  let results = (outs Index:$lower, Index:$full_lower, Index:$full_upper, Index:$upper);
  let assemblyFormat = [{
    $mask `at` $first `count` $count `of` $length `step` $step attr-dict
  }];
  let hasVerifier = 1;
}

def Tile_AttentionInitOp : Tile_DestinationOp<"attention_init", []> {
  let summary = "Initializes the state of an online softmax";
  let description = [{
    ```
    acc[r, i] = 0,  maximum[r] = -infinity,  sum[r] = 0
    ```

    `outs` are the accumulator, the running max and the denominator.

    Constraints:

    * (C1) There are three `outs` with the same static number of rows.

    Example:

    ```mlir
    %a, %m, %s = tile.attention_init into %x, %y, %z : tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>
    ```
  }];
  let arguments = (ins Variadic<Tile_Buffer>:$outs);
  let assemblyFormat = "`into` $outs attr-dict `:` type($outs) (`->` type($results)^)?";
  let hasVerifier = 1;
}

def Tile_OnlineAttentionOp : Tile_DestinationOp<"online_attention", [
    AttrSizedOperandSegments, ReadsOuts, MultipliesInputs]> {
  let summary = "Online-softmax update with one KV block";
  let description = [{
    Row `r` of `query` belongs to token `r div heads` of a query block, at position
    `p = position + r div heads`. The KV block has `count` keys. Key `j` is key
    `n = first + j` of the sequence, at index `key_at` plus `j` in dimension
    `along`; its value is at `value_at` likewise. `scale` includes log2(e), because
    the softmax uses exp2. Over the keys that `mask` does not exclude for `p`, `n`
    and `length` (all keys, without `mask`):

    ```
    s[r, j]    = scale * sum over i of query[r, i] * key[j, i]
    s[r, j]    = cap * tanh(s[r, j] / cap)                with softcap, in the same units
    new[r]     = max(maximum[r], max over j of s[r, j])
    e[r, j]    = 2 ^ (s[r, j] - new[r])
    e[r, j]    = e[r, j] rounded to `probabilities`       with probabilities
    f[r]       = 2 ^ (maximum[r] - new[r])
    acc[r, :]  = acc[r, :] * f[r] + sum over j of e[r, j] * value[j, :]
    sum[r]     = sum[r] * f[r] + sum over j of e[r, j]
    maximum[r] = new[r]
    ```

    A row whose keys are all masked keeps its state. Rows from `rows` on are not
    computed. The order of the sums depends only on static sizes.

    | Operand    | Shape     | Meaning                                     |
    |------------|-----------|---------------------------------------------|
    | `query`    | `M x d`   | rows: tokens of a query block, heads innermost |
    | `rows`     |           | number of valid rows                        |
    | `key`, `value` | any   | KV cache, or buffers of one KV block        |
    | `key_at`, `value_at` | | index of the first key and value            |
    | `first`, `count` |     | first key and number of keys                |
    | `position`, `length` | | position of the first token; length of the sequence |
    | `outs`     | `M x v`, `M`, `M` | accumulator, running max, denominator |

    Constraints:

    * (C1) There is one index per dimension of `key` and of `value`.
    * (C2) `query` and `outs` are static and agree on `M`.
    * (C3) `keys` bounds `count` and is positive; `heads` divides `M`.

    Example:

    ```mlir
    %a1, %m1, %s1 = tile.online_attention %q rows %r, %k[%l, %s, %n, %g, %c0] along 2,
        %v[%l, %s, %n, %g, %c0] along 2 keys 64 first %n count %c at %p of %len
        heads 2 scale 0.25 mask <causal> into %a, %m, %z
        : tensor<4x16xf32>, tensor<3x?x?x2x16xf32>, tensor<3x?x?x2x16xf32> into
          tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>
    ```
  }];
  let arguments = (ins Tile_Buffer:$query, Index:$rows,
    Tile_Buffer:$key, Variadic<Index>:$key_at,
    Tile_Buffer:$value, Variadic<Index>:$value_at,
    Index:$first, Index:$count, Index:$position, Index:$length,
    Variadic<Tile_Buffer>:$outs,
    I64Prop:$key_along, I64Prop:$value_along, I64Prop:$keys, I64Prop:$heads,
    F32Attr:$scale, OptionalAttr<Tenon_MaskAttr>:$mask,
    OptionalAttr<F32Attr>:$softcap,
    OptionalAttr<Tenon_NarrowFloatType>:$probabilities);
  let assemblyFormat = [{
    $query `rows` $rows `,` $key `[` $key_at `]` `along` $key_along `,`
    $value `[` $value_at `]` `along` $value_along `keys` $keys
    `first` $first `count` $count `at` $position `of` $length `heads` $heads
    `scale` $scale (`mask` $mask^)? (`softcap` $softcap^)?
    (`probabilities` $probabilities^)? `into` $outs attr-dict
    `:` type($query) `,` type($key) `,` type($value) `into` type($outs)
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_IndexScoresOp : Tile_DestinationOp<"index_scores", [MultipliesInputs]> {
  let summary = "Index scores of one token";
  let description = [{
    The scores of `tenon.index_topk` of the first `count` keys, which are
    consecutive in dimension 2 of `key` from `at` on. The other elements of `outs`
    are unspecified.

    Constraints:

    * (C1) `key` has four dimensions, with one index for each.
    * (C2) `query` is static, `1 x H x d`, and `weights` a static row of `H`.
    * (C3) `outs` is a static row.

    Example:

    ```mlir
    %s = tile.index_scores %q weights %w, %k[%l, %s0, %z, %z] count %n scale 0.25 into %o
        : tensor<1x4x16xf32>, tensor<1x4xf32>, tensor<3x?x?x16xf32> into tensor<1x128xf32> -> tensor<1x128xf32>
    ```
  }];
  let arguments = (ins Tile_Buffer:$query, Tile_Buffer:$weights, Tile_Buffer:$key,
    Variadic<Index>:$at, Index:$count, F32Attr:$scale, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $query `weights` $weights `,` $key `[` $at `]` `count` $count `scale` $scale
    `into` $outs attr-dict `:` type($query) `,` type($weights) `,` type($key)
    `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_SelectTopOp : Tile_DestinationOp<"select_top", []> {
  let summary = "Places of the largest elements of a row";
  let description = [{
    `outs` receives the places of the `min(K, count)` largest of the first `count`
    elements of `scores`, in ascending order, then -1. Of equal elements those with
    the lower places are taken; zeros of both signs are equal.

    Constraints:

    * (C1) `scores` is a static row of `f32`, and `outs` one of `i32`.

    Example:

    ```mlir
    %i = tile.select_top %s count %n into %o : tensor<1x128xf32> into tensor<1x24xi32> -> tensor<1x24xi32>
    ```
  }];
  let arguments = (ins Tile_Buffer:$scores, Index:$count, Tile_Buffer:$outs);
  let assemblyFormat = [{
    $scores `count` $count `into` $outs attr-dict
    `:` type($scores) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Tile_AttentionFinishOp : Tile_DestinationOp<"attention_finish", [
    AttrSizedOperandSegments, ReadsOuts]> {
  let summary = "Finalizes an online softmax";
  let description = [{
    ```
    outs[r, i] = outs[r, i] / sum[r]        0 if sum[r] is 0
    ```

    With `sinks`, where the sink of row `r` is element `head + r mod heads`:

    ```
    new        = max(maximum[r], sinks * log2(e))
    outs[r, i] = outs[r, i] * 2 ^ (maximum[r] - new)
                 / (sum[r] * 2 ^ (maximum[r] - new) + 2 ^ (sinks * log2(e) - new))
    ```

    Constraints:

    * (C1) `maximum`, `sum` and `outs` are static and agree on their rows.
    * (C2) There is a `head` if and only if there are `sinks`.

    Example:

    ```mlir
    %o = tile.attention_finish %m, %s heads 2 into %a : tensor<4xf32>, tensor<4xf32> into tensor<4x16xf32> -> tensor<4x16xf32>
    ```
  }];
  let arguments = (ins Tile_Buffer:$maximum, Tile_Buffer:$sum,
    Optional<Tenon_VectorWeight>:$sinks, Optional<Index>:$head, Tile_Buffer:$outs,
    I64Prop:$heads);
  let assemblyFormat = [{
    $maximum `,` $sum (`sinks` $sinks^ `:` type($sinks))? (`from` $head^)?
    `heads` $heads `into` $outs attr-dict
    `:` type($maximum) `,` type($sum) `into` type($outs) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

#endif // TENON_DIALECTS_TILE_ONLINEATTENTIONOPS_TD
