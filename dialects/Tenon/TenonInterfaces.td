// What ops of the tenon dialect answer about themselves.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_TENONINTERFACES_TD
#define TENON_DIALECTS_TENON_TENONINTERFACES_TD

include "mlir/IR/OpBase.td"

def TokenOpInterface : OpInterface<"TokenOpInterface"> {
  let cppNamespace = "::tenon";
  let description = [{
    An op on tensors with one row for each token, or each row, that it works on.
  }];
  let methods = [InterfaceMethod<[{
      The operands and results with one row for each of them, operands first.
      Empty where an op of another dialect works on something else.
    }], "::llvm::SmallVector<::mlir::Value>", "getRowTensors">];
}

def RowOpInterface : OpInterface<"RowOpInterface", [TokenOpInterface]> {
  let cppNamespace = "::tenon";
  let description = [{
    An op whose row `t` depends on row `t` of its row tensors and on operands
    that are read as a whole: many of them become one loop over tokens.
  }];
  let methods = [
    InterfaceMethod<[{
      Tensors that are read at rows of the op's own choice: all of their rows
      must exist before the first one is computed.
    }], "::llvm::SmallVector<::mlir::Value>", "getWholeOperands", (ins), "",
      "return {};">,
    InterfaceMethod<[{
      The tensor that the result is, with some rows written: the result lies in
      its memory. Null if the result is a tensor of its own.
    }], "::mlir::Value", "getTiedOperand", (ins), "", "return {};">,
    InterfaceMethod<[{
      Operands in whose memory the result may lie if no other op reads them.
    }], "::llvm::SmallVector<::mlir::Value>", "getReusableOperands", (ins), "",
      "return {};">,
    InterfaceMethod<[{
      Whether a kernel that reads the result may compute it again in each worker
      rather than wait for it.
    }], "bool", "canBeRecomputed", (ins), "", "return false;">,
    InterfaceMethod<[{
      Whether a kernel may compute the op as the last thing that it does to the
      columns of its result.
    }], "bool", "canBeEpilogue", (ins), "", "return false;">,
  ];
}

def KernelRootOpInterface
    : OpInterface<"KernelRootOpInterface", [TokenOpInterface]> {
  let cppNamespace = "::tenon";
  let description = [{
    An op around which a kernel is formed: it reads all elements of a row at
    once, or rows of several tokens.
  }];
  let methods = [
    InterfaceMethod<"What its kernel is called.", "::std::string",
      "getKernelName">,
    InterfaceMethod<[{
      Whether its iterations are blocks of queries of unequal cost, which workers
      take as they come, rather than tiles of a matrix.
    }], "bool", "iteratesOverBlocks", (ins), "", "return false;">,
    InterfaceMethod<[{
      Whether each block of queries expands the keys that it sees, so that larger
      blocks take less work.
    }], "bool", "expandsKeys", (ins), "", "return false;">,
    InterfaceMethod<[{
      The operand for which a recomputable row op may join the kernel. Null if
      there is none.
    }], "::mlir::Value", "getPrologueOperand", (ins), "", "return {};">,
    InterfaceMethod<"Whether a row op on its result may join the kernel.",
      "bool", "takesEpilogue", (ins), "", "return false;">,
    InterfaceMethod<[{
      Whether it takes the rows of its weight in pairs: gate and up projection.
    }], "bool", "pairsWeightRows", (ins), "", "return false;">,
  ];
}

def WeightSymbolOpInterface : OpInterface<"WeightSymbolOpInterface"> {
  let cppNamespace = "::tenon";
  let description = [{
    A symbol that stands for bytes among the packed weights.
  }];
  let methods = [
    InterfaceMethod<"Shape, format and layout.", "::tenon::WeightType",
      "getWeightType", (ins), "", [{
        return ::llvm::cast<::tenon::WeightType>($_op.getType());
      }]>,
    InterfaceMethod<"Whether a pass may choose the layout.", "bool",
      "hasFreeLayout", (ins), "", "return true;">,
    InterfaceMethod<"Gives the type a layout.", "void", "setWeightType",
      (ins "::tenon::WeightType":$type), "", [{
        $_op.setTypeAttr(::mlir::TypeAttr::get(type));
      }]>,
    InterfaceMethod<"A reference to it.", "::mlir::FlatSymbolRefAttr",
      "getReference", (ins), "", [{
        return ::mlir::FlatSymbolRefAttr::get($_op.getOperation());
      }]>,
    InterfaceMethod<"Weights that its values are computed from.",
      "::llvm::SmallVector<::mlir::FlatSymbolRefAttr>", "getDerivedFrom", (ins),
      "", "return {};">,
    InterfaceMethod<[{
      Where its values come from: `norm.weight of layers 0, 1`,
      `concat_rows @gate, @up`.
    }], "::std::string", "describeSource">,
    InterfaceMethod<"Where its bytes begin, once it is placed.",
      "::std::optional<uint64_t>", "getOffset">,
    InterfaceMethod<"Places it.", "void", "setOffset",
      (ins "::std::optional<uint64_t>":$offset)>,
  ];
}

#endif // TENON_DIALECTS_TENON_TENONINTERFACES_TD
