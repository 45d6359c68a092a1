// Each reason for which a kernel has no device code.
// RUN: tenon-opt %s --nvptx-configure-kernels | FileCheck %s

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {

// CHECK-LABEL: @rows_of_16_bits
// CHECK: nvptx.refused = "rows are neither f32 nor bf16"
func.func @rows_of_16_bits(%x: tensor<?x64xf16>, %w: !tenon.weight<64x64, <bf16>, <16x2>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x64xf16>, !tenon.weight<64x64, <bf16>, <16x2>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf16>, %aw: !tenon.weight<64x64, <bf16>, <16x2>>, %ay: tensor<?x64xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x64xf16>, !tenon.weight<64x64, <bf16>, <16x2>> -> tensor<?x64xf32>
    tile.yield %l : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @no_panels
// CHECK: nvptx.refused = "the weight is not in panels of 16 rows"
func.func @no_panels(%x: tensor<?x64xf32>, %w: !tenon.weight<64x64, <bf16>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %aw: !tenon.weight<64x64, <bf16>>, %ay: tensor<?x64xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>> -> tensor<?x64xf32>
    tile.yield %l : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @low_panels
// CHECK: nvptx.refused = "the weight is not in panels of 16 rows"
func.func @low_panels(%x: tensor<?x64xf32>, %w: !tenon.weight<64x64, <bf16>, <8x2>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <8x2>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %aw: !tenon.weight<64x64, <bf16>, <8x2>>, %ay: tensor<?x64xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <8x2>> -> tensor<?x64xf32>
    tile.yield %l : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

/// Words of 4 bytes hold two columns of 16 bits, not four.
// CHECK-LABEL: @deep_panels
// CHECK: nvptx.refused = "a panel of depth 4 and 2 bytes of code does not have words of 4 bytes"
func.func @deep_panels(%x: tensor<?x64xf32>, %w: !tenon.weight<64x64, <bf16>, <16x4>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x4>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %aw: !tenon.weight<64x64, <bf16>, <16x4>>, %ay: tensor<?x64xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x4>> -> tensor<?x64xf32>
    tile.yield %l : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @narrow_codes
// CHECK: nvptx.refused = "codes of less than a byte, or factors that are not f32, are not read; run tenon-widen-weights"
func.func @narrow_codes(%x: tensor<?x64xf32>, %w: !tenon.weight<64x64, <ui4, scale f16 per 1x32, zero 8>, <16x4>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <ui4, scale f16 per 1x32, zero 8>, <16x4>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %aw: !tenon.weight<64x64, <ui4, scale f16 per 1x32, zero 8>, <16x4>>, %ay: tensor<?x64xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x64xf32>, !tenon.weight<64x64, <ui4, scale f16 per 1x32, zero 8>, <16x4>> -> tensor<?x64xf32>
    tile.yield %l : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

/// A step of an instruction has 16 columns.
// CHECK-LABEL: @narrow_groups
// CHECK: nvptx.refused = "scales for 8 columns do not divide slabs of 128 into steps of 16"
func.func @narrow_groups(%x: tensor<?x64xf32>, %w: !tenon.weight<64x64, <i8, scale f32 per 1x8>, <16x4>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <i8, scale f32 per 1x8>, <16x4>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %aw: !tenon.weight<64x64, <i8, scale f32 per 1x8>, <16x4>>, %ay: tensor<?x64xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x64xf32>, !tenon.weight<64x64, <i8, scale f32 per 1x8>, <16x4>> -> tensor<?x64xf32>
    tile.yield %l : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

/// A slab has 128 columns of 8 bits.
// CHECK-LABEL: @wide_groups
// CHECK: nvptx.refused = "scales for 256 columns do not divide slabs of 128 into steps of 16"
func.func @wide_groups(%x: tensor<?x512xf32>, %w: !tenon.weight<64x512, <i8, scale f32 per 1x256>, <16x4>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x512xf32>, !tenon.weight<64x512, <i8, scale f32 per 1x256>, <16x4>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x512xf32>, %aw: !tenon.weight<64x512, <i8, scale f32 per 1x256>, <16x4>>, %ay: tensor<?x64xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x512xf32>, !tenon.weight<64x512, <i8, scale f32 per 1x256>, <16x4>> -> tensor<?x64xf32>
    tile.yield %l : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @glu_without_pairs
// CHECK: nvptx.refused = "gates and projections up do not share panels"
func.func @glu_without_pairs(%x: tensor<?x64xf32>, %w: !tenon.weight<128x64, <bf16>, <16x2>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<128x64, <bf16>, <16x2>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %aw: !tenon.weight<128x64, <bf16>, <16x2>>, %ay: tensor<?x64xf32>):
    %l = tenon.linear %ax, %aw glu silu : tensor<?x64xf32>, !tenon.weight<128x64, <bf16>, <16x2>> -> tensor<?x64xf32>
    tile.yield %l : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @input_made_inside
// CHECK: nvptx.refused = "the input is not an argument of the kernel"
func.func @input_made_inside(%x: tensor<?x64xf32>, %w: !tenon.weight<64x64, <bf16>, <16x2>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x2>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %aw: !tenon.weight<64x64, <bf16>, <16x2>>, %ay: tensor<?x64xf32>):
    %s = arith.addf %ax, %ax : tensor<?x64xf32>
    %l = tenon.linear %s, %aw : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x2>> -> tensor<?x64xf32>
    tile.yield %l : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @two_results
// CHECK: nvptx.refused = "the kernel has more than one result"
func.func @two_results(%x: tensor<?x64xf32>, %w: !tenon.weight<64x64, <bf16>, <16x2>>, %y: tensor<?x64xf32>, %z: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r:2 = tile.kernel "k" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x2>>) outs(%y, %z : tensor<?x64xf32>, tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %aw: !tenon.weight<64x64, <bf16>, <16x2>>, %ay: tensor<?x64xf32>, %az: tensor<?x64xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x2>> -> tensor<?x64xf32>
    tile.yield %l, %l : tensor<?x64xf32>, tensor<?x64xf32>
  } -> tensor<?x64xf32>, tensor<?x64xf32>
  return
}

// CHECK-LABEL: @result_of_another_op
// CHECK: nvptx.refused = "the result goes through other operations"
func.func @result_of_another_op(%x: tensor<?x64xf32>, %w: !tenon.weight<64x64, <bf16>, <16x2>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x2>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %aw: !tenon.weight<64x64, <bf16>, <16x2>>, %ay: tensor<?x64xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x2>> -> tensor<?x64xf32>
    %s = arith.addf %l, %l : tensor<?x64xf32>
    tile.yield %s : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @addend_made_inside
// CHECK: nvptx.refused = "what is added is not an argument of the kernel"
func.func @addend_made_inside(%x: tensor<?x64xf32>, %w: !tenon.weight<64x64, <bf16>, <16x2>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x2>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %aw: !tenon.weight<64x64, <bf16>, <16x2>>, %ay: tensor<?x64xf32>):
    %t = arith.addf %ax, %ax : tensor<?x64xf32>
    %l = tenon.linear %ax, %aw : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x2>> -> tensor<?x64xf32>
    %s = arith.addf %l, %t : tensor<?x64xf32>
    tile.yield %s : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

/// Code reads it before it computes anything.
// CHECK-LABEL: @computed_layer
// CHECK: nvptx.refused = "an index is computed in the kernel"
func.func @computed_layer(%x: tensor<?x2x16xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %c: tensor<4x?x?x2x16xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %l, %p, %s : tensor<?x2x16xf32>, index, tensor<?xi32>, tensor<?xi32>) outs(%c : tensor<4x?x?x2x16xf32>) {
  ^bb0(%a0: tensor<?x2x16xf32>, %a1: index, %a2: tensor<?xi32>, %a3: tensor<?xi32>, %a4: tensor<4x?x?x2x16xf32>):
    %two = arith.constant 2 : index
    %n = tensor.dim %a4, %two : tensor<4x?x?x2x16xf32>
    %u = tenon.cache_update %a0 into %a4[%n] at %a2 in %a3 : tensor<?x2x16xf32> into tensor<4x?x?x2x16xf32>, tensor<?xi32>
    tile.yield %u : tensor<4x?x?x2x16xf32>
  } -> tensor<4x?x?x2x16xf32>
  return
}

// CHECK-LABEL: @constant_positions
// CHECK: nvptx.refused = "integers are not an argument of the kernel"
func.func @constant_positions(%x: tensor<2x2x16xf32>, %s: tensor<2xi32>, %c: tensor<4x?x?x2x16xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %s : tensor<2x2x16xf32>, tensor<2xi32>) outs(%c : tensor<4x?x?x2x16xf32>) {
  ^bb0(%a0: tensor<2x2x16xf32>, %a1: tensor<2xi32>, %a2: tensor<4x?x?x2x16xf32>):
    %l = arith.constant 2 : index
    %p = arith.constant dense<[0, 1]> : tensor<2xi32>
    %u = tenon.cache_update %a0 into %a2[%l] at %p in %a1 : tensor<2x2x16xf32> into tensor<4x?x?x2x16xf32>, tensor<2xi32>
    tile.yield %u : tensor<4x?x?x2x16xf32>
  } -> tensor<4x?x?x2x16xf32>
  return
}

// CHECK-LABEL: @update_of_an_input
// CHECK: nvptx.refused = "a cache is not updated in place"
func.func @update_of_an_input(%x: tensor<?x2x16xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %c: tensor<4x?x?x2x16xf32>, %d: tensor<4x?x?x2x16xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %l, %p, %s, %c : tensor<?x2x16xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<4x?x?x2x16xf32>) outs(%d : tensor<4x?x?x2x16xf32>) {
  ^bb0(%a0: tensor<?x2x16xf32>, %a1: index, %a2: tensor<?xi32>, %a3: tensor<?xi32>, %a4: tensor<4x?x?x2x16xf32>, %a5: tensor<4x?x?x2x16xf32>):
    %u = tenon.cache_update %a0 into %a4[%a1] at %a2 in %a3 : tensor<?x2x16xf32> into tensor<4x?x?x2x16xf32>, tensor<?xi32>
    tile.yield %u : tensor<4x?x?x2x16xf32>
  } -> tensor<4x?x?x2x16xf32>
  return
}

// CHECK-LABEL: @computed_factors
// CHECK: nvptx.refused = "factors of rows are computed in the kernel"
func.func @computed_factors(%x: tensor<?x64xf32>, %f: tensor<?x1xf32>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %f : tensor<?x64xf32>, tensor<?x1xf32>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%a0: tensor<?x64xf32>, %a1: tensor<?x1xf32>, %a2: tensor<?x64xf32>):
    %g = tenon.activate silu %a1 : tensor<?x1xf32>
    %s = tenon.scale_rows %a0 by %g : tensor<?x64xf32>, tensor<?x1xf32>
    tile.yield %s : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @selection_of_computed_queries
// CHECK: nvptx.refused = "queries or weights of an indexer are not rows of an argument of the kernel"
func.func @selection_of_computed_queries(%q: tensor<?x4x16xf32>, %k: tensor<2x?x?x16xf32>, %l: index, %w: tensor<?x4xf32>, %p: tensor<?xi32>, %s: tensor<?xi32>, %y: tensor<?x24xi32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%q, %k, %l, %w, %p, %s : tensor<?x4x16xf32>, tensor<2x?x?x16xf32>, index, tensor<?x4xf32>, tensor<?xi32>, tensor<?xi32>) outs(%y : tensor<?x24xi32>) {
  ^bb0(%aq: tensor<?x4x16xf32>, %ak: tensor<2x?x?x16xf32>, %al: index, %aw: tensor<?x4xf32>, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ay: tensor<?x24xi32>):
    %v = arith.addf %aq, %aq : tensor<?x4x16xf32>
    %i = tenon.index_topk %v, %ak[%al] weights %aw at %ap in %as of 128 scale 0.25 : tensor<?x4x16xf32>, tensor<2x?x?x16xf32>, tensor<?x4xf32>, tensor<?xi32> -> tensor<?x24xi32>
    tile.yield %i : tensor<?x24xi32>
  } -> tensor<?x24xi32>
  return
}

// CHECK-LABEL: @two_selections
// CHECK: nvptx.refused = "tenon.index_topk goes together with other operations"
func.func @two_selections(%q: tensor<?x4x16xf32>, %k: tensor<2x?x?x16xf32>, %l: index, %w: tensor<?x4xf32>, %p: tensor<?xi32>, %s: tensor<?xi32>, %y: tensor<?x24xi32>, %z: tensor<?x24xi32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r:2 = tile.kernel "k" ins(%q, %k, %l, %w, %p, %s : tensor<?x4x16xf32>, tensor<2x?x?x16xf32>, index, tensor<?x4xf32>, tensor<?xi32>, tensor<?xi32>) outs(%y, %z : tensor<?x24xi32>, tensor<?x24xi32>) {
  ^bb0(%aq: tensor<?x4x16xf32>, %ak: tensor<2x?x?x16xf32>, %al: index, %aw: tensor<?x4xf32>, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ay: tensor<?x24xi32>, %az: tensor<?x24xi32>):
    %i = tenon.index_topk %aq, %ak[%al] weights %aw at %ap in %as of 128 scale 0.25 : tensor<?x4x16xf32>, tensor<2x?x?x16xf32>, tensor<?x4xf32>, tensor<?xi32> -> tensor<?x24xi32>
    tile.yield %i, %i : tensor<?x24xi32>, tensor<?x24xi32>
  } -> tensor<?x24xi32>, tensor<?x24xi32>
  return
}

/// Scores of so many keys fit nowhere.
// CHECK-LABEL: @selection_of_most_keys
// CHECK: nvptx.refused = "queries and keys of an indexer do not fit into shared memory"
func.func @selection_of_most_keys(%q: tensor<?x4x16xf32>, %k: tensor<2x?x?x16xf32>, %l: index, %w: tensor<?x4xf32>, %p: tensor<?xi32>, %s: tensor<?xi32>, %y: tensor<?x40000xi32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%q, %k, %l, %w, %p, %s : tensor<?x4x16xf32>, tensor<2x?x?x16xf32>, index, tensor<?x4xf32>, tensor<?xi32>, tensor<?xi32>) outs(%y : tensor<?x40000xi32>) {
  ^bb0(%aq: tensor<?x4x16xf32>, %ak: tensor<2x?x?x16xf32>, %al: index, %aw: tensor<?x4xf32>, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ay: tensor<?x40000xi32>):
    %i = tenon.index_topk %aq, %ak[%al] weights %aw at %ap in %as of 100000 scale 0.25 : tensor<?x4x16xf32>, tensor<2x?x?x16xf32>, tensor<?x4xf32>, tensor<?xi32> -> tensor<?x40000xi32>
    tile.yield %i : tensor<?x40000xi32>
  } -> tensor<?x40000xi32>
  return
}

// CHECK-LABEL: @many_choices
// CHECK: nvptx.refused = "the keys that all tokens select are not counted in 32 bits"
func.func @many_choices(%q: tensor<?x4x16xf32>, %k: tensor<2x?x?x16xf32>, %l: index, %z: tensor<?x8192xi32>, %p: tensor<?xi32>, %s: tensor<?xi32>, %y: tensor<?x4x16xf32>) attributes {tile.bucket = #tile.bucket<tokens = 524288>} {
  %r = tile.kernel "k" ins(%q, %k, %l, %z, %p, %s : tensor<?x4x16xf32>, tensor<2x?x?x16xf32>, index, tensor<?x8192xi32>, tensor<?xi32>, tensor<?xi32>) outs(%y : tensor<?x4x16xf32>) {
  ^bb0(%aq: tensor<?x4x16xf32>, %ak: tensor<2x?x?x16xf32>, %al: index, %az: tensor<?x8192xi32>, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ay: tensor<?x4x16xf32>):
    %o = tenon.selected_attention %aq, %ak[%al] of %az at %ap in %as scale 0.25 : tensor<?x4x16xf32>, tensor<2x?x?x16xf32>, tensor<?x8192xi32>, tensor<?xi32> -> tensor<?x4x16xf32>
    tile.yield %o : tensor<?x4x16xf32>
  } -> tensor<?x4x16xf32>
  return
}

// CHECK-LABEL: @caches_of_two_types
// CHECK: nvptx.refused = "keys and values have different types"
func.func @caches_of_two_types(%q: tensor<?x2x32xf32>, %k: tensor<2x?x?x2x32xbf16>, %v: tensor<2x?x?x2x32xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %y: tensor<?x2x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%q, %k, %v, %l, %p, %s, %b : tensor<?x2x32xf32>, tensor<2x?x?x2x32xbf16>, tensor<2x?x?x2x32xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x2x32xf32>) {
  ^bb0(%aq: tensor<?x2x32xf32>, %ak: tensor<2x?x?x2x32xbf16>, %av: tensor<2x?x?x2x32xf32>, %al: index, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ab: tensor<?x4xi32>, %ay: tensor<?x2x32xf32>):
    %o = tenon.attention %aq, %ak, %av[%al] at %ap in %as blocks %ab scale 0.176777 mask <causal> : tensor<?x2x32xf32>, tensor<2x?x?x2x32xbf16> and tensor<2x?x?x2x32xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x32xf32>
    tile.yield %o : tensor<?x2x32xf32>
  } -> tensor<?x2x32xf32>
  return
}

// CHECK-LABEL: @query_made_inside
// CHECK: nvptx.refused = "queries are not rows of an argument of the kernel"
func.func @query_made_inside(%q: tensor<?x2x32xf32>, %k: tensor<2x?x?x2x32xf32>, %v: tensor<2x?x?x2x32xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %y: tensor<?x2x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%q, %k, %v, %l, %p, %s, %b : tensor<?x2x32xf32>, tensor<2x?x?x2x32xf32>, tensor<2x?x?x2x32xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x2x32xf32>) {
  ^bb0(%aq: tensor<?x2x32xf32>, %ak: tensor<2x?x?x2x32xf32>, %av: tensor<2x?x?x2x32xf32>, %al: index, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ab: tensor<?x4xi32>, %ay: tensor<?x2x32xf32>):
    %d = arith.addf %aq, %aq : tensor<?x2x32xf32>
    %o = tenon.attention %d, %ak, %av[%al] at %ap in %as blocks %ab scale 0.176777 mask <causal> : tensor<?x2x32xf32>, tensor<2x?x?x2x32xf32> and tensor<2x?x?x2x32xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x32xf32>
    tile.yield %o : tensor<?x2x32xf32>
  } -> tensor<?x2x32xf32>
  return
}

// CHECK-LABEL: @attention_and_more
// CHECK: nvptx.refused = "the result goes through other operations"
func.func @attention_and_more(%q: tensor<?x2x32xf32>, %k: tensor<2x?x?x2x32xf32>, %v: tensor<2x?x?x2x32xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %y: tensor<?x2x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%q, %k, %v, %l, %p, %s, %b : tensor<?x2x32xf32>, tensor<2x?x?x2x32xf32>, tensor<2x?x?x2x32xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x2x32xf32>) {
  ^bb0(%aq: tensor<?x2x32xf32>, %ak: tensor<2x?x?x2x32xf32>, %av: tensor<2x?x?x2x32xf32>, %al: index, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ab: tensor<?x4xi32>, %ay: tensor<?x2x32xf32>):
    %o = tenon.attention %aq, %ak, %av[%al] at %ap in %as blocks %ab scale 0.176777 mask <causal> : tensor<?x2x32xf32>, tensor<2x?x?x2x32xf32> and tensor<2x?x?x2x32xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x32xf32>
    %d = arith.addf %o, %aq : tensor<?x2x32xf32>
    tile.yield %d : tensor<?x2x32xf32>
  } -> tensor<?x2x32xf32>
  return
}

