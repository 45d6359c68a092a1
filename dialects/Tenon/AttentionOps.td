// Attention ops: rotary embeddings, KV-cache updates, and the two kinds of attention.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_ATTENTIONOPS_TD
#define TENON_DIALECTS_TENON_ATTENTIONOPS_TD

include "dialects/Tenon/RopeAttr.td"
include "dialects/Tenon/TenonDialect.td"
include "dialects/Tenon/MaskAttr.td"
include "dialects/Tenon/WeightTypes.td"

def Tenon_RopeOp : Tenon_TokenOp<"rope", [
    RowOpInterface, AllTypesMatch<["input", "result"]>]> {
  let summary = "Rotary position embedding";
  let description = [{
    A row is the last dimension of `input`. Its first or last `dims` elements are
    rotated by angles proportional to the position `p` of the token. For each pair
    `(a, b)` of `rope`, with frequency `f` and attention factor `m`, in `f32`:

    ```
    result[a] = round(m * (x[a] * cos(p f) - x[b] * sin(p f)))
    result[b] = round(m * (x[b] * cos(p f) + x[a] * sin(p f)))
    ```

    All other elements are unchanged. Angles are computed in at least `f64`
    precision.

    | Operand     | Shape                  | Meaning                        |
    |-------------|------------------------|--------------------------------|
    | `input`     | `T x N` or `T x H x N` | rows of tokens or of heads     |
    | `positions` | `T`                    | position of each token         |
    | `table`     | `R x dims`             | cos/sin table, as defined by `tenon.rope_table` |

    With a `table`, cosines and sines are read instead of computed; the semantics
    are otherwise the same.

    Constraints:

    * (C1) A row has at least `dims` elements.
    * (C2) `input` and `positions` agree on `T`.
    * (C3) A `table` has `dims` columns.

    Example:

    ```mlir
    %r = tenon.rope %q at %pos last
        <dims = 8, pairing = interleaved, theta = 1.0e4 : f64>
        : tensor<?x4x24xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins Tenon_ActivationTensor:$input, Tenon_IndexTensor:$positions,
    EnumProp<Tenon_RopeEnd>:$end, Tenon_RopeAttr:$rope,
    Optional<Tenon_MatrixWeight>:$table);
  let results = (outs Tenon_ActivationTensor:$result);
  let assemblyFormat = [{
    $input `at` $positions $end $rope (`table` $table^ `:` type($table))? attr-dict
    `:` type($input) `,` type($positions)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getInput(), getPositions(), getResult()};
    }
    ::llvm::SmallVector<::mlir::Value> getWholeOperands() {
      return {getPositions()};
    }
  }];
}

def Tenon_CacheUpdateOp : Tenon_TokenOp<"cache_update", [
    RowOpInterface, AllTypesMatch<["cache", "result"]>,
    AllTypesMatch<["positions", "slots"]>]> {
  let summary = "KV-cache update";
  let description = [{
    ```
    result[layer, slots[t], positions[t], ...] = input[t, ...]
    result[...] = cache[...]                                    elsewhere
    ```

    Values are rounded to the element type of the cache, to nearest even. The
    behavior for a slot or position outside the cache is undefined.

    | Operand     | Shape                                  | Meaning                  |
    |-------------|----------------------------------------|--------------------------|
    | `input`     | `T x N` or `T x H x d`                 | rows to write            |
    | `cache`     | `L x S x C x N` or `L x S x C x H x d` | layers, slots, positions |
    | `layer`     |                                        | layer to write           |
    | `positions`, `slots` | `T`                           | position and sequence slot of each token |

    Constraints:

    * (C1) `cache` has the dimensions of `input` after the third.
    * (C2) `input`, `positions` and `slots` agree on `T`.

    Example:

    ```mlir
    %c1 = tenon.cache_update %k into %c[%i] at %pos in %slot
        : tensor<?x2x16xf32> into tensor<3x?x?x2x16xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins Tenon_ActivationTensor:$input, Tenon_CacheTensor:$cache,
    Index:$layer, Tenon_IndexTensor:$positions, Tenon_IndexTensor:$slots);
  let results = (outs Tenon_CacheTensor:$result);
  let assemblyFormat = [{
    $input `into` $cache `[` $layer `]` `at` $positions `in` $slots attr-dict
    `:` type($input) `into` type($cache) `,` type($positions)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::mlir::Value":$cache,
      "::mlir::Value":$layer, "::mlir::Value":$positions, "::mlir::Value":$slots), [{
    build($_builder, $_state, cache.getType(), input, cache, layer, positions, slots);
  }]>];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getInput(), getPositions(), getSlots()};
    }
    ::llvm::SmallVector<::mlir::Value> getWholeOperands() {
      return {getCache(), getPositions(), getSlots()};
    }
    ::mlir::Value getTiedOperand() {
      return getCache();
    }
  }];
}

