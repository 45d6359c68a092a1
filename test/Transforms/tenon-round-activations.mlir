// RUN: tenon-opt %s --tenon-round-activations --split-input-file | FileCheck %s
// RUN: tenon-opt %s --tenon-round-activations --tenon-round-activations --split-input-file | FileCheck %s --check-prefix=TWICE
// RUN: tenon-opt %s --tenon-round-activations --split-input-file --remarks-filter=tenon-round-activations 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK: remark: [Passed] RoundOperand | Category:tenon-round-activations | Function=mlp | Type=bf16
// REMARK: remark: [Missed] RoundOperand | Category:tenon-round-activations | Function=experts | Reason="feeds a choice, which keeps f32"
// REMARK: remark: [Passed] RoundOperand | Category:tenon-round-activations | Function=experts | Type=bf16


// One rounding serves all products of a norm. A weight in f32 is cast, one in
// bf16 is not. The MLP's gate is rounded by the linear that makes it.
tenon.weight @n "n" : !tenon.weight<64, <f32>>
tenon.weight @q "q" : !tenon.weight<96x64, <f32>>
tenon.weight @up "up" : !tenon.weight<96x64, <bf16>>
tenon.weight @down "down" : !tenon.weight<64x48, <f16>>
// CHECK: tenon.derive @q.bf16 = cast [@q] : !tenon.weight<96x64, <bf16>>
// CHECK: tenon.derive @down.bf16 = cast [@down] : !tenon.weight<64x48, <bf16>>
// CHECK-LABEL: func.func @mlp
// CHECK: %[[N:.*]] = tenon.norm rms %{{.*}} : tensor<?x64xf32>
// CHECK-NEXT: %[[R:.*]] = arith.truncf %[[N]] : tensor<?x64xf32> to tensor<?x64xbf16>
// CHECK-NOT: truncf
// CHECK: tenon.linear %[[R]], %{{.*}} -> tensor<?x96xf32>
// CHECK: %[[G:.*]] = tenon.linear %[[R]], %{{.*}} glu silu : tensor<?x64xbf16>, <96x64, <bf16>> -> tensor<?x48xbf16>
// CHECK: %[[D:.*]] = tenon.linear %[[G]], %{{.*}} : tensor<?x48xbf16>, <64x48, <bf16>> -> tensor<?x64xf32>
// CHECK: arith.addf %{{.*}}, %[[D]] : tensor<?x64xf32>
// TWICE-LABEL: func.func @mlp
// TWICE-COUNT-1: arith.truncf
// TWICE-NOT: arith.truncf
// TWICE-LABEL: func.func @experts
func.func @mlp(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x96xf32>) {
  %n = tenon.weight_ref @n : !tenon.weight<64, <f32>>
  %wq = tenon.weight_ref @q : !tenon.weight<96x64, <f32>>
  %wu = tenon.weight_ref @up : !tenon.weight<96x64, <bf16>>
  %wd = tenon.weight_ref @down : !tenon.weight<64x48, <f16>>
  %h = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  %q = tenon.linear %h, %wq : tensor<?x64xf32>, !tenon.weight<96x64, <f32>> -> tensor<?x96xf32>
  %g = tenon.linear %h, %wu glu silu : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x48xf32>
  %d = tenon.linear %g, %wd : tensor<?x48xf32>, !tenon.weight<64x48, <f16>> -> tensor<?x64xf32>
  %y = arith.addf %x, %d : tensor<?x64xf32>
  return %y, %q : tensor<?x64xf32>, tensor<?x96xf32>
}

// -----

// A router keeps f32; the experts beside it do not.
tenon.weight @r "r" : !tenon.weight<8x64, <f32>>
tenon.weight @e "e" : !tenon.weight<8x48x64, <f8E4M3FN, scale f32 per 128x128>>
// CHECK-NOT: derive
// CHECK-LABEL: func.func @experts
// CHECK: %[[R:.*]] = arith.truncf %[[X:.*]] : tensor<?x64xf32> to tensor<?x64xbf16>
// CHECK: tenon.linear %[[X]], %{{.*}} : tensor<?x64xf32>, <8x64, <f32>> -> tensor<?x8xf32>
// CHECK: tenon.grouped_linear %[[R]] rows
// CHECK-SAME: tensor<?x64xbf16>
func.func @experts(%x: tensor<?x64xf32>) -> (tensor<?x2xf32>, tensor<?x24xf32>) {
  %wr = tenon.weight_ref @r : !tenon.weight<8x64, <f32>>
  %we = tenon.weight_ref @e : !tenon.weight<8x48x64, <f8E4M3FN, scale f32 per 128x128>>
  %z = tenon.linear %x, %wr : tensor<?x64xf32>, !tenon.weight<8x64, <f32>> -> tensor<?x8xf32>
  %i, %w = tenon.router softmax %z top 2 scale 1.0 : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %o, %p, %f = tenon.moe_dispatch %i : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
  %g = tenon.grouped_linear %x rows %o : tensor<?xi32> choices 2 of %f, %we glu silu
      : tensor<?x64xf32>, tensor<9xi32>, !tenon.weight<8x48x64, <f8E4M3FN, scale f32 per 128x128>> -> tensor<?x24xf32>
  return %w, %g : tensor<?x2xf32>, tensor<?x24xf32>
}

// -----

