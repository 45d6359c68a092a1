// Op interfaces of the tenon dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_TENONINTERFACES_TD
#define TENON_DIALECTS_TENON_TENONINTERFACES_TD

include "mlir/IR/OpBase.td"

def TokenOpInterface : OpInterface<"TokenOpInterface"> {
  let cppNamespace = "::tenon";
  let description = [{
    An op on tensors whose first dimension counts tokens, or rows.
  }];
  let methods = [InterfaceMethod<[{
      The operands and results whose first dimension counts those rows, operands
      first. Empty for an op of another dialect that does not work on rows.
    }], "::llvm::SmallVector<::mlir::Value>", "getRowTensors">];
}

def RowOpInterface : OpInterface<"RowOpInterface", [TokenOpInterface]> {
  let cppNamespace = "::tenon";
  let description = [{
    A row-wise op: row `t` of the result depends only on row `t` of its row tensors
    and on operands that are read as a whole. A run of such ops is fused into one
    loop over tokens.
  }];
  let methods = [
    InterfaceMethod<[{
      Tensors that are read at data-dependent rows: all of their rows must be
      computed before the first row of the result.
    }], "::llvm::SmallVector<::mlir::Value>", "getWholeOperands", (ins), "",
      "return {};">,
    InterfaceMethod<[{
      The operand that the result updates in place. Null if the result has its own
      buffer.
    }], "::mlir::Value", "getTiedOperand", (ins), "", "return {};">,
    InterfaceMethod<[{
      Operands whose buffer the result may reuse if no other op reads them.
    }], "::llvm::SmallVector<::mlir::Value>", "getReusableOperands", (ins), "",
      "return {};">,
    InterfaceMethod<[{
      Whether a kernel that reads the result may recompute it in each worker
      (prologue fusion) instead of waiting for another kernel.
    }], "bool", "canBeRecomputed", (ins), "", "return false;">,
    InterfaceMethod<[{
      Whether a kernel may compute the op as an epilogue on the columns of its
      result.
    }], "bool", "canBeEpilogue", (ins), "", "return false;">,
    InterfaceMethod<[{
      Whether an element of the result depends on how the elements of a row compare
      with each other, as a top-k does. Some machines compute such ops apart from
      those whose elements are independent.
    }], "bool", "comparesElements", (ins), "", "return false;">,
  ];
}

def KernelRootOpInterface
    : OpInterface<"KernelRootOpInterface", [TokenOpInterface]> {
  let cppNamespace = "::tenon";
  let description = [{
    An op around which a kernel is formed, because an element of its result depends
    on a whole row of an operand, or on rows of several tokens.
  }];
  let methods = [
    InterfaceMethod<"Base name of its kernel.", "::std::string",
      "getKernelName">,
    InterfaceMethod<[{
      Whether its iterations are query blocks of unequal cost, which are scheduled
      dynamically, rather than tiles of a matrix.
    }], "bool", "iteratesOverBlocks", (ins), "", "return false;">,
    InterfaceMethod<[{
      Whether each query block expands the keys that it sees, so that larger blocks
      take less work.
    }], "bool", "expandsKeys", (ins), "", "return false;">,
    InterfaceMethod<[{
      The operand whose defining op may be fused as prologue. Null if there is
      none.
    }], "::mlir::Value", "getPrologueOperand", (ins), "", "return {};">,
    InterfaceMethod<"Whether a row-wise op on its result may be fused as epilogue.",
      "bool", "takesEpilogue", (ins), "", "return false;">,
    InterfaceMethod<[{
      Whether it reads the rows of its weight in pairs of gate and up projection.
    }], "bool", "pairsWeightRows", (ins), "", "return false;">,
    InterfaceMethod<[{
      The operand whose rows are multiplied with a weight or with a KV cache: the
      one that a narrower type of activations is for. Null if there is none.
    }], "::mlir::OpOperand *", "getMultipliedOperand", (ins), "",
      "return nullptr;">,
    InterfaceMethod<[{
      The weight that those rows are multiplied with. Null if there is none.
    }], "::mlir::OpOperand *", "getMultipliedWeight", (ins), "",
      "return nullptr;">,
    InterfaceMethod<[{
      Gives what it computes between its products, such as probabilities, a
      narrower type of activations.
    }], "void", "roundIntermediates", (ins "::mlir::FloatType":$type), "",
      "return;">,
  ];
}

def WeightSymbolOpInterface : OpInterface<"WeightSymbolOpInterface"> {
  let cppNamespace = "::tenon";
  let description = [{
    A symbol that names a range of bytes of the packed weights.
  }];
  let methods = [
    InterfaceMethod<"Shape, format and layout.", "::tenon::WeightType",
      "getWeightType", (ins), "", [{
        return ::llvm::cast<::tenon::WeightType>($_op.getType());
      }]>,
    InterfaceMethod<"Whether a pass may choose the layout.", "bool",
      "hasFreeLayout", (ins), "", "return true;">,
    InterfaceMethod<"Sets the type, with a layout.", "void", "setWeightType",
      (ins "::tenon::WeightType":$type), "", [{
        $_op.setTypeAttr(::mlir::TypeAttr::get(type));
      }]>,
    InterfaceMethod<"A reference to it.", "::mlir::FlatSymbolRefAttr",
      "getReference", (ins), "", [{
        return ::mlir::FlatSymbolRefAttr::get($_op.getOperation());
      }]>,
    InterfaceMethod<"Weights that it is derived from.",
      "::llvm::SmallVector<::mlir::FlatSymbolRefAttr>", "getDerivedFrom", (ins),
      "", "return {};">,
    InterfaceMethod<[{
      Source of its values, for reports: `norm.weight of layers 0, 1`,
      `concat_rows @gate, @up`.
    }], "::std::string", "describeSource">,
    InterfaceMethod<"Byte offset in the packed weights, if it is assigned.",
      "::std::optional<uint64_t>", "getOffset">,
    InterfaceMethod<"Assigns the byte offset.", "void", "setOffset",
      (ins "::std::optional<uint64_t>":$offset)>,
  ];
}

#endif // TENON_DIALECTS_TENON_TENONINTERFACES_TD
