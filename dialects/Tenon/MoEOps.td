// Ops of mixtures of experts: the router, the experts, and what they open into.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_MOEOPS_TD
#define TENON_DIALECTS_TENON_MOEOPS_TD

include "dialects/Tenon/TenonDialect.td"
include "dialects/Tenon/WeightTypes.td"

def Tenon_RouterOp : Tenon_TokenOp<"router", [RowOpInterface]> {
  let summary = "Chooses experts for every token, and their weights";
  let description = [{
    For each token, in `f32`, over `E` experts:

    ```
    s[e]   = softmax over all e of logits[e]          for softmax
           = 1 / (1 + exp(-logits[e]))                for sigmoid
    c[e]   = s[e] + bias[e]
    group  = groups of E / groups consecutive experts; the score of a group is
             the largest c in it (max) or the sum of its two largest (top2sum)
    c[e]   = -infinity in all but the `keep` groups with the best scores
    choice = the `top` experts with the largest c, best first
    w[j]   = s[choice[j]]
    w[j]   = w[j] / (sum of w + renorm)               with renorm
    weights[j] = w[j] * scale
    ```

    Among equal groups or experts the lower index wins. The bias takes part in
    the choice alone. `NaN` logits are undefined.

    | Operand  | Shape   | Meaning                      |
    |----------|---------|------------------------------|
    | `logits` | `T x E` | one row for each token       |
    | `bias`   | `E`     | correction of the choice     |

    Constraints:

    * (C1) `E` is a multiple of `groups`, and a group of `top2sum` has at least
      two experts.
    * (C2) `keep` is at least 1 and at most `groups`.
    * (C3) `top` is at least 1 and at most the number of experts kept; both
      results have `top` columns.
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
  }];
}

def Tenon_ExpertsOp : Tenon_Op<"experts", [
    Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Weighted sum of the chosen experts";
  let description = [{
    ```
    y[t, j]   = down[e] * (act(gate[e] * input[t]) . (up[e] * input[t])),  e = choice[t, j]
    result[t] = round(sum over j of weights[t, j] * y[t, j])
    ```

    The sum runs over `j` in ascending order, in `f32`. The functions are those
    of `tenon.linear`.

    | Operand           | Shape       | Meaning                         |
    |-------------------|-------------|---------------------------------|
    | `input`           | `T x D`     | one row for each token          |
    | `choice`, `weights` | `T x k`   | experts of a token              |
    | `gate`, `up`      | `E x I x D` | first projections of an expert  |
    | `down`            | `E x D x I` | second projection               |

    Constraints:

    * (C1) `gate` and `up` agree on their shape.
    * (C2) `down` has the shape of `gate` with its last two dimensions swapped.
    * (C3) A row of `input` has `D` elements.
    * (C4) `choice` and `weights` agree on their shape, and with `input` on `T`.

    Example:

    ```mlir
    %y = tenon.experts silu %x, %id, %wt, %g, %u, %d
       : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>,
         !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>,
         !tenon.weight<8x64x24, <bf16>>
    ```
  }];
  let arguments = (ins EnumProp<Tenon_Activation>:$activation,
    Tenon_RowTensor:$input, Tenon_ChoiceTensor:$choice, Tenon_ScoreTensor:$weights,
    Tenon_MatrixStackWeight:$gate, Tenon_MatrixStackWeight:$up,
    Tenon_MatrixStackWeight:$down);
  let results = (outs Tenon_RowTensor:$result);
  let assemblyFormat = [{
    $activation $input `,` $choice `,` $weights `,` $gate `,` $up `,` $down attr-dict
    `:` type($input) `,` type($choice) `,` type($weights) `,` type($gate) `,`
    type($up) `,` type($down)
  }];
  let hasVerifier = 1;
}

