// The tile dialect, its attributes, and the base classes of its ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_TILEDIALECT_TD
#define TENON_DIALECTS_TILE_TILEDIALECT_TD

include "dialects/Tenon/TenonDialect.td"
include "dialects/Tenon/WeightTypes.td"
include "dialects/Tile/TileEnums.td"
include "dialects/Tile/TileInterfaces.td"
include "mlir/Dialect/SCF/IR/DeviceMappingInterface.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::tenon::tile";
  let summary = "Kernels and ops on tiles";
  let description = [{
    A `tile.kernel` is the unit of execution between two barriers. Its body consists
    of loops over tiles; an op of this dialect computes one tile. All of these ops
    are in destination style: they write their last operands, and return them if
    those are tensors. The same ops work on tensors and, after bufferization, on
    memrefs.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let dependentDialects = ["::tenon::TenonDialect"];
  let extraClassDeclaration = [{
    /// Name of the attribute with the maximum number of tokens of a function.
    static constexpr ::llvm::StringLiteral kBucketName = "tile.bucket";
    /// Name of the attribute on a function that is a kernel: its configuration, or
    /// a unit attribute once no pass needs the configuration.
    static constexpr ::llvm::StringLiteral kKernelName = "tile.kernel";
    /// Name of the attribute with the memory requirements of a function.
    static constexpr ::llvm::StringLiteral kMemoryName = "tile.memory";
  }];
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def Tile_BucketAttr : AttrDef<Tile_Dialect, "Bucket"> {
  let mnemonic = "bucket";
  let summary = "Maximum number of tokens of a specialized step";
  let description = [{
    Constraints:

    * (C1) `tokens` is between 1 and 1,048,576, since positions have 32 bits.

    Example: `#tile.bucket<tokens = 8>`
  }];
  let parameters = (ins "int64_t":$tokens);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    static constexpr int64_t kMostTokens = 1 << 20;
  }];
}

def Tile_MemoryAttr : AttrDef<Tile_Dialect, "Memory"> {
  let mnemonic = "memory";
  let summary = "Memory requirements of a step";
  let description = [{
    | Parameter | Meaning                                                   |
    |-----------|-----------------------------------------------------------|
    | `arena`   | bytes of the arena, which all workers share               |
    | `scratch` | bytes of scratch memory per worker                        |

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
  let summary = "Mapping of a parallel loop to workers";
  let description = [{
    With `static`, worker `w` of `W` runs the contiguous chunk of iterations
    `[w n / W, (w + 1) n / W)` of `n`. With `ticket`, iterations are scheduled
    dynamically: each worker repeatedly claims the next one by an atomic
    fetch-and-add. The mapping of a multi-dimensional `scf.forall` has one such
    attribute per dimension, all equal; iterations are linearized in row-major
    order.

    Example: `#tile.worker<static>`
  }];
  let parameters = (ins EnumParameter<Tile_Split>:$split);
  let assemblyFormat = "`<` $split `>`";
}

def Tile_ConfigAttr : AttrDef<Tile_Dialect, "Config", [
    DeclareAttrInterfaceMethods<Tile_KernelConfigAttrInterface>]> {
  let mnemonic = "config";
  let summary = "Tile sizes and scheduling of a kernel";
  let description = [{
    The configuration of a kernel that is lowered to loops over tiles.

    | Parameter | Meaning                                                   |
    |-----------|-----------------------------------------------------------|
    | `rows`    | M tile: rows of activations                               |
    | `block`   | maximum tokens of a query block; 0 without attention      |
    | `panels`  | N tile: weight panels of 16 rows                          |
    | `keys`    | keys in a KV block                                        |
    | `split`   | static or dynamic scheduling of the parallel loop         |

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

/// A tensor before bufferization, a memref after it.
def Tile_Buffer : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef]>;

/// An op that reads the previous contents of its outs. All others leave nothing of
/// them: an element is overwritten, or unspecified after the op.
def ReadsOuts : NativeOpTrait<"ReadsOuts"> {
  let cppNamespace = "::tenon::tile";
}

/// Element i of outs depends only on element i of an input, or a row is read as a
/// whole before it is written: outs and the input may alias.
def WorksInPlace : NativeOpTrait<"WorksInPlace"> {
  let cppNamespace = "::tenon::tile";
}

/// A result contains a product of two inputs, so its magnitude is not linear in
/// theirs.
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
