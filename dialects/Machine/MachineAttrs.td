// Facts about the machine that code is made for, as attributes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_MACHINE_MACHINEATTRS_TD
#define TENON_DIALECTS_MACHINE_MACHINEATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Machine_Dialect : Dialect {
  let name = "machine";
  let cppNamespace = "::tenon::machine";
  let summary = "What the machine is, for passes that make choices";
  let description = [{
    Attributes only. The one on the module, `machine.target`, describes the
    machine that the module is compiled for. A pass that needs a fact or a choice
    asks the attribute through `MachineAttrInterface`, and never which kind of
    machine it is.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Name of the attribute on the module.
    static constexpr ::llvm::StringLiteral kTargetName = "machine.target";
  }];
}

def Machine_AttrInterface : AttrInterface<"MachineAttrInterface"> {
  let cppNamespace = "::tenon::machine";
  let description = "Choices that follow from what the machine is.";
  let methods = [
    InterfaceMethod<"Name of the machine as the command line spells it.",
      "::std::string", "getTargetName">,
    InterfaceMethod<"Rows of activations that are worked on together, while caches "
      "hold their weights, for a step of at most `tokens` tokens.",
      "int64_t", "getContractRows", (ins "int64_t":$tokens)>,
    InterfaceMethod<"Weight panels of 16 rows that are worked on together, beside "
      "`rows` rows of activations.",
      "int64_t", "getContractPanels", (ins "int64_t":$rows)>,
    InterfaceMethod<"Tokens of one tile of attention, for a step of at most "
      "`tokens` tokens.",
      "int64_t", "getBlockRows", (ins "int64_t":$tokens)>,
    InterfaceMethod<"Most tokens of a query block whose heads expand the keys "
      "that it shares, for a step of at most `tokens` tokens.",
      "int64_t", "getExpandingBlockRows", (ins "int64_t":$tokens)>,
    InterfaceMethod<"Keys in one tile of attention: the same for every step.",
      "int64_t", "getKeyTile">,
    InterfaceMethod<"Most tokens for which each worker computes a norm again "
      "rather than wait for the others.",
      "int64_t", "getRecomputedNormTokens">,
    InterfaceMethod<"Most tokens of a step in which latent attention is "
      "absorbed, unless the user pins a form.",
      "int64_t", "getAbsorbedTokens">,
    InterfaceMethod<"Whether kernels read weights in codes of less than a byte, "
      "and with factors other than `f32`.",
      "bool", "readsTightCodes">
  ];
}

def Machine_CpuAttr : AttrDef<Machine_Dialect, "Cpu",
    [DeclareAttrInterfaceMethods<Machine_AttrInterface>]> {
  let mnemonic = "cpu";
  let summary = "A processor with vector instructions";
  let description = [{
    | Parameter   | Meaning                                              |
    |-------------|------------------------------------------------------|
    | `name`      | CPU level, as the table of targets names it          |
    | `lanes`     | `f32` elements of one vector register                |
    | `registers` | vector registers                                     |

    Constraints:

    * (C1) `lanes` is a power of two between 4 and 16.
    * (C2) There are at least 8 registers.

    Example: `#machine.cpu<name = "small", lanes = 4, registers = 8>`
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$lanes,
                        "int64_t":$registers);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Machine_GpuAttr : AttrDef<Machine_Dialect, "Gpu",
    [DeclareAttrInterfaceMethods<Machine_AttrInterface>]> {
  let mnemonic = "gpu";
  let summary = "An NVIDIA GPU";
  let description = [{
    | Parameter   | Meaning                                              |
    |-------------|------------------------------------------------------|
    | `name`      | GPU level, as the table of targets names it          |
    | `shared`    | bytes of shared memory that one block may use        |
    | `registers` | 32-bit registers of one multiprocessor               |

    Constraints:

    * (C1) `shared` and `registers` are positive.

    Example: `#machine.gpu<name = "small", shared = 49152, registers = 32768>`
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$shared,
                        "int64_t":$registers);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // TENON_DIALECTS_MACHINE_MACHINEATTRS_TD
