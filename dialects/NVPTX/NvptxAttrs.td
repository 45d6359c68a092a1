// How kernels are launched on a GPU, as attributes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_NVPTX_NVPTXATTRS_TD
#define TENON_DIALECTS_NVPTX_NVPTXATTRS_TD

include "dialects/Tile/TileInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Nvptx_Dialect : Dialect {
  let name = "nvptx";
  let cppNamespace = "::tenon::nvptx";
  let summary = "How kernels are launched on an NVIDIA GPU";
  let description = [{
    Attributes only. A `tile.kernel` for a GPU has one of the configurations of this
    dialect, which a pass chooses and which device code is made from: what is printed
    is what is launched. Terms are CUDA's: a block of threads is 32 lanes times `warps`.

    | Attribute             | of             | Meaning                                     |
    |-----------------------|----------------|---------------------------------------------|
    | `nvptx.launch`        | `tile.kernel`  | the device function of the kernel           |
    | `nvptx.refused`       | `tile.kernel`  | a string: why there is no device function   |
    | `nvptx.shared_bytes`  | `gpu.func`, `llvm.func` | bytes of dynamic shared memory     |
  }];
  let dependentDialects = ["::tenon::tile::TileDialect"];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    static constexpr ::llvm::StringLiteral kLaunchName = "nvptx.launch";
    static constexpr ::llvm::StringLiteral kRefusedName = "nvptx.refused";
    static constexpr ::llvm::StringLiteral kSharedBytesName = "nvptx.shared_bytes";
  }];
}

def Nvptx_ConfigAttrInterface : AttrInterface<"ConfigAttrInterface"> {
  let cppNamespace = "::tenon::nvptx";
  let description = "A configuration of a kernel for a GPU.";
  let methods = [
    InterfaceMethod<"Warps of a block of threads.", "int64_t", "getBlockWarps">
  ];
}

