// RUN: tenon-opt %s --tenon-fuse-gate-up --split-input-file | FileCheck %s
// RUN: tenon-opt %s --tenon-fuse-gate-up --split-input-file --remarks-filter=tenon-fuse-gate-up 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// What was joined, and why the others were not.
// REMARK: remark: [Passed] FuseGlu | Category:tenon-fuse-gate-up | Function=gate_and_projection | Rows=192, Weight=gate_up
// REMARK: remark: [Missed] FuseGlu | Category:tenon-fuse-gate-up | Reason="has rows that do not fall on whole blocks of scales"
// REMARK: remark: [Missed] FuseGlu | Category:tenon-fuse-gate-up | Reason="is not fed by two plain linears"
// REMARK: remark: [Missed] FuseGlu | Category:tenon-fuse-gate-up | Reason="has a weight of another format"
// REMARK: remark: [Missed] FuseGlu | Category:tenon-fuse-gate-up | Reason="has a linear with further users"
// REMARK: remark: [Missed] FuseGlu | Category:tenon-fuse-gate-up | Reason="has linears of different inputs"
// REMARK: remark: [Missed] FuseGlu | Category:tenon-fuse-gate-up | Reason="has linears that round"

/// The example of the pass's description.
// CHECK-DAG: tenon.derive @gate_up = concat_rows [@gate, @up] : !tenon.weight<3x192x64, <bf16>>
// CHECK-LABEL: func @gate_and_projection
// CHECK-SAME:    %[[H:.*]]: tensor<?x64xf32>, %[[L:.*]]: index
// CHECK-NEXT:  tenon.weight_ref @gate
// CHECK-NEXT:  tenon.weight_ref @up
// CHECK-NEXT:  %[[W:.*]] = tenon.weight_ref @gate_up[%[[L]]] : <192x64, <bf16>>
// CHECK-NEXT:  %[[A:.*]] = tenon.linear %[[H]], %[[W]] glu silu : tensor<?x64xf32>, <192x64, <bf16>> -> tensor<?x96xf32>
// CHECK-NEXT:  return %[[A]]
tenon.weight @gate "g.{l}" layers [0, 1, 2] : !tenon.weight<3x96x64, <bf16>>
tenon.weight @up "u.{l}" layers [0, 1, 2] : !tenon.weight<3x96x64, <bf16>>
func.func @gate_and_projection(%h: tensor<?x64xf32>, %l: index) -> tensor<?x96xf32> {
  %wg = tenon.weight_ref @gate[%l] : !tenon.weight<96x64, <bf16>>
  %wu = tenon.weight_ref @up[%l] : !tenon.weight<96x64, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x96xf32>
  %u = tenon.linear %h, %wu : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x96xf32>
  %a = tenon.glu silu %g, %u : tensor<?x96xf32>
  return %a : tensor<?x96xf32>
}

// -----

/// The projection comes first in the program; the gate stays the first half. Odd rows of whole weights.
// CHECK: tenon.derive @gate_up = concat_rows [@gate, @up] : !tenon.weight<14x5, <f16>>
// CHECK-LABEL: func @projection_first
// CHECK:       tenon.linear %{{.*}}, %{{.*}} glu gelu_tanh : tensor<3x5xf32>, <14x5, <f16>> -> tensor<3x7xf32>
// CHECK-NOT:   tenon.glu
tenon.weight @gate "g" : !tenon.weight<7x5, <f16>>
tenon.weight @up "u" : !tenon.weight<7x5, <f16>>
func.func @projection_first(%h: tensor<3x5xf32>) -> tensor<3x7xf32> {
  %wu = tenon.weight_ref @up : !tenon.weight<7x5, <f16>>
  %u = tenon.linear %h, %wu : tensor<3x5xf32>, !tenon.weight<7x5, <f16>> -> tensor<3x7xf32>
  %wg = tenon.weight_ref @gate : !tenon.weight<7x5, <f16>>
  %g = tenon.linear %h, %wg : tensor<3x5xf32>, !tenon.weight<7x5, <f16>> -> tensor<3x7xf32>
  %a = tenon.glu gelu_tanh %g, %u : tensor<3x7xf32>
  return %a : tensor<3x7xf32>
}

// -----

/// Whole blocks of scales, of which the last of the second weight is cut off.
// CHECK: tenon.derive @gate_up = concat_rows [@gate, @up] : !tenon.weight<256x96, <f8E4M3FN, scale f32 per 128x128>>
// CHECK-LABEL: func @whole_blocks
// CHECK:       glu relu
tenon.weight @gate "g" : !tenon.weight<128x96, <f8E4M3FN, scale f32 per 128x128>>
tenon.weight @up "u" : !tenon.weight<128x96, <f8E4M3FN, scale f32 per 128x128>>
func.func @whole_blocks(%h: tensor<?x96xf32>) -> tensor<?x128xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<128x96, <f8E4M3FN, scale f32 per 128x128>>
  %wu = tenon.weight_ref @up : !tenon.weight<128x96, <f8E4M3FN, scale f32 per 128x128>>
  %g = tenon.linear %h, %wg : tensor<?x96xf32>, !tenon.weight<128x96, <f8E4M3FN, scale f32 per 128x128>> -> tensor<?x128xf32>
  %u = tenon.linear %h, %wu : tensor<?x96xf32>, !tenon.weight<128x96, <f8E4M3FN, scale f32 per 128x128>> -> tensor<?x128xf32>
  %a = tenon.glu relu %g, %u : tensor<?x128xf32>
  return %a : tensor<?x128xf32>
}

