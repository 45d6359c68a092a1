// A block of a decoder without rotations: attention of 4 heads, then a gated product.
tenon.weight @first "input_layernorm.weight" : !tenon.weight<128, <f32>>
tenon.weight @q "self_attn.q_proj.weight" : !tenon.weight<128x128, <bf16>>
tenon.weight @k "self_attn.k_proj.weight" : !tenon.weight<64x128, <bf16>>
tenon.weight @v "self_attn.v_proj.weight" : !tenon.weight<64x128, <bf16>>
tenon.weight @o "self_attn.o_proj.weight" : !tenon.weight<128x128, <bf16>>
tenon.weight @second "post_attention_layernorm.weight" : !tenon.weight<128, <f32>>
tenon.weight @gate "mlp.gate_proj.weight" : !tenon.weight<320x128, <bf16>>
tenon.weight @up "mlp.up_proj.weight" : !tenon.weight<320x128, <bf16>>
tenon.weight @down "mlp.down_proj.weight" : !tenon.weight<128x320, <bf16>>

func.func @block(%x: tensor<?x128xf32>, %positions: tensor<?xi32>, %slots: tensor<?xi32>, %blocks: tensor<?x4xi32>,
                 %keys: tensor<1x?x?x2x32xf32>, %values: tensor<1x?x?x2x32xf32>)
    -> (tensor<?x128xf32>, tensor<1x?x?x2x32xf32>, tensor<1x?x?x2x32xf32>) {
  %layer = arith.constant 0 : index
  %first = tenon.weight_ref @first : !tenon.weight<128, <f32>>
  %wq = tenon.weight_ref @q : !tenon.weight<128x128, <bf16>>
  %wk = tenon.weight_ref @k : !tenon.weight<64x128, <bf16>>
  %wv = tenon.weight_ref @v : !tenon.weight<64x128, <bf16>>
  %wo = tenon.weight_ref @o : !tenon.weight<128x128, <bf16>>
  %second = tenon.weight_ref @second : !tenon.weight<128, <f32>>
  %gate = tenon.weight_ref @gate : !tenon.weight<320x128, <bf16>>
  %up = tenon.weight_ref @up : !tenon.weight<320x128, <bf16>>
  %down = tenon.weight_ref @down : !tenon.weight<128x320, <bf16>>

  %h = tenon.norm rms %x, %first eps 1.0e-5 : tensor<?x128xf32>, !tenon.weight<128, <f32>>
  %query = tenon.linear %h, %wq : tensor<?x128xf32>, !tenon.weight<128x128, <bf16>> -> tensor<?x4x32xf32>
  %key = tenon.linear %h, %wk : tensor<?x128xf32>, !tenon.weight<64x128, <bf16>> -> tensor<?x2x32xf32>
  %value = tenon.linear %h, %wv : tensor<?x128xf32>, !tenon.weight<64x128, <bf16>> -> tensor<?x2x32xf32>
  %k = tenon.cache_update %key into %keys[%layer] at %positions in %slots
      : tensor<?x2x32xf32> into tensor<1x?x?x2x32xf32>, tensor<?xi32>
  %v = tenon.cache_update %value into %values[%layer] at %positions in %slots
      : tensor<?x2x32xf32> into tensor<1x?x?x2x32xf32>, tensor<?xi32>
  %seen = tenon.attention %query, %k, %v[%layer] at %positions in %slots blocks %blocks scale 0.1767767 mask <causal>
      : tensor<?x4x32xf32>, tensor<1x?x?x2x32xf32> and tensor<1x?x?x2x32xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x32xf32>
  %projected = tenon.linear %seen, %wo : tensor<?x4x32xf32>, !tenon.weight<128x128, <bf16>> -> tensor<?x128xf32>
  %y = arith.addf %x, %projected : tensor<?x128xf32>

  %g = tenon.norm rms %y, %second eps 1.0e-5 : tensor<?x128xf32>, !tenon.weight<128, <f32>>
  %gates = tenon.linear %g, %gate : tensor<?x128xf32>, !tenon.weight<320x128, <bf16>> -> tensor<?x320xf32>
  %ups = tenon.linear %g, %up : tensor<?x128xf32>, !tenon.weight<320x128, <bf16>> -> tensor<?x320xf32>
  %inner = tenon.glu silu %gates, %ups : tensor<?x320xf32>
  %out = tenon.linear %inner, %down : tensor<?x320xf32>, !tenon.weight<128x320, <bf16>> -> tensor<?x128xf32>
  %result = arith.addf %y, %out : tensor<?x128xf32>
  return %result, %k, %v : tensor<?x128xf32>, tensor<1x?x?x2x32xf32>, tensor<1x?x?x2x32xf32>
}
