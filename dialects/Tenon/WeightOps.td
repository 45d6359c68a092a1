// Weight symbols, derived weights, and references to them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_WEIGHTOPS_TD
#define TENON_DIALECTS_TENON_WEIGHTOPS_TD

include "dialects/Tenon/RopeAttr.td"
include "dialects/Tenon/TenonDialect.td"
include "dialects/Tenon/WeightTypes.td"
include "mlir/IR/SymbolInterfaces.td"

def Tenon_WeightOp : Tenon_Op<"weight", [
    Symbol, WeightSymbolOpInterface]> {
  let summary = "Weight of the model, stacked over layers and experts";
  let description = [{
    Declares a weight that consists of tensors of the source. `source` is the name
    of a tensor, in which `{l}` is replaced by the layer and `{e}` by the expert.
    The leading dimension of the type indexes `layers`, if there are any; with
    `{e}`, the next dimension indexes experts from 0.

    ```
    value[i, e, n, k] = source with l = layers[i] and e, element [n, k]
    ```

    A source without `{e}` may store all experts in one tensor with one more
    dimension. A tensor may leave out a last dimension of 1.

    Scales and offsets may be stored in separate tensors. `factors` names one for
    each factor of the format; such a tensor has one element for each block of the
    tensor of quantized values. Without `factors`, scales and offsets are stored
    with the quantized values, as in blocks of GGUF.

    | Attribute | Meaning                                              |
    |-----------|------------------------------------------------------|
    | `source`  | name of a tensor, with `{l}` and `{e}`               |
    | `factors` | names of the tensors of scales and offsets, likewise |
    | `layers`  | values of `{l}`, in the order of the stack           |
    | `type`    | shape and format of the stack                        |
    | `offset`  | byte offset in the packed weights                    |

    Constraints:

    * (C1) `source` contains `{l}` if and only if `layers` is not empty.
    * (C2) The first dimension of the type is the number of `layers`, if any.
    * (C3) `factors`, if present, has a name for each factor of the format.
    * (C4) A name in `factors` contains `{l}` and `{e}` if and only if `source`
      does.

    Example:

    ```mlir
    tenon.weight @moe.q_a "model.layers.{l}.self_attn.q_a_proj.weight"
        layers [1, 2] : !tenon.weight<2x24x64, <bf16>>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$source,
    OptionalAttr<StrArrayAttr>:$factors,
    DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$layers,
    TypeAttrOf<Tenon_WeightType>:$type, OptionalAttr<I64Attr>:$offset);
  let assemblyFormat = [{
    $sym_name $source (`factors` $factors^)? (`layers` $layers^)? attr-dict
    `:` $type (`at` $offset^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::std::string describeSource();
    /// Whether a name stands for one tensor of each expert.
    static bool isPerExpert(::llvm::StringRef name);
    /// The tensor that a name stands for: `{l}` and `{e}` are replaced.
    static ::std::string expandName(::llvm::StringRef name, int64_t layer,
                                    int64_t expert);

    /// The tensors of the source, in the order of the stack: how many there
    /// are, and the name of one.
    int64_t getTensorCount();
    ::std::string getTensorName(int64_t index);
    /// Whether factors lie in tensors of their own, and the name of the one
    /// that belongs to a tensor of the source.
    bool hasFactorTensors() { return getFactors().has_value(); }
    ::std::string getFactorTensorName(size_t factor, int64_t index);
    /// The dimensions of the type that lie inside each tensor of the source.
    ::llvm::ArrayRef<int64_t> getTensorShape();
  }];
}

def Tenon_DeriveOp : Tenon_Op<"derive", [
    Symbol, WeightSymbolOpInterface,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Weight derived from other weights at compile time";
  let description = [{
    Let `a, b, ...` be the weights in `from`, `N x K` the shape of their matrices,
    and `...` their leading dimensions, which are preserved unless shown:

    ```
    concat_rows   result[..., n, k] = a[..., n, k] for n < Na, b[..., n - Na, k] ...
    split_rows    result[..., h, n, k] = a[..., h * count + n, k]
    slice_rows    result[..., n, k] = a[..., first + n * step, k]
    transpose     result[..., n, k] = a[..., k, n]
    cast          result[..., n, k] = a[..., n, k] in the format of the result
    ```

    All derivations except `cast` are exact; `cast` rounds the exact value once, to
    nearest even. A derivation is evaluated when the artifact is written, streamed
    in constant memory. The layout of the result type is the layout in which the
    result is packed.

    | Attribute | Meaning                                                |
    |-----------|--------------------------------------------------------|
    | `from`    | one weight; one or more for `concat_rows`              |
    | `first`   | first row, for `slice_rows`                            |
    | `step`    | rows from one to the next, for `slice_rows`            |
    | `count`   | rows per part, for `split_rows`                        |
    | `offset`  | byte offset in the packed weights                      |

    Constraints:

    * (C1) Each symbol in `from` is a `tenon.weight` or a `tenon.derive`; all
      derivations except `concat_rows` take exactly one.
    * (C2) The shape of the result is the one that the formula gives.
    * (C3) All derivations except `cast` and `transpose` preserve the format; a
      `transpose` swaps the dimensions of the scale block, and requires a format
      without a scale or with a square block.
    * (C4) A slice, split or concatenation is aligned to scale blocks, which have
      one row if a slice has a step.
    * (C5) No weight is derived from itself, directly or through others.

    Example:

    ```mlir
    tenon.weight @gate "mlp.gate_proj.weight" : !tenon.weight<96x64, <f32>>
    tenon.weight @up "mlp.up_proj.weight" : !tenon.weight<96x64, <f32>>
    tenon.derive @gate_up = concat_rows [@gate, @up]
        : !tenon.weight<192x64, <f32>, <16x1, pair>>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
    EnumProp<Tenon_Derivation>:$derivation,
    TypedArrayAttrBase<FlatSymbolRefAttr, "weights">:$from,
    DefaultValuedProp<I64Prop, "0">:$first,
    DefaultValuedProp<I64Prop, "0">:$count, TypeAttrOf<Tenon_WeightType>:$type,
    OptionalAttr<I64Attr>:$offset, DefaultValuedProp<I64Prop, "1">:$step);
  let assemblyFormat = [{
    $sym_name `=` $derivation $from (`first` $first^)? (`step` $step^)? (`count` $count^)?
    attr-dict `:` $type (`at` $offset^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::FlatSymbolRefAttr> getDerivedFrom() {
      return ::llvm::to_vector(getFrom().getAsRange<::mlir::FlatSymbolRefAttr>());
    }
    ::std::string describeSource();
  }];
}

def Tenon_RopeTableOp : Tenon_Op<"rope_table", [
    Symbol, WeightSymbolOpInterface]> {
  let summary = "Cos/sin table of a rotary embedding";
  let description = [{
    A factored table with `ceil(positions / 256) + 256` rows, in which a position is
    written as `p = 256 a + b`: the angle-addition formulas give the rotation at any
    position `p < positions` from two rows. With `f` the frequencies of `rope` and
    `h` the number of its pairs, rows have `2 h` columns, computed in double
    precision and rounded once:

    ```
    row a        = cos(256 a f[i]) for i < h, then sin(256 a f[i])
    row A + b    = cos(b f[i]) for i < h, then sin(b f[i])         A = ceil(positions / 256)
    cos(p f[i])  = cos(256 a f[i]) cos(b f[i]) - sin(256 a f[i]) sin(b f[i])   p = 256 a + b
    ```

    Constraints:

    * (C1) The type is an `f32` matrix of this shape.
    * (C2) `positions` is positive.

    Example:

    ```mlir
    tenon.rope_table @rope #tenon.rope<dims = 64, pairing = interleaved,
        theta = 1.0e4 : f64> positions 4096 : !tenon.weight<272x64, <f32>>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Tenon_RopeAttr:$rope,
    I64Prop:$positions, TypeAttrOf<Tenon_WeightType>:$type,
    OptionalAttr<I64Attr>:$offset);
  let assemblyFormat = [{
    $sym_name $rope `positions` $positions attr-dict `:` $type
    (`at` $offset^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::std::string describeSource();
    bool hasFreeLayout() { return false; }
    /// Positions between two consecutive coarse rows.
    static constexpr int64_t kSpan = 256;
    /// Shape of the table for a rotation.
    static ::llvm::SmallVector<int64_t> getShapeFor(::tenon::RopeAttr rope,
                                                    int64_t positions);
  }];
}

def Tenon_WeightRefOp : Tenon_Op<"weight_ref", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Reference to one layer of a weight";
  let description = [{
    ```
    result = weight[index, ...]     with an index
           = weight                 without
    ```

    The address of the result is a constant plus `index` times a constant stride.
    The behavior for an `index` outside the stack is undefined.

    Constraints:

    * (C1) `weight` names a `tenon.weight`, `tenon.derive` or `tenon.rope_table`.
    * (C2) The result has the type of the weight, without the leading dimension if
      there is an index.

    Example:

    ```mlir
    %w = tenon.weight_ref @moe.q_a[%l] : !tenon.weight<24x64, <bf16>>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight, Optional<Index>:$index);
  let results = (outs Tenon_WeightType:$result);
  let assemblyFormat = [{
    $weight (`[` $index^ `]`)? attr-dict `:` type($result)
  }];
}

#endif // TENON_DIALECTS_TENON_WEIGHTOPS_TD