// -----

/// Nothing happens: a block of scales would be cut between the weights.
// CHECK-NOT: tenon.derive
// CHECK-LABEL: func @cut_blocks
// CHECK:       tenon.glu
tenon.weight @gate "g" : !tenon.weight<96x96, <f8E4M3FN, scale f32 per 128x128>>
tenon.weight @up "u" : !tenon.weight<96x96, <f8E4M3FN, scale f32 per 128x128>>
func.func @cut_blocks(%h: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<96x96, <f8E4M3FN, scale f32 per 128x128>>
  %wu = tenon.weight_ref @up : !tenon.weight<96x96, <f8E4M3FN, scale f32 per 128x128>>
  %g = tenon.linear %h, %wg : tensor<?x96xf32>, !tenon.weight<96x96, <f8E4M3FN, scale f32 per 128x128>> -> tensor<?x96xf32>
  %u = tenon.linear %h, %wu : tensor<?x96xf32>, !tenon.weight<96x96, <f8E4M3FN, scale f32 per 128x128>> -> tensor<?x96xf32>
  %a = tenon.glu relu %g, %u : tensor<?x96xf32>
  return %a : tensor<?x96xf32>
}

// -----

tenon.weight @gate "g" : !tenon.weight<8x5, <bf16>>
tenon.weight @up "u" : !tenon.weight<8x5, <bf16>>
tenon.weight @wide "w" : !tenon.weight<8x5, <f32>>
tenon.weight @b "b" : !tenon.weight<8, <f32>>

tenon.weight @half "h" : !tenon.weight<4x5, <bf16>>

/// Nothing happens: the gate has a bias.
// CHECK-NOT: tenon.derive
// CHECK-LABEL: func @bias
// CHECK:       tenon.glu
func.func @bias(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @up : !tenon.weight<8x5, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<8, <f32>>
  %g = tenon.linear %h, %wg bias %wb : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>>, !tenon.weight<8, <f32>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

/// Nothing happens: the projection has a bias, then one of them is a gate itself.
// CHECK-LABEL: func @bias_of_projection
// CHECK:       tenon.glu
// CHECK-LABEL: func @gate_of_gate
// CHECK:       tenon.glu
// CHECK-LABEL: func @gate_of_projection
// CHECK:       tenon.glu
func.func @bias_of_projection(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @up : !tenon.weight<8x5, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<8, <f32>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu bias %wb : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>>, !tenon.weight<8, <f32>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}
func.func @gate_of_gate(%h: tensor<?x5xf32>) -> tensor<?x4xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @half : !tenon.weight<4x5, <bf16>>
  %g = tenon.linear %h, %wg glu relu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x4xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<4x5, <bf16>> -> tensor<?x4xf32>
  %a = tenon.glu silu %g, %u : tensor<?x4xf32>
  return %a : tensor<?x4xf32>
}
func.func @gate_of_projection(%h: tensor<?x5xf32>) -> tensor<?x4xf32> {
  %wg = tenon.weight_ref @half : !tenon.weight<4x5, <bf16>>
  %wu = tenon.weight_ref @up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<4x5, <bf16>> -> tensor<?x4xf32>
  %u = tenon.linear %h, %wu glu relu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x4xf32>
  %a = tenon.glu silu %g, %u : tensor<?x4xf32>
  return %a : tensor<?x4xf32>
}

/// Nothing happens: the gate is no linear, or one of the weights has no name.
// CHECK-LABEL: func @no_linear
// CHECK:       tenon.glu
// CHECK-LABEL: func @nameless_gate
// CHECK:       tenon.glu
// CHECK-LABEL: func @nameless_projection
// CHECK:       tenon.glu
func.func @no_linear(%h: tensor<?x5xf32>, %g: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %wu = tenon.weight_ref @up : !tenon.weight<8x5, <bf16>>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %v = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  %b = tenon.glu silu %v, %g : tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}
func.func @nameless_gate(%h: tensor<?x5xf32>, %wg: !tenon.weight<8x5, <bf16>>) -> tensor<?x8xf32> {
  %wu = tenon.weight_ref @up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}
func.func @nameless_projection(%h: tensor<?x5xf32>, %wu: !tenon.weight<8x5, <bf16>>) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

