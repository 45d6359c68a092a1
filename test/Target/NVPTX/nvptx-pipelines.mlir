// RUN: tenon-opt %s --tenon-nvptx-kernel-pipeline --tenon-nvptx-lowering-pipeline --dump-pass-pipeline 2>&1 | FileCheck %s

/// Formed kernels -> distinct device functions.
// CHECK:      builtin.module(
// CHECK-NEXT:   nvptx-configure-kernels,
// CHECK-NEXT:   convert-kernels-to-gpu,
// CHECK-NEXT:   nvptx-merge-equal-kernels,
/// Device functions -> the LLVM and NVVM dialects.
// CHECK-NEXT:   gpu.module(
// CHECK-NEXT:     canonicalize{{.*}},
// CHECK-NEXT:     cse,
// CHECK-NEXT:     convert-scf-to-cf{{.*}},
// CHECK-NEXT:     convert-nvvm-to-llvm,
// CHECK-NEXT:     convert-arith-to-llvm{{.*}}
// CHECK-NEXT:   ),
// CHECK-NEXT:   convert-cf-to-llvm{{.*}},
// CHECK-NEXT:   gpu.module(
// CHECK-NEXT:     convert-gpu-to-nvvm{{.*}},
// CHECK-NEXT:     nvptx-set-launch-bounds,
// CHECK-NEXT:     canonicalize{{.*}},
// CHECK-NEXT:     cse,
// CHECK-NEXT:     reconcile-unrealized-casts
// CHECK-NEXT:   )
// CHECK-NEXT: )

/// What they make of a kernel: code of one block size, with registers for one block.
// CHECK: nvptx.launch = #nvptx.launch<@kernels::@layer$norm, blocks = 8>
// CHECK: llvm.func @layer$norm({{.*}}: !llvm.ptr<1> {llvm.noalias, llvm.readonly}
// CHECK-SAME: nvptx.shared_bytes = 144 : i64
// CHECK-SAME: nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 64, 1, 1>
// CHECK-NOT: {{(arith|cf|scf|gpu)\.[a-z]+ }}
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
func.func @step(%x: tensor<?x64xf32>, %w: !tenon.weight<64, <f32>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %0 = tile.kernel "layer.norm" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64, <f32>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%a0: tensor<?x64xf32>, %a1: !tenon.weight<64, <f32>>, %a2: tensor<?x64xf32>):
    %n = tenon.norm rms %a0, %a1 eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
    tile.yield %n : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
}
