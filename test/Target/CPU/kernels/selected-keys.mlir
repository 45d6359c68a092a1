// Keys that an indexer selects: scores, ties, fewer keys than places, and attention to
// them in both forms, as native code.
// REQUIRES: avx2

// DEFINE: %{pipeline} = --pipeline='builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=9 positions=64},tenon-tile-pipeline)'
// DEFINE: %{step} = --step=tokens:5+3,start:20+0,slots:2,context:32

// RUN: tenon-run %s --entry=select %{step} --input=positions --input=slots --input=seed:1@8x11x13 --input=seed:2@8x11 --input=cache --input=unwritten@8x9 --engine=native --compare=interpret %{pipeline} | FileCheck %s
// RUN: tenon-run %s --entry=attend %{step} --input=positions --input=slots --input=blocks --input=seed:1@8x11x13 --input=seed:2@8x11 --input=cache --input=seed:4@8x3x7 --input=cache --input=unwritten@8x3x3 --engine=native --compare=interpret %{pipeline} | FileCheck %s
// RUN: tenon-run %s --entry=attend %{step} --input=positions --input=slots --input=blocks --input=seed:1@8x11x13 --input=seed:2@8x11 --input=cache --input=seed:4@8x3x7 --input=cache --input=unwritten@8x3x3 --engine=native --compare=interpret \
// RUN:   --pipeline='builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=9 positions=64 absorb-tokens=0},tenon-tile-pipeline)' | FileCheck %s
// CHECK: ratio {{[01]}}

// Of equal scores the first keys are taken.
// RUN: tenon-run %s --entry=tie --input=ints:5,1,5@3 --input=ints:0,0,0@3 --input=floats:1,1,-1@3x1x1 --input=floats:1,1,-1@3x1 --input=floats:2,3,2,-1,2,3@1x1x6x1 --input=unwritten@3x4 --engine=native --compare=interpret %{pipeline} | FileCheck %s
// RUN: tenon-run %s --entry=tie --input=ints:5,1,5@3 --input=ints:0,0,0@3 --input=floats:1,1,-1@3x1x1 --input=floats:1,1,-1@3x1 --input=floats:2,3,2,-1,2,3@1x1x6x1 --print | FileCheck %s --check-prefix=TIE
// TIE: result 0: 3x4xi32 = {{\[\[}}0, 1, 2, 5], [0, 1, -1, -1], [0, 1, 2, 4]]

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
tenon.weight @expand "expand" : !tenon.weight<24x6, <bf16>>

func.func @select(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %q: tensor<?x11x13xf32>, %w: tensor<?x11xf32>, %c: tensor<2x?x?x13xf32>) -> tensor<?x9xi32> {
  %l = arith.constant 1 : index
  %s = tenon.index_topk %q, %c[%l] weights %w at %pos in %slot of 64 scale 0.25 : tensor<?x11x13xf32>, tensor<2x?x?x13xf32>, tensor<?x11xf32>, tensor<?xi32> -> tensor<?x9xi32>
  return %s : tensor<?x9xi32>
}

func.func @attend(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %i: tensor<?x11x13xf32>, %w: tensor<?x11xf32>, %d: tensor<2x?x?x13xf32>,
                  %q: tensor<?x3x7xf32>, %c: tensor<2x?x?x8xf32>) -> tensor<?x3x3xf32> {
  %l = arith.constant 1 : index
  %s = tenon.index_topk %i, %d[%l] weights %w at %pos in %slot of 64 scale 0.25 : tensor<?x11x13xf32>, tensor<2x?x?x13xf32>, tensor<?x11xf32>, tensor<?xi32> -> tensor<?x9xi32>
  %e = tenon.weight_ref @expand : !tenon.weight<24x6, <bf16>>
  %o = tenon.mla_attention %q, %c[%l], %e at %pos in %slot blocks %blocks selected %s : tensor<?x9xi32> nope 5 scale 0.3 mask <causal>
      : tensor<?x3x7xf32>, tensor<2x?x?x8xf32>, !tenon.weight<24x6, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x3xf32>
  return %o : tensor<?x3x3xf32>
}

func.func @tie(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %q: tensor<?x1x1xf32>, %w: tensor<?x1xf32>, %c: tensor<1x?x?x1xf32>) -> tensor<?x4xi32> {
  %l = arith.constant 0 : index
  %s = tenon.index_topk %q, %c[%l] weights %w at %pos in %slot of 6 scale 1.0 : tensor<?x1x1xf32>, tensor<1x?x?x1xf32>, tensor<?x1xf32>, tensor<?xi32> -> tensor<?x4xi32>
  return %s : tensor<?x4xi32>
}
}
