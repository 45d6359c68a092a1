// `--verify-numerics` names the first pass after which results differ, and leaves a
// module and a command that show it again.
// DEFINE: %{pipeline} = tenon-simplify-pipeline,tenon-form-pipeline{buckets=9 positions=64},tenon-tile-pipeline
// DEFINE: %{fault} =
// DEFINE: %{verify} = not tenon-opt %s --verify-numerics --mlir-print-op-on-diagnostic=0 --numerics-reproducer=%t.mlir

// RUN: tenon-opt %s --verify-numerics --pass-pipeline="builtin.module(%{pipeline},tenon-bufferize-pipeline)" -o /dev/null

// Faults that differ in what a function returns.
// REDEFINE: %{fault} = --pass-pipeline="builtin.module(cse,test-plant-fault{fault=scale},%{pipeline})"
// RUN: %{verify} %{fault} 2>&1 | FileCheck %s --check-prefix=SCALE
// RUN: head -1 %t.mlir | FileCheck %s --check-prefix=COMMAND
// RUN: echo 'PATH=$(dirname %tenon):$PATH' > %t.sh
// RUN: head -1 %t.mlir | sed 's,^//,!,' >> %t.sh
// RUN: bash %t.sh | FileCheck %s --check-prefix=AGAIN
// REDEFINE: %{fault} = --pass-pipeline="builtin.module(cse,test-plant-fault{fault=window},%{pipeline})"
// RUN: %{verify} %{fault} 2>&1 | FileCheck %s --check-prefix=WINDOW
// REDEFINE: %{fault} = --pass-pipeline="builtin.module(cse,test-plant-fault{fault=gate-and-up},%{pipeline})"
// RUN: %{verify} %{fault} 2>&1 | FileCheck %s --check-prefix=SWAP
// REDEFINE: %{fault} = --pass-pipeline="builtin.module(cse,test-plant-fault{fault=normalization},%{pipeline})"
// RUN: %{verify} %{fault} 2>&1 | FileCheck %s --check-prefix=NORMAL

// The error says what was planted, not a pass after it.
// SCALE: error: after pass 'test-plant-fault{fault=scale}' function 'block' differs in result 0: element {{[0-9]+}} was {{.*}} and is {{.*}}, where a difference of {{.*}} is allowed
// WINDOW: error: after pass 'test-plant-fault{fault=window}' function 'block' differs in result 0:
// SWAP: error: after pass 'test-plant-fault{fault=gate-and-up}' function 'block' differs in result 0:
// NORMAL: error: after pass 'test-plant-fault{fault=normalization}' function 'block' differs in result 0:
// COMMAND: // tenon-run {{.*}}.mlir --entry=block --compare=interpret --pipeline='builtin.module(test-plant-fault{fault=scale})' --weights=seed:1 --step=
// AGAIN: result 0: error {{.*}} allowed at element

// What is written to a cache may be all that differs. Buckets are followed to loops.
// REDEFINE: %{fault} = --pass-pipeline="builtin.module(cse,test-plant-fault{fault=cache-row},%{pipeline})"
// RUN: %{verify} %{fault} --numerics-entry=write 2>&1 | FileCheck %s --check-prefix=ROW
// ROW: error: after pass 'test-plant-fault{fault=cache-row}' function 'write' differs in result 0:
// REDEFINE: %{fault} = --pass-pipeline="builtin.module(%{pipeline},test-plant-fault{fault=tail},%{pipeline})"
// RUN: %{verify} %{fault} 2>&1 | FileCheck %s --check-prefix=TAIL
// TAIL: error: after pass 'test-plant-fault{fault=tail}' function 'block.t9' cannot be executed:
// RUN: head -1 %t.mlir | FileCheck %s --check-prefix=BUCKET
// BUCKET: --entry=block.t9

// A pass that rounds says so in its IR, whose tolerance counts.
// RUN: tenon-opt %s --verify-numerics --numerics-entry=block --pass-pipeline="builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=9 positions=64 round-activations})" -o /dev/null

// A pass that gives a weight another format gives it no other numbers.
// RUN: tenon-opt %s --verify-numerics --numerics-entry=narrow --pass-pipeline="builtin.module(tenon-widen-weights{always})" | FileCheck %s --check-prefix=WIDE
// RUN: tenon-run %s --entry=narrow --input=seed:1@3x32 --compare=interpret --pipeline="builtin.module(tenon-widen-weights{always})"
// WIDE: tenon.weight @half_bytes {{.*}}<7x32, <f8E4M3FN, scale f32 per 1x32>>