def Tenon_AttentionOp : Tenon_TokenOp<"attention", [
    KernelRootOpInterface, AttrSizedOperandSegments,
    AllTypesMatch<["positions", "slots"]>]> {
  let summary = "Softmax attention over the KV cache";
  let description = [{
    Grouped-query attention: query head `h` uses KV head `g = h div (H / G)`. For
    the token `t` at position `p` in slot `s`, over the keys `n` that `mask` does
    not exclude, where `len` is one more than the largest position of the slot in
    this step:

    ```
    score[n] = scale * sum over i of query[t, h, i] * key[layer, s, n, g, i]
    score[n] = cap * tanh(score[n] / cap)                       with softcap
    m        = max over n of score[n], and of sinks[h]
    e[n]     = exp(score[n] - m)
    e[n]     = e[n] rounded to `probabilities`                  with probabilities
    result[t, h, :] = round(sum over n of e[n] * value[layer, s, n, g, :]
                            / (sum over n of e[n] + exp(sinks[h] - m)))
    ```

    Computed in `f32`. Without `sinks` the last term of the denominator is absent.
    A target that rounds to `probabilities` before it knows `m` rounds
    `exp(score[n] - m')`, where `m'` is the maximum over the keys up to `n`, and
    scales the sums later: the relative error of each `e[n]` has the same bound.
    A row whose keys are all masked is zero. Without `value`, the value of a key
    is its first `value_first` elements. A cache of rank 4 has one KV head.

    | Operand  | Shape                                  | Meaning                       |
    |----------|----------------------------------------|-------------------------------|
    | `query`  | `T x H x d`                            | one row per query head        |
    | `key`    | `L x S x C x G x d` or `L x S x C x d` | key cache of all layers       |
    | `value`  | `L x S x C x G x v`                    | value cache of all layers     |
    | `layer`  |                                        | layer of the caches           |
    | `sinks`  | `H`                                    | attention sink: logit of each head without a value |
    | `positions`, `slots`, `blocks` | `T`, `T`, `B x 4` | see the dialect              |

    Constraints:

    * (C1) `query` and `key` agree on head size.
    * (C2) The head count of `query` is a multiple of the head count of `key`.
    * (C3) `key` and `value` agree on all dimensions except the last.
    * (C4) Heads of the result have the size of a value: that of `value`, or
      `value_first`, which is at most the head size.
    * (C5) Exactly one of `value` and `value_first` is present.
    * (C6) `query`, `positions` and the result agree on `T`, and `query` and the
      result on the head count.
    * (C7) `sinks` has one element per query head.

    Example:

    ```mlir
    %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
        scale 0.25 mask <causal, window = 8>
        : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>,
          tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
    ```
  }];
  let arguments = (ins Tenon_HeadTensor:$query, Tenon_CacheTensor:$key,
    Optional<Tenon_CacheTensor>:$value, Index:$layer,
    Tenon_IndexTensor:$positions, Tenon_IndexTensor:$slots,
    Tenon_BlockTensor:$blocks, Optional<Tenon_VectorWeight>:$sinks,
    F32Attr:$scale, Tenon_MaskAttr:$mask,
    OptionalAttr<Tenon_PositiveF32>:$softcap,
    OptionalAttr<Tenon_NarrowFloatType>:$probabilities,
    DefaultValuedProp<I64Prop, "0">:$value_first);
  let results = (outs Tenon_HeadTensor:$result);
  let assemblyFormat = [{
    $query `,` $key (`,` $value^)? `[` $layer `]` `at` $positions `in` $slots
    `blocks` $blocks (`sinks` $sinks^ `:` type($sinks))? `scale` $scale
    `mask` $mask (`softcap` $softcap^)? (`probabilities` $probabilities^)?
    (`value_first` $value_first^)? attr-dict `:` type($query) `,` type($key) (`and` type($value)^)? `,`
    type($positions) `,` type($blocks) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getQuery(), getPositions(), getSlots(), getResult()};
    }
    ::std::string getKernelName() {
      return "attention";
    }
    bool iteratesOverBlocks() {
      return true;
    }
    ::mlir::OpOperand *getMultipliedOperand() {
      return &getQueryMutable();
    }
    void roundIntermediates(::mlir::FloatType type) {
      setProbabilities(type);
    }
  }];
}

