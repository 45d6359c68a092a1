// Types of weights: a shape, a storage format and a layout.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_WEIGHTTYPES_TD
#define TENON_DIALECTS_TENON_WEIGHTTYPES_TD

include "dialects/Tenon/TenonDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Tenon_FormatAttr : AttrDef<Tenon_Dialect, "Format"> {
  let mnemonic = "format";
  let summary = "How the elements of a weight are stored";
  let description = [{
    The value of the element in row `n` and column `k` of a matrix is

    ```
    value[n, k] = (code[n, k] - zero) * scale[n, k] + offset[n, k]
    ```

    where `code` is a number of the code type, and `scale` is a product with a
    number for each factor of that role,

    ```
    scale[n, k] = product over scales f: f[n div R, k div C]
    ```

    and so is `offset`. Without a scale the factor is 1, without an offset nothing
    is added. The last number of a row or a column may cover fewer elements than
    the others. Products are exact in `f32` for all stored formats, so it does not
    matter where one rounds.

    | Parameter | Meaning                                                       |
    |-----------|---------------------------------------------------------------|
    | `code`    | `f32`, `f16`, `bf16`, `f8E4M3FN` (finite), `i8` (signed), or  |
    |           | an unsigned number of 4 to 8 bits, `ui4` to `ui8`             |
    | `zero`    | the code of the value 0, if there is no offset                |
    | `scale`   | the type of numbers, `f32`, `f16`, `bf16`, `i8` or `ui8`, and |
    |           | the block `R x C` that shares one; repeated for each factor   |
    | `offset`  | the same for the offset; alone, as many factors as of scales, |
    |           | of the same types and blocks                                  |

    Constraints:

    * (C1) The code is one of these types.
    * (C2) A factor is of one of these types, and its block has at least one row
      and column.
    * (C3) An offset needs a scale.
    * (C4) A code that is an integer needs a scale; `f32`, `f16` and `bf16` have
      none.
    * (C5) Only an unsigned code has a zero, which is one of its numbers.
    * (C6) Of two factors, the columns of one divide those of the other.

    Examples: `#tenon.format<bf16>`,
    `#tenon.format<f8E4M3FN, scale f32 per 128x128>`,
    `#tenon.format<ui5, zero 16, scale f16 per 1x32>`,
    `#tenon.format<ui4, scale f16 per 1x256, scale ui8 per 1x32, offset>`
  }];
  let parameters = (ins "::mlir::Type":$code, "int64_t":$zero,
                        ArrayRefParameter<"::tenon::FormatFactor">:$factors);
  let builders = [
    AttrBuilderWithInferredContext<(ins "::mlir::Type":$code), [{
      return $_get(code.getContext(), code, 0,
                   ::llvm::ArrayRef<::tenon::FormatFactor>());
    }]>
  ];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool hasScale() const { return !getFactors().empty(); }
    bool hasOffset() const;
    /// Rows and columns of the largest and the smallest block: rows may be cut
    /// at multiples of the former, and columns of the latter share all factors.
    int64_t getScaleRows() const;
    int64_t getScaleCols() const;
    int64_t getCodeBits() const;
    /// Bytes of one code outside of panels, where each has its own.
    int64_t getCodeBytes() const { return (getCodeBits() + 7) / 8; }
    /// The same values as codes `i8` with one `f32` for each scale and offset,
    /// if codes are integers; otherwise the format itself.
    ::tenon::FormatAttr getWidened() const;
  }];
}

def Tenon_PanelAttr : AttrDef<Tenon_Dialect, "Panel"> {
  let mnemonic = "panel";
  let summary = "Rows of a matrix interleaved for a vector unit";
  let description = [{
    The rows of the matrix are cut into panels of `rows`; the last one is filled
    up with zeros. Inside a panel the codes of all rows for `depth` consecutive
    columns lie together, row after row. Codes of less than a byte take `depth`
    bytes as well, which hold further columns in their other bits. Factors lie in
    front of the codes that share them. `PanelLayout.h` describes the map.

    With `pair`, the first half of a panel's rows comes from the first half of
    the matrix and the second half from its second half, at the same distance:
    panel `p` holds rows `8 p` to `8 p + 7` of the gate and the same rows of the
    projection up. The logical matrix is unchanged.

    Constraints:

    * (C1) `rows` and `depth` are positive.

    Examples: `#tenon.panel<16x2>`, `#tenon.panel<16x4, pair>`
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$depth, "bool":$pair);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Tenon_WeightType : TypeDef<Tenon_Dialect, "Weight"> {
  let mnemonic = "weight";
  let summary = "A weight that lies outside the IR";
  let description = [{
    A vector, a matrix `[N, K]` (`N` outputs of `K` inputs), or a stack of either
    with further dimensions in front: layers of one kind, experts, heads. The
    type says how its values are stored, and, once it was decided, in which order
    they lie. Without a layout the elements of the type are in row-major order.

    Constraints:

    * (C1) There is at least one dimension, and each is positive.
    * (C2) A scale or a panel needs a matrix.

    Example:
    `!tenon.weight<58x1536x7168, <bf16>, <16x2>>`
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape,
                        "::tenon::FormatAttr":$format,
                        OptionalParameter<"::tenon::PanelAttr">:$layout);
  let assemblyFormat =
      "`<` custom<WeightShape>($shape) `,` $format (`,` $layout^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getRank() const { return getShape().size(); }
    /// Outputs of one matrix, or elements of one vector.
    int64_t getRows() const {
      return getRank() == 1 ? getShape().back() : getShape()[getRank() - 2];
    }
    /// Inputs of one matrix.
    int64_t getCols() const { return getShape().back(); }
    /// Number of matrices in front of the last two dimensions.
    int64_t getMatrices() const;
    /// How one matrix is packed; only with a layout.
    ::tenon::PanelLayout getPanelLayout() const;
    /// Bytes of one matrix or vector, and of the whole stack, when packed.
    int64_t getMatrixBytes() const;
    int64_t getPackedBytes() const { return getMatrices() * getMatrixBytes(); }
    /// The type of one element of the outermost stack.
    WeightType dropStack() const;
    WeightType withShape(::llvm::ArrayRef<int64_t> shape) const;
  }];
}

def Tenon_VectorWeight : Type<
    And<[CPred<"::llvm::isa<::tenon::WeightType>($_self)">,
         CPred<"::llvm::cast<::tenon::WeightType>($_self).getRank() == 1">]>,
    "weight vector", "::tenon::WeightType">;
def Tenon_MatrixWeight : Type<
    And<[CPred<"::llvm::isa<::tenon::WeightType>($_self)">,
         CPred<"::llvm::cast<::tenon::WeightType>($_self).getRank() == 2">]>,
    "weight matrix", "::tenon::WeightType">;
def Tenon_MatrixStackWeight : Type<
    And<[CPred<"::llvm::isa<::tenon::WeightType>($_self)">,
         CPred<"::llvm::cast<::tenon::WeightType>($_self).getRank() == 3">]>,
    "stack of weight matrices", "::tenon::WeightType">;

#endif // TENON_DIALECTS_TENON_WEIGHTTYPES_TD
