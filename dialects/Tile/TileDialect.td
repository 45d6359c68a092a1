// The tile dialect, its attributes, and the base classes of its ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_TILEDIALECT_TD
#define TENON_DIALECTS_TILE_TILEDIALECT_TD

include "dialects/Tenon/TenonDialect.td"
include "dialects/Tenon/WeightTypes.td"
include "dialects/Tile/TileEnums.td"
include "mlir/Dialect/SCF/IR/DeviceMappingInterface.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::tenon::tile";
  let summary = "Kernels, and the tiles that they work on";
  let description = [{
    A `tile.kernel` is what runs between two barriers. Its body is made of loops
    over tiles; an op of this dialect works on one tile. All of them are in
    destination style: they write their last operands, and return them as long as
    those are tensors. The same ops work on tensors and, after bufferisation, on
    memrefs.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let dependentDialects = ["::tenon::TenonDialect"];
  let extraClassDeclaration = [{
    /// Name of the attribute on a step function that bounds its tokens.
    static constexpr ::llvm::StringLiteral kBucketName = "tile.bucket";
    /// Name of the attribute on a function that is a kernel: its configuration, or
    /// a unit where nothing depends on that any more.
    static constexpr ::llvm::StringLiteral kKernelName = "tile.kernel";
    /// Name of the attribute on a step function that says what memory it needs.
    static constexpr ::llvm::StringLiteral kMemoryName = "tile.memory";
  }];
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def Tile_BucketAttr : AttrDef<Tile_Dialect, "Bucket"> {
  let mnemonic = "bucket";
  let summary = "Most tokens of a step";
  let description = [{
    Constraints:

    * (C1) There is room for at least one token.

    Example: `#tile.bucket<tokens = 8>`
  }];
  let parameters = (ins "int64_t":$tokens);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Tile_MemoryAttr : AttrDef<Tile_Dialect, "Memory"> {
  let mnemonic = "memory";
  let summary = "Memory that a step needs";
  let description = [{
    | Parameter | Meaning                                                   |
    |-----------|-----------------------------------------------------------|
    | `arena`   | bytes that all workers share                              |
    | `scratch` | bytes of each worker                                      |

    Constraints:

    * (C1) Neither is negative.

    Example: `#tile.memory<arena = 4096, scratch = 512>`
  }];
  let parameters = (ins "int64_t":$arena, "int64_t":$scratch);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Tile_WorkerAttr : AttrDef<Tile_Dialect, "Worker", [
    DeclareAttrInterfaceMethods<DeviceMappingAttrInterface>]> {
  let mnemonic = "worker";
  let summary = "Iterations of a loop are shared by all workers";
  let description = [{
    With `static`, worker `w` of `W` runs the iterations from `w n / W` to
    `(w + 1) n / W` of `n`. With `ticket`, each takes the next one that no other
    has taken. The mapping of an `scf.forall` of several dimensions has one such
    attribute for each, all equal; its iterations are numbered row-major.

    Example: `#tile.worker<static>`
  }];
  let parameters = (ins EnumParameter<Tile_Split>:$split);
  let assemblyFormat = "`<` $split `>`";
}

def Tile_ConfigAttr : AttrDef<Tile_Dialect, "Config"> {
  let mnemonic = "config";
  let summary = "Sizes of a kernel's tiles";
  let description = [{
    | Parameter | Meaning                                                   |
    |-----------|-----------------------------------------------------------|
    | `rows`    | rows of activations in a tile                             |
    | `block`   | most tokens of a query block of attention; 0 without any  |
    | `panels`  | weight panels of 16 rows in a tile                        |
    | `keys`    | keys in a tile of attention                               |
    | `split`   | how tiles are shared by workers                           |

    Constraints:

    * (C1) Sizes are positive.
    * (C2) `block` is a multiple of `rows`, or 0.

    The runtime cuts the tokens of a step into blocks of one sequence each. A tile
    of attention has `rows` tokens of one block.

    Example: `#tile.config<rows = 6, panels = 1, keys = 64, split = static>`
  }];
  let parameters = (ins DefaultValuedParameter<"int64_t", "1">:$rows,
    DefaultValuedParameter<"int64_t", "0">:$block,
    DefaultValuedParameter<"int64_t", "1">:$panels,
    DefaultValuedParameter<"int64_t", "64">:$keys,
    DefaultValuedParameter<"::tenon::tile::Split", "::tenon::tile::Split::Static">:$split);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Base classes of ops
//===----------------------------------------------------------------------===//

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

/// Before bufferisation a tensor, after it a memref.
def Tile_Buffer : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef]>;

/// An op that reads what its outs held before. All others write every element.
def ReadsOuts : NativeOpTrait<"ReadsOuts"> {
  let cppNamespace = "::tenon::tile";
}

/// Element i of outs depends on no other element of an input, so that both may be the
/// same memory. A row is read as a whole before it is written.
def WorksInPlace : NativeOpTrait<"WorksInPlace"> {
  let cppNamespace = "::tenon::tile";
}

/// A result grows faster than its inputs: it has a product of two of them in it.
def MultipliesInputs : NativeOpTrait<"MultipliesInputs"> {
  let cppNamespace = "::tenon::tile";
}

/// An op that writes the operands `outs`, which come last.
class Tile_DestinationOp<string mnemonic, list<Trait> traits = []>
    : Tile_Op<mnemonic, !listconcat([
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>], traits)> {
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
  let extraClassDefinition = [{
    void $cppClass::getEffects(::llvm::SmallVectorImpl<
        ::mlir::SideEffects::EffectInstance<::mlir::MemoryEffects::Effect>> &effects) {
      ::tenon::tile::getDestinationEffects(*this, effects);
    }
  }];
  let results = (outs Variadic<AnyRankedTensor>:$results);
}

#endif // TENON_DIALECTS_TILE_TILEDIALECT_TD
