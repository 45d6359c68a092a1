// What an operand of a step is, and what a module says about its model.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_ROLEATTR_TD
#define TENON_DIALECTS_TENON_ROLEATTR_TD

include "dialects/Tenon/TenonDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Tenon_Role : I32Enum<"Role", "what an operand of a step is", [
    I32EnumCase<"Tokens", 0, "tokens">,
    I32EnumCase<"Positions", 1, "positions">,
    I32EnumCase<"Slots", 2, "slots">,
    I32EnumCase<"Rows", 3, "rows">,
    I32EnumCase<"Blocks", 4, "blocks">,
    I32EnumCase<"Cache", 5, "cache">,
    I32EnumCase<"Logits", 6, "logits">,
    I32EnumCase<"Hidden", 7, "hidden">,
    I32EnumCase<"Layer", 8, "layer">,
    I32EnumCase<"Ordinal", 9, "ordinal">,
    I32EnumCase<"Context", 10, "context">,
    I32EnumCase<"Worker", 11, "worker">,
    I32EnumCase<"Workers", 12, "workers">,
    I32EnumCase<"Arena", 13, "arena">,
    I32EnumCase<"Scratch", 14, "scratch">]> {
  let cppNamespace = "::tenon";
}

def Tenon_RoleAttr : EnumAttr<Tenon_Dialect, Tenon_Role, "role"> {
  let summary = "What an argument or a result of a function is";
  let description = [{
    Stands as `tenon.role` on arguments of steps, of the functions that they call
    and of kernels. Whoever needs one of them asks for its role, and for nothing
    else: not for its number, its type or its name.

    | Role        | Type                    | Meaning                              |
    |-------------|-------------------------|--------------------------------------|
    | `tokens`    | `T` of `i32`            | what is fed; marks a step            |
    | `positions` | `T` of `i32`            | position of each token               |
    | `slots`     | `T` of `i32`            | sequence of each token               |
    | `rows`      | `R` of `i32`            | rows whose logits are wanted         |
    | `blocks`    | `B x 4` of `i32`        | runs of tokens                       |
    | `cache`     | rank 4 or 5, `f32` or `bf16` | a state that outlives the step  |
    | `logits`    | `R x V` of `f32`        | what a step computes                 |
    | `hidden`    | `T x D` of floats       | rows that go from layer to layer     |
    | `layer`, `ordinal` | `index`          | of a layer, see `tenon.schedule`     |
    | `context`   |                         | what a worker knows of its step      |
    | `worker`, `workers` | `index`         | number of a worker, and how many     |
    | `arena`, `scratch` | bytes, a `memref` | memory of all workers, and of each  |

    Constraints:

    * (C1) The type is that of the role, as a tensor or a memref.
    * (C2) No two arguments of a function have the same role, but for caches.

    Example: `func.func @step(%t: tensor<?xi32> {tenon.role = #tenon.role<tokens>})`
  }];
  let assemblyFormat = "`<` $value `>`";
}

def Tenon_ModelAttr : AttrDef<Tenon_Dialect, "Model"> {
  let mnemonic = "model";
  let summary = "What a module says about its model";
  let description = [{
    Stands as `tenon.model` on the module.

    | Parameter        | Meaning                                            |
    |------------------|----------------------------------------------------|
    | `family`         | architecture, as the source spells it              |
    | `context_length` | most tokens of a sequence                          |

    Constraints:

    * (C1) `context_length` is positive.

    Example: `#tenon.model<family = "llama", context_length = 4096>`
  }];
  let parameters = (ins StringRefParameter<>:$family, "int64_t":$context_length);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // TENON_DIALECTS_TENON_ROLEATTR_TD
