// Routers with ties and groups, experts without tokens, and what experts open into.
// RUN: tenon-run %s --entry=ties --input=floats:1,2,2,0,2,1,5,5,5,5,5,5@2x6 --print | FileCheck %s --check-prefix=TIES
// RUN: tenon-run %s --entry=groups --input=floats:0,0,0,3,2,1,1,0@1x8 --weight=bias:0,0,0,0,0,0,0,0.5 --print | FileCheck %s --check-prefix=GROUPS
// RUN: tenon-run %s --entry=sort --input=ints:3,0,0,3,1,3@3x2 --print | FileCheck %s --check-prefix=SORT
// RUN: tenon-run %s --entry=sort --input=ints:@0x2 --print | FileCheck %s --check-prefix=NONE
// RUN: tenon-run %s --entry=opened --input=seed:2@5x6 --input=seed:3@5x4 --before=%s --before-entry=whole --compare=interpret --exact --tolerance-scale=1e-7
// RUN: tenon-run %s --entry=opened --input=zeros@0x6 --input=zeros@0x4 --before=%s --before-entry=whole --compare=interpret

// Among equal logits the lower expert wins.
// TIES: result 0: 2x3xi32 = {{\[\[}}1, 2, 4], [0, 1, 2]]
// TIES: result 1: 2x3xf32 = {{\[\[}}0.666667, 0.666667, 0.666667], [0.666667, 0.666667, 0.666667]]
func.func @ties(%x: tensor<?x6xf32>) -> (tensor<?x3xi32>, tensor<?x3xf32>) {
  %i, %w = tenon.router softmax %x top 3 renorm 1.0e-20 scale 2.0 : tensor<?x6xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  return %i, %w : tensor<?x3xi32>, tensor<?x3xf32>
}

// With s = 1 / (1 + e^-x): s(0) = .5, s(1) = .731059, s(2) = .880797, s(3) = .952574.
// Sums of two: 1, 1.452574, 1.611856, 0.731059 + 1 = 1.731059; groups 3 and 2 are kept, and the biased expert is the best.
// Largest: .5, .952574, .880797, 1; groups 3 and 1 are kept.
// GROUPS: result 0: 1x3xi32 = {{\[\[}}7, 4, 5]]
// GROUPS: result 1: 1x3xf32 = {{\[\[}}0.5, 0.880797, 0.731059]]
// GROUPS: result 2: 1x2xi32 = {{\[\[}}7, 3]]
func.func @groups(%x: tensor<?x8xf32>) -> (tensor<?x3xi32>, tensor<?x3xf32>, tensor<?x2xi32>) {
  %b = tenon.weight_ref @bias : !tenon.weight<8, <f32>>
  %i, %w = tenon.router sigmoid %x bias %b : !tenon.weight<8, <f32>> groups 4 keep 2 by top2sum top 3 scale 1.0 : tensor<?x8xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  %j, %v = tenon.router sigmoid %x bias %b : !tenon.weight<8, <f32>> groups 4 keep 2 top 2 scale 1.0 : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return %i, %w, %j : tensor<?x3xi32>, tensor<?x3xf32>, tensor<?x2xi32>
}
tenon.weight @bias "bias" : !tenon.weight<8, <f32>>

// Expert 2 has no token; equal choices keep their order.
// SORT: result 0: 6xi32 = [1, 2, 4, 0, 3, 5]
// SORT: result 1: 3x2xi32 = {{\[\[}}3, 0], [1, 4], [2, 5]]
// SORT: result 2: 5xi32 = [0, 2, 3, 3, 6]
// NONE: result 0: 0xi32 = []
// NONE: result 2: 5xi32 = [0, 0, 0, 0, 0]
func.func @sort(%i: tensor<?x2xi32>) -> (tensor<?xi32>, tensor<?x2xi32>, tensor<5xi32>) {
  %o, %p, %f = tenon.moe_dispatch %i : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<5xi32>
  return %o, %p, %f : tensor<?xi32>, tensor<?x2xi32>, tensor<5xi32>
}

tenon.weight @gate "gate.{e}" : !tenon.weight<4x5x6, <bf16>>
tenon.weight @up "up.{e}" : !tenon.weight<4x5x6, <bf16>>
tenon.weight @down "down.{e}" : !tenon.weight<4x6x5, <bf16>>
tenon.derive @gate_up = concat_rows [@gate, @up] : !tenon.weight<4x10x6, <bf16>>

func.func @whole(%x: tensor<?x6xf32>, %l: tensor<?x4xf32>) -> tensor<?x6xf32> {
  %i, %w = tenon.router softmax %l top 2 scale 1.0 : tensor<?x4xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %g = tenon.weight_ref @gate : !tenon.weight<4x5x6, <bf16>>
  %u = tenon.weight_ref @up : !tenon.weight<4x5x6, <bf16>>
  %d = tenon.weight_ref @down : !tenon.weight<4x6x5, <bf16>>
  %y = tenon.experts silu %x, %i, %w, %g, %u, %d : tensor<?x6xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<4x5x6, <bf16>>, !tenon.weight<4x5x6, <bf16>>, !tenon.weight<4x6x5, <bf16>>
  %z = arith.addf %x, %y : tensor<?x6xf32>
  return %z : tensor<?x6xf32>
}

func.func @opened(%x: tensor<?x6xf32>, %l: tensor<?x4xf32>) -> tensor<?x6xf32> {
  %i, %w = tenon.router softmax %l top 2 scale 1.0 : tensor<?x4xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %gu = tenon.weight_ref @gate_up : !tenon.weight<4x10x6, <bf16>>
  %d = tenon.weight_ref @down : !tenon.weight<4x6x5, <bf16>>
  %o, %p, %f = tenon.moe_dispatch %i : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<5xi32>
  %a = tenon.grouped_linear %x rows %o : tensor<?xi32> choices 2 of %f, %gu glu silu : tensor<?x6xf32>, tensor<5xi32>, !tenon.weight<4x10x6, <bf16>> -> tensor<?x5xf32>
  %b = tenon.grouped_linear %a of %f, %d : tensor<?x5xf32>, tensor<5xi32>, !tenon.weight<4x6x5, <bf16>> -> tensor<?x6xf32>
  %y = tenon.moe_combine %b, %p, %w init %x : tensor<?x6xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}
