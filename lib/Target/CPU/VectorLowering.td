// How an op on tiles becomes vector code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_VECTORLOWERING_TD
#define TENON_LIB_TARGET_CPU_VECTORLOWERING_TD

include "mlir/IR/OpBase.td"

def VectorLoweringOpInterface : OpInterface<"VectorLoweringOpInterface"> {
  let cppNamespace = "::tenon";
  let description = [{
    An op on memrefs that this target lowers to loops over vectors. Each file that
    lowers ops attaches the interface to them.
  }];
  let methods = [InterfaceMethod<[{
      Writes the loops where the builder stands and replaces the results of the
      op, or fails with an error on the op. The caller erases the op.
    }], "::llvm::LogicalResult", "lowerToVectors",
      (ins "::tenon::VectorBuilder &":$b)>];
}

#endif // TENON_LIB_TARGET_CPU_VECTORLOWERING_TD