// CHECK-LABEL: @router_and_more
// CHECK: nvptx.refused = "logits of a router are not rows of an argument of the kernel"
func.func @router_and_more(%x: tensor<?x37xf32>, %i: tensor<?x4xi32>, %w: tensor<?x4xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r:2 = tile.kernel "k" ins(%x : tensor<?x37xf32>) outs(%i, %w : tensor<?x4xi32>, tensor<?x4xf32>) {
  ^bb0(%ax: tensor<?x37xf32>, %ai: tensor<?x4xi32>, %aw: tensor<?x4xf32>):
    %s = arith.addf %ax, %ax : tensor<?x37xf32>
    %ri, %rw = tenon.router softmax %s groups 1 keep 1 by max top 4 scale 2.5 : tensor<?x37xf32> -> tensor<?x4xi32>, tensor<?x4xf32>
    tile.yield %ri, %rw : tensor<?x4xi32>, tensor<?x4xf32>
  } -> tensor<?x4xi32>, tensor<?x4xf32>
  return
}

// CHECK-LABEL: @result_is_an_argument
// CHECK: nvptx.refused = "a result is an argument of the kernel"
func.func @result_is_an_argument(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x : tensor<?x64xf32>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %ay: tensor<?x64xf32>):
    tile.yield %ax : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

