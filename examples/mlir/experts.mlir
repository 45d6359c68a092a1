// A mixture of 8 experts, of which each token is given 2, and a residual.
tenon.weight @router "gate.weight" : !tenon.weight<8x128, <f32>>
tenon.weight @gate "experts.{e}.gate_proj.weight" : !tenon.weight<8x96x128, <bf16>>
tenon.weight @up "experts.{e}.up_proj.weight" : !tenon.weight<8x96x128, <bf16>>
tenon.weight @down "experts.{e}.down_proj.weight" : !tenon.weight<8x128x96, <bf16>>

func.func @experts(%x: tensor<?x128xf32>) -> tensor<?x128xf32> {
  %router = tenon.weight_ref @router : !tenon.weight<8x128, <f32>>
  %gate = tenon.weight_ref @gate : !tenon.weight<8x96x128, <bf16>>
  %up = tenon.weight_ref @up : !tenon.weight<8x96x128, <bf16>>
  %down = tenon.weight_ref @down : !tenon.weight<8x128x96, <bf16>>
  %logits = tenon.linear %x, %router : tensor<?x128xf32>, !tenon.weight<8x128, <f32>> -> tensor<?x8xf32>
  %choice, %shares = tenon.router softmax %logits top 2 renorm 1.0e-20 scale 1.0
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %sum = tenon.experts silu %x, %choice, %shares, %gate, %up, %down
      : tensor<?x128xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x96x128, <bf16>>, !tenon.weight<8x96x128, <bf16>>, !tenon.weight<8x128x96, <bf16>>
  %result = arith.addf %x, %sum : tensor<?x128xf32>
  return %result : tensor<?x128xf32>
}
