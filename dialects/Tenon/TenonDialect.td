// The tenon dialect, the base class of its ops, and the types that groups share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_TENONDIALECT_TD
#define TENON_DIALECTS_TENON_TENONDIALECT_TD

include "dialects/Tenon/GatedActivation.td"
include "dialects/Tenon/TenonEnums.td"
include "dialects/Tenon/TenonInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/Properties.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tenon_Dialect : Dialect {
  let name = "tenon";
  let cppNamespace = "::tenon";
  let summary = "Transformer ops at graph level, before tiling decisions";
  let description = [{
    The `tenon` dialect describes *what* the layers of a transformer compute. Tile
    sizes, loop order and whether softmax is computed online are decided below
    this dialect. `dialects/Tenon/README.md` gives the rationale.

    A step processes a ragged batch: a flat list of `T` tokens from one or more
    sequences. Three operands describe the batch:

    | Operand     | Type             | Meaning                                           |
    |-------------|------------------|---------------------------------------------------|
    | `positions` | `tensor<?xi32>`  | position of each token in its sequence, from 0    |
    | `slots`     | `tensor<?xi32>`  | sequence slot of each token: its KV-cache index   |
    | `blocks`    | `tensor<?x4xi32>`| query blocks: first row, count, slot, position    |

    The tokens of a sequence are contiguous and have consecutive positions.
    `blocks` is redundant with `positions` and `slots`: it partitions the rows into
    runs of bounded length, none of which spans two sequences. It does not change
    a result; it gives the loop over query blocks its iterations.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Name of the attribute with the role of an argument or a result.
    static constexpr ::llvm::StringLiteral kRoleName = "tenon.role";
    /// Name of the module attribute that describes the model.
    static constexpr ::llvm::StringLiteral kModelName = "tenon.model";

    void registerTypes();
  }];
}

class Tenon_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tenon_Dialect, mnemonic, traits>;

/// An op on rows of tokens, whose result sizes follow from its row tensors.
class Tenon_TokenOp<string mnemonic, list<Trait> traits = []>
    : Tenon_Op<mnemonic, !listconcat([
        Pure,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                  ["reifyResultShapes"]>], traits)> {
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::reifyResultShapes(
        ::mlir::OpBuilder &builder,
        ::mlir::ReifiedRankedShapedTypeDims &shapes) {
      return ::tenon::reifyRows(*this, builder, shapes);
    }
  }];
}

//===----------------------------------------------------------------------===//
// Operand types
//===----------------------------------------------------------------------===//

def Tenon_ActivationTensor : TensorRankOf<[F16, BF16, F32], [2, 3]>;
def Tenon_RowTensor : TensorRankOf<[F16, BF16, F32], [2]>;
def Tenon_HeadTensor : TensorRankOf<[F16, BF16, F32], [3]>;
def Tenon_CacheTensor : TensorRankOf<[BF16, F32], [4, 5]>;
/// One integer per token, row or assignment.
def Tenon_IndexTensor : TensorRankOf<[I32], [1]>;
def Tenon_ChoiceTensor : TensorRankOf<[I32], [2]>;
def Tenon_BlockTensor : ConfinedType<TensorRankOf<[I32], [2]>, [
    CPred<"::mlir::ShapedType::isDynamic("
          "::llvm::cast<::mlir::ShapedType>($_self).getDimSize(1)) || "
          "::llvm::cast<::mlir::ShapedType>($_self).getDimSize(1) == 4">],
    "list of blocks, four integers each", "::mlir::RankedTensorType">;
def Tenon_ScoreTensor : TensorRankOf<[F32], [2]>;

def Tenon_PositiveF32 : ConfinedAttr<F32Attr, [AttrConstraint<
    CPred<"::llvm::cast<::mlir::FloatAttr>($_self).getValue().isNormal() && "
          "!::llvm::cast<::mlir::FloatAttr>($_self).getValue().isNegative()">,
    "whose value is positive and normal">]>;

/// A type that values computed in `f32` are rounded to.
def Tenon_NarrowFloatType : TypeAttrOf<BF16>;

#endif // TENON_DIALECTS_TENON_TENONDIALECT_TD