/// A rotation reads the other half of a row, which may be written by then.
// CHECK-LABEL: @rotated_in_place
// CHECK: nvptx.refused = "a result is written over rows that another element needs"
func.func @rotated_in_place(%t: !tenon.weight<304x8, <f32>>, %p: tensor<?xi32>, %y: tensor<?x2x8xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%t, %p : !tenon.weight<304x8, <f32>>, tensor<?xi32>) outs(%y : tensor<?x2x8xf32>) {
  ^bb0(%at: !tenon.weight<304x8, <f32>>, %ap: tensor<?xi32>, %ay: tensor<?x2x8xf32>):
    %o = tenon.rope %ay at %ap first <dims = 8, pairing = half, theta = 1.0e4 : f64> table %at : !tenon.weight<304x8, <f32>> : tensor<?x2x8xf32>, tensor<?xi32>
    tile.yield %o : tensor<?x2x8xf32>
  } -> tensor<?x2x8xf32>
  return
}

// CHECK-LABEL: @rotation_without_table
// CHECK: nvptx.refused = "a rotation has no table of f32"
func.func @rotation_without_table(%x: tensor<?x2x8xf32>, %p: tensor<?xi32>, %y: tensor<?x2x8xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %p : tensor<?x2x8xf32>, tensor<?xi32>) outs(%y : tensor<?x2x8xf32>) {
  ^bb0(%ax: tensor<?x2x8xf32>, %ap: tensor<?xi32>, %ay: tensor<?x2x8xf32>):
    %o = tenon.rope %ax at %ap first <dims = 8, pairing = half, theta = 1.0e4 : f64> : tensor<?x2x8xf32>, tensor<?xi32>
    tile.yield %o : tensor<?x2x8xf32>
  } -> tensor<?x2x8xf32>
  return
}

