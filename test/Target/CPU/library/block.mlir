// Attention with caches, experts, and rows that are gathered, in one library with weights
// of a safetensors file: each gives what the interpreter does, and writes to nothing else.
// REQUIRES: avx2, numpy

// DEFINE: %{rows} = 7
// DEFINE: %{blocks} = 2
// DEFINE: %{attention} = %call %t/block.so attention weights:%t/block.weights size:%{rows} size:%{blocks} size:2 size:80 %t/x.npy %t/pos.npy %t/slot.npy %t/blocks.npy %t/k.npy:%t/k1.npy %t/v.npy:%t/v1.npy f4:%{rows}x12:%t/y.npy
// DEFINE: %{compare-attention} = tenon-run %s --entry=attention --model=%t/block.safetensors --input=%t/x.npy --input=%t/pos.npy --input=%t/slot.npy --input=%t/blocks.npy --input=%t/k.npy --input=%t/v.npy --other=%t/y.npy --other=%t/k1.npy --other=%t/v1.npy
// DEFINE: %{experts} = %call %t/block.so experts weights:%t/block.weights size:%{rows} %t/x.npy f4:%{rows}x12:%t/y.npy
// DEFINE: %{compare-experts} = tenon-run %s --entry=experts --model=%t/block.safetensors --input=%t/x.npy --other=%t/y.npy

// RUN: rm -rf %t && mkdir %t && %arrays %t 7
// RUN: %tenon compile %s --entry=attention,experts,gather --target=cpu:x86-64-v3 --buckets=8,65 --model=%t/block.safetensors -o %t/block.so
// RUN: %{attention} && %{compare-attention} | FileCheck %s --check-prefixes=CHECK,THREE
// RUN: %{experts} && %{compare-experts} | FileCheck %s
// RUN: %call %t/block.so gather weights:%t/block.weights size:7 size:9 %t/x.npy %t/rows.npy f4:9x12:%t/y.npy f4:7x12:%t/z.npy
// RUN: tenon-run %s --entry=gather --model=%t/block.safetensors --input=%t/x.npy --input=%t/rows.npy --other=%t/y.npy --other=%t/z.npy | FileCheck %s
// REDEFINE: %{rows} = 1
// REDEFINE: %{blocks} = 1
// RUN: %arrays %t 1
// RUN: %{attention} && %{compare-attention} | FileCheck %s
// RUN: %{experts} && %{compare-experts} | FileCheck %s
// REDEFINE: %{rows} = 65
// REDEFINE: %{blocks} = 17
// RUN: %arrays %t 65
// RUN: %{attention} && %{compare-attention} | FileCheck %s
// RUN: %{experts} && %{compare-experts} | FileCheck %s
// CHECK: result 0: error {{.*}} allowed
// THREE: result 1: error {{.*}} allowed
// THREE: result 2: error {{.*}} allowed

// The header says how blocks are cut.
// RUN: FileCheck %s --check-prefix=BLOCKS --input-file=%t/block.h
// BLOCKS: has more than {{[1-9][0-9]*}} rows.

// Weights without values are refused, unless nobody wants them.
// RUN: not %tenon compile %s --entry=experts --target=cpu:x86-64-v3 -o %t/bare.so 2>&1 | FileCheck %s --check-prefix=BARE
// BARE: error: '{{.*}}block.mlir' has weights, but no values of them; say whose with --model, or add --skip-weights
// RUN: not ls %t/bare.so %t/bare.h
// RUN: %tenon compile %s --entry=experts --target=cpu:x86-64-v3 --skip-weights -o %t/bare.so
// RUN: FileCheck %s --check-prefix=SIZE --input-file=%t/bare.h
// SIZE: #define BARE_WEIGHT_BYTES {{[1-9][0-9]*}}
// SIZE: weights: the bytes of the file of weights, at a multiple of 64
// RUN: not ls %t/bare.weights

