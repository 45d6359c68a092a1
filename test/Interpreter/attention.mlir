// Attention: who sees which key, softcap, sinks, groups of heads, caches in bf16.
// RUN: tenon-run %s --entry=full --input=ints:1,2,3 --input=ints:0,0,0 --input=ints:0,3,0,1@1x4 --input=zeros@3x1x1 --input=floats:1,2,4,8,16@1x1x5x1x1 --print | FileCheck %s
// RUN: tenon-run %s --entry=scores --input=ints:1 --input=zeros --input=ints:0,1,0,1@1x4 --input=floats:1,2@1x2x1 --input=floats:0,1,50,0,1,50@1x1x3x2x1 --input=floats:1,-1,2,-2,0,0@1x1x3x2x1 --weight=s:0.25,0.5 --print | FileCheck %s --check-prefix=SCORES
// RUN: tenon-run %s --entry=update --input=ints:2,0 --input=ints:0,1 --input=floats:1.00390625,1.01171875,3,4@2x2 --input=zeros@1x2x3x2 --print --digits=9 | FileCheck %s --check-prefix=UPDATE
// RUN: tenon-run %s --entry=full --input=ints: --input=ints: --input=zeros@0x4 --input=zeros@0x1x1 --input=zeros@1x1x5x1x1 --print | FileCheck %s --check-prefix=NONE

// All scores are equal, so a result is the mean of the values that are seen.
// CHECK: result 0: 3x1x1xf32 = {{\[\[\[}}1.5]], {{\[\[}}2.33333]], {{\[\[}}3.75]]]
// CHECK: result 1: 3x1x1xf32 = {{\[\[\[}}3.75]], {{\[\[}}3.75]], {{\[\[}}3.75]]]
// CHECK: result 2: 3x1x1xf32 = {{\[\[\[}}1.5]], {{\[\[}}3]], {{\[\[}}6]]]
// CHECK: result 3: 3x1x1xf32 = {{\[\[\[}}2]], {{\[\[}}4]], {{\[\[}}8]]]
// CHECK: result 4: 3x1x1xf32 = {{\[\[\[}}1.5]], {{\[\[}}4]], {{\[\[}}6]]]
// NONE: result 0: 0x1x1xf32 = []
func.func @full(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %q: tensor<?x1x1xf32>, %c: tensor<1x?x?x1x1xf32>)
    -> (tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>) {
  %l = arith.constant 0 : index
  %0 = tenon.attention %q, %c, %c[%l] at %pos in %slot blocks %blocks scale 1.0 mask <causal>
      : tensor<?x1x1xf32>, tensor<1x?x?x1x1xf32> and tensor<1x?x?x1x1xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x1x1xf32>
  %1 = tenon.attention %q, %c, %c[%l] at %pos in %slot blocks %blocks scale 1.0 mask <full>
      : tensor<?x1x1xf32>, tensor<1x?x?x1x1xf32> and tensor<1x?x?x1x1xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x1x1xf32>
  %2 = tenon.attention %q, %c, %c[%l] at %pos in %slot blocks %blocks scale 1.0 mask <causal, window = 2>
      : tensor<?x1x1xf32>, tensor<1x?x?x1x1xf32> and tensor<1x?x?x1x1xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x1x1xf32>
  %3 = tenon.attention %q, %c, %c[%l] at %pos in %slot blocks %blocks scale 1.0 mask <causal, window = 1>
      : tensor<?x1x1xf32>, tensor<1x?x?x1x1xf32> and tensor<1x?x?x1x1xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x1x1xf32>
  %4 = tenon.attention %q, %c, %c[%l] at %pos in %slot blocks %blocks scale 1.0 mask <causal, chunk = 2>
      : tensor<?x1x1xf32>, tensor<1x?x?x1x1xf32> and tensor<1x?x?x1x1xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x1x1xf32>
  return %0, %1, %2, %3, %4 : tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>
}

tenon.weight @s "s" : !tenon.weight<2, <f32>>

// Two heads with keys of their own, at position 1: keys 0 and 1 of head 0 are 0 and 50, of head 1 they are 1 and 0.
// Head 0: e^(0 - 50) and 1, values 1 and 2; head 1 has scores 2 and 0, values -1 and -2.
// With softcap 2: scores 0 and 2 tanh(25), then 2 tanh(1) and 0. With sinks: e^0.25 and e^0.5 more in the sums.
// SCORES: result 0: 1x2x1xf32 = {{\[\[\[}}2], [-1.1192]]]
// SCORES: result 1: 1x2x1xf32 = {{\[\[\[}}1.8808], [-1.17899]]]
// SCORES: result 2: 1x2x1xf32 = {{\[\[\[}}2], [-0.935372]]]
func.func @scores(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %q: tensor<?x2x1xf32>, %k: tensor<1x?x?x2x1xf32>, %v: tensor<1x?x?x2x1xf32>)
    -> (tensor<?x2x1xf32>, tensor<?x2x1xf32>, tensor<?x2x1xf32>) {
  %l = arith.constant 0 : index
  %s = tenon.weight_ref @s : !tenon.weight<2, <f32>>
  %0 = tenon.attention %q, %k, %v[%l] at %pos in %slot blocks %blocks scale 1.0 mask <causal>
      : tensor<?x2x1xf32>, tensor<1x?x?x2x1xf32> and tensor<1x?x?x2x1xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x1xf32>
  %1 = tenon.attention %q, %k, %v[%l] at %pos in %slot blocks %blocks scale 1.0 mask <causal> softcap 2.0
      : tensor<?x2x1xf32>, tensor<1x?x?x2x1xf32> and tensor<1x?x?x2x1xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x1xf32>
  %2 = tenon.attention %q, %k, %v[%l] at %pos in %slot blocks %blocks sinks %s : !tenon.weight<2, <f32>> scale 1.0 mask <causal>
      : tensor<?x2x1xf32>, tensor<1x?x?x2x1xf32> and tensor<1x?x?x2x1xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x1xf32>
  return %0, %1, %2 : tensor<?x2x1xf32>, tensor<?x2x1xf32>, tensor<?x2x1xf32>
}

// Ties of bf16 go to the even number: 1.0039 down, 1.0117 up; nothing else changes.
// UPDATE: result 0: 1x2x3x2xbf16 = {{\[\[\[\[}}0, 0], [0, 0], [1, 1.015625]], {{\[\[}}3, 4], [0, 0], [0, 0]]]]
func.func @update(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %x: tensor<?x2xf32>, %c: tensor<1x?x?x2xbf16>) -> tensor<1x?x?x2xbf16> {
  %l = arith.constant 0 : index
  %y = tenon.cache_update %x into %c[%l] at %pos in %slot : tensor<?x2xf32> into tensor<1x?x?x2xbf16>, tensor<?xi32>
  return %y : tensor<1x?x?x2xbf16>
}
