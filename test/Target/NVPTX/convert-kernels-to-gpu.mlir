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
/// The layer of a cache is a constant of the code.
// CHECK-LABEL: func.func @constant_layer
// CHECK-COUNT-2: nvptx.launch
func.func @constant_layer(%x: tensor<?x2x16xf32>, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %c: tensor<4x?x?x2x16xf32>, %y: tensor<?x2x16xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %0 = tile.kernel "constant.update" #nvptx.rows<warps = 2> ins(%x, %p, %s : tensor<?x2x16xf32>, tensor<?xi32>, tensor<?xi32>) outs(%c : tensor<4x?x?x2x16xf32>) {
  ^bb0(%a0: tensor<?x2x16xf32>, %a1: tensor<?xi32>, %a2: tensor<?xi32>, %a3: tensor<4x?x?x2x16xf32>):
    %l = arith.constant 3 : index
    %u = tenon.cache_update %a0 into %a3[%l] at %a1 in %a2 : tensor<?x2x16xf32> into tensor<4x?x?x2x16xf32>, tensor<?xi32>
    tile.yield %u : tensor<4x?x?x2x16xf32>
  } -> tensor<4x?x?x2x16xf32>
  %1 = tile.kernel "constant.read" #nvptx.attention<tokens = 8, rows = 16, keys = 64, splits = 1> ins(%x, %0, %p, %s, %b : tensor<?x2x16xf32>, tensor<4x?x?x2x16xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x2x16xf32>) {
  ^bb0(%a0: tensor<?x2x16xf32>, %a1: tensor<4x?x?x2x16xf32>, %a2: tensor<?xi32>, %a3: tensor<?xi32>, %a4: tensor<?x4xi32>, %a5: tensor<?x2x16xf32>):
    %l = arith.constant 3 : index
    %o = tenon.attention %a0, %a1, %a1[%l] at %a2 in %a3 blocks %a4 scale 0.25 mask <causal> : tensor<?x2x16xf32>, tensor<4x?x?x2x16xf32> and tensor<4x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x16xf32>
    tile.yield %o : tensor<?x2x16xf32>
  } -> tensor<?x2x16xf32>
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
/// Slots and positions of a layer come first: three times their number is skipped.
// CHECK: gpu.func @constant$update(%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %[[SLOTS:[^,]*]]: i64, %{{.*}}: i64) kernel
// CHECK: %[[LAYER:.*]] = arith.constant 3 : i64
// CHECK: arith.muli %[[SLOTS]], %[[LAYER]] : i64
// CHECK: gpu.func @constant$read
// CHECK: arith.constant 3 : i64
// CHECK-NOT: gpu.func