/// Nothing happens: the weights are laid out already.
// CHECK-LABEL: func @laid_out
// CHECK:       tenon.glu
tenon.weight @gate.panels "gp" : !tenon.weight<16x5, <bf16>, <16x2>>
tenon.weight @up.panels "up" : !tenon.weight<16x5, <bf16>, <16x2>>
func.func @laid_out(%h: tensor<?x5xf32>) -> tensor<?x16xf32> {
  %wg = tenon.weight_ref @gate.panels : !tenon.weight<16x5, <bf16>, <16x2>>
  %wu = tenon.weight_ref @up.panels : !tenon.weight<16x5, <bf16>, <16x2>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<16x5, <bf16>, <16x2>> -> tensor<?x16xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<16x5, <bf16>, <16x2>> -> tensor<?x16xf32>
  %a = tenon.glu silu %g, %u : tensor<?x16xf32>
  return %a : tensor<?x16xf32>
}

/// Nothing happens: rows of an unknown length agree with both weights, which differ in theirs.
// CHECK-LABEL: func @columns
// CHECK:       tenon.glu
tenon.weight @narrow "n" : !tenon.weight<8x4, <bf16>>
func.func @columns(%h: tensor<?x?xf32>) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @narrow : !tenon.weight<8x4, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x?xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x?xf32>, !tenon.weight<8x4, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

/// Nothing happens: the formats differ.
// CHECK-LABEL: func @formats
// CHECK:       tenon.glu
func.func @formats(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @wide : !tenon.weight<8x5, <f32>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <f32>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

/// Nothing happens: the gate has a further user.
// CHECK-LABEL: func @further_user
// CHECK:       tenon.glu
func.func @further_user(%h: tensor<?x5xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a, %g : tensor<?x8xf32>, tensor<?x8xf32>
}

/// Nothing happens: the projection has a further user.
// CHECK-LABEL: func @further_user_of_projection
// CHECK:       tenon.glu
func.func @further_user_of_projection(%h: tensor<?x5xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a, %u : tensor<?x8xf32>, tensor<?x8xf32>
}

/// Nothing happens: a gate that is its own partner has two users.
// CHECK-LABEL: func @own_partner
// CHECK:       tenon.glu
func.func @own_partner(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %g : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

/// Nothing happens: the inputs differ.
// CHECK-LABEL: func @inputs
// CHECK:       tenon.glu
func.func @inputs(%h: tensor<?x5xf32>, %k: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %k, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

/// Nothing happens: the linears round to `bf16` before they meet.
// CHECK-LABEL: func @rounded
// CHECK:       tenon.glu
func.func @rounded(%h: tensor<?x5xf32>) -> tensor<?x8xbf16> {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xbf16>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xbf16>
  %a = tenon.glu silu %g, %u : tensor<?x8xbf16>
  return %a : tensor<?x8xbf16>
}

/// Nothing happens: the layers of the weights differ.
tenon.weight @gates "g.{l}" layers [0, 1] : !tenon.weight<2x8x5, <bf16>>
// CHECK-LABEL: func @layers
// CHECK:       tenon.glu
func.func @layers(%h: tensor<?x5xf32>, %i: index, %j: index) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @gates[%i] : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @gates[%j] : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

/// The name is taken by a weight and by a derivation of others: it gets a number.
// CHECK-DAG: tenon.derive @gate_up_0 = concat_rows [@gate, @up] : !tenon.weight<16x5, <bf16>>
// CHECK-LABEL: func @taken_name
// CHECK:       tenon.weight_ref @gate_up_0
tenon.weight @gate "g" : !tenon.weight<8x5, <bf16>>
tenon.weight @up "u" : !tenon.weight<8x5, <bf16>>
tenon.derive @gate_up = concat_rows [@up, @gate] : !tenon.weight<16x5, <bf16>>
func.func @taken_name(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

/// The name is taken by the same rows in another layout; beside each other, weights have one prefix.
// CHECK-DAG: tenon.derive @dense.gate_up = concat_rows [@dense.gate, @dense.up] : !tenon.weight<16x5, <bf16>, <16x2>>
// CHECK-DAG: tenon.derive @dense.gate_up_0 = concat_rows [@dense.gate, @dense.up] : !tenon.weight<16x5, <bf16>>
// CHECK-DAG: tenon.derive @dense.gate_moe.up = concat_rows [@dense.gate, @moe.up] : !tenon.weight<16x5, <bf16>>
// CHECK-LABEL: func @taken_by_layout
// CHECK:       tenon.weight_ref @dense.gate_up_0
// CHECK-LABEL: func @other_prefix
// CHECK:       tenon.weight_ref @dense.gate_moe.up
tenon.weight @dense.gate "g" : !tenon.weight<8x5, <bf16>>
tenon.weight @dense.up "u" : !tenon.weight<8x5, <bf16>>
tenon.weight @moe.up "v" : !tenon.weight<8x5, <bf16>>
tenon.derive @dense.gate_up = concat_rows [@dense.gate, @dense.up] : !tenon.weight<16x5, <bf16>, <16x2>>
func.func @taken_by_layout(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @dense.gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @dense.up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}
func.func @other_prefix(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.weight_ref @dense.gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.weight_ref @moe.up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}
