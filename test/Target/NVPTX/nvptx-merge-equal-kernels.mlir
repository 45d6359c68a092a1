// RUN: tenon-opt %s --nvptx-merge-equal-kernels | FileCheck %s
// RUN: tenon-opt %s --nvptx-merge-equal-kernels --remarks-filter=nvptx-merge-equal-kernels 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK: remark: [Passed] MergeKernel | Category:nvptx-merge-equal-kernels | Function=step | Kernel=norm.t64, SameAs=norm$t8
// REMARK-NOT: MergeKernel

// RUN: tenon-opt %s --nvptx-merge-equal-kernels --print-statistics 2>&1 >/dev/null | FileCheck %s --check-prefix=COUNT
// COUNT: 1 nvptx-merge-equal-kernels - Kernels that launch the function of another one

/// The kernel of a larger bucket launches the function of the first one, with its own number of blocks.
// CHECK-LABEL: func.func @step
func.func @step(%x: tensor<?x64xf32>) {
  // CHECK: tile.kernel "norm.t8" {{.*}} attributes {nvptx.launch = #nvptx.launch<@kernels::@norm$t8, blocks = 8>}
  %0 = tile.kernel "norm.t8" #nvptx.rows<warps = 2> ins() outs(%x : tensor<?x64xf32>) attributes {nvptx.launch = #nvptx.launch<@kernels::@norm$t8, blocks = 8>} {
  ^bb0(%a: tensor<?x64xf32>):
    tile.yield %a : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  // CHECK: tile.kernel "norm.t64" {{.*}} attributes {nvptx.launch = #nvptx.launch<@kernels::@norm$t8, blocks = 64>}
  %1 = tile.kernel "norm.t64" #nvptx.rows<warps = 2> ins() outs(%x : tensor<?x64xf32>) attributes {nvptx.launch = #nvptx.launch<@kernels::@norm$t64, blocks = 64>} {
  ^bb0(%a: tensor<?x64xf32>):
    tile.yield %a : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  // CHECK: tile.kernel "norm.t512" {{.*}} attributes {nvptx.launch = #nvptx.launch<@kernels::@norm$t512, blocks = 512>}
  %2 = tile.kernel "norm.t512" #nvptx.rows<warps = 2> ins() outs(%x : tensor<?x64xf32>) attributes {nvptx.launch = #nvptx.launch<@kernels::@norm$t512, blocks = 512>} {
  ^bb0(%a: tensor<?x64xf32>):
    tile.yield %a : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: gpu.module @kernels
gpu.module @kernels {
  // CHECK: gpu.func @norm$t8
  gpu.func @norm$t8(%n: i64) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c = arith.constant 1 : i64
    %s = arith.addi %n, %c : i64
    gpu.return
  }
  // CHECK-NOT: gpu.func @norm$t64
  gpu.func @norm$t64(%n: i64) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c = arith.constant 1 : i64
    %s = arith.addi %n, %c : i64
    gpu.return
  }
  /// The same body, but another block size.
  // CHECK: gpu.func @norm$t512
  gpu.func @norm$t512(%n: i64) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c = arith.constant 1 : i64
    %s = arith.addi %n, %c : i64
    gpu.return
  }
}