def Tenon_MlaAttentionOp : Tenon_TokenOp<"mla_attention", [
    KernelRootOpInterface, AllTypesMatch<["positions", "slots"]>]> {
  let summary = "Multi-head latent attention (MLA) over a latent cache";
  let description = [{
    The cache holds, for each position, a normalized latent vector `c` of `r`
    elements, and `R` rotated key elements shared by all heads. `expand` is the up
    projection from `c` to keys and values; its rows are, for each head in order,
    `nope` rows of the key, then `v` rows of the value. With `W = expand`, `n` an
    unmasked key, and `c = cache[layer, s, n, 0 : r]`:

    ```
    key[h, n]   = concat(W[h (nope + v) : h (nope + v) + nope] c, cache[layer, s, n, r : r + R])
    value[h, n] = W[h (nope + v) + nope : (h + 1)(nope + v)] c
    result      = attention(query, key, value)         as tenon.attention defines it
    ```

    This is the naive form. A target may instead multiply the query by the key part
    of `W` and the result by the value part (the absorbed form), which reassociates
    the sums. With `selected`, a token at position `p` attends to the keys among the
    first `min(K, p + 1)` elements of its row, and to no others.

    | Operand  | Shape                | Meaning                            |
    |----------|----------------------|------------------------------------|
    | `query`  | `T x H x (nope + R)` | rotated elements last              |
    | `cache`  | `L x S x C x (r + R)`| latent cache of all layers         |
    | `expand` | `H (nope + v) x r`   | KV up projection of all heads, or a stack `H x (nope + v) x r` |
    | `layer`, `positions`, `slots`, `blocks` | | as for `tenon.attention` |
    | `selected` | `T x K`            | result of `tenon.index_topk`       |

    Constraints:

    * (C1) A row of `cache` has `r + R` elements, where `R` is the head size of
      `query` without `nope`.
    * (C2) `expand` has `nope + v` rows per head, where `v` is the head size of the
      result.
    * (C3) `query`, `positions` and the result agree on `T`, and `query` and the
      result on the head count.
    * (C4) `nope` is positive and less than the head size of `query`.
    * (C5) `selected` and `query` agree on `T`, and `mask` is plainly causal with
      `selected`.

    Example:

    ```mlir
    %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks
        nope 16 scale 0.2 mask <causal>
        : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>,
          tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
    ```
  }];
  let arguments = (ins Tenon_HeadTensor:$query, Tenon_CacheTensor:$cache,
    Index:$layer,
    Type<Or<[Tenon_MatrixWeight.predicate, Tenon_MatrixStackWeight.predicate]>,
         "weight matrix or stack of them", "::tenon::WeightType">:$expand,
    Tenon_IndexTensor:$positions, Tenon_IndexTensor:$slots,
    Tenon_BlockTensor:$blocks, Optional<Tenon_ChoiceTensor>:$selected,
    I64Prop:$nope, F32Attr:$scale,
    Tenon_MaskAttr:$mask, OptionalAttr<Tenon_NarrowFloatType>:$probabilities);
  let results = (outs Tenon_HeadTensor:$result);
  let assemblyFormat = [{
    $query `,` $cache `[` $layer `]` `,` $expand `at` $positions `in` $slots
    `blocks` $blocks (`selected` $selected^ `:` type($selected))? `nope` $nope `scale` $scale `mask` $mask
    (`probabilities` $probabilities^)? attr-dict
    `:` type($query) `,` type($cache) `,` type($expand) `,` type($positions) `,`
    type($blocks) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getQuery(), getPositions(), getSlots(), getResult()};
    }
    ::std::string getKernelName() {
      return "attention";
    }
    bool iteratesOverBlocks() {
      return true;
    }
    ::mlir::OpOperand *getMultipliedOperand() {
      return &getQueryMutable();
    }
    void roundIntermediates(::mlir::FloatType type) {
      setProbabilities(type);
    }
    bool expandsKeys() {
      return !getSelected();
    }
  }];
}