module {
tenon.weight @norm "norm" : !tenon.weight<12, <f32>>
tenon.weight @q "q" : !tenon.weight<12x12, <f32>>
tenon.weight @k "k" : !tenon.weight<4x12, <f32>>
tenon.weight @v "v" : !tenon.weight<4x12, <f32>>
tenon.weight @o "o" : !tenon.weight<12x12, <f32>>
tenon.weight @router "router" : !tenon.weight<5x12, <f32>>
tenon.weight @gate "gate.{e}" : !tenon.weight<5x9x12, <f32>>
tenon.weight @up "up.{e}" : !tenon.weight<5x9x12, <f32>>
tenon.weight @down "down.{e}" : !tenon.weight<5x12x9, <f32>>

func.func @attention(%x: tensor<?x12xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %k: tensor<1x?x?x1x4xf32>, %v: tensor<1x?x?x1x4xf32>)
    -> (tensor<?x12xf32>, tensor<1x?x?x1x4xf32>, tensor<1x?x?x1x4xf32>) {
  %layer = arith.constant 0 : index
  %wn = tenon.weight_ref @norm : !tenon.weight<12, <f32>>
  %wq = tenon.weight_ref @q : !tenon.weight<12x12, <f32>>
  %wk = tenon.weight_ref @k : !tenon.weight<4x12, <f32>>
  %wv = tenon.weight_ref @v : !tenon.weight<4x12, <f32>>
  %wo = tenon.weight_ref @o : !tenon.weight<12x12, <f32>>
  %h = tenon.norm rms %x, %wn eps 1.0e-5 : tensor<?x12xf32>, !tenon.weight<12, <f32>>
  %q = tenon.linear %h, %wq : tensor<?x12xf32>, !tenon.weight<12x12, <f32>> -> tensor<?x3x4xf32>
  %key = tenon.linear %h, %wk : tensor<?x12xf32>, !tenon.weight<4x12, <f32>> -> tensor<?x1x4xf32>
  %value = tenon.linear %h, %wv : tensor<?x12xf32>, !tenon.weight<4x12, <f32>> -> tensor<?x1x4xf32>
  %k1 = tenon.cache_update %key into %k[%layer] at %pos in %slot : tensor<?x1x4xf32> into tensor<1x?x?x1x4xf32>, tensor<?xi32>
  %v1 = tenon.cache_update %value into %v[%layer] at %pos in %slot : tensor<?x1x4xf32> into tensor<1x?x?x1x4xf32>, tensor<?xi32>
  %a = tenon.attention %q, %k1, %v1[%layer] at %pos in %slot blocks %blocks scale 0.5 mask <causal>
      : tensor<?x3x4xf32>, tensor<1x?x?x1x4xf32> and tensor<1x?x?x1x4xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x4xf32>
  %p = tenon.linear %a, %wo : tensor<?x3x4xf32>, !tenon.weight<12x12, <f32>> -> tensor<?x12xf32>
  %y = arith.addf %x, %p : tensor<?x12xf32>
  return %y, %k1, %v1 : tensor<?x12xf32>, tensor<1x?x?x1x4xf32>, tensor<1x?x?x1x4xf32>
}

func.func @experts(%x: tensor<?x12xf32>) -> tensor<?x12xf32> {
  %wn = tenon.weight_ref @norm : !tenon.weight<12, <f32>>
  %wr = tenon.weight_ref @router : !tenon.weight<5x12, <f32>>
  %wg = tenon.weight_ref @gate : !tenon.weight<5x9x12, <f32>>
  %wu = tenon.weight_ref @up : !tenon.weight<5x9x12, <f32>>
  %wd = tenon.weight_ref @down : !tenon.weight<5x12x9, <f32>>
  %h = tenon.norm rms %x, %wn eps 1.0e-5 : tensor<?x12xf32>, !tenon.weight<12, <f32>>
  %l = tenon.linear %h, %wr : tensor<?x12xf32>, !tenon.weight<5x12, <f32>> -> tensor<?x5xf32>
  %id, %share = tenon.router softmax %l top 2 renorm 1.0e-20 scale 1.5 : tensor<?x5xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %e = tenon.experts silu %h, %id, %share, %wg, %wu, %wd : tensor<?x12xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<5x9x12, <f32>>, !tenon.weight<5x9x12, <f32>>, !tenon.weight<5x12x9, <f32>>
  %y = arith.addf %x, %e : tensor<?x12xf32>
  return %y : tensor<?x12xf32>
}

func.func @gather(%x: tensor<?x12xf32>, %rows: tensor<?xi32>) -> (tensor<?x12xf32>, tensor<?x12xf32>) {
  %wn = tenon.weight_ref @norm : !tenon.weight<12, <f32>>
  %s = arith.addf %x, %x : tensor<?x12xf32>
  %h = tenon.norm rms %s, %wn eps 1.0e-5 : tensor<?x12xf32>, !tenon.weight<12, <f32>>
  %g = tenon.gather_rows %h, %rows : tensor<?x12xf32>, tensor<?xi32> -> tensor<?x12xf32>
  %y = arith.addf %g, %g : tensor<?x12xf32>
  return %y, %h : tensor<?x12xf32>, tensor<?x12xf32>
}
}