// Queries are rounded after their rotation, before they are shown as heads;
// keys and values are not, because the type of their cache rounds them.
tenon.weight @o "o" : !tenon.weight<64x64, <bf16>>
// CHECK-LABEL: func.func @attend
// CHECK: %[[Q:.*]] = arith.truncf %{{.*}} : tensor<?x4x16xf32> to tensor<?x4x16xbf16>
// CHECK: %[[A:.*]] = tenon.attention %[[Q]], %{{.*}} mask <causal> probabilities bf16
// CHECK-SAME: -> tensor<?x4x16xbf16>
// CHECK: %[[F:.*]] = tensor.collapse_shape %[[A]] {{.*}} : tensor<?x4x16xbf16> into tensor<?x64xbf16>
// CHECK: tenon.linear %[[F]]
func.func @attend(%q: tensor<?x4x16xf32>, %k: tensor<1x?x?x2x16xbf16>, %l: index, %pos: tensor<?xi32>,
                  %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) -> tensor<?x64xf32> {
  %w = tenon.weight_ref @o : !tenon.weight<64x64, <bf16>>
  %r = tenon.rope %q at %pos first <dims = 16, pairing = half, theta = 1.0e4 : f64> : tensor<?x4x16xf32>, tensor<?xi32>
  %a = tenon.attention %r, %k, %k[%l] at %pos in %slot blocks %blocks scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<1x?x?x2x16xbf16> and tensor<1x?x?x2x16xbf16>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  %f = tensor.collapse_shape %a [[0], [1, 2]] : tensor<?x4x16xf32> into tensor<?x64xf32>
  %y = tenon.linear %f, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>> -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// What someone else reads in f32 is rounded beside it.
tenon.weight @w "w" : !tenon.weight<64x64, <bf16>>
// CHECK-LABEL: func.func @shared
// CHECK: %[[A:.*]] = tenon.linear %{{.*}} -> tensor<?x64xf32>
// CHECK: %[[R:.*]] = arith.truncf %[[A]] : tensor<?x64xf32> to tensor<?x64xbf16>
// CHECK: tenon.linear %[[R]]
func.func @shared(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %w = tenon.weight_ref @w : !tenon.weight<64x64, <bf16>>
  %a = tenon.linear %x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>> -> tensor<?x64xf32>
  %b = tenon.linear %a, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>> -> tensor<?x64xf32>
  return %a, %b : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// A result that is read in another narrow type, too, keeps its own.
tenon.weight @w "w" : !tenon.weight<64x64, <bf16>>
// CHECK-LABEL: func.func @halves
// CHECK: %[[A:.*]] = tenon.linear %{{.*}} -> tensor<?x64xf32>
// CHECK-DAG: %[[R:.*]] = arith.truncf %[[A]] : tensor<?x64xf32> to tensor<?x64xbf16>
// CHECK-DAG: arith.truncf %[[A]] : tensor<?x64xf32> to tensor<?x64xf16>
// CHECK: tenon.linear %[[R]]
func.func @halves(%x: tensor<?x64xf32>) -> (tensor<?x64xf16>, tensor<?x64xf32>) {
  %w = tenon.weight_ref @w : !tenon.weight<64x64, <bf16>>
  %a = tenon.linear %x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>> -> tensor<?x64xf32>
  %h = arith.truncf %a : tensor<?x64xf32> to tensor<?x64xf16>
  %b = tenon.linear %a, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>> -> tensor<?x64xf32>
  return %h, %b : tensor<?x64xf16>, tensor<?x64xf32>
}

// -----

// A router keeps f32 before what it reads, whatever is between.
tenon.weight @r "r" : !tenon.weight<8x64, <f32>>
// CHECK-LABEL: func.func @capped
// CHECK-NOT: truncf
// CHECK: return
func.func @capped(%x: tensor<?x64xf32>, %b: tensor<?x8xf32>) -> tensor<?x2xf32> {
  %wr = tenon.weight_ref @r : !tenon.weight<8x64, <f32>>
  %z = tenon.linear %x, %wr : tensor<?x64xf32>, !tenon.weight<8x64, <f32>> -> tensor<?x8xf32>
  %c = arith.addf %z, %b : tensor<?x8xf32>
  %i, %w = tenon.router softmax %c top 2 scale 1.0 : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return %w : tensor<?x2xf32>
}

// -----

// A cast is found again where another weight has the name that it would have.
tenon.weight @w "w" : !tenon.weight<64x64, <f32>>
tenon.weight @w.bf16 "other" : !tenon.weight<64x64, <bf16>>
// CHECK: tenon.derive @[[$CAST:.*]] = cast [@w] : !tenon.weight<64x64, <bf16>>
// CHECK-NOT: derive
// CHECK-LABEL: func.func @taken
// CHECK-COUNT-2: tenon.weight_ref @[[$CAST]] :
// CHECK: tenon.weight_ref @w.bf16 :
func.func @taken(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>) {
  %w = tenon.weight_ref @w : !tenon.weight<64x64, <f32>>
  %v = tenon.weight_ref @w : !tenon.weight<64x64, <f32>>
  %u = tenon.weight_ref @w.bf16 : !tenon.weight<64x64, <bf16>>
  %a = tenon.linear %x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <f32>> -> tensor<?x64xf32>
  %b = tenon.linear %x, %v : tensor<?x64xf32>, !tenon.weight<64x64, <f32>> -> tensor<?x64xf32>
  %c = tenon.linear %x, %u : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>> -> tensor<?x64xf32>
  return %a, %b, %c : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>
}
