// Normalization ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_NORMOPS_TD
#define TENON_DIALECTS_TENON_NORMOPS_TD

include "dialects/Tenon/TenonDialect.td"
include "dialects/Tenon/WeightTypes.td"

def Tenon_NormOp : Tenon_TokenOp<"norm", [
    RowOpInterface, AttrSizedOperandSegments,
    AllTypesMatch<["input", "result"]>]> {
  let summary = "RMSNorm or layer norm of every row";
  let description = [{
    A row `x` is the last dimension of `input`. Its first `D` elements are
    normalized, where `D` is the length of `weight`; without one all of them are,
    and each has a weight of 1. In `f32`:

    ```
    c[i] = x[i]                             for rms
         = x[i] - sum(x) / D                for layer
    n[i] = c[i] * rsqrt(sum(c * c) / D + eps)
    ```

    `order` determines where values are rounded to the element type of `input`, to
    nearest even, and whether 1 is added to `weight`. The default is
    `scale_then_cast`:

    ```
    result[i] = round(weight[i] * round(n[i]))             for cast_then_scale (R1)
              = round(weight[i] * n[i] + bias[i])          for scale_then_cast (R2)
              = round((1 + weight[i]) * n[i] + bias[i])    for one_plus        (R3)
    result[i] = x[i]                                       for i >= D
    ```

    Without `bias` nothing is added. For a row of zeros `n` is 0, because `eps` is
    positive. `T = 0` yields an empty result. The target chooses how a sum is
    associated, in the same way for every row.

    | Operand  | Shape                  | Meaning                           |
    |----------|------------------------|-----------------------------------|
    | `input`  | `T x N` or `T x H x N` | rows of `T` tokens, or of `H` heads per token |
    | `weight` | `D`                    | scale of each element of a row    |
    | `bias`   | `D`                    | added to each element of a row    |

    Constraints:

    * (C1) `weight` has at most as many elements as a row.
    * (C2) `bias` has as many elements as `weight`, which is there.
    * (C3) `cast_then_scale` has no `bias`, because its result is already rounded;
      use a separate addition.
    * (C4) Without `weight` the order is `scale_then_cast`: there is nothing to
      scale by.

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
    Optional<Tenon_VectorWeight>:$weight, Optional<Tenon_VectorWeight>:$bias,
    Tenon_PositiveF32:$eps,
    DefaultValuedProp<EnumProp<Tenon_NormOrder>,
                      "::tenon::NormOrder::ScaleThenCast">:$order
  );
  let results = (outs Tenon_ActivationTensor:$result);

  let assemblyFormat = [{
    $kind $input (`,` $weight^)? (`bias` $bias^)? `eps` $eps (`order` $order^)?
    attr-dict `:` type($input) (`,` type($weight)^)? (`,` type($bias)^)?
  }];

  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// How many elements of a row are normalized.
    int64_t getNormalized();
    ::llvm::SmallVector<::mlir::Value> getRowTensors() {
      return {getInput(), getResult()};
    }
    bool canBeRecomputed() {
      return true;
    }
  }];
}

#endif // TENON_DIALECTS_TENON_NORMOPS_TD
