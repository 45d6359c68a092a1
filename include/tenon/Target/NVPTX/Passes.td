// Passes that make device functions of kernels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_NVPTX_PASSES_TD
#define TENON_TARGET_NVPTX_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConfigureKernels : Pass<"nvptx-configure-kernels", "::mlir::ModuleOp"> {
  let summary = "Choose how each kernel is launched on a GPU";
  let description = [{
    Every kernel without a configuration gets one that follows from its shapes, the
    bucket of its function, and the shared memory of `machine.target`:

    ```mlir
    %y = tile.kernel "down" ins(%x, %w : ...) outs(%o : ...) { tenon.linear ... }
    ```

    becomes

    ```mlir
    %y = tile.kernel "down" #nvptx.contraction<tokens = 8, panels = 2, stages = 3,
        parts = 8, columns = split, warps = 8> ins(%x, %w : ...) outs(%o : ...) { ... }
    ```

    A kernel that there is no device code for gets `nvptx.refused` with the reason, and a
    remark on a missed rewrite says it. Kernels that have a configuration keep it. A module without
    `#machine.gpu` is an error.
  }];
  let dependentDialects = ["::tenon::nvptx::NvptxDialect"];
}

def ConvertKernelsToGpu : Pass<"convert-kernels-to-gpu", "::mlir::ModuleOp"> {
  let summary = "Make a device function of each kernel";
  let description = [{
    Adds `gpu.module @kernels` with a function for each kernel, as its configuration says,
    and says on the kernel how it is launched. Parameters are those that
    `tenon/Target/NVPTX/EmitPtx.h` describes; a `.` of a name becomes `$`.

    ```mlir
    %y = tile.kernel "norm.t8" #nvptx.rows<warps = 2> ins(%x, %w : ...) outs(%o : ...) { ... }
    ```

    becomes

    ```mlir
    %y = tile.kernel "norm.t8" #nvptx.rows<warps = 2> ins(%x, %w : ...) outs(%o : ...)
        attributes {nvptx.launch = #nvptx.launch<@kernels::@norm$t8, blocks = 8>} { ... }

    gpu.module @kernels {
      gpu.func @norm$t8(%x: !llvm.ptr<1>, %tokens: i64, ...) kernel attributes {
          known_block_size = array<i32: 64, 1, 1>, nvptx.shared_bytes = 144 : i64} { ... }
    }
    ```

    A kernel whose configuration cannot be obeyed, such as tiles that need more shared
    memory than a block has, gets `nvptx.refused` with the reason, and a remark says it;
    kernels that have it already are passed over. A kernel without a configuration, a
    module without `#machine.gpu`, or one that has a symbol `@kernels` is an error.
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::scf::SCFDialect", "::tenon::nvptx::NvptxDialect"
  ];
}

def MergeEqualKernels : Pass<"nvptx-merge-equal-kernels", "::mlir::ModuleOp"> {
  let summary = "Keep one of device functions that are the same";
  let description = [{
    Most kernels of large buckets have the same code. Of functions that differ in nothing
    but their names, the first one is kept, and kernels launch that:

    ```mlir
    nvptx.launch = #nvptx.launch<@kernels::@norm$t8, blocks = 8>
    nvptx.launch = #nvptx.launch<@kernels::@norm$t64, blocks = 64>   // the same code
    ```

    becomes

    ```mlir
    nvptx.launch = #nvptx.launch<@kernels::@norm$t8, blocks = 8>
    nvptx.launch = #nvptx.launch<@kernels::@norm$t8, blocks = 64>
    ```

    How many blocks are launched stays with each kernel.
  }];
}

def SetLaunchBounds : Pass<"nvptx-set-launch-bounds", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Require the block size of device functions, and let them use all registers";
  let description = [{
    Upstream's conversion gives the known size of a block as a bound. Ours have code for
    exactly that size, and one block at least on a multiprocessor, so that an assembler
    may use as many registers as there are for it:

    ```mlir
    llvm.func @f() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 64, 1, 1>}
    ```

    becomes

    ```mlir
    llvm.func @f() attributes {nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 64, 1, 1>}
    ```

    Functions that are no kernels stay as they are.
  }];
  let dependentDialects = ["::mlir::NVVM::NVVMDialect"];
}

#endif // TENON_TARGET_NVPTX_PASSES_TD
