// A whole step of two layers: inputs that agree, results that passes keep, files.
// RUN: tenon-run %s --entry=step --step=tokens:5+1,start:0+3,slots:3,vocabulary:23 --print | FileCheck %s
// RUN: tenon-run %s --entry=step --step=tokens:5+1,start:0+3,slots:3,vocabulary:23 --pipeline="builtin.module(canonicalize,cse)" --compare=interpret | FileCheck %s --check-prefix=COMPARE
// RUN: tenon-run %s --entry=step --step=tokens:0,vocabulary:23 --print | FileCheck %s --check-prefix=NONE

// What is written can be read, and is then the same.
// RUN: tenon-run %s --entry=step --step=tokens:5+1,start:0+3,slots:3,vocabulary:23 --output=%t.npy
// RUN: tenon-run %s --entry=same --input=%t.npy --print > %t.read
// RUN: tenon-run %s --entry=logits --step=tokens:5+1,start:0+3,slots:3,vocabulary:23 --print > %t.run
// RUN: diff %t.read %t.run

// Other weights are another model.
// RUN: tenon-run %s --entry=logits --step=tokens:5+1,start:0+3,slots:3,vocabulary:23 --weights=seed:2 --print > %t.other
// RUN: not diff %t.other %t.run


// CHECK: result 0: 2x23xf32 = {{\[\[}}
// CHECK: result 1: 2x3x8x2x4xf32 =
// COMPARE: result 0: error
// COMPARE: result 1: error
// COMPARE: result 2: error
// NONE: result 0: 0x23xf32 = []

tenon.weight @embed "embed" : !tenon.weight<23x12, <bf16>>
tenon.weight @norm "norm.{l}" layers [0, 1] : !tenon.weight<2x12, <f32>>
tenon.weight @q "q.{l}" layers [0, 1] : !tenon.weight<2x16x12, <bf16>>
tenon.weight @k "k.{l}" layers [0, 1] : !tenon.weight<2x8x12, <bf16>>
tenon.weight @v "v.{l}" layers [0, 1] : !tenon.weight<2x8x12, <bf16>>
tenon.weight @o "o.{l}" factors ["o.{l}.scale"] layers [0, 1] : !tenon.weight<2x12x16, <f8E4M3FN, scale f32 per 8x8>>
tenon.weight @norm2 "norm2.{l}" layers [0, 1] : !tenon.weight<2x12, <f32>>
tenon.weight @gate "gate.{l}" layers [0, 1] : !tenon.weight<2x20x12, <i8, scale f32 per 1x4, offset>>
tenon.weight @up "up.{l}" layers [0, 1] : !tenon.weight<2x20x12, <i8, scale f32 per 1x4, offset>>
tenon.weight @down "down.{l}" layers [0, 1] : !tenon.weight<2x12x20, <bf16>>
tenon.weight @final "final" : !tenon.weight<12, <f32>>

!cache = tensor<2x?x?x2x4xf32>

func.func private @layer(%x: tensor<?x12xf32>, %l: index, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %kc: !cache, %vc: !cache) -> (tensor<?x12xf32>, !cache, !cache) {
  %n1 = tenon.weight_ref @norm[%l] : !tenon.weight<12, <f32>>
  %wq = tenon.weight_ref @q[%l] : !tenon.weight<16x12, <bf16>>
  %wk = tenon.weight_ref @k[%l] : !tenon.weight<8x12, <bf16>>
  %wv = tenon.weight_ref @v[%l] : !tenon.weight<8x12, <bf16>>
  %wo = tenon.weight_ref @o[%l] : !tenon.weight<12x16, <f8E4M3FN, scale f32 per 8x8>>
  %n2 = tenon.weight_ref @norm2[%l] : !tenon.weight<12, <f32>>
  %wg = tenon.weight_ref @gate[%l] : !tenon.weight<20x12, <i8, scale f32 per 1x4, offset>>
  %wu = tenon.weight_ref @up[%l] : !tenon.weight<20x12, <i8, scale f32 per 1x4, offset>>
  %wd = tenon.weight_ref @down[%l] : !tenon.weight<12x20, <bf16>>
  %h = tenon.norm rms %x, %n1 eps 1.0e-6 : tensor<?x12xf32>, !tenon.weight<12, <f32>>
  %q = tenon.linear %h, %wq : tensor<?x12xf32>, !tenon.weight<16x12, <bf16>> -> tensor<?x4x4xf32>
  %k = tenon.linear %h, %wk : tensor<?x12xf32>, !tenon.weight<8x12, <bf16>> -> tensor<?x2x4xf32>
  %v = tenon.linear %h, %wv : tensor<?x12xf32>, !tenon.weight<8x12, <bf16>> -> tensor<?x2x4xf32>
  %qr = tenon.rope %q at %pos first <dims = 4, pairing = half, theta = 1.0e4 : f64> : tensor<?x4x4xf32>, tensor<?xi32>
  %kr = tenon.rope %k at %pos first <dims = 4, pairing = half, theta = 1.0e4 : f64> : tensor<?x2x4xf32>, tensor<?xi32>
  %k1 = tenon.cache_update %kr into %kc[%i] at %pos in %slot : tensor<?x2x4xf32> into !cache, tensor<?xi32>
  %v1 = tenon.cache_update %v into %vc[%i] at %pos in %slot : tensor<?x2x4xf32> into !cache, tensor<?xi32>
  %a = tenon.attention %qr, %k1, %v1[%i] at %pos in %slot blocks %blocks scale 0.5 mask <causal>
      : tensor<?x4x4xf32>, !cache and !cache, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x4xf32>
  %o = tenon.linear %a, %wo : tensor<?x4x4xf32>, !tenon.weight<12x16, <f8E4M3FN, scale f32 per 8x8>> -> tensor<?x12xf32>
  %x1 = arith.addf %x, %o : tensor<?x12xf32>
  %h2 = tenon.norm rms %x1, %n2 eps 1.0e-6 : tensor<?x12xf32>, !tenon.weight<12, <f32>>
  %g = tenon.linear %h2, %wg : tensor<?x12xf32>, !tenon.weight<20x12, <i8, scale f32 per 1x4, offset>> -> tensor<?x20xf32>
  %u = tenon.linear %h2, %wu : tensor<?x12xf32>, !tenon.weight<20x12, <i8, scale f32 per 1x4, offset>> -> tensor<?x20xf32>
  %s = tenon.glu silu %g, %u : tensor<?x20xf32>
  %d = tenon.linear %s, %wd : tensor<?x20xf32>, !tenon.weight<12x20, <bf16>> -> tensor<?x12xf32>
  %x2 = arith.addf %x1, %d : tensor<?x12xf32>
  return %x2, %k1, %v1 : tensor<?x12xf32>, !cache, !cache
}