def Tenon_MoeDispatchOp : Tenon_Op<"moe_dispatch", [
    Pure, KernelRootOpInterface,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                  ["reifyResultShapes"]>]> {
  let summary = "Sorts the choices of all tokens by expert";
  let description = [{
    The choices of a step are numbered `c = t * k + j`. With `n` experts:

    ```
    order      = all c, sorted by choice[c div k, c mod k]; equal ones keep their order
    place[c]   = the j with order[j] = c
    offsets[e] = number of choices of an expert below e,  e = 0 ... n
    ```

    | Operand  | Shape   | Meaning                                   |
    |----------|---------|-------------------------------------------|
    | `choice` | `T x k` | experts of a token                        |

    | Result    | Shape   | Meaning                                  |
    |-----------|---------|------------------------------------------|
    | `order`   | `T k`   | choices, expert after expert             |
    | `place`   | `T x k` | where a choice is found in `order`       |
    | `offsets` | `n + 1` | where the choices of an expert begin     |

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

def Tenon_GroupedLinearOp : Tenon_TokenOp<"grouped_linear", [KernelRootOpInterface]> {
  let summary = "Product of every row with the matrix of its expert";
  let description = [{
    Row `j` belongs to the expert `e` with `offsets[e] <= j < offsets[e + 1]`.
    With `order`, it is row `order[j] div k` of `input`, where `k` is the number
    of choices of a token; without it, row `j`:

    ```
    y[j, n]      = sum over i of row[j, i] * weight[e, n, i]
    result[j, n] = round(y[j, n])                                      without glu
                 = round(act(y[j, n]) * y[j, n + N / 2]), n < N / 2    with glu act
    ```

    The sum runs over `i` in ascending order, in one chain. An expert without
    rows computes nothing.

    | Operand   | Shape       | Meaning                              |
    |-----------|-------------|--------------------------------------|
    | `input`   | `T x K`     | tokens with `order`, else rows       |
    | `order`   | `T k`       | as of `tenon.moe_dispatch`                  |
    | `offsets` | `E + 1`     | as of `tenon.moe_dispatch`                  |
    | `weight`  | `E x N x K` | one matrix for each expert           |

    Constraints:

    * (C1) A row of `input` has `K` elements.
    * (C2) A row of the result has `N` elements, `N / 2` with `glu`.
    * (C3) `offsets` has `E + 1` elements.
    * (C4) `choices` is positive with `order` and absent without.

    Example:

    ```mlir
    %a = tenon.grouped_linear %x rows %order : tensor<?xi32> choices 2 of %offs, %w glu silu
        : tensor<?x64xf32>, tensor<9xi32>,
          !tenon.weight<8x48x64, <bf16>> -> tensor<?x24xf32>
    ```
  }];
  let arguments = (ins Tenon_RowTensor:$input, Optional<Tenon_IndexTensor>:$order,
    Tenon_IndexTensor:$offsets, Tenon_MatrixStackWeight:$weight,
    DefaultValuedProp<I64Prop, "0">:$choices,
    OptionalProp<EnumProp<Tenon_Activation>>:$glu);
  let results = (outs Tenon_RowTensor:$result);
  let assemblyFormat = [{
    $input (`rows` $order^ `:` type($order) `choices` $choices)? `of` $offsets `,` $weight (`glu` $glu^)?
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
  }];
}

def Tenon_MoeCombineOp : Tenon_TokenOp<"moe_combine", [
    RowOpInterface, AllTypesMatch<["init", "result"]>]> {
  let summary = "Adds the weighted rows of a token's experts";
  let description = [{
    ```
    result[t] = round(init[t] + (weights[t, 0] * input[place[t, 0]] + ...))
    ```

    The sum over the choices runs in ascending order, in `f32`, and `init` is
    added to it.

    | Operand   | Shape   | Meaning                             |
    |-----------|---------|-------------------------------------|
    | `input`   | `T k x D` | rows of all choices, grouped      |
    | `place`   | `T x k` | as of `tenon.moe_dispatch`                 |
    | `weights` | `T x k` | factor of each choice               |
    | `init`    | `T x D` | what the sum is added to            |

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
