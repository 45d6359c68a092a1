// Products, activations and rows, with numbers that can be checked by hand.
// RUN: tenon-run %s --entry=biased --input=floats:1,2,3,-1,0,0.5@2x3 --weight=w:1,0,2,0.5,-1,1,3,1,0,2,2,2 --weight=b:10,20,30,40 --print | FileCheck %s --check-prefix=BIASED
// RUN: tenon-run %s --entry=biased --input=zeros@0x3 --print | FileCheck %s --check-prefix=NONE
// RUN: tenon-run %s --entry=glu --input=floats:1,2,3,-1,0,0.5@2x3 --weight=w:1,0,2,0.5,-1,1,3,1,0,2,2,2 --print | FileCheck %s --check-prefix=GLU
// RUN: tenon-run %s --entry=heads --input=floats:1,2,10,3,4,20@1x2x3 --weight=h:1,0,0,1,1,1,1,-1,2,0,0,2 --print | FileCheck %s --check-prefix=HEADS
// RUN: tenon-run %s --entry=activations --input=floats:-1,0,1,3@1x4 --input=fill:2@1x4 --print | FileCheck %s --check-prefix=ACT
// RUN: tenon-run %s --entry=embed --input=ints:2,0,2 --weight=t:1,2,3,4,5,6 --print | FileCheck %s --check-prefix=EMBED
// RUN: tenon-run %s --entry=rows --input=floats:1,2,3,4,5,6@3x2 --input=ints:2,0,2 --print | FileCheck %s --check-prefix=ROWS
// RUN: tenon-run %s --entry=narrow --input=floats:1,0.00390625@1x2 --weight=n:1,1 --print --digits=9 | FileCheck %s --check-prefix=NARROW

tenon.weight @w "w" : !tenon.weight<4x3, <f32>>
tenon.weight @b "b" : !tenon.weight<4, <f32>>
tenon.weight @h "h" : !tenon.weight<2x3x2, <f32>>
tenon.weight @t "t" : !tenon.weight<3x2, <bf16>>
tenon.weight @n "n" : !tenon.weight<1x2, <f32>>

// BIASED: result 0: 2x4xf32 = {{\[\[}}17, 21.5, 35, 52], [10, 20, 27, 39]]
// NONE: result 0: 0x4xf32 = []
func.func @biased(%x: tensor<?x3xf32>) -> tensor<?x4xf32> {
  %w = tenon.weight_ref @w : !tenon.weight<4x3, <f32>>
  %b = tenon.weight_ref @b : !tenon.weight<4, <f32>>
  %y = tenon.linear %x, %w bias %b : tensor<?x3xf32>, !tenon.weight<4x3, <f32>>, !tenon.weight<4, <f32>> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// relu(7) * 5, relu(1.5) * 12; relu(0) * -3, relu(0) * -1.
// GLU: result 0: 2x2xf32 = {{\[\[}}35, 18], [-0, -0]]
func.func @glu(%x: tensor<?x3xf32>) -> tensor<?x2xf32> {
  %w = tenon.weight_ref @w : !tenon.weight<4x3, <f32>>
  %y = tenon.linear %x, %w glu relu : tensor<?x3xf32>, !tenon.weight<4x3, <f32>> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// Each head has its own matrix; the third element of a head is kept.
// HEADS: result 0: 1x2x4xf32 = {{\[\[\[}}1, 2, 3, 10], [-1, 6, 8, 20]]]
func.func @heads(%x: tensor<?x2x3xf32>) -> tensor<?x2x4xf32> {
  %w = tenon.weight_ref @h : !tenon.weight<2x3x2, <f32>>
  %y = tenon.head_linear %x, %w keep : tensor<?x2x3xf32>, !tenon.weight<2x3x2, <f32>> -> tensor<?x2x4xf32>
  return %y : tensor<?x2x4xf32>
}

// Twice x / (1 + exp(-x)); x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))); x (1 + erf(x / sqrt(2))); 2 max(x, 0).
// ACT: result 0: 1x4xf32 = {{\[\[}}-0.537883, 0, 1.46212, 5.71544]]
// ACT: result 1: 1x4xf32 = {{\[\[}}-0.317616, 0, 1.68238, 5.99273]]
// ACT: result 2: 1x4xf32 = {{\[\[}}-0.317311, 0, 1.68269, 5.9919]]
// ACT: result 3: 1x4xf32 = {{\[\[}}0, 0, 2, 6]]
func.func @activations(%g: tensor<?x4xf32>, %u: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %0 = tenon.glu silu %g, %u : tensor<?x4xf32>
  %1 = tenon.glu gelu_tanh %g, %u : tensor<?x4xf32>
  %2 = tenon.glu gelu %g, %u : tensor<?x4xf32>
  %3 = tenon.glu relu %g, %u : tensor<?x4xf32>
  return %0, %1, %2, %3 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// EMBED: result 0: 3x2xf32 = {{\[\[}}2.5, 3], [0.5, 1], [2.5, 3]]
func.func @embed(%tok: tensor<?xi32>) -> tensor<?x2xf32> {
  %w = tenon.weight_ref @t : !tenon.weight<3x2, <bf16>>
  %y = tenon.embedding %tok, %w scale 0.5 : tensor<?xi32>, !tenon.weight<3x2, <bf16>> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// ROWS: result 0: 3x2xf32 = {{\[\[}}5, 6], [1, 2], [5, 6]]
func.func @rows(%x: tensor<?x2xf32>, %rows: tensor<?xi32>) -> tensor<?x2xf32> {
  %y = tenon.gather_rows %x, %rows : tensor<?x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// The sum lies between two numbers of bf16 at the same distance: the even one.
// NARROW: result 0: 1x1xbf16 = {{\[\[}}1]]
// NARROW: result 1: 1x1xf32 = {{\[\[}}1.00390625]]
func.func @narrow(%x: tensor<?x2xf32>) -> (tensor<?x1xbf16>, tensor<?x1xf32>) {
  %w = tenon.weight_ref @n : !tenon.weight<1x2, <f32>>
  %y = tenon.linear %x, %w : tensor<?x2xf32>, !tenon.weight<1x2, <f32>> -> tensor<?x1xbf16>
  %z = tenon.linear %x, %w : tensor<?x2xf32>, !tenon.weight<1x2, <f32>> -> tensor<?x1xf32>
  return %y, %z : tensor<?x1xbf16>, tensor<?x1xf32>
}
