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
    value[n, k] = code[n, k] * scale[n div R, k div C] + offset[n div R, k div C]
    ```

    where `code` is a number of the code type. Without a scale the factor is 1,
    without an offset nothing is added. The last scale of a row or a column may
    cover fewer elements than the others.

    | Parameter | Meaning                                                       |
    |-----------|---------------------------------------------------------------|
    | `code`    | `f32`, `f16`, `bf16`, `f8E4M3FN` (finite) or `i8`             |
    | `scale`   | type of scales and offsets, `f32`, and the block `R x C`      |
    | `offset`  | there is an offset for each scale                             |

    Constraints:

    * (C1) The code is one of the five types.
    * (C2) A scale is `f32`, and its block has at least one row and column.
    * (C3) An offset needs a scale.
    * (C4) A code `i8` needs a scale; `f32`, `f16` and `bf16` have none.

    Examples: `#tenon.format<bf16>`,
    `#tenon.format<f8E4M3FN, scale f32 per 128x128>`,
    `#tenon.format<i8, scale f32 per 1x32, offset>`
  }];
  let parameters = (ins "::mlir::Type":$code, "::mlir::Type":$scale,
                        "int64_t":$scaleRows, "int64_t":$scaleCols,
                        "bool":$hasOffset);
  let builders = [
    AttrBuilderWithInferredContext<(ins "::mlir::Type":$code), [{
      return $_get(code.getContext(), code, ::mlir::Type(), 0, 0, false);
    }]>
  ];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool hasScale() const { return static_cast<bool>(getScale()); }
    /// Bytes of one code.
    int64_t getCodeBytes() const;
  }];
}

def Tenon_PanelAttr : AttrDef<Tenon_Dialect, "Panel"> {
  let mnemonic = "panel";
  let summary = "Rows of a matrix interleaved for a vector unit";
  let description = [{
    The rows of the matrix are cut into panels of `rows`; the last one is filled
    up with zeros. Inside a panel the codes of all rows for `depth` consecutive
    columns lie together, row after row: `rows x depth` codes of 4 bytes a row.
    Columns are filled up with zeros to a multiple of `depth`. A format with
    scales puts `rows` scales, then `rows` offsets if there are any, in front of
    the codes of each group of columns that share them.

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
