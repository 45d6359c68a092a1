// Mixture-of-experts ops: router, experts, and their decomposition.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_MOEOPS_TD
#define TENON_DIALECTS_TENON_MOEOPS_TD

include "dialects/Tenon/TenonDialect.td"
include "dialects/Tenon/WeightTypes.td"

def Tenon_RouterOp : Tenon_TokenOp<"router", [RowOpInterface]> {
  let summary = "Top-k routing of tokens to experts";
  let description = [{
    For each token, in `f32`, over `E` experts:

    ```
    s[e]   = softmax over all e of logits[e]          for softmax
           = 1 / (1 + exp(-logits[e]))                for sigmoid
    c[e]   = s[e] + bias[e]
    group  = groups of E / groups consecutive experts; the score of a group is
             the largest c in it (max) or the sum of its two largest (top2sum)
    c[e]   = -infinity except in the `keep` groups with the largest scores
    choice = the `top` experts with the largest c, in descending order
    w[j]   = s[choice[j]]
    w[j]   = w[j] / (sum of w + renorm)               with renorm
    weights[j] = w[j] * scale
    ```

    Ties between groups or experts are resolved in favor of the lower index. The
    bias affects the selection of experts, not their weights. The behavior for
    `NaN` logits is undefined.

    | Operand  | Shape   | Meaning                      |
    |----------|---------|------------------------------|
    | `logits` | `T x E` | one row per token            |
    | `bias`   | `E`     | added to scores for selection |

    Constraints:

    * (C1) `E` is a multiple of `groups`, and a group of `top2sum` has at least
      two experts.
    * (C2) `keep` is at least 1 and at most `groups`.
    * (C3) `top` is at least 1 and at most the number of experts in the kept
      groups; both results have `top` columns.
    * (C4) `bias` has `E` elements.
    * (C5) `logits` and the results agree on `T`.

    Example:

    ```mlir
    %id, %wt = tenon.router sigmoid %lg bias %b : !tenon.weight<8, <f32>>
        groups 4 keep 2 by top2sum top 3 renorm 1.0e-20 scale 2.5
        : tensor<?x8xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
    ```
  }];
  let arguments = (ins EnumProp<Tenon_Scoring>:$scoring, Tenon_ScoreTensor:$logits,
    Optional<Tenon_VectorWeight>:$bias,
    DefaultValuedProp<I64Prop, "1">:$groups, DefaultValuedProp<I64Prop, "1">:$keep,
    DefaultValuedProp<EnumProp<Tenon_GroupScore>, "::tenon::GroupScore::Max">:$by,
    I64Prop:$top, OptionalAttr<F32Attr>:$renorm, F32Attr:$scale);
  let results = (outs Tenon_ChoiceTensor:$choice, Tenon_ScoreTensor:$weights);
  let assemblyFormat = [{
    $scoring $logits (`bias` $bias^ `:` type($bias))? (`groups` $groups^)?
    (`keep` $keep^)? (`by` $by^)? `top` $top (`renorm` $renorm^)? `scale` $scale
    attr-dict `:` type($logits) `->` type($choice) `,` type($weights)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getLogits(), getChoice(), getWeights()};
    }
    bool comparesElements() {
      return true;
    }
  }];
}

