// Roles of step arguments, and metadata of the model.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_ROLEATTR_TD
#define TENON_DIALECTS_TENON_ROLEATTR_TD

include "dialects/Tenon/TenonDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Tenon_Role : I32Enum<"Role", "role of an argument or a result", [
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
    I32EnumCase<"Scratch", 14, "scratch">,
    I32EnumCase<"Types", 15, "types">,
    I32EnumCase<"Embeddings", 16, "embeddings">,
    I32EnumCase<"Pooled", 17, "pooled">]> {
  let cppNamespace = "::tenon";
}

def Tenon_RoleAttr : EnumAttr<Tenon_Dialect, Tenon_Role, "role"> {
  let summary = "Role of an argument or a result of a function";
  let description = [{
    Attached as `tenon.role` to arguments and results of steps, of the functions
    that they call, and of kernels. Passes identify an argument by its role, never
    by its index, type or name.

    | Role        | Type                    | Meaning                              |
    |-------------|-------------------------|--------------------------------------|
    | `tokens`    | `T` of `i32`            | input token ids; marks a step        |
    | `positions` | `T` of `i32`            | position of each token               |
    | `slots`     | `T` of `i32`            | sequence slot of each token          |
    | `types`     | `T` of `i32`            | segment of each token: 0, or 1 in the second text of a pair |
    | `rows`      | `R` of `i32`            | rows for which results are computed  |
    | `blocks`    | `B x 4` of `i32`        | query blocks                         |
    | `cache`     | rank 4 or 5, `f32` or `bf16` | KV cache                        |
    | `logits`    | `R x V` of `f32`        | result of a step of a decoder        |
    | `embeddings`, `pooled` | `R x D` of `f32` | results of a step of an encoder: the hidden states of the rows, and what its pooler makes of them |
    | `hidden`    | `T x D` of floats       | hidden states between layers         |
    | `layer`, `ordinal` | `index`          | index of a layer, see `tenon.schedule` |
    | `context`   |                         | step context of the runtime          |
    | `worker`, `workers` | `index`         | index of a worker, number of workers |
    | `arena`, `scratch` | bytes, a `memref` | memory shared by all workers, memory of one worker |

    Constraints:

    * (C1) The type is that of the role, as a tensor or a memref.
    * (C2) No two arguments of a function have the same role, except caches, and
      no two results.

    Example: `func.func @step(%t: tensor<?xi32> {tenon.role = #tenon.role<tokens>})`
  }];
  let assemblyFormat = "`<` $value `>`";
}

def Tenon_ModelAttr : AttrDef<Tenon_Dialect, "Model"> {
  let mnemonic = "model";
  let summary = "Metadata of the model";
  let description = [{
    Attached to the module as `tenon.model`.

    | Parameter        | Meaning                                            |
    |------------------|----------------------------------------------------|
    | `family`         | architecture name, as the source spells it         |
    | `context_length` | maximum sequence length in tokens                  |

    Constraints:

    * (C1) `context_length` is positive.

    Example: `#tenon.model<family = "llama", context_length = 4096>`
  }];
  let parameters = (ins StringRefParameter<>:$family, "int64_t":$context_length);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // TENON_DIALECTS_TENON_ROLEATTR_TD