class Nvptx_ConfigAttr<string name> : AttrDef<Nvptx_Dialect, name, [
    DeclareAttrInterfaceMethods<Nvptx_ConfigAttrInterface>,
    DeclareAttrInterfaceMethods<Tile_KernelConfigAttrInterface>]> {
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Nvptx_Columns : I32Enum<"Columns", "how warps share the columns of a matrix", [
    I32EnumCase<"Split", 0, "split">,
    I32EnumCase<"Whole", 1, "whole">]> {
  let cppNamespace = "::tenon::nvptx";
}

def Nvptx_ContractionAttr : Nvptx_ConfigAttr<"Contraction"> {
  let mnemonic = "contraction";
  let summary = "A product of rows with a packed matrix";
  let description = [{
    A block of threads computes a tile of `tokens` rows times `panels` panels of 16
    outputs. Weights come through a ring of `stages` buffers in shared memory.

    | Parameter | Meaning                                                     |
    |-----------|-------------------------------------------------------------|
    | `tokens`  | rows of activations in a tile                               |
    | `panels`  | weight panels in a tile                                     |
    | `stages`  | slabs of each panel in flight, with the one that is read    |
    | `parts`   | columns are summed in so many parts, one after the other    |
    | `columns` | `split`: each warp sums one part of the columns for the whole tile. `whole`: each warp sums all columns for two panels and a share of the rows |
    | `warps`   | of a block                                                  |

    The parts are added in their order in both cases, so that a token has the same
    bits in a step of any size.

    Constraints:

    * (C1) `tokens` is a positive multiple of 8, and `panels` of 2.
    * (C2) There are at least 2 stages and 1 part, and at most 32 warps.
    * (C3) With `split`, there are 2 panels, and a warp for each part.
    * (C4) With `whole`, the number of panels is a power of two, the warps are a
      multiple of the pairs of panels, and the warps of one pair share the rows in
      multiples of 8.
    * (C5) There are at most 512 tokens, 64 panels, 16 stages and 64 parts.

    Example: `#nvptx.contraction<tokens = 8, panels = 2, stages = 3, parts = 8, columns = split, warps = 8>`
  }];
  let parameters = (ins "int64_t":$tokens, "int64_t":$panels, "int64_t":$stages,
    "int64_t":$parts, EnumParameter<Nvptx_Columns>:$columns, "int64_t":$warps);
  let extraClassDeclaration = [{
    bool splitsColumns() const { return getColumns() == Columns::Split; }
    /// Warps that share the rows of the same panels.
    int64_t getWarpsOfPanels() const {
      return splitsColumns() ? 1 : getWarps() * 2 / getPanels();
    }
  }];
}

def Nvptx_AttentionAttr : Nvptx_ConfigAttr<"Attention"> {
  let mnemonic = "attention";
  let summary = "Attention over caches";
  let description = [{
    A row is a head of a token; the heads that share keys are rows of the same tile. A
    block of threads works on `rows` rows, 16 for each row of warps, and on `keys` keys at
    a time. Each row of warps has `splits` of them: each computes the scores of its part
    of the keys, and the sums of its part of the value's columns.

    | Parameter | Meaning                                                     |
    |-----------|-------------------------------------------------------------|
    | `tokens`  | most tokens of a block that the runtime cuts; 1 where each token has keys of its own |
    | `rows`    | rows of a tile                                              |
    | `keys`    | keys of a tile: the same in every bucket, as they are summed in the order of tiles |
    | `splits`  | warps that share 16 rows                                    |

    Constraints:

    * (C1) `tokens` and `splits` are positive, `rows` is a positive multiple of 16, and
      `keys` a power of two that is a multiple of `16 splits`.
    * (C2) There are at most 32 warps: `splits` for every 16 rows.
    * (C3) There are at most as many tokens as in a bucket, and 1,024 keys.

    Example: `#nvptx.attention<tokens = 8, rows = 16, keys = 64, splits = 4>`
  }];
  let parameters = (ins "int64_t":$tokens, "int64_t":$rows, "int64_t":$keys,
    "int64_t":$splits);
}

def Nvptx_SelectionAttr : Nvptx_ConfigAttr<"Selection"> {
  let mnemonic = "selection";
  let summary = "Keys with the largest index scores";
  let description = [{
    A block of threads works on one token at a time, and on `keys` of its keys: their
    scores join those that are kept, and of all these the largest are kept. Each warp
    computes the scores of 16 keys at a time. What is selected does not depend on
    these numbers.

    | Parameter | Meaning                                       |
    |-----------|-----------------------------------------------|
    | `keys`    | keys between two selections                   |
    | `warps`   | of a block                                    |

    Constraints:

    * (C1) There are between 1 and 32 warps.
    * (C2) There are between 1 and 65,536 keys.

    Example: `#nvptx.selection<keys = 2048, warps = 8>`
  }];
  let parameters = (ins "int64_t":$keys, "int64_t":$warps);
}

def Nvptx_RowsAttr : Nvptx_ConfigAttr<"Rows"> {
  let mnemonic = "rows";
  let summary = "Ops on rows of single tokens";
  let description = [{
    A block of threads works on the rows of one token at a time. A router has one warp,
    whose lanes reduce by shuffles; more are refused.

    Constraints:

    * (C1) There are between 1 and 32 warps.

    Example: `#nvptx.rows<warps = 4>`
  }];
  let parameters = (ins "int64_t":$warps);
}

def Nvptx_DispatchAttr : Nvptx_ConfigAttr<"Dispatch"> {
  let mnemonic = "dispatch";
  let summary = "Choices of experts, sorted by expert";
  let description = [{
    One block of threads works on all tokens; its warps share the experts.

    Constraints:

    * (C1) There are between 1 and 32 warps.

    Example: `#nvptx.dispatch<warps = 32>`
  }];
  let parameters = (ins "int64_t":$warps);
}

def Nvptx_LaunchAttr : AttrDef<Nvptx_Dialect, "Launch"> {
  let mnemonic = "launch";
  let summary = "The device function of a kernel";
  let description = [{
    | Parameter  | Meaning                                                        |
    |------------|----------------------------------------------------------------|
    | `function` | the function, in its `gpu.module`                              |
    | `blocks`   | pieces of work in the largest step of the kernel's bucket: more blocks of threads than these have nothing to do |

    Constraints:

    * (C1) There is at least one block.

    Example: `#nvptx.launch<@kernels::@layer$norm, blocks = 8>`
  }];
  let parameters = (ins "::mlir::SymbolRefAttr":$function, "int64_t":$blocks);
  let assemblyFormat = "`<` $function `,` `blocks` `=` $blocks `>`";
  let genVerifyDecl = 1;
}

#endif // TENON_DIALECTS_NVPTX_NVPTXATTRS_TD
