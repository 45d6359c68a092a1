// Attributes that describe the target machine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_MACHINE_MACHINEATTRS_TD
#define TENON_DIALECTS_MACHINE_MACHINEATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Machine_Dialect : Dialect {
  let name = "machine";
  let cppNamespace = "::tenon::machine";
  let summary = "Description of the target machine";
  let description = [{
    The dialect has attributes only. The module attribute `machine.target` describes
    the machine that the module is compiled for. Passes query it through
    `MachineAttrInterface` and never branch on the kind of machine.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Name of the module attribute.
    static constexpr ::llvm::StringLiteral kTargetName = "machine.target";
  }];
}

def Machine_AttrInterface : AttrInterface<"MachineAttrInterface"> {
  let cppNamespace = "::tenon::machine";
  let description = "Tuning parameters that follow from the machine.";
  let methods = [
    InterfaceMethod<"Tile sizes of the loops that kernels become, for a step of at most "
      "`tokens` tokens; none if kernels are not lowered to loops over tiles.",
      "::std::optional<::tenon::machine::TileSizes>", "getTileSizes",
      (ins "int64_t":$tokens)>,
    InterfaceMethod<"Tokens of an attention tile, for a step of at most `tokens` "
      "tokens.",
      "int64_t", "getBlockRows", (ins "int64_t":$tokens)>,
    InterfaceMethod<"Maximum number of tokens of a query block whose heads expand "
      "the keys that it shares (naive MLA), for a step of at most `tokens` tokens.",
      "int64_t", "getExpandingBlockRows", (ins "int64_t":$tokens)>,
    InterfaceMethod<"Maximum number of tokens for which a norm is fused as "
      "prologue, recomputed by each worker.",
      "int64_t", "getRecomputedNormTokens">,
    InterfaceMethod<"Whether ops that compare the elements of a row (top-k) have "
      "kernels apart from those whose elements are independent: other threads "
      "share the work.",
      "bool", "separatesComparisons">,
    InterfaceMethod<"Largest bucket in which MLA has the absorbed form, unless "
      "the user selects a form.",
      "int64_t", "getAbsorbedTokens">,
    InterfaceMethod<"Whether kernels read packed sub-byte quantized values, and "
      "scales of types other than `f32`.",
      "bool", "readsTightCodes">
  ];
}

def Machine_CpuAttr : AttrDef<Machine_Dialect, "Cpu",
    [DeclareAttrInterfaceMethods<Machine_AttrInterface>]> {
  let mnemonic = "cpu";
  let summary = "CPU with vector instructions";
  let description = [{
    | Parameter   | Meaning                                              |
    |-------------|------------------------------------------------------|
    | `name`      | CPU level, as named in `Targets.def`                 |
    | `lanes`     | `f32` lanes of a vector register                     |
    | `registers` | number of vector registers                           |

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
  let summary = "NVIDIA GPU";
  let description = [{
    | Parameter   | Meaning                                              |
    |-------------|------------------------------------------------------|
    | `name`      | GPU level, as named in `Targets.def`                 |
    | `shared`    | maximum shared memory of a thread block, in bytes    |
    | `registers` | 32-bit registers per multiprocessor                  |

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