// CHECK-LABEL: @embedding_of_rows
// CHECK: nvptx.refused = "the table of an embedding is not in panels"
func.func @embedding_of_rows(%t: tensor<?xi32>, %w: !tenon.weight<97x64, <bf16>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%t, %w : tensor<?xi32>, !tenon.weight<97x64, <bf16>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%at: tensor<?xi32>, %aw: !tenon.weight<97x64, <bf16>>, %ay: tensor<?x64xf32>):
    %e = tenon.embedding %at, %aw : tensor<?xi32>, !tenon.weight<97x64, <bf16>> -> tensor<?x64xf32>
    tile.yield %e : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @embedding_of_narrow_codes
// CHECK: nvptx.refused = "the table of an embedding has codes of less than a byte, or factors that are not f32; run tenon-widen-weights"
func.func @embedding_of_narrow_codes(%t: tensor<?xi32>, %w: !tenon.weight<97x64, <ui4, scale f16 per 1x32, zero 8>, <16x4>>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%t, %w : tensor<?xi32>, !tenon.weight<97x64, <ui4, scale f16 per 1x32, zero 8>, <16x4>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%at: tensor<?xi32>, %aw: !tenon.weight<97x64, <ui4, scale f16 per 1x32, zero 8>, <16x4>>, %ay: tensor<?x64xf32>):
    %e = tenon.embedding %at, %aw : tensor<?xi32>, !tenon.weight<97x64, <ui4, scale f16 per 1x32, zero 8>, <16x4>> -> tensor<?x64xf32>
    tile.yield %e : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @gathered_inside
