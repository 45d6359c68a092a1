// Ops of the norm group.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_NORMOPS_TD
#define TENON_DIALECTS_TENON_NORMOPS_TD

include "dialects/Tenon/TenonDialect.td"
include "dialects/Tenon/WeightTypes.td"

def Tenon_NormOp : Tenon_TokenOp<"norm", [
    RowOpInterface, AllTypesMatch<["input", "result"]>]> {
  let summary = "Root-mean-square or layer norm of every row";
  let description = [{
    A row `x` is the last dimension of `input`, of which the first `D` elements
    are normalised; `D` is the length of `weight`. In `f32`:

    ```
    c[i] = x[i]                             for rms
         = x[i] - sum(x) / D                for layer
    n[i] = c[i] * rsqrt(sum(c * c) / D + eps)
    ```

    `order` says where the result is rounded to the element type of `input`, to
    nearest even, and how `weight` is meant; by default it is `scale_then_cast`:

    ```
    result[i] = round(weight[i] * round(n[i]))             for cast_then_scale (R1)
              = round(weight[i] * n[i] + bias[i])          for scale_then_cast (R2)
              = round((1 + weight[i]) * n[i] + bias[i])    for one_plus        (R3)
    result[i] = x[i]                                       for i >= D
    ```

    A `bias` that is absent adds nothing. A row of zeros has `n = 0`, because
    `eps` is positive. No token yields an empty result. How a sum associates is
    the target's choice, and the same for every row.

    | Operand  | Shape                  | Meaning                           |
    |----------|------------------------|-----------------------------------|
    | `input`  | `T x N` or `T x H x N` | `T` tokens, maybe in `H` heads    |
    | `weight` | `D`                    | scales each element of a row      |
    | `bias`   | `D`                    | is added to each element of a row |

    Constraints:

    * (C1) `weight` has at most as many elements as a row.
    * (C2) `bias` has as many elements as `weight`.
    * (C3) `cast_then_scale` has no `bias`: it has rounded already, so adding is
      an op of its own.

    The result has the type of `input`.

    Example:

    ```mlir
    %h = tenon.norm rms %x, %w eps 1.0e-6 order one_plus
       : tensor<?x640xf32>, !tenon.weight<640, <f32>>
    ```
  }];

  let arguments = (ins
    EnumProp<Tenon_NormKind>:$kind,
    Tenon_ActivationTensor:$input,
    Tenon_VectorWeight:$weight, Optional<Tenon_VectorWeight>:$bias,
    Tenon_PositiveF32:$eps,
    DefaultValuedProp<EnumProp<Tenon_NormOrder>,
                      "::tenon::NormOrder::ScaleThenCast">:$order
  );
  let results = (outs Tenon_ActivationTensor:$result);

  let assemblyFormat = [{
    $kind $input `,` $weight (`bias` $bias^)? `eps` $eps (`order` $order^)?
    attr-dict `:` type($input) `,` type($weight) (`,` type($bias)^)?
  }];

  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getInput(), getResult()};
    }
    bool canBeRecomputed() {
      return true;
    }
  }];
}

#endif // TENON_DIALECTS_TENON_NORMOPS_TD