def Tenon_ExpertsOp : Tenon_Op<"experts", [
    Pure, AttrSizedOperandSegments, AllTypesMatch<["input", "result"]>]> {
  let summary = "Weighted sum of the selected experts";
  let description = [{
    ```
    g[t, j]   = gate[e] * input[t] + gate_bias[e],  e = choice[t, j]
    u[t, j]   = up[e] * input[t] + up_bias[e]
    y[t, j]   = down[e] * glu(g[t, j], u[t, j]) + down_bias[e]
    result[t] = round(sum over j of weights[t, j] * y[t, j])
    ```

    The sum over `j` is in ascending order, in `f32`. The functions `glu` are those of
    `tenon.glu`. Without biases nothing is added. With `scale_input` the single weight
    of a token scales what its expert reads, not what it gives, and no bias:

    ```
    s[t]      = round(weights[t, 0] * input[t])
    g[t, 0]   = gate[e] * s[t] + gate_bias[e],  e = choice[t, 0]
    u[t, 0]   = up[e] * s[t] + up_bias[e]
    result[t] = round(down[e] * glu(g[t, 0], u[t, 0]) + down_bias[e])
    ```

    | Operand           | Shape       | Meaning                         |
    |-------------------|-------------|---------------------------------|
    | `input`           | `T x D`     | one row per token               |
    | `choice`, `weights` | `T x k`   | top-k experts and their weights |
    | `gate`, `up`      | `E x I x D` | gate and up projections         |
    | `down`            | `E x D x I` | down projection                 |
    | `gate_bias`, `up_bias` | `E x I x 1` | one column per expert      |
    | `down_bias`       | `E x D x 1` | one column per expert           |

    Constraints:

    * (C1) `gate` and `up` agree on their shape.
    * (C2) `down` has the shape of `gate` with its last two dimensions swapped.
    * (C3) A row of `input` has `D` elements.
    * (C4) `choice` and `weights` agree on their shape, and with `input` on `T`.
    * (C5) There is a bias of each projection or of none; it has the shape of the
      projection, but one column.
    * (C6) With `scale_input` a token has one expert.

    Example:

    ```mlir
    %y = tenon.experts silu %x, %id, %wt, %g, %u, %d
       : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>,
         !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>,
         !tenon.weight<8x64x24, <bf16>>
    ```
  }];
  let arguments = (ins Tenon_GatedActivation:$activation,
    Tenon_RowTensor:$input, Tenon_ChoiceTensor:$choice, Tenon_ScoreTensor:$weights,
    Tenon_MatrixStackWeight:$gate, Tenon_MatrixStackWeight:$up,
    Tenon_MatrixStackWeight:$down, Optional<Tenon_MatrixStackWeight>:$gateBias,
    Optional<Tenon_MatrixStackWeight>:$upBias,
    Optional<Tenon_MatrixStackWeight>:$downBias, UnitProp:$scale_input);
  let results = (outs Tenon_RowTensor:$result);
  let assemblyFormat = [{
    $activation $input `,` $choice `,` $weights `,` $gate `,` $up `,` $down
    (`bias` $gateBias^ `:` type($gateBias) `,` $upBias `:` type($upBias) `,`
     $downBias `:` type($downBias))?
    (`scale_input` $scale_input^)? attr-dict
    `:` type($input) `,` type($choice) `,` type($weights) `,` type($gate) `,`
    type($up) `,` type($down)
  }];
  let hasVerifier = 1;
}

def Tenon_MoeDispatchOp : Tenon_Op<"moe_dispatch", [
    Pure, KernelRootOpInterface,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                  ["reifyResultShapes"]>]> {
  let summary = "Sorts top-k assignments by expert";
  let description = [{
    The top-k assignments of a step are numbered `c = t * k + j`. With `n` experts:

    ```
    order      = all c, stably sorted by choice[c div k, c mod k]
    place[c]   = the j with order[j] = c
    offsets[e] = number of assignments to an expert less than e,  e = 0 ... n
    ```

    | Operand  | Shape   | Meaning                                   |
    |----------|---------|-------------------------------------------|
    | `choice` | `T x k` | top-k experts of a token                  |

    | Result    | Shape   | Meaning                                  |
    |-----------|---------|------------------------------------------|
    | `order`   | `T k`   | permutation: assignments grouped by expert |
    | `place`   | `T x k` | inverse permutation of `order`           |
    | `offsets` | `n + 1` | first assignment of each expert in `order` |

    Constraints:

    * (C1) `choice` and `place` have the same shape.
    * (C2) `offsets` has at least two elements.

    Example:

    ```mlir
    %order, %place, %offs = tenon.moe_dispatch %id
        : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
    ```
  }];
  let arguments = (ins Tenon_ChoiceTensor:$choice);
  let results = (outs Tenon_IndexTensor:$order, Tenon_ChoiceTensor:$place,
                      Tenon_IndexTensor:$offsets);
  let assemblyFormat = [{
    $choice attr-dict `:` type($choice) `->` type($order) `,` type($place) `,`
    type($offsets)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getChoice(), getPlace()};
    }
    ::std::string getKernelName() {
      return "group";
    }
  }];
}

