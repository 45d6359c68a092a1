// Blocks that share the keys which a head expands, and blocks that look as if they
// could: what loops over tiles make of latent attention computes the same.
// DEFINE: %{run} = tenon-run %s --entry=mla.t512 --before-entry=mla --compare=interpret --pipeline="builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=512 positions=64 absorb-tokens=0},tenon-tile-pipeline)" --input=seed:1@2x2x24x14
// DEFINE: %{eight} = --input=seed:2@8x3x10 --input=ints:0,1,2,3,4,5,6,7 --input=ints:1,1,1,1,1,1,1,1

// One sequence, in blocks that are full, and in blocks that are not.
// RUN: %{run} %{eight} --input=ints:0,4,1,0,4,4,1,4@2x4 --input=unwritten@8x3x5
// RUN: %{run} %{eight} --input=ints:0,3,1,0,3,1,1,3,4,4,1,4@3x4 --input=unwritten@8x3x5

// One sequence whose blocks are not in order: rows of the next block do not follow.
// RUN: %{run} %{eight} --input=ints:0,3,1,0,6,2,1,6,3,3,1,3@3x4 --input=unwritten@8x3x5
// RUN: %{run} %{eight} --input=ints:4,4,1,4,0,4,1,0@2x4 --input=unwritten@8x3x5

// More blocks than are joined at most, 16: the second group begins inside the sequence.
// RUN: %{run} --input=seed:2@18x3x10 --input=iota:18 --input=ints:1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 \
// RUN:   --input=ints:0,1,1,0,1,1,1,1,2,1,1,2,3,1,1,3,4,1,1,4,5,1,1,5,6,1,1,6,7,1,1,7,8,1,1,8,9,1,1,9,10,1,1,10,11,1,1,11,12,1,1,12,13,1,1,13,14,1,1,14,15,1,1,15,16,1,1,16,17,1,1,17@18x4 --input=unwritten@18x3x5

// Another sequence follows in rows and positions: after a joined block, and after one that is alone.
// RUN: %{run} --input=seed:2@8x3x10 --input=ints:0,1,2,3,4,5,6,7 --input=ints:1,1,1,1,1,0,0,0 --input=ints:0,3,1,0,3,2,1,3,5,3,0,5@3x4 --input=unwritten@8x3x5
// RUN: %{run} --input=seed:2@8x3x10 --input=ints:0,1,2,3,4,5,6,7 --input=ints:0,0,0,1,1,1,1,1 --input=ints:0,3,0,0,3,3,1,3,6,2,1,6@3x4 --input=unwritten@8x3x5

// Keys behind a query are seen up to the end of the sequence, which is in whichever block.
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

func.func @all(%c: tensor<2x?x?x10xf32>, %q: tensor<?x3x10xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) -> tensor<?x3x5xf32> {
  %l = arith.constant 1 : index
  %r = tenon.attention %q, %c[%l] at %pos in %slot blocks %blocks scale 0.2 mask <full> value_first 5
      : tensor<?x3x10xf32>, tensor<2x?x?x10xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x5xf32>
  return %r : tensor<?x3x5xf32>
}
}
