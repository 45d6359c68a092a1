// Weight types: shape, storage format and packed layout.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_WEIGHTTYPES_TD
#define TENON_DIALECTS_TENON_WEIGHTTYPES_TD

include "dialects/Tenon/TenonDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Tenon_FormatAttr : AttrDef<Tenon_Dialect, "Format"> {
  let mnemonic = "format";
  let summary = "Storage format of a weight";
  let description = [{
    The value of the element in row `n` and column `k` of a matrix is

    ```
    value[n, k] = (code[n, k] - zero) * scale[n, k] + offset[n, k]
    ```

    where `code[n, k]` is the quantized value, of type `code`, or the number that
    `values` has for it, and `scale[n, k]` is
    the product of one number per scale parameter,

    ```
    scale[n, k] = product over scales f: f[n div R, k div C]
    ```

    and `offset[n, k]` (the min of a quantized block) likewise. Without a scale,
    `scale[n, k]` is 1; without an offset, nothing is added. The last block of a
    row or a column may be partial. Products are exact in `f32` for all stored
    formats, so the order of the multiplications does not matter.

    | Parameter | Meaning                                                       |
    |-----------|---------------------------------------------------------------|
    | `code`    | type of a quantized value: `f32`, `f16`, `bf16`, `f8E4M3FN`   |
    |           | or `f4E2M1FN` (finite), `i8` (signed), or unsigned, `ui2` to  |
    |           | `ui8`                                                         |
    | `values`  | a signed byte for each quantized value, from 0 on             |
    | `zero`    | zero point of a format without an offset                      |
    | `scale`   | type of the numbers, `f32`, `f16`, `bf16`, `f8E8M0FNU` (a     |
    |           | power of two), `i8` or `ui8`, and block `R x C` that shares   |
    |           | one; repeated for scales of scales                            |
    | `offset`  | the same for the offset; without types, it has as many        |
    |           | factors as the scale, of the same types and blocks            |

    Constraints:

    * (C1) `code` is one of these types.
    * (C2) A factor has one of these types, and its block has at least one row and
      one column.
    * (C3) An offset requires a scale.
    * (C4) An integer `code` and one of less than 8 bits require a scale; `f32`,
      `f16` and `bf16` have none.
    * (C5) Only an unsigned `code` has a zero point, which it can represent; that
      of `ui8` is 128, so that a code minus its zero point is a signed byte.
    * (C6) Of two factors, the block columns of one divide those of the other.
    * (C7) `values` requires an unsigned `code` of at most 4 bits without a zero
      point, and has a number for each of its quantized values.

    Examples: `#tenon.format<bf16>`,
    `#tenon.format<f8E4M3FN, scale f32 per 128x128>`,
    `#tenon.format<ui5, zero 16, scale f16 per 1x32>`,
    `#tenon.format<f4E2M1FN, scale f8E8M0FNU per 1x32>`,
    `#tenon.format<ui4, scale f16 per 1x256, scale ui8 per 1x32, offset>`,
    `#tenon.format<ui2, values [-3, -1, 1, 3], scale f16 per 1x32>`
  }];
  let parameters = (ins "::mlir::Type":$code, "int64_t":$zero,
                        ArrayRefParameter<"::tenon::FormatFactor">:$factors,
                        ArrayRefParameter<"int8_t">:$values);
  let builders = [
    AttrBuilderWithInferredContext<(ins "::mlir::Type":$code), [{
      return $_get(code.getContext(), code, 0,
                   ::llvm::ArrayRef<::tenon::FormatFactor>(),
                   ::llvm::ArrayRef<int8_t>());
    }]>,
    AttrBuilder<(ins "::mlir::Type":$code, "int64_t":$zero,
                     "::llvm::ArrayRef<::tenon::FormatFactor>":$factors), [{
      return $_get($_ctxt, code, zero, factors, ::llvm::ArrayRef<int8_t>());
    }]>
  ];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool hasScale() const { return !getFactors().empty(); }
    bool hasOffset() const;
    /// The number that a quantized value of an unsigned type is, less the zero
    /// point.
    int64_t getInteger(int64_t code) const {
      return getValues().empty() ? code - getZero() : getValues()[code];
    }
    /// Rows of the largest block and columns of the smallest block: a matrix may
    /// be split at multiples of the former, and the latter share all factors.
    int64_t getScaleRows() const;
    int64_t getScaleCols() const;
    int64_t getCodeBits() const;
    /// Bytes of one quantized value outside panels, where none share a byte.
    int64_t getCodeBytes() const { return (getCodeBits() + 7) / 8; }
    /// The equivalent format with `i8` or `f8E4M3FN` values and one `f32` per scale
    /// and offset; a format without a scale is its own.
    ::tenon::FormatAttr getWidened() const;
    /// Whether columns that lie together in a panel share their scales, for rows
    /// of `cols` columns in lines of `depth` bytes.
    bool fitsPanel(int64_t cols, int64_t depth) const;
  }];
}

def Tenon_PanelAttr : AttrDef<Tenon_Dialect, "Panel"> {
  let mnemonic = "panel";
  let summary = "Packed layout: rows of a matrix interleaved in panels";
  let description = [{
    The matrix is divided into panels of `rows` rows; the last one is zero-padded.
    A panel stores, for each group of `depth` consecutive columns, the quantized
    values of all its rows, row after row. Sub-byte values are bit-packed: a row
    still takes `depth` bytes per group, and each byte also holds later columns.
    Scales and offsets precede the block that shares them.
    `include/tenon/Support/PanelLayout.h` defines the map from row and column to
    bit address.

    With `pair`, the first half of a panel's rows comes from the first half of the
    matrix, and the second half from the corresponding rows of its second half:
    with 16 rows, panel `p` holds rows `8 p` to `8 p + 7` of the gate projection and
    the same rows of the up projection. The logical matrix is unchanged.

    Constraints:

    * (C1) `rows` and `depth` are positive.
    * (C2) With `pair`, `rows` is even.

    Examples: `#tenon.panel<16x2>`, `#tenon.panel<16x4, pair>`
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$depth, "bool":$pair);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Tenon_WeightType : TypeDef<Tenon_Dialect, "Weight"> {
  let mnemonic = "weight";
  let summary = "Weight stored outside the IR";
  let description = [{
    A vector, a matrix `[N, K]` (`N` outputs, `K` inputs), or a stack of either with
    leading dimensions: layers of one kind, experts, heads. The type contains the
    storage format and, once it is assigned, the packed layout. Without a layout,
    elements are in row-major order.

    Constraints:

    * (C1) There is at least one dimension, and each is positive.
    * (C2) A scale or a panel requires a matrix.
    * (C3) The quantized values take less than 2^56 bits.
    * (C4) In panels, columns that lie together share their scales: the columns of
      a scale are a multiple of those of `depth` bytes, or whole rows of whole
      bytes.

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
    /// The packed layout of one matrix; requires a layout.
    ::tenon::PanelLayout getPanelLayout() const;
    /// Bytes of one packed matrix or vector, and of the whole packed stack.
    int64_t getMatrixBytes() const;
    int64_t getPackedBytes() const { return getMatrices() * getMatrixBytes(); }
    /// The type without the leading dimension.
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
