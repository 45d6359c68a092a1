// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The example of the op's description.
// CHECK: tenon.weight @moe.q_a "model.layers.{l}.self_attn.q_a_proj.weight" layers [1, 2] : !tenon.weight<2x24x64, <bf16>>
tenon.weight @moe.q_a "model.layers.{l}.self_attn.q_a_proj.weight"
    layers [1, 2] : !tenon.weight<2x24x64, <bf16>>

/// A weight that belongs to no layer, and experts in one stack.
// CHECK: tenon.weight @embed "model.embed_tokens.weight" : !tenon.weight<100x64, <bf16>>
tenon.weight @embed "model.embed_tokens.weight" : !tenon.weight<100x64, <bf16>>
// CHECK: tenon.weight @experts "layers.{l}.experts.{e}.gate.weight" layers [0] : !tenon.weight<1x8x24x64, <bf16>> at 0
tenon.weight @experts "layers.{l}.experts.{e}.gate.weight" layers [0] : !tenon.weight<1x8x24x64, <bf16>> at 0

/// The example of the op's description.
tenon.weight @gate "mlp.gate_proj.weight" : !tenon.weight<96x64, <f32>>
tenon.weight @up "mlp.up_proj.weight" : !tenon.weight<96x64, <f32>>
// CHECK: tenon.derive @gate_up = concat_rows [@gate, @up] : !tenon.weight<192x64, <f32>, <16x1, pair>>
tenon.derive @gate_up = concat_rows [@gate, @up]
    : !tenon.weight<192x64, <f32>, <16x1, pair>>

/// The other derivations; a stack keeps its leading dimensions.
tenon.weight @kv_b "{l}.kv_b" layers [0, 1] : !tenon.weight<2x112x32, <bf16>>
// CHECK: tenon.derive @heads = split_rows [@kv_b] count 28 : !tenon.weight<2x4x28x32, <bf16>>
tenon.derive @heads = split_rows [@kv_b] count 28 : !tenon.weight<2x4x28x32, <bf16>>
// CHECK: tenon.derive @keys = slice_rows [@heads] : !tenon.weight<2x4x16x32, <bf16>>
tenon.derive @keys = slice_rows [@heads] : !tenon.weight<2x4x16x32, <bf16>>
// CHECK: tenon.derive @values = slice_rows [@heads] first 16 : !tenon.weight<2x4x12x32, <bf16>> at 4096
tenon.derive @values = slice_rows [@heads] first 16 : !tenon.weight<2x4x12x32, <bf16>> at 4096
// CHECK: tenon.derive @every_other = slice_rows [@heads] first 1 step 2 : !tenon.weight<2x4x14x32, <bf16>>
tenon.derive @every_other = slice_rows [@heads] first 1 step 2 : !tenon.weight<2x4x14x32, <bf16>>
// CHECK: tenon.derive @turned = transpose [@keys] : !tenon.weight<2x4x32x16, <bf16>, <16x2>>
tenon.derive @turned = transpose [@keys] : !tenon.weight<2x4x32x16, <bf16>, <16x2>>
// CHECK: tenon.derive @rounded = cast [@turned] : !tenon.weight<2x4x32x16, <i8, scale f32 per 1x16>>
tenon.derive @rounded = cast [@turned] : !tenon.weight<2x4x32x16, <i8, scale f32 per 1x16>>

/// Blocks of a scale: what is joined or cut is whole, and the last block may be short.
// CHECK: tenon.weight @fp8 "a" factors ["a_scale_inv"] : !tenon.weight<128x200
tenon.weight @fp8 "a" factors ["a_scale_inv"] : !tenon.weight<128x200, <f8E4M3FN, scale f32 per 128x128>>
tenon.weight @short "b" : !tenon.weight<72x200, <f8E4M3FN, scale f32 per 128x128>>
// CHECK: tenon.derive @joined = concat_rows [@fp8, @short] : !tenon.weight<200x200
tenon.derive @joined = concat_rows [@fp8, @short] : !tenon.weight<200x200, <f8E4M3FN, scale f32 per 128x128>>
// CHECK: tenon.derive @cut = slice_rows [@joined] first 128 : !tenon.weight<71x200
tenon.derive @cut = slice_rows [@joined] first 128 : !tenon.weight<71x200, <f8E4M3FN, scale f32 per 128x128>>
// CHECK: tenon.derive @square = transpose [@cut] : !tenon.weight<200x71
tenon.derive @square = transpose [@cut] : !tenon.weight<200x71, <f8E4M3FN, scale f32 per 128x128>>

/// A vector can be cast.
tenon.weight @norm "norm" : !tenon.weight<7, <bf16>>
// CHECK: tenon.derive @wide = cast [@norm] : !tenon.weight<7, <f32>>
tenon.derive @wide = cast [@norm] : !tenon.weight<7, <f32>>

/// The example of the op's description.
// CHECK: tenon.rope_table @rope <dims = 64, pairing = interleaved, theta = 1.000000e+04 : f64> positions 4096 : !tenon.weight<272x64, <f32>>
tenon.rope_table @rope #tenon.rope<dims = 64, pairing = interleaved,
    theta = 1.0e4 : f64> positions 4096 : !tenon.weight<272x64, <f32>>
/// One position, and one more than a whole row of coarse angles.
// CHECK: tenon.rope_table @one {{.*}} positions 1 : !tenon.weight<257x8, <f32>>
tenon.rope_table @one <dims = 8, pairing = half, theta = 1.0e4 : f64> positions 1 : !tenon.weight<257x8, <f32>>
// CHECK: tenon.rope_table @odd {{.*}} positions 257 : !tenon.weight<258x8, <f32>> at 64
tenon.rope_table @odd <dims = 8, pairing = half, theta = 1.0e4 : f64> positions 257 : !tenon.weight<258x8, <f32>> at 64

/// The example of the op's description, and a use of each kind of weight.
// CHECK-LABEL: func @use
// CHECK-SAME:    %[[L:.*]]: index
func.func @use(%l: index) {
  // CHECK: tenon.weight_ref @moe.q_a[%[[L]]] : <24x64, <bf16>>
  %w = tenon.weight_ref @moe.q_a[%l] : !tenon.weight<24x64, <bf16>>
  // CHECK: tenon.weight_ref @moe.q_a : <2x24x64, <bf16>>
  %s = tenon.weight_ref @moe.q_a : !tenon.weight<2x24x64, <bf16>>
  // CHECK: tenon.weight_ref @turned[%[[L]]] : <4x32x16, <bf16>, <16x2>>
  %t = tenon.weight_ref @turned[%l] : !tenon.weight<4x32x16, <bf16>, <16x2>>
  // CHECK: tenon.weight_ref @rope : <272x64, <f32>>
  %r = tenon.weight_ref @rope : !tenon.weight<272x64, <f32>>
  return
}