def Tenon_IndexTopkOp : Tenon_TokenOp<"index_topk", [
    RowOpInterface, AllTypesMatch<["positions", "slots"]>]> {
  let summary = "Keys with the largest index scores (DeepSeek Sparse Attention)";
  let description = [{
    For a token `t` at position `p` in slot `s`, over the keys `n = 0 ... p`, in
    `f32`:

    ```
    score[n]    = scale * sum over h of weights[t, h]
                  * max(0, sum over i of query[t, h, i] * cache[layer, s, n, i])
    selected[t] = the min(K, p + 1) keys with the largest scores, in ascending order
                  of the key, then -1 up to K elements
    ```

    Of keys with equal scores the lower ones are taken; zeros of both signs are
    equal. The behavior for `NaN` scores is undefined.

    | Operand   | Shape           | Meaning                                     |
    |-----------|-----------------|---------------------------------------------|
    | `query`   | `T x H x d`     | one row for each head of the indexer        |
    | `cache`   | `L x S x C x d` | index keys of all layers                    |
    | `layer`   |                 | layer of the cache                          |
    | `weights` | `T x H`         | weight of each head; may be negative        |
    | `positions`, `slots` | `T`  | position and sequence slot of each token    |

    `context` is the largest number of keys that a token may see.

    Constraints:

    * (C1) `query` and `cache` agree on the length of a row, and `cache` has rank 4.
    * (C2) `weights` has a column for each head of `query`.
    * (C3) `query`, `weights`, `positions` and the result agree on `T`.
    * (C4) `context` and the number of columns of the result are positive.

    Example:

    ```mlir
    %sel = tenon.index_topk %q, %c[%i] weights %w at %pos in %slot of 128 scale 0.25
        : tensor<?x4x16xf32>, tensor<3x?x?x16xf32>, tensor<?x4xf32>, tensor<?xi32>
        -> tensor<?x24xi32>
    ```
  }];
  let arguments = (ins Tenon_HeadTensor:$query, Tenon_CacheTensor:$cache,
    Index:$layer, Tenon_ScoreTensor:$weights, Tenon_IndexTensor:$positions,
    Tenon_IndexTensor:$slots, I64Prop:$context, F32Attr:$scale);
  let results = (outs Tenon_ChoiceTensor:$selected);
  let assemblyFormat = [{
    $query `,` $cache `[` $layer `]` `weights` $weights `at` $positions `in` $slots
    `of` $context `scale` $scale attr-dict `:` type($query) `,` type($cache) `,`
    type($weights) `,` type($positions) `->` type($selected)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getQuery(), getWeights(), getPositions(), getSlots(), getSelected()};
    }
    ::llvm::SmallVector<::mlir::Value> getWholeOperands() {
      return {getCache(), getPositions(), getSlots()};
    }
    bool comparesElements() {
      return true;
    }
  }];
}

def Tenon_SelectedAttentionOp : Tenon_TokenOp<"selected_attention", [
    KernelRootOpInterface, AllTypesMatch<["positions", "slots"]>]> {
  let summary = "Softmax attention over selected rows of a cache that all heads share";
  let description = [{
    For the token `t` at position `p` in slot `s`, over the keys `n` among the first
    `min(K, p + 1)` elements of `selected[t]`:

    ```
    score[n] = scale * sum over i of query[t, h, i] * cache[layer, s, n, i]
    e[n]     = exp(score[n] - max of score)
    e[n]     = e[n] rounded to `probabilities`                  with probabilities
    result[t, h, i] = round(sum over n of e[n] * cache[layer, s, n, i] / sum over n of e[n])
    ```

    Computed in `f32`: the absorbed form of `tenon.mla_attention` with `selected`.

    | Operand    | Shape           | Meaning                                   |
    |------------|-----------------|-------------------------------------------|
    | `query`    | `T x H x d`     | one row for each head                     |
    | `cache`    | `L x S x C x d` | cache of all layers                       |
    | `layer`    |                 | layer of the cache                        |
    | `selected` | `T x K`         | result of `tenon.index_topk`              |
    | `positions`, `slots` | `T`   | position and sequence slot of each token  |

    Constraints:

    * (C1) `query` and `cache` agree on the length of a row, and `cache` has rank 4.
    * (C2) A head of the result is not longer than a row of `cache`.
    * (C3) `query`, `selected`, `positions` and the result agree on `T`, and `query`
      and the result on the head count.

    Example:

    ```mlir
    %o = tenon.selected_attention %q, %c[%i] of %sel at %pos in %slot scale 0.25
        : tensor<?x4x40xf32>, tensor<3x?x?x40xf32>, tensor<?x24xi32>, tensor<?xi32>
        -> tensor<?x4x32xf32>
    ```
  }];
  let arguments = (ins Tenon_HeadTensor:$query, Tenon_CacheTensor:$cache,
    Index:$layer, Tenon_ChoiceTensor:$selected, Tenon_IndexTensor:$positions,
    Tenon_IndexTensor:$slots, F32Attr:$scale,
    OptionalAttr<Tenon_NarrowFloatType>:$probabilities);
  let results = (outs Tenon_HeadTensor:$result);
  let assemblyFormat = [{
    $query `,` $cache `[` $layer `]` `of` $selected `at` $positions `in` $slots
    `scale` $scale (`probabilities` $probabilities^)? attr-dict `:` type($query)
    `,` type($cache) `,` type($selected) `,` type($positions) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getQuery(), getSelected(), getPositions(), getSlots(), getResult()};
    }
    ::std::string getKernelName() {
      return "attention";
    }
    ::mlir::OpOperand *getMultipliedOperand() {
      return &getQueryMutable();
    }
    void roundIntermediates(::mlir::FloatType type) {
      setProbabilities(type);
    }
  }];
}

#endif // TENON_DIALECTS_TENON_ATTENTIONOPS_TD
