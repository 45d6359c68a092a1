// RUN: %device-code --remarks-filter=nvptx-configure-kernels %s 2>%t.remarks | tenon-translate --gpu-module-to-ptx | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t.remarks

// Two kernels of one name are told apart as outlining does it; a dot of a name
// is a dollar in the text. What has no device code is said.
// REMARK: remark: [Missed] RefuseKernel | Category:nvptx-configure-kernels | Function=step | Kernel=other, Reason="there is no device code for tenon.mla_attention"
// CHECK-DAG: // kernel layer$rows: layer.rows threads 64 shared 144 blocks 8
// CHECK-DAG: // kernel layer$rows_0: layer.rows_0 threads 64 shared 144 blocks 8
// The kernel of another bucket is the first one, but for the blocks that it fills.
// CHECK-DAG: // kernel layer$rows: layer.rows_1 threads 64 shared 144 blocks 16
// CHECK-DAG: // skipped: other: there is no device code for tenon.mla_attention
// CHECK: .target sm_80
// CHECK: .visible .entry layer$rows(
// CHECK: .reqntid 64
// CHECK: ld.global.v4
// CHECK: shfl.sync.bfly
// CHECK: rsqrt.approx
// CHECK: st.global.v4
// CHECK: .visible .entry layer$rows_0(
// CHECK-NOT: .visible .entry

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
func.func @step(%x: tensor<?x64xf32>, %w: !tenon.weight<64, <f32>>, %y: tensor<?x64xf32>,
                %q: tensor<?x2x12xf32>, %c: tensor<1x?x?x12xf32>, %l: index, %p: tensor<?xi32>,
                %b: tensor<?x4xi32>, %e: !tenon.weight<24x8, <bf16>, <16x2>>, %o: tensor<?x2x4xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %0 = tile.kernel "layer.rows" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64, <f32>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%a0: tensor<?x64xf32>, %a1: !tenon.weight<64, <f32>>, %a2: tensor<?x64xf32>):
    %n = tenon.norm rms %a0, %a1 eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
    tile.yield %n : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  %1 = tile.kernel "layer.rows" ins(%0, %w : tensor<?x64xf32>, !tenon.weight<64, <f32>>) outs(%x : tensor<?x64xf32>) {
  ^bb0(%a0: tensor<?x64xf32>, %a1: !tenon.weight<64, <f32>>, %a2: tensor<?x64xf32>):
    %n = tenon.norm layer %a0, %a1 eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
    tile.yield %n : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  %2 = tile.kernel "other" ins(%q, %c, %l, %e, %p, %b : tensor<?x2x12xf32>, tensor<1x?x?x12xf32>, index, !tenon.weight<24x8, <bf16>, <16x2>>, tensor<?xi32>, tensor<?x4xi32>) outs(%o : tensor<?x2x4xf32>) {
  ^bb0(%a0: tensor<?x2x12xf32>, %a1: tensor<1x?x?x12xf32>, %a2: index, %a3: !tenon.weight<24x8, <bf16>, <16x2>>, %a4: tensor<?xi32>, %a5: tensor<?x4xi32>, %a6: tensor<?x2x4xf32>):
    %m = tenon.mla_attention %a0, %a1[%a2], %a3 at %a4 in %a4 blocks %a5 nope 8 scale 0.2 mask <causal> : tensor<?x2x12xf32>, tensor<1x?x?x12xf32>, <24x8, <bf16>, <16x2>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x4xf32>
    tile.yield %m : tensor<?x2x4xf32>
  } -> tensor<?x2x4xf32>
  return
}
func.func @larger(%x: tensor<?x64xf32>, %w: !tenon.weight<64, <f32>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 16>} {
  %0 = tile.kernel "layer.rows" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64, <f32>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%a0: tensor<?x64xf32>, %a1: !tenon.weight<64, <f32>>, %a2: tensor<?x64xf32>):
    %n = tenon.norm rms %a0, %a1 eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
    tile.yield %n : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
}