// CHECK: nvptx.refused = "gathered rows are not an argument of the kernel"
func.func @gathered_inside(%x: tensor<?x64xf32>, %i: tensor<?xi32>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %i : tensor<?x64xf32>, tensor<?xi32>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %ai: tensor<?xi32>, %ay: tensor<?x64xf32>):
    %s = arith.addf %ax, %ax : tensor<?x64xf32>
    %g = tenon.gather_rows %s, %ai : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
    tile.yield %g : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @sums_of_16_bits
// CHECK: nvptx.refused = "rows are neither f32 nor bf16"
func.func @sums_of_16_bits(%x: tensor<?x64xf16>, %y: tensor<?x64xf16>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x : tensor<?x64xf16>) outs(%y : tensor<?x64xf16>) {
  ^bb0(%ax: tensor<?x64xf16>, %ay: tensor<?x64xf16>):
    %s = arith.addf %ax, %ay : tensor<?x64xf16>
    tile.yield %s : tensor<?x64xf16>
  } -> tensor<?x64xf16>
  return
}

// CHECK-LABEL: @products
// CHECK: nvptx.refused = "there is no device code for arith.mulf"
func.func @products(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x : tensor<?x64xf32>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %ay: tensor<?x64xf32>):
    %s = arith.mulf %ax, %ay : tensor<?x64xf32>
    tile.yield %s : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

