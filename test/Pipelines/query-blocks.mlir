// Query blocks as the runtime cuts them: in any order, of any length up to the configuration's, beside
// blocks of other sequences. Loops over tiles compute what the op says, with large blocks, whose heads
// expand keys once for all of their tiles, and with attention beside them that does not expand any.
// DEFINE: %{run} = tenon-run %s --entry=mla.t512 --before-entry=mla --compare=interpret --pipeline="builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=512 positions=64 absorb-tokens=0},tenon-tile-pipeline)" --input=seed:1@2x2x48x14
// DEFINE: %{both} = tenon-run %s --entry=both.t512 --before-entry=both --compare=interpret --pipeline="builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=512 positions=64 absorb-tokens=0},tenon-tile-pipeline)" --input=seed:1@2x2x48x14 --input=seed:3@2x2x48x10
// DEFINE: %{eight} = --input=seed:2@8x3x10 --input=ints:0,1,2,3,4,5,6,7 --input=ints:1,1,1,1,1,1,1,1

// One sequence: in one block, and in several.
// RUN: %{run} %{eight} --input=ints:0,8,1,0@1x4 --input=unwritten@8x3x5
// RUN: %{run} %{eight} --input=ints:0,3,1,0,3,1,1,3,4,4,1,4@3x4 --input=unwritten@8x3x5
// RUN: %{run} %{eight} --input=ints:4,4,1,4,0,4,1,0@2x4 --input=unwritten@8x3x5

// More tokens than a tile has, 32: in a block of its own and in two that end amid a tile.
// RUN: %{run} --input=seed:2@41x3x10 --input=iota:41 --input=zeros@41 --input=ints:0,41,0,0@1x4 --input=unwritten@41x3x5
// RUN: %{run} --input=seed:2@41x3x10 --input=iota:41 --input=zeros@41 --input=ints:0,37,0,0,37,4,0,37@2x4 --input=unwritten@41x3x5
// RUN: %{both} --input=seed:2@41x3x10 --input=iota:41 --input=zeros@41 --input=ints:0,41,0,0@1x4 --input=unwritten@41x3x5 --input=unwritten@41x3x10
// RUN: %{both} --input=seed:2@41x3x10 --input=iota:41 --input=zeros@41 --input=ints:0,33,0,0,33,8,0,33@2x4 --input=unwritten@41x3x5 --input=unwritten@41x3x10

// Another sequence follows in rows and positions.
// RUN: %{run} --input=seed:2@8x3x10 --input=ints:0,1,2,3,4,5,6,7 --input=ints:1,1,1,1,1,0,0,0 --input=ints:0,3,1,0,3,2,1,3,5,3,0,5@3x4 --input=unwritten@8x3x5
// RUN: %{run} --input=seed:2@8x3x10 --input=ints:0,1,2,3,4,5,6,7 --input=ints:0,0,0,1,1,1,1,1 --input=ints:0,3,0,0,3,3,1,3,6,2,1,6@3x4 --input=unwritten@8x3x5

// Keys after a query are seen up to the end of the sequence, which is in whichever block.
// RUN: tenon-run %s --entry=all.t9 --before-entry=all --compare=interpret --pipeline="builtin.module(tenon-form-pipeline{buckets=9 positions=64},tenon-tile-pipeline)" --input=seed:1@2x2x24x10 %{eight} --input=ints:4,4,1,4,0,3,1,0,3,1,1,3@3x4 --input=unwritten@8x3x5
// RUN: tenon-run %s --entry=all.t9 --before-entry=all --compare=interpret --pipeline="builtin.module(tenon-form-pipeline{buckets=9 positions=64},tenon-tile-pipeline)" --input=seed:1@2x2x24x10 --input=seed:2@8x3x10 --input=ints:0,1,2,0,1,2,3,4 --input=ints:1,1,1,0,0,0,0,0 --input=ints:3,4,0,0,0,3,1,0,7,1,0,4@3x4 --input=unwritten@8x3x5

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
tenon.weight @expand "e" : !tenon.weight<33x10, <bf16>>

func.func @mla(%c: tensor<2x?x?x14xf32>, %q: tensor<?x3x10xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) -> tensor<?x3x5xf32> {
  %l = arith.constant 1 : index
  %w = tenon.weight_ref @expand : !tenon.weight<33x10, <bf16>>
  %r = tenon.mla_attention %q, %c[%l], %w at %pos in %slot blocks %blocks nope 6 scale 0.2 mask <causal>
      : tensor<?x3x10xf32>, tensor<2x?x?x14xf32>, !tenon.weight<33x10, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x5xf32>
  return %r : tensor<?x3x5xf32>
}

// Latent attention, whose blocks are large, and attention that shares them.
func.func @both(%c: tensor<2x?x?x14xf32>, %k: tensor<2x?x?x10xf32>, %q: tensor<?x3x10xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) -> (tensor<?x3x5xf32>, tensor<?x3x10xf32>) {
  %l = arith.constant 1 : index
  %w = tenon.weight_ref @expand : !tenon.weight<33x10, <bf16>>
  %r = tenon.mla_attention %q, %c[%l], %w at %pos in %slot blocks %blocks nope 6 scale 0.2 mask <causal>
      : tensor<?x3x10xf32>, tensor<2x?x?x14xf32>, !tenon.weight<33x10, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x5xf32>
  %a = tenon.attention %q, %k[%l] at %pos in %slot blocks %blocks scale 0.2 mask <causal> value_first 10
      : tensor<?x3x10xf32>, tensor<2x?x?x10xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x10xf32>
  return %r, %a : tensor<?x3x5xf32>, tensor<?x3x10xf32>
}

func.func @all(%c: tensor<2x?x?x10xf32>, %q: tensor<?x3x10xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) -> tensor<?x3x5xf32> {
  %l = arith.constant 1 : index
  %r = tenon.attention %q, %c[%l] at %pos in %slot blocks %blocks scale 0.2 mask <full> value_first 5
      : tensor<?x3x10xf32>, tensor<2x?x?x10xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x5xf32>
  return %r : tensor<?x3x5xf32>
}
}
