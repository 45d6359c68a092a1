// RUN: tenon-opt %s --tenon-pair-gates --split-input-file | FileCheck %s

/// The example of the pass's description.
// CHECK-DAG: tenon.derive @gate_up = concat_rows [@gate, @up] : !tenon.weight<3x192x64, <bf16>>
// CHECK-LABEL: func @gate_and_projection
// CHECK-SAME:    %[[H:.*]]: tensor<?x64xf32>, %[[L:.*]]: index
// CHECK-NEXT:  tenon.use @gate
// CHECK-NEXT:  tenon.use @up
// CHECK-NEXT:  %[[W:.*]] = tenon.use @gate_up[%[[L]]] : <192x64, <bf16>>
// CHECK-NEXT:  %[[A:.*]] = tenon.linear %[[H]], %[[W]] glu silu : tensor<?x64xf32>, <192x64, <bf16>> -> tensor<?x96xf32>
// CHECK-NEXT:  return %[[A]]
tenon.weight @gate "g.{l}" layers [0, 1, 2] : !tenon.weight<3x96x64, <bf16>>
tenon.weight @up "u.{l}" layers [0, 1, 2] : !tenon.weight<3x96x64, <bf16>>
func.func @gate_and_projection(%h: tensor<?x64xf32>, %l: index) -> tensor<?x96xf32> {
  %wg = tenon.use @gate[%l] : !tenon.weight<96x64, <bf16>>
  %wu = tenon.use @up[%l] : !tenon.weight<96x64, <bf16>>
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
  %wu = tenon.use @up : !tenon.weight<7x5, <f16>>
  %u = tenon.linear %h, %wu : tensor<3x5xf32>, !tenon.weight<7x5, <f16>> -> tensor<3x7xf32>
  %wg = tenon.use @gate : !tenon.weight<7x5, <f16>>
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
  %wg = tenon.use @gate : !tenon.weight<128x96, <f8E4M3FN, scale f32 per 128x128>>
  %wu = tenon.use @up : !tenon.weight<128x96, <f8E4M3FN, scale f32 per 128x128>>
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
  %wg = tenon.use @gate : !tenon.weight<96x96, <f8E4M3FN, scale f32 per 128x128>>
  %wu = tenon.use @up : !tenon.weight<96x96, <f8E4M3FN, scale f32 per 128x128>>
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

/// Nothing happens: the gate has a bias.
// CHECK-NOT: tenon.derive
// CHECK-LABEL: func @bias
// CHECK:       tenon.glu
func.func @bias(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.use @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.use @up : !tenon.weight<8x5, <bf16>>
  %wb = tenon.use @b : !tenon.weight<8, <f32>>
  %g = tenon.linear %h, %wg bias %wb : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>>, !tenon.weight<8, <f32>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

/// Nothing happens: the formats differ.
// CHECK-LABEL: func @formats
// CHECK:       tenon.glu
func.func @formats(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.use @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.use @wide : !tenon.weight<8x5, <f32>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <f32>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

/// Nothing happens: the gate has a further user.
// CHECK-LABEL: func @further_user
// CHECK:       tenon.glu
func.func @further_user(%h: tensor<?x5xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %wg = tenon.use @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.use @up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a, %g : tensor<?x8xf32>, tensor<?x8xf32>
}

/// Nothing happens: a gate that is its own partner has two users.
// CHECK-LABEL: func @own_partner
// CHECK:       tenon.glu
func.func @own_partner(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.use @gate : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %g : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

/// Nothing happens: the inputs differ.
// CHECK-LABEL: func @inputs
// CHECK:       tenon.glu
func.func @inputs(%h: tensor<?x5xf32>, %k: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.use @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.use @up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %k, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

/// Nothing happens: the linears round to `bf16` before they meet.
// CHECK-LABEL: func @rounded
// CHECK:       tenon.glu
func.func @rounded(%h: tensor<?x5xf32>) -> tensor<?x8xbf16> {
  %wg = tenon.use @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.use @up : !tenon.weight<8x5, <bf16>>
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
  %wg = tenon.use @gates[%i] : !tenon.weight<8x5, <bf16>>
  %wu = tenon.use @gates[%j] : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

/// The name is taken by a weight and by a derivation of others: it gets a number.
// CHECK-DAG: tenon.derive @gate_up_0 = concat_rows [@gate, @up] : !tenon.weight<16x5, <bf16>>
// CHECK-LABEL: func @taken_name
// CHECK:       tenon.use @gate_up_0
tenon.weight @gate "g" : !tenon.weight<8x5, <bf16>>
tenon.weight @up "u" : !tenon.weight<8x5, <bf16>>
tenon.derive @gate_up = concat_rows [@up, @gate] : !tenon.weight<16x5, <bf16>>
func.func @taken_name(%h: tensor<?x5xf32>) -> tensor<?x8xf32> {
  %wg = tenon.use @gate : !tenon.weight<8x5, <bf16>>
  %wu = tenon.use @up : !tenon.weight<8x5, <bf16>>
  %g = tenon.linear %h, %wg : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %u = tenon.linear %h, %wu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %a = tenon.glu silu %g, %u : tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}