/// Views of rows keep whole rows, or a part of each that lies in one piece.
// CHECK-LABEL: @every_other_column
// CHECK: nvptx.refused = "a view does not keep whole rows"
func.func @every_other_column(%x: tensor<?x64xf32>, %y: tensor<?x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x : tensor<?x64xf32>) outs(%y : tensor<?x32xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %ay: tensor<?x32xf32>):
    %c0 = arith.constant 0 : index
    %n = tensor.dim %ax, %c0 : tensor<?x64xf32>
    %v = tensor.extract_slice %ax[0, 0] [%n, 32] [1, 2] : tensor<?x64xf32> to tensor<?x32xf32>
    %s = arith.addf %v, %ay : tensor<?x32xf32>
    tile.yield %s : tensor<?x32xf32>
  } -> tensor<?x32xf32>
  return
}

// CHECK-LABEL: @without_the_first_row
// CHECK: nvptx.refused = "a view does not keep whole rows"
func.func @without_the_first_row(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x : tensor<?x64xf32>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %ay: tensor<?x64xf32>):
    %c0 = arith.constant 0 : index
    %n = tensor.dim %ay, %c0 : tensor<?x64xf32>
    %v = tensor.extract_slice %ax[1, 0] [%n, 64] [1, 1] : tensor<?x64xf32> to tensor<?x64xf32>
    %s = arith.addf %v, %ay : tensor<?x64xf32>
    tile.yield %s : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: @columns_from_a_number
