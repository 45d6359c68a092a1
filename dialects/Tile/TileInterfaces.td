// What the attributes of kernels answer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TILE_TILEINTERFACES_TD
#define TENON_DIALECTS_TILE_TILEINTERFACES_TD

include "mlir/IR/OpBase.td"

def Tile_KernelConfigAttrInterface : AttrInterface<"KernelConfigAttrInterface"> {
  let cppNamespace = "::tenon::tile";
  let description = [{
    How the code of a kernel is made: sizes of tiles, and how they are shared. Each
    back end has attributes of its own for what its code can vary.
  }];
  let methods = [
    InterfaceMethod<"Most tokens of a block that the kernel takes; 0 if it takes no "
      "blocks.",
      "int64_t", "getBlockTokens">
  ];
}

#endif // TENON_DIALECTS_TILE_TILEINTERFACES_TD
