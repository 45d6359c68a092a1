// Passes that lower tile ops on memrefs to vector code for one CPU level.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_CPU_PASSES_TD
#define TENON_TARGET_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertTileToVector : Pass<"convert-tile-to-vector", "::mlir::func::FuncOp"> {
  let summary = "Lower tile ops on memrefs to vector code";
  let description = [{
    Every op of the tile dialect on memrefs, and every `memref.copy`, becomes loops
    over vectors with as many `f32` elements as a vector register of
    `machine.target` holds.

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

    The remainder of a row is scalar; no libm calls: exponentials are polynomials,
    which may differ from libm in the last bits. The order of every reduction
    depends on static sizes only. Weights are read through `tile.weight_view`.

    Kernels, parallel loops, and ops on tensors are unchanged. A function with tile
    ops on memrefs in a module whose `machine.target` is not a CPU is an error, and
    so is a weight in an unsupported layout: panels other than 16 rows by 4 bytes
    of columns, or vectors of a type other than `f32`, `f16` and `bf16`.

    Runs after `one-shot-bufferize` because it lowers ops on memrefs only; must
    precede `convert-tile-to-llvm` because that conversion has no patterns for ops
    on tiles.
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::tenon::machine::MachineDialect", "::tenon::tile::TileDialect"
  ];
}

#endif // TENON_TARGET_CPU_PASSES_TD