def Tenon_GroupedLinearOp : Tenon_TokenOp<"grouped_linear", [
    AttrSizedOperandSegments, KernelRootOpInterface]> {
  let summary = "Grouped GEMM: every row with the matrix of its expert";
  let description = [{
    Row `j` belongs to the expert `e` with `offsets[e] <= j < offsets[e + 1]`.
    With `order`, the row of `input` is `order[j] div k`, where `k = choices` is the
    number of experts per token (a fused gather); without it, the row is `j`:

    ```
    y[j, n]      = sum over i of row[j, i] * weight[e, n, i] + bias[e, n]
    result[j, n] = round(y[j, n])                                      without glu
                 = round(glu(y[j, n], y[j, n + N / 2])), n < N / 2     with glu
    ```

    The order of the sum over `i` is that of `tenon.linear`, and the functions `glu`
    are those of `tenon.glu`. Without `bias` nothing is added. No computation takes
    place for an expert without rows.

    | Operand   | Shape       | Meaning                              |
    |-----------|-------------|--------------------------------------|
    | `input`   | `T x K`     | tokens with `order`, otherwise rows grouped by expert |
    | `order`   | `T k`       | result of `tenon.moe_dispatch`       |
    | `offsets` | `E + 1`     | result of `tenon.moe_dispatch`       |
    | `weight`  | `E x N x K` | one matrix per expert                |
    | `bias`    | `E x N x 1` | one column per expert                |

    Constraints:

    * (C1) A row of `input` has `K` elements.
    * (C2) A row of the result has `N` elements, `N / 2` with `glu`.
    * (C3) `offsets` has `E + 1` elements.
    * (C4) `choices` is positive with `order` and absent without it.
    * (C5) `bias` has the shape of `weight`, but one column.

    Example:

    ```mlir
    %a = tenon.grouped_linear %x rows %order : tensor<?xi32> choices 2 of %offs, %w glu silu
        : tensor<?x64xf32>, tensor<9xi32>,
          !tenon.weight<8x48x64, <bf16>> -> tensor<?x24xf32>
    ```
  }];
  let arguments = (ins Tenon_RowTensor:$input, Optional<Tenon_IndexTensor>:$order,
    Tenon_IndexTensor:$offsets, Tenon_MatrixStackWeight:$weight,
    Optional<Tenon_MatrixStackWeight>:$bias,
    DefaultValuedProp<I64Prop, "0">:$choices,
    OptionalProp<Tenon_GatedActivation>:$glu);
  let results = (outs Tenon_RowTensor:$result);
  let assemblyFormat = [{
    $input (`rows` $order^ `:` type($order) `choices` $choices)? `of` $offsets `,` $weight
    (`bias` $bias^ `:` type($bias))? (`glu` $glu^)?
    attr-dict `:` type($input) `,` type($offsets) `,`
    type($weight) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getOrder() ? ::mlir::Value(getOrder()) : getInput(), getResult()};
    }
    ::std::string getKernelName() {
      return ::tenon::getNameOfWeight(getWeight());
    }
    bool pairsWeightRows() {
      return getGlu().has_value();
    }
    ::mlir::OpOperand *getMultipliedOperand() {
      return &getInputMutable();
    }
    ::mlir::OpOperand *getMultipliedWeight() {
      return &getWeightMutable();
    }
  }];
}

def Tenon_MoeCombineOp : Tenon_TokenOp<"moe_combine", [
    RowOpInterface, AllTypesMatch<["init", "result"]>]> {
  let summary = "Weighted sum of the rows of each token's experts";
  let description = [{
    ```
    result[t] = round(init[t] + (weights[t, 0] * input[place[t, 0]] + ...))
    ```

    The sum over the top-k experts of a token is in ascending order of their index,
    in `f32`; `init` is added last.

    | Operand   | Shape   | Meaning                             |
    |-----------|---------|-------------------------------------|
    | `input`   | `T k x D` | expert outputs, grouped by expert |
    | `place`   | `T x k` | result of `tenon.moe_dispatch`      |
    | `weights` | `T x k` | router weights                      |
    | `init`    | `T x D` | residual                            |

    Constraints:

    * (C1) `input` and `init` agree on the length of a row.
    * (C2) `place` and `weights` agree on their shape, and with `init` on `T`.

    Example:

    ```mlir
    %y = tenon.moe_combine %dn, %place, %wt init %x
       : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Tenon_RowTensor:$input, Tenon_ChoiceTensor:$place,
    Tenon_ScoreTensor:$weights, Tenon_RowTensor:$init);
  let results = (outs Tenon_RowTensor:$result);
  let assemblyFormat = [{
    $input `,` $place `,` $weights `init` $init attr-dict
    `:` type($input) `,` type($place) `,` type($weights) `,` type($init)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getPlace(), getWeights(), getInit(), getResult()};
    }
    ::llvm::SmallVector<::mlir::Value> getWholeOperands() {
      return {getInput(), getPlace(), getWeights()};
    }
    ::llvm::SmallVector<::mlir::Value> getReusableOperands() {
      return {getInit()};
    }
  }];
}

#endif // TENON_DIALECTS_TENON_MOEOPS_TD
