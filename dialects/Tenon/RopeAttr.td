// Frequencies of rotary position embeddings, in closed form.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_ROPEATTR_TD
#define TENON_DIALECTS_TENON_ROPEATTR_TD

include "dialects/Tenon/TenonDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Tenon_RopePairing : I32Enum<"RopePairing", "which elements rotate together", [
    I32EnumCase<"Half", 0, "half">,
    I32EnumCase<"Interleaved", 1, "interleaved">]> {
  let cppNamespace = "::tenon";
}

def Tenon_RopeScaling : I32Enum<"RopeScaling", "how a context is stretched", [
    I32EnumCase<"None", 0, "none">,
    I32EnumCase<"Linear", 1, "linear">,
    I32EnumCase<"Llama3", 2, "llama3">,
    I32EnumCase<"Yarn", 3, "yarn">]> {
  let cppNamespace = "::tenon";
}

def Tenon_RopeAttr : AttrDef<Tenon_Dialect, "Rope"> {
  let mnemonic = "rope";
  let summary = "Frequencies of a rotary embedding and which elements it pairs";
  let description = [{
    `dims` elements are rotated, in `h = dims / 2` pairs: `(i, i + h)` for
    `half`, `(2 i, 2 i + 1)` for `interleaved`. The frequency of pair `i` is

    ```
    g[i] = theta ^ (-2 i / dims)
    f[i] = g[i]                                                   none
         = g[i] / factor                                          linear
         = g[i]                     for 2 pi / g < original / high   llama3
         = g[i] / factor            for 2 pi / g > original / low
         = (1 - t) g[i] / factor + t g[i]   otherwise, t = (original g / (2 pi) - low) / (high - low)
         = r[i] g[i] / factor + (1 - r[i]) g[i]                   yarn
    r[i] = clamp((i - a) / (b - a), 0, 1)       a, b: dimensions of high and low rotations
    c(x) = dims ln(original / (2 pi x)) / (2 ln theta)
    a = max(c(high), 0), b = min(c(low), dims - 1), rounded down and up if truncate;
    b = a + 0.001 if they are equal
    ```

    Without them `factor` and `attention` are 1, `original` is 8192, `low` is 1 and
    `high` is 4, or 32 for yarn. For yarn, `high` and `low` are also known as `beta_fast` and `beta_slow`
    (arXiv 2309.00071). Cosine and sine are multiplied by `attention`.

    Constraints:

    * (C1) `dims` is even and positive, `theta` at least 1.
    * (C2) `factor`, `original`, `low`, `high` and `attention` are positive and finite.
    * (C3) `llama3` has `low` below `high`, and `yarn` a `theta` above 1: what
      they divide by is not 0.

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
    OptionalParameter<"::mlir::FloatAttr">:$attention);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The frequency of each pair, in radians for each position.
    ::llvm::SmallVector<double> getFrequencies() const;
    /// What cosine and sine are multiplied by.
    double getAttentionFactor() const;
  }];
}

#endif // TENON_DIALECTS_TENON_ROPEATTR_TD
