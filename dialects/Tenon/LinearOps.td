// Linear layers, embeddings, gated activations and gathers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_LINEAROPS_TD
#define TENON_DIALECTS_TENON_LINEAROPS_TD

include "dialects/Tenon/TenonDialect.td"
include "dialects/Tenon/WeightTypes.td"

def Tenon_EmbeddingOp : Tenon_TokenOp<"embedding", [RowOpInterface]> {
  let summary = "Embedding lookup";
  let description = [{
    ```
    result[t, i] = scale * table[tokens[t], i]
    ```

    Without `scale` the factor is 1. The behavior for a token id outside the
    table is undefined.

    | Operand  | Shape   | Meaning                         |
    |----------|---------|---------------------------------|
    | `tokens` | `T`     | token ids                       |
    | `table`  | `V x D` | one row per vocabulary entry    |

    Constraints:

    * (C1) Rows of the result have `D` elements.
    * (C2) `tokens` and the result agree on `T`.

    Example:

    ```mlir
    %x = tenon.embedding %tok, %w scale 8.0
       : tensor<?xi32>, !tenon.weight<100x64, <bf16>> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Tenon_IndexTensor:$tokens, Tenon_MatrixWeight:$table,
                       OptionalAttr<F32Attr>:$scale);
  let results = (outs Tenon_RowTensor:$result);
  let assemblyFormat = [{
    $tokens `,` $table (`scale` $scale^)? attr-dict
    `:` type($tokens) `,` type($table) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getTokens(), getResult()};
    }
    ::llvm::SmallVector<::mlir::Value> getWholeOperands() {
      return {getTokens()};
    }
  }];
}

def Tenon_LinearOp : Tenon_TokenOp<"linear", [KernelRootOpInterface]> {
  let summary = "Linear layer: x W^T + b, optionally with a fused GLU";
  let description = [{
    A row of `input` is flattened, heads in order. In `f32`:

    ```
    y[t, n]      = sum over k of input[t, k] * weight[n, k] + bias[n]
    result[t, n] = round(y[t, n])                                      without glu
                 = round(glu(y[t, n], y[t, n + N / 2])), n < N / 2     with glu
    ```

    The target chooses the order of the sum over `k`; it does not depend on `T`.
    Without `bias` nothing is added. A result of rank 3 is split into heads.
    The functions `glu` are those of `tenon.glu`.

    | Operand  | Shape                  | Meaning                             |
    |----------|------------------------|-------------------------------------|
    | `input`  | `T x K` or `T x H x d` | `T` tokens, `K = H d`               |
    | `weight` | `N x K`                | one row per output                  |
    | `bias`   | `N`                    | added to each row                   |

    Constraints:

    * (C1) A row of `input` has `K` elements.
    * (C2) A row of the result has `N` elements, `N / 2` with `glu`.
    * (C3) `bias` has `N` elements.
    * (C4) `input` and the result agree on `T`.

    Example:

    ```mlir
    %q = tenon.linear %h, %w bias %b
       : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>>, !tenon.weight<96, <f32>>
       -> tensor<?x6x16xf32>
    ```
  }];
  let arguments = (ins Tenon_ActivationTensor:$input, Tenon_MatrixWeight:$weight,
    Optional<Tenon_VectorWeight>:$bias, OptionalProp<Tenon_GatedActivation>:$glu);
  let results = (outs Tenon_ActivationTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? (`glu` $glu^)? attr-dict
    `:` type($input) `,` type($weight) (`,` type($bias)^)? `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getInput(), getResult()};
    }
    ::std::string getKernelName() {
      return ::tenon::getNameOfWeight(getWeight());
    }
    ::mlir::Value getPrologueOperand() {
      return getInput();
    }
    bool takesEpilogue() {
      return true;
    }
    ::mlir::OpOperand *getMultipliedOperand() {
      return &getInputMutable();
    }
    ::mlir::OpOperand *getMultipliedWeight() {
      return &getWeightMutable();
    }
    bool pairsWeightRows() {
      return getGlu().has_value();
    }
  }];
}