// CHECK: nvptx.refused = "a view does not keep whole rows"
func.func @columns_from_a_number(%x: tensor<?x64xf32>, %i: index, %y: tensor<?x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x, %i : tensor<?x64xf32>, index) outs(%y : tensor<?x32xf32>) {
  ^bb0(%ax: tensor<?x64xf32>, %ai: index, %ay: tensor<?x32xf32>):
    %c0 = arith.constant 0 : index
    %n = tensor.dim %ax, %c0 : tensor<?x64xf32>
    %v = tensor.extract_slice %ax[0, %ai] [%n, 32] [1, 1] : tensor<?x64xf32> to tensor<?x32xf32>
    %s = arith.addf %v, %ay : tensor<?x32xf32>
    tile.yield %s : tensor<?x32xf32>
  } -> tensor<?x32xf32>
  return
}

// CHECK-LABEL: @one_head
// CHECK: nvptx.refused = "a view does not keep whole rows"
func.func @one_head(%x: tensor<?x2x32xf32>, %y: tensor<?x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "k" ins(%x : tensor<?x2x32xf32>) outs(%y : tensor<?x32xf32>) {
  ^bb0(%ax: tensor<?x2x32xf32>, %ay: tensor<?x32xf32>):
    %c0 = arith.constant 0 : index
    %n = tensor.dim %ax, %c0 : tensor<?x2x32xf32>
    %v = tensor.extract_slice %ax[0, 1, 0] [%n, 1, 32] [1, 1, 1] : tensor<?x2x32xf32> to tensor<?x32xf32>
    %s = arith.addf %v, %ay : tensor<?x32xf32>
    tile.yield %s : tensor<?x32xf32>
  } -> tensor<?x32xf32>
  return
}
}