// What cannot be executed, and what must not be missing.
// RUN: not tenon-opt %s --verify-numerics --numerics-step=tokens:0x3 --cse 2>&1 | FileCheck %s --check-prefix=STEP
// STEP: error: cannot read 'tokens:0x3' of a step
// RUN: not tenon-opt %s --verify-numerics --numerics-entry=other --cse 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: error: expects a function 'other' to verify
// RUN: not tenon-opt %s --verify-numerics --numerics-entry=write --numerics-input=seed:1@2x3x5 --cse 2>&1 | FileCheck %s --check-prefix=INPUT
// INPUT: error: function 'write' cannot be executed before any pass: {{.*}}
// A function that gives NaN by itself blames no pass.
// RUN: not tenon-opt %s --verify-numerics --numerics-entry=block --numerics-input=fill:nan --cse 2>&1 | FileCheck %s --check-prefix=NAN
// NAN: error: function 'block' gives NaN in result 0 before any pass, which cannot be compared

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
tenon.weight @q "q" : !tenon.weight<8x8, <f32>>
tenon.weight @k "k" : !tenon.weight<4x8, <f32>>
tenon.weight @gate "gate" : !tenon.weight<6x8, <f32>>
tenon.weight @up "up" : !tenon.weight<6x8, <f32>>
tenon.weight @down "down" : !tenon.weight<8x6, <f32>>
tenon.weight @router "router" : !tenon.weight<3x8, <f32>>
tenon.weight @gates "gates.{e}" : !tenon.weight<3x5x8, <f32>>
tenon.weight @ups "ups.{e}" : !tenon.weight<3x5x8, <f32>>
tenon.weight @downs "downs.{e}" : !tenon.weight<3x8x5, <f32>>
tenon.weight @half_bytes "narrow" factors ["scales"] : !tenon.weight<7x32, <f4E2M1FN, scale f8E8M0FNU per 1x32>>

func.func @block(%x: tensor<?x8xf32>, %positions: tensor<?xi32> {tenon.role = #tenon.role<positions>},
                 %slots: tensor<?xi32> {tenon.role = #tenon.role<slots>}, %blocks: tensor<?x4xi32> {tenon.role = #tenon.role<blocks>},
                 %cache: tensor<1x?x?x1x4xf32> {tenon.role = #tenon.role<cache>}) -> (tensor<?x8xf32>, tensor<1x?x?x1x4xf32>) {
  %c0 = arith.constant 0 : index
  %wq = tenon.weight_ref @q : <8x8, <f32>>
  %wk = tenon.weight_ref @k : <4x8, <f32>>
  %q = tenon.linear %x, %wq : tensor<?x8xf32>, <8x8, <f32>> -> tensor<?x2x4xf32>
  %k = tenon.linear %x, %wk : tensor<?x8xf32>, <4x8, <f32>> -> tensor<?x1x4xf32>
  %c = tenon.cache_update %k into %cache[%c0] at %positions in %slots : tensor<?x1x4xf32> into tensor<1x?x?x1x4xf32>, tensor<?xi32>
  %a = tenon.attention %q, %c, %c[%c0] at %positions in %slots blocks %blocks scale 5.000000e-01 mask <causal, window = 3> : tensor<?x2x4xf32>, tensor<1x?x?x1x4xf32> and tensor<1x?x?x1x4xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x4xf32>
  %flat = tensor.collapse_shape %a [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
  %h = arith.addf %x, %flat : tensor<?x8xf32>
  %wg = tenon.weight_ref @gate : <6x8, <f32>>
  %wu = tenon.weight_ref @up : <6x8, <f32>>
  %wd = tenon.weight_ref @down : <8x6, <f32>>
  %g = tenon.linear %h, %wg : tensor<?x8xf32>, <6x8, <f32>> -> tensor<?x6xf32>
  %u = tenon.linear %h, %wu : tensor<?x8xf32>, <6x8, <f32>> -> tensor<?x6xf32>
  %m = tenon.glu silu %g, %u : tensor<?x6xf32>
  %d = tenon.linear %m, %wd : tensor<?x6xf32>, <8x6, <f32>> -> tensor<?x8xf32>
  %wr = tenon.weight_ref @router : <3x8, <f32>>
  %scores = tenon.linear %h, %wr : tensor<?x8xf32>, <3x8, <f32>> -> tensor<?x3xf32>
  %choice, %weights = tenon.router softmax %scores top 2 scale 1.000000e+00 : tensor<?x3xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %gs = tenon.weight_ref @gates : <3x5x8, <f32>>
  %us = tenon.weight_ref @ups : <3x5x8, <f32>>
  %ds = tenon.weight_ref @downs : <3x8x5, <f32>>
  %e = tenon.experts silu %h, %choice, %weights, %gs, %us, %ds : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32>, <3x5x8, <f32>>, <3x5x8, <f32>>, <3x8x5, <f32>>
  %s = arith.addf %d, %e : tensor<?x8xf32>
  %r = arith.addf %h, %s : tensor<?x8xf32>
  return %r, %c : tensor<?x8xf32>, tensor<1x?x?x1x4xf32>
}

func.func @write(%x: tensor<?x1x4xf32>, %cache: tensor<1x?x?x1x4xf32> {tenon.role = #tenon.role<cache>},
                 %positions: tensor<?xi32> {tenon.role = #tenon.role<positions>},
                 %slots: tensor<?xi32> {tenon.role = #tenon.role<slots>}) -> tensor<1x?x?x1x4xf32> {
  %c0 = arith.constant 0 : index
  %c = tenon.cache_update %x into %cache[%c0] at %positions in %slots : tensor<?x1x4xf32> into tensor<1x?x?x1x4xf32>, tensor<?xi32>
  return %c : tensor<1x?x?x1x4xf32>
}

func.func @narrow(%x: tensor<?x32xf32>) -> tensor<?x7xf32> {
  %w = tenon.weight_ref @half_bytes : <7x32, <f4E2M1FN, scale f8E8M0FNU per 1x32>>
  %r = tenon.linear %x, %w : tensor<?x32xf32>, <7x32, <f4E2M1FN, scale f8E8M0FNU per 1x32>> -> tensor<?x7xf32>
  return %r : tensor<?x7xf32>
}
}