def Tenon_HeadLinearOp : Tenon_TokenOp<"head_linear", [KernelRootOpInterface]> {
  let summary = "Per-head linear layer: a separate weight matrix for each head";
  let description = [{
    ```
    result[t, h, n]     = sum over k of input[t, h, k] * weight[h, n, k]    n < N
    result[t, h, N + i] = input[t, h, K + i]                                keep
    ```

    The order of the sum over `k` is that of `tenon.linear`. With `keep`, the
    elements of an input head from `K` on are copied unchanged and follow the `N`
    outputs; without it, `d = K`.

    | Operand  | Shape       | Meaning                      |
    |----------|-------------|------------------------------|
    | `input`  | `T x H x d` | `d >= K`                     |
    | `weight` | `H x N x K` | one matrix per head          |

    Constraints:

    * (C1) `input`, `weight` and the result agree on `H`.
    * (C2) A head of `input` has `K` elements, or more with `keep`.
    * (C3) A head of the result has `N` elements, plus those that `keep` copies.
    * (C4) `input` and the result agree on `T`.

    Example:

    ```mlir
    %a = tenon.head_linear %q, %w keep
       : tensor<?x4x24xf32>, !tenon.weight<4x32x16, <bf16>> -> tensor<?x4x40xf32>
    ```
  }];
  let arguments = (ins Tenon_HeadTensor:$input, Tenon_MatrixStackWeight:$weight,
                       UnitProp:$keep);
  let results = (outs Tenon_HeadTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`keep` $keep^)? attr-dict
    `:` type($input) `,` type($weight) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getInput(), getResult()};
    }
    ::std::string getKernelName() {
      return ::tenon::getNameOfWeight(getWeight());
    }
    ::mlir::OpOperand *getMultipliedOperand() {
      return &getInputMutable();
    }
    ::mlir::OpOperand *getMultipliedWeight() {
      return &getWeightMutable();
    }
  }];
}

def Tenon_GluOp : Tenon_TokenOp<"glu", [
    RowOpInterface, AllTypesMatch<["gate", "up", "result"]>]> {
  let summary = "Gated linear unit: act(gate) * up";
  let description = [{
    ```
    result[t, i] = round(glu(gate[t, i], up[t, i]))
    glu(g, u)    = act(alpha * min(g, limit)) / alpha
                   * (min(max(u, -limit), limit) + beta)
    ```

    `silu(z) = z / (1 + exp(-z))`; `gelu` is exact (erf); `gelu_tanh` is its tanh
    approximation; `relu(z) = max(z, 0)`.

    The parameters of an activation are numbers of `f32`: `alpha` is positive and is
    1 where it is not given, `beta` is 0, and `limit` is positive and infinite.
    Without parameters, `glu(g, u) = act(g) * u`.

    | Operand | Shape   | Meaning                      |
    |---------|---------|------------------------------|
    | `gate`  | `T x D` | gate projection              |
    | `up`    | `T x D` | up projection                |

    Example:

    ```mlir
    %a = tenon.glu silu %g, %u : tensor<?x96xf32>
    %b = tenon.glu silu<alpha = 1.702, beta = 1.0, limit = 7.0> %g, %u : tensor<?x96xf32>
    ```
  }];
  let arguments = (ins Tenon_GatedActivation:$activation,
                       Tenon_RowTensor:$gate, Tenon_RowTensor:$up);
  let results = (outs Tenon_RowTensor:$result);
  let assemblyFormat = "$activation $gate `,` $up attr-dict `:` type($result)";
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getGate(), getUp(), getResult()};
    }
  }];
}

def Tenon_ActivateOp : Tenon_TokenOp<"activate", [
    RowOpInterface, AllTypesMatch<["input", "result"]>]> {
  let summary = "Activation of every element: an MLP without a gate";
  let description = [{
    ```
    result[t, i] = round(act(input[t, i]))
    ```

    The functions are those of `tenon.linear`.

    | Operand | Shape   | Meaning                      |
    |---------|---------|------------------------------|
    | `input` | `T x D` | one row for each token       |

    Example:

    ```mlir
    %a = tenon.activate gelu %h : tensor<?x96xf32>
    ```
  }];
  let arguments = (ins EnumProp<Tenon_Activation>:$activation,
                       Tenon_RowTensor:$input);
  let results = (outs Tenon_RowTensor:$result);
  let assemblyFormat = "$activation $input attr-dict `:` type($result)";
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getInput(), getResult()};
    }
  }];
}

