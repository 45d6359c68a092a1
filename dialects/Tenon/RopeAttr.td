// Rotary position embeddings, in closed form.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_ROPEATTR_TD
#define TENON_DIALECTS_TENON_ROPEATTR_TD

include "dialects/Tenon/TenonDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Tenon_RopePairing : I32Enum<"RopePairing", "which elements of a row form a pair", [
    I32EnumCase<"Half", 0, "half">,
    I32EnumCase<"Interleaved", 1, "interleaved">]> {
  let cppNamespace = "::tenon";
}

def Tenon_RopeScaling : I32Enum<"RopeScaling", "RoPE scaling", [
    I32EnumCase<"None", 0, "none">,
    I32EnumCase<"Linear", 1, "linear">,
    I32EnumCase<"Llama3", 2, "llama3">,
    I32EnumCase<"Yarn", 3, "yarn">,
    I32EnumCase<"Divided", 4, "divided">]> {
  let cppNamespace = "::tenon";
}

def Tenon_RopeAttr : AttrDef<Tenon_Dialect, "Rope"> {
  let mnemonic = "rope";
  let summary = "Frequencies and pairing of a rotary embedding";
  let description = [{
    `dims` elements are rotated, in `h = dims / 2` pairs: `(i, i + h)` for
    `half`, `(2 i, 2 i + 1)` for `interleaved`. The frequency `f[i]` of pair `i`,
    in radians per position, depends on `scaling`:

    ```
    g[i] = theta ^ (-2 i / dims)
    f[i] = g[i]                                                   none
         = g[i] / factor                                          linear
         = g[i]                     for 2 pi / g < original / high   llama3
         = g[i] / factor            for 2 pi / g > original / low
         = (1 - t) g[i] / factor + t g[i]   otherwise, t = (original g / (2 pi) - low) / (high - low);
                                            1 for low = high
         = r[i] g[i] / factor + (1 - r[i]) g[i]                   yarn
         = g[i] / divisors[i]                                     divided
    r[i] = clamp((i - a) / (b - a), 0, 1)
    c(x) = dims ln(original / (2 pi x)) / (2 ln theta)   pair with x rotations in original
    a = max(c(high), 0), b = min(c(low), dims - 1), rounded down and up if truncate;
    b = a + 0.001 if they are equal
    ```

    | Parameter   | Meaning                                             | Default         |
    |-------------|-----------------------------------------------------|-----------------|
    | `dims`      | rotated elements                                    |                 |
    | `pairing`   | `half` or `interleaved`                             |                 |
    | `theta`     | base of the frequencies                             |                 |
    | `scaling`   | `none`, `linear`, `llama3`, `yarn` (arXiv 2309.00071) or `divided` (LongRoPE, arXiv 2402.13753) | `none` |
    | `factor`    | factor by which the context is extended             | 1               |
    | `original`  | context length of pretraining, in tokens            | 8192            |
    | `low`       | low frequency factor; `beta_slow` of YaRN           | 1               |
    | `high`      | high frequency factor; `beta_fast` of YaRN          | 4, or 32 for `yarn` |
    | `truncate`  | whether `a` and `b` are rounded to integers         | `true`          |
    | `attention` | factor of cosine and sine; `attention_factor` of YaRN | 1               |
    | `divisors`  | what `divided` divides the frequency of each pair by | none             |

    Constraints:

    * (C1) `dims` is even and positive, `theta` at least 1.
    * (C2) `factor`, `original`, `low`, `high` and `attention` are positive and finite.
    * (C3) `llama3` has `low` at most `high`, and `yarn` a `theta` greater than 1, so
      no divisor is 0.
    * (C4) `divided` has a positive and finite divisor for each pair, and the other
      scalings have none.

    Example:
    `#tenon.rope<dims = 64, pairing = interleaved, theta = 1.0e4 : f64>`
  }];
  let parameters = (ins "int64_t":$dims,
    EnumParameter<Tenon_RopePairing>:$pairing,
    "::mlir::FloatAttr":$theta,
    DefaultValuedParameter<"::tenon::RopeScaling", "::tenon::RopeScaling::None">:$scaling,
    OptionalParameter<"::mlir::FloatAttr">:$factor,
    OptionalParameter<"::mlir::FloatAttr">:$original,
    OptionalParameter<"::mlir::FloatAttr">:$low,
    OptionalParameter<"::mlir::FloatAttr">:$high,
    DefaultValuedParameter<"bool", "true">:$truncate,
    OptionalParameter<"::mlir::FloatAttr">:$attention,
    OptionalParameter<"::mlir::DenseF64ArrayAttr">:$divisors);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The frequency of each pair, in radians per position.
    ::llvm::SmallVector<double> getFrequencies() const;
    /// The factor of cosine and sine.
    double getAttentionFactor() const;
  }];
}

#endif // TENON_DIALECTS_TENON_ROPEATTR_TD