func.func @step(%tok: tensor<?xi32> {tenon.role = #tenon.role<tokens>}, %pos: tensor<?xi32> {tenon.role = #tenon.role<positions>}, %slot: tensor<?xi32> {tenon.role = #tenon.role<slots>}, %rows: tensor<?xi32> {tenon.role = #tenon.role<rows>}, %blocks: tensor<?x4xi32> {tenon.role = #tenon.role<blocks>}, %k: !cache {tenon.role = #tenon.role<cache>}, %v: !cache {tenon.role = #tenon.role<cache>}) -> (tensor<?x23xf32>, !cache, !cache) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %e = tenon.weight_ref @embed : !tenon.weight<23x12, <bf16>>
  %f = tenon.weight_ref @final : !tenon.weight<12, <f32>>
  %x0 = tenon.embedding %tok, %e scale 3.5 : tensor<?xi32>, !tenon.weight<23x12, <bf16>> -> tensor<?x12xf32>
  %x:3 = scf.for %i = %c0 to %c2 step %c1 iter_args(%xi = %x0, %ki = %k, %vi = %v) -> (tensor<?x12xf32>, !cache, !cache) {
    %l = tenon.ordinal %i in <0 x 2>
    %r:3 = func.call @layer(%xi, %l, %i, %pos, %slot, %blocks, %ki, %vi) : (tensor<?x12xf32>, index, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>, !cache, !cache) -> (tensor<?x12xf32>, !cache, !cache)
    scf.yield %r#0, %r#1, %r#2 : tensor<?x12xf32>, !cache, !cache
  }
  %w = tenon.gather_rows %x#0, %rows : tensor<?x12xf32>, tensor<?xi32> -> tensor<?x12xf32>
  %h = tenon.norm rms %w, %f eps 1.0e-6 : tensor<?x12xf32>, !tenon.weight<12, <f32>>
  %y = tenon.linear %h, %e : tensor<?x12xf32>, !tenon.weight<23x12, <bf16>> -> tensor<?x23xf32>
  return %y, %x#1, %x#2 : tensor<?x23xf32>, !cache, !cache
}

func.func @logits(%tok: tensor<?xi32> {tenon.role = #tenon.role<tokens>}, %pos: tensor<?xi32> {tenon.role = #tenon.role<positions>}, %slot: tensor<?xi32> {tenon.role = #tenon.role<slots>}, %rows: tensor<?xi32> {tenon.role = #tenon.role<rows>}, %blocks: tensor<?x4xi32> {tenon.role = #tenon.role<blocks>}, %k: !cache {tenon.role = #tenon.role<cache>}, %v: !cache {tenon.role = #tenon.role<cache>}) -> tensor<?x23xf32> {
  %r:3 = func.call @step(%tok, %pos, %slot, %rows, %blocks, %k, %v) : (tensor<?xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>, !cache, !cache) -> (tensor<?x23xf32>, !cache, !cache)
  return %r#0 : tensor<?x23xf32>
}

func.func @same(%x: tensor<?x23xf32>) -> tensor<?x23xf32> {
  return %x : tensor<?x23xf32>
}