def Tenon_PointwiseOp : Tenon_TokenOp<"pointwise", [
    RowOpInterface, AllTypesMatch<["input", "result"]>]> {
  let summary = "Function of every element, with one parameter";
  let description = [{
    With `c = parameter`, for each element `x` of `input`, in `f32`:

    ```
    result = round(c * x)                     for scale
           = round(min(max(x, -c), c))        for clamp
           = round(c * tanh(x / c))           for softcap
    ```

    | Operand | Shape                  | Meaning                      |
    |---------|------------------------|------------------------------|
    | `input` | `T x D` or `T x H x d` | rows of tokens or of heads   |

    `parameter` is positive.

    Example:

    ```mlir
    %y = tenon.pointwise softcap %x by 30.0 : tensor<?x100xf32>
    ```
  }];
  let arguments = (ins EnumProp<Tenon_PointwiseFunction>:$function,
                       Tenon_ActivationTensor:$input, Tenon_PositiveF32:$parameter);
  let results = (outs Tenon_ActivationTensor:$result);
  let assemblyFormat = [{
    $function $input `by` $parameter attr-dict `:` type($result)
  }];
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getInput(), getResult()};
    }
  }];
}

def Tenon_ScaleRowsOp : Tenon_TokenOp<"scale_rows", [
    RowOpInterface, AllTypesMatch<["input", "result"]>]> {
  let summary = "Rows times a factor of their token";
  let description = [{
    ```
    result[t, ...] = round(factors[t, 0] * input[t, ...])
    ```

    | Operand   | Shape                  | Meaning                    |
    |-----------|------------------------|----------------------------|
    | `input`   | `T x D` or `T x H x d` | rows of tokens or of heads |
    | `factors` | `T x 1`                | factor of each token       |

    Constraints:

    * (C1) `factors` has one column.
    * (C2) `input` and `factors` agree on `T`.

    Example:

    ```mlir
    %y = tenon.scale_rows %x by %f : tensor<?x96xf32>, tensor<?x1xf32>
    ```
  }];
  let arguments = (ins Tenon_ActivationTensor:$input, Tenon_ScoreTensor:$factors);
  let results = (outs Tenon_ActivationTensor:$result);
  let assemblyFormat = [{
    $input `by` $factors attr-dict `:` type($input) `,` type($factors)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getInput(), getFactors(), getResult()};
    }
    ::llvm::SmallVector<::mlir::Value> getWholeOperands() {
      return {getFactors()};
    }
  }];
}

def Tenon_TemperRowsOp : Tenon_TokenOp<"temper_rows", [
    RowOpInterface, AllTypesMatch<["input", "result"]>]> {
  let summary = "Rows of queries times the attention temperature of their position";
  let description = [{
    For a token at position `p`, in `f32`:

    ```
    factor         = 1 + slope * ln(1 + floor((p + 1) / interval))
    result[t, ...] = round(factor * input[t, ...])
    ```

    The factor is 1 for the first `interval - 1` positions (arXiv 2501.19399).

    | Operand     | Shape                  | Meaning                    |
    |-------------|------------------------|----------------------------|
    | `input`     | `T x D` or `T x H x d` | rows of tokens or of heads |
    | `positions` | `T`                    | position of each token     |

    Constraints:

    * (C1) `interval` is positive.
    * (C2) `input` and `positions` agree on `T`.

    Example:

    ```mlir
    %r = tenon.temper_rows %q at %pos interval 8192 slope 0.1 : tensor<?x4x16xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins Tenon_ActivationTensor:$input, Tenon_IndexTensor:$positions,
                       I64Prop:$interval, F32Attr:$slope);
  let results = (outs Tenon_ActivationTensor:$result);
  let assemblyFormat = [{
    $input `at` $positions `interval` $interval `slope` $slope attr-dict
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

def Tenon_GatherRowsOp : Tenon_TokenOp<"gather_rows", [RowOpInterface]> {
  let summary = "Gather rows";
  let description = [{
    ```
    result[r, i] = input[rows[r], i]
    ```

    The behavior for an index outside `input` is undefined.

    | Operand | Shape   | Meaning                        |
    |---------|---------|--------------------------------|
    | `input` | `T x D` | one row per token              |
    | `rows`  | `R`     | indices of rows                |

    Constraints:

    * (C1) `input` and the result agree on the length of a row.
    * (C2) `rows` and the result agree on `R`.

    Example:

    ```mlir
    %h = tenon.gather_rows %x, %rows : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Tenon_RowTensor:$input, Tenon_IndexTensor:$rows);
  let results = (outs Tenon_RowTensor:$result);
  let assemblyFormat = [{
    $input `,` $rows attr-dict `:` type($input) `,` type($rows) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getRows(), getResult()};
    }
    ::llvm::SmallVector<::mlir::Value> getWholeOperands() {
      return {getInput(), getRows()};
    }
  }];
}

#endif // TENON_DIALECTS_TENON_LINEAROPS_TD
