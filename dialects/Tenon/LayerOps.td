// Schedule of a loop over layers: the kind of each layer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_LAYEROPS_TD
#define TENON_DIALECTS_TENON_LAYEROPS_TD

include "dialects/Tenon/TenonDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Tenon_ScheduleAttr : AttrDef<Tenon_Dialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "Kind of each layer of a model";
  let description = [{
    Layers of the same kind have the same structure and the same storage formats,
    and share one function. The attribute is a run-length encoding from layer 0,
    with runs written `kind x count`. The ordinal of a layer is its index among the
    layers of its kind, which indexes the weight stacks of that kind.

    Constraints:

    * (C1) There is at least one layer, and kinds are numbered from 0 without gaps.

    Example: `#tenon.schedule<0 x 3, 1 x 58>`
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$kinds);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getLayers() const { return getKinds().size(); }
    /// The index of each layer among the layers of its kind.
    ::llvm::SmallVector<int64_t> getOrdinals() const;
  }];
}

class Tenon_ScheduleOp<string mnemonic> : Tenon_Op<mnemonic, [Pure]> {
  let arguments = (ins Index:$layer, Tenon_ScheduleAttr:$schedule);
  let results = (outs Index:$result);
  let assemblyFormat = "$layer `in` $schedule attr-dict";
  let hasFolder = 1;
}

def Tenon_KindOp : Tenon_ScheduleOp<"kind"> {
  let summary = "Kind of a layer";
  let description = [{
    ```
    result = kind of layer in schedule
    ```

    The behavior for a layer outside the schedule is undefined.

    Example:

    ```mlir
    %k = tenon.kind %i in <0 x 3, 1 x 58>
    ```
  }];
}

def Tenon_OrdinalOp : Tenon_ScheduleOp<"ordinal"> {
  let summary = "Index of a layer among the layers of its kind";
  let description = [{
    ```
    result = number of layers before layer with the same kind
    ```

    The behavior for a layer outside the schedule is undefined.

    Example:

    ```mlir
    %l = tenon.ordinal %i in <0 x 3, 1 x 58>
    ```
  }];
}

#endif // TENON_DIALECTS_TENON_LAYEROPS_TD
