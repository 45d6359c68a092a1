// Passes that turn tiles on memrefs into code of one CPU.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_CPU_PASSES_TD
#define TENON_TARGET_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertTileToVector : Pass<"convert-tile-to-vector", "::mlir::func::FuncOp"> {
  let summary = "Replace tile ops on memrefs by vector code";
  let description = [{
    Every op of the tile dialect that works on memrefs, and every copy of a
    memref, becomes loops over vectors of as many `f32` elements as a register of
    the module's machine has.

    ```mlir
    tile.add %a into %b : memref<1x64xf32> into memref<1x64xf32>
    ```

    becomes, with 8 lanes,

    ```mlir
    scf.for %i = %c0 to %c64 step %c8 {
      %x = vector.load %b[%c0, %i] : memref<1x64xf32>, vector<8xf32>
      %y = vector.load %a[%c0, %i] : memref<1x64xf32>, vector<8xf32>
      %s = arith.addf %x, %y : vector<8xf32>
      vector.store %s, %b[%c0, %i] : memref<1x64xf32>, vector<8xf32>
    }
    ```

    What is left of a row is done element by element. Nothing calls a library:
    exponentials are polynomials, which may differ from other ones in the last
    bits. The order of every sum follows from sizes alone. Weights are read
    through `tile.weight_view`.

    Kernels, loops among workers, and ops on tensors stay as they are. A function
    with such ops in a module that names no CPU is an error, and so is a weight
    in a layout that is not read: other panels than 16 rows of 4 bytes of
    columns, or a vector with another code than `f32`, `f16` and `bf16`.
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::tenon::machine::MachineDialect", "::tenon::tile::TileDialect"
  ];
}

#endif // TENON_TARGET_CPU_PASSES_TD
