// A predicate and default values.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

include "mlir/IR/EnumAttr.td"

def Tiny_Order : I32Enum<"Order", "which end comes first", [
    I32EnumCase<"Up", 0, "up">,
    I32EnumCase<"Down", 1, "down">]> {
  let cppNamespace = "::tiny";
}

def Tiny_Matrix : Type<
    CPred<"$_self.getRank() == 2 && "
          "!$_self.isDynamic()">, "matrix">;

def Tiny_SortOp {
  let arguments = (ins
    DefaultValuedProp<I64Prop, "1">:$groups,
    DefaultValuedProp<EnumProp<Tiny_Order>, "::tiny::Order::Up">:$order);
}
