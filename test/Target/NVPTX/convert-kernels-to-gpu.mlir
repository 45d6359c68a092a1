// RUN: tenon-opt %s --convert-kernels-to-gpu | FileCheck %s
// RUN: tenon-opt %s --convert-kernels-to-gpu --remarks-filter=convert-kernels-to-gpu 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK: remark: [Passed] ConvertKernel | Category:convert-kernels-to-gpu | Function=step | Blocks=8, Kernel=layer.norm, SharedBytes=144, Threads=64

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
/// The kernel stays, and says how it is launched.
// CHECK-LABEL: func.func @step
// CHECK: tile.kernel "layer.norm" #nvptx.rows<warps = 2> ins
// CHECK-SAME: attributes {nvptx.launch = #nvptx.launch<@kernels::@layer$norm, blocks = 8>}
/// The name is taken: outlining would give the second kernel this one.
// CHECK: tile.kernel "layer.norm" #nvptx.rows<warps = 4> ins
// CHECK-SAME: attributes {nvptx.launch = #nvptx.launch<@kernels::@layer$norm_0, blocks = 8>}
func.func @step(%x: tensor<?x64xf32>, %w: !tenon.weight<64, <f32>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %0 = tile.kernel "layer.norm" #nvptx.rows<warps = 2> ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64, <f32>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%a0: tensor<?x64xf32>, %a1: !tenon.weight<64, <f32>>, %a2: tensor<?x64xf32>):
    %n = tenon.norm rms %a0, %a1 eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
    tile.yield %n : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  %1 = tile.kernel "layer.norm" #nvptx.rows<warps = 4> ins(%0, %w : tensor<?x64xf32>, !tenon.weight<64, <f32>>) outs(%x : tensor<?x64xf32>) {
  ^bb0(%a0: tensor<?x64xf32>, %a1: !tenon.weight<64, <f32>>, %a2: tensor<?x64xf32>):
    %n = tenon.norm rms %a0, %a1 eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
    tile.yield %n : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
/// What was refused has no function.
// CHECK-LABEL: func.func @refused
// CHECK: attributes {nvptx.refused = "of a test"}
func.func @refused(%x: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %0 = tile.kernel "refused" ins() outs(%x : tensor<?x64xf32>) attributes {nvptx.refused = "of a test"} {
  ^bb0(%a: tensor<?x64xf32>):
    tile.yield %a : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
}
/// Pointers of tensors are followed by their dynamic sizes; what is in weights never changes.
// CHECK: gpu.module @kernels {
// CHECK: llvm.mlir.global external @shared() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<0 x i8>
// CHECK: gpu.func @layer$norm(%{{.*}}: !llvm.ptr<1>, %{{.*}}: i64, %{{.*}}: !llvm.ptr<1> {llvm.noalias, llvm.readonly}, %{{.*}}: !llvm.ptr<1>, %{{.*}}: i64) kernel
// CHECK-SAME: known_block_size = array<i32: 64, 1, 1>
// CHECK-SAME: nvptx.shared_bytes = 144 : i64
// CHECK: nvvm.read.ptx.sreg.tid.x
// CHECK: nvvm.read.ptx.sreg.ctaid.x
// CHECK: scf.for
// CHECK: gpu.func @layer$norm_0({{.*}}) kernel attributes {known_block_size = array<i32: 128, 1, 1>
// CHECK-NOT: gpu.func
