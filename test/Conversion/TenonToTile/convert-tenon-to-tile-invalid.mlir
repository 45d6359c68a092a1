// RUN: tenon-opt %s --convert-tenon-to-tile --split-input-file --verify-diagnostics

func.func private @no_bucket(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @below {{expects a function with a bucket around it}}
  %y = tile.kernel "k" <rows = 2> ins() outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: tensor<?x8xf32>):
    %s = arith.addf %0, %0 : tensor<?x8xf32>
    tile.yield %s : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @other_op(%x: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins() outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: tensor<?x8xf32>):
    // expected-error @below {{'arith.mulf' op cannot be written as a loop over tokens}}
    %s = arith.mulf %0, %0 : tensor<?x8xf32>
    tile.yield %s : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @no_result() attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  // expected-error @below {{expects a result}}
  tile.kernel "k" <rows = 2> ins() outs() {
    tile.yield
  }
  return
}

// -----

func.func private @nothing_done(%x: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  // expected-error @below {{expects to yield results of ops on rows, but got 'tensor<?x8xf32>' as result 0}}
  %y = tile.kernel "k" <rows = 2> ins() outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: tensor<?x8xf32>):
    tile.yield %0 : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @no_table(%x: tensor<?x8xf32>, %p: tensor<?xi32>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%p : tensor<?xi32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: tensor<?xi32>, %1: tensor<?x8xf32>):
    // expected-error @below {{expects a table of cosines and sines; run tenon-materialize-rope-tables first}}
    %s = tenon.rope %1 at %0 last <dims = 8, pairing = half, theta = 1.0e4 : f64> : tensor<?x8xf32>, tensor<?xi32>
    tile.yield %s : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @hidden_cache(%x: tensor<?x8xf32>, %p: tensor<?xi32>, %l: index, %c: tensor<1x?x?x8xf32>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%c, %p, %l : tensor<1x?x?x8xf32>, tensor<?xi32>, index) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: tensor<1x?x?x8xf32>, %1: tensor<?xi32>, %2: index, %3: tensor<?x8xf32>):
    // expected-error @below {{expects the kernel to yield the cache}}
    %s = tenon.cache_update %3 into %0[%2] at %1 in %1 : tensor<?x8xf32> into tensor<1x?x?x8xf32>, tensor<?xi32>
    %a = arith.addf %3, %3 : tensor<?x8xf32>
    tile.yield %a : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

/// The rows that are gathered are made by all workers of this kernel.
func.func private @gathers_own_rows(%x: tensor<?x8xf32>, %p: tensor<?xi32>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%p : tensor<?xi32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: tensor<?xi32>, %1: tensor<?x8xf32>):
    %a = arith.addf %1, %1 : tensor<?x8xf32>
    // expected-error @below {{expects the kernel to be given what is read as a whole, but got the result of arith.addf in the kernel; run tenon-form-kernels}}
    %s = tenon.gather_rows %a, %0 : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x8xf32>
    tile.yield %s : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @two_products(%x: tensor<?x8xf32>, %w: !tenon.weight<8x8, <f32>, <16x1>>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%w : !tenon.weight<8x8, <f32>, <16x1>>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: !tenon.weight<8x8, <f32>, <16x1>>, %1: tensor<?x8xf32>):
    %a = tenon.linear %1, %0 : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
    // expected-error @below {{'tenon.linear' op cannot be written in one kernel with tenon.linear}}
    %b = tenon.linear %a, %0 : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
    tile.yield %b : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @norm_behind(%x: tensor<?x8xf32>, %w: !tenon.weight<8x8, <f32>, <16x1>>, %n: !tenon.weight<8, <f32>>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%w, %n : !tenon.weight<8x8, <f32>, <16x1>>, !tenon.weight<8, <f32>>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: !tenon.weight<8x8, <f32>, <16x1>>, %1: !tenon.weight<8, <f32>>, %2: tensor<?x8xf32>):
    %a = tenon.linear %2, %0 : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
    // expected-error @below {{'tenon.norm' op cannot be written in one kernel with tenon.linear}}
    %b = tenon.norm rms %a, %1 eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
    tile.yield %b : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

/// The product is both summands, then none of them.
func.func private @added_to_itself(%x: tensor<?x8xf32>, %w: !tenon.weight<8x8, <f32>, <16x1>>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%w : !tenon.weight<8x8, <f32>, <16x1>>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: !tenon.weight<8x8, <f32>, <16x1>>, %1: tensor<?x8xf32>):
    %a = tenon.linear %1, %0 : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
    // expected-error @below {{'arith.addf' op cannot be written in one kernel with tenon.linear}}
    %b = arith.addf %a, %a : tensor<?x8xf32>
    tile.yield %b : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @added_elsewhere(%x: tensor<?x8xf32>, %w: !tenon.weight<8x8, <f32>, <16x1>>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%w : !tenon.weight<8x8, <f32>, <16x1>>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: !tenon.weight<8x8, <f32>, <16x1>>, %1: tensor<?x8xf32>):
    %a = tenon.linear %1, %0 : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
    // expected-error @below {{'arith.addf' op cannot be written in one kernel with tenon.linear}}
    %b = arith.addf %1, %1 : tensor<?x8xf32>
    tile.yield %b : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @norm_of_two(%x: tensor<?x8xf32>, %w: !tenon.weight<8x8, <f32>, <16x1>>, %n: !tenon.weight<8, <f32>>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%w, %n : !tenon.weight<8x8, <f32>, <16x1>>, !tenon.weight<8, <f32>>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: !tenon.weight<8x8, <f32>, <16x1>>, %1: !tenon.weight<8, <f32>>, %2: tensor<?x8xf32>):
    // expected-error @below {{expects the linear of the kernel to be its only user}}
    %a = tenon.norm rms %2, %1 eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
    %b = tenon.linear %a, %0 : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
    %c = arith.addf %a, %b : tensor<?x8xf32>
    tile.yield %c : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @heads_of_linear(%x: tensor<?x2x4xf32>, %w: !tenon.weight<8x8, <f32>, <16x1>>) -> tensor<?x2x4xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%w : !tenon.weight<8x8, <f32>, <16x1>>) outs(%x : tensor<?x2x4xf32>) {
  ^bb0(%0: !tenon.weight<8x8, <f32>, <16x1>>, %1: tensor<?x2x4xf32>):
    // expected-error @below {{expects flat rows, but got 'tensor<?x2x4xf32>' and 'tensor<?x2x4xf32>'; run tenon-form-kernels}}
    %a = tenon.linear %1, %0 : tensor<?x2x4xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x2x4xf32>
    tile.yield %a : tensor<?x2x4xf32>
  } -> tensor<?x2x4xf32>
  return %y : tensor<?x2x4xf32>
}

// -----

func.func private @yields_another(%x: tensor<?x8xf32>, %w: !tenon.weight<8x8, <f32>, <16x1>>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  // expected-error @below {{expects to yield all results of tenon.linear and nothing else}}
  %y = tile.kernel "k" <rows = 2> ins(%w : !tenon.weight<8x8, <f32>, <16x1>>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: !tenon.weight<8x8, <f32>, <16x1>>, %1: tensor<?x8xf32>):
    %a = tenon.linear %1, %0 : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
    tile.yield %1 : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @no_layout(%x: tensor<?x8xf32>, %w: !tenon.weight<8x8, <f32>>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%w : !tenon.weight<8x8, <f32>>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: !tenon.weight<8x8, <f32>>, %1: tensor<?x8xf32>):
    // expected-error @below {{expects weights in panels of 16 rows, but got '!tenon.weight<8x8, <f32>>'; run tenon-assign-weight-layouts first}}
    %a = tenon.linear %1, %0 : tensor<?x8xf32>, !tenon.weight<8x8, <f32>> -> tensor<?x8xf32>
    tile.yield %a : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @panels_of_eight(%x: tensor<?x8xf32>, %w: !tenon.weight<8x8, <f32>, <8x1>>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%w : !tenon.weight<8x8, <f32>, <8x1>>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: !tenon.weight<8x8, <f32>, <8x1>>, %1: tensor<?x8xf32>):
    // expected-error @below {{expects weights in panels of 16 rows, but got '!tenon.weight<8x8, <f32>, <8x1>>'}}
    %a = tenon.linear %1, %0 : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <8x1>> -> tensor<?x8xf32>
    tile.yield %a : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func private @unpaired_gate(%x: tensor<?x4xf32>, %w: !tenon.weight<8x4, <f32>, <16x1>>) -> tensor<?x4xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%w : !tenon.weight<8x4, <f32>, <16x1>>) outs(%x : tensor<?x4xf32>) {
  ^bb0(%0: !tenon.weight<8x4, <f32>, <16x1>>, %1: tensor<?x4xf32>):
    // expected-error @below {{expects panels of pairs with glu and no pairs without, but got '!tenon.weight<8x4, <f32>, <16x1>>'; run tenon-assign-weight-layouts first}}
    %a = tenon.linear %1, %0 glu silu : tensor<?x4xf32>, !tenon.weight<8x4, <f32>, <16x1>> -> tensor<?x4xf32>
    tile.yield %a : tensor<?x4xf32>
  } -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

func.func private @mla_not_split(%q: tensor<?x3x10xf32>, %c: tensor<2x?x?x14xf32>, %l: index, %w: !tenon.weight<33x10, <f32>, <16x1>>, %pos: tensor<?xi32>, %b: tensor<?x4xi32>, %e: tensor<?x3x5xf32>) -> tensor<?x3x5xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 3, block = 3> ins(%q, %c, %l, %w, %pos, %b : tensor<?x3x10xf32>, tensor<2x?x?x14xf32>, index, !tenon.weight<33x10, <f32>, <16x1>>, tensor<?xi32>, tensor<?x4xi32>) outs(%e : tensor<?x3x5xf32>) {
  ^bb0(%0: tensor<?x3x10xf32>, %1: tensor<2x?x?x14xf32>, %2: index, %3: !tenon.weight<33x10, <f32>, <16x1>>, %4: tensor<?xi32>, %5: tensor<?x4xi32>, %6: tensor<?x3x5xf32>):
    // expected-error @below {{expects expand to be split by heads; run tenon-choose-mla-form first}}
    %r = tenon.mla_attention %0, %1[%2], %3 at %4 in %4 blocks %5 nope 6 scale 0.2 mask <causal>
        : tensor<?x3x10xf32>, tensor<2x?x?x14xf32>, !tenon.weight<33x10, <f32>, <16x1>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x5xf32>
    tile.yield %r : tensor<?x3x5xf32>
  } -> tensor<?x3x5xf32>
  return %y : tensor<?x3x5xf32>
}

// -----

func.func private @mla_without_blocks(%q: tensor<?x3x10xf32>, %c: tensor<2x?x?x14xf32>, %l: index, %w: !tenon.weight<33x10, <f32>, <16x1>>, %pos: tensor<?xi32>, %b: tensor<?x4xi32>, %e: tensor<?x3x5xf32>) -> tensor<?x3x5xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 3> ins(%q, %c, %l, %w, %pos, %b : tensor<?x3x10xf32>, tensor<2x?x?x14xf32>, index, !tenon.weight<33x10, <f32>, <16x1>>, tensor<?xi32>, tensor<?x4xi32>) outs(%e : tensor<?x3x5xf32>) {
  ^bb0(%0: tensor<?x3x10xf32>, %1: tensor<2x?x?x14xf32>, %2: index, %3: !tenon.weight<33x10, <f32>, <16x1>>, %4: tensor<?xi32>, %5: tensor<?x4xi32>, %6: tensor<?x3x5xf32>):
    // expected-error @below {{expects its kernel's configuration to have block, the most tokens of a query block}}
    %r = tenon.mla_attention %0, %1[%2], %3 at %4 in %4 blocks %5 nope 6 scale 0.2 mask <causal>
        : tensor<?x3x10xf32>, tensor<2x?x?x14xf32>, !tenon.weight<33x10, <f32>, <16x1>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x5xf32>
    tile.yield %r : tensor<?x3x5xf32>
  } -> tensor<?x3x5xf32>
  return %y : tensor<?x3x5xf32>
}

// -----

func.func private @attention_without_blocks(%q: tensor<?x3x10xf32>, %c: tensor<2x?x?x14xf32>, %l: index, %pos: tensor<?xi32>, %b: tensor<?x4xi32>, %e: tensor<?x3x10xf32>) -> tensor<?x3x10xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 3> ins(%q, %c, %l, %pos, %b : tensor<?x3x10xf32>, tensor<2x?x?x14xf32>, index, tensor<?xi32>, tensor<?x4xi32>) outs(%e : tensor<?x3x10xf32>) {
  ^bb0(%0: tensor<?x3x10xf32>, %1: tensor<2x?x?x14xf32>, %2: index, %4: tensor<?xi32>, %5: tensor<?x4xi32>, %6: tensor<?x3x10xf32>):
    %k = tensor.extract_slice %1[0, 0, 0, 0] [2, 1, 1, 10] [1, 1, 1, 1] : tensor<2x?x?x14xf32> to tensor<2x1x1x10xf32>
    // expected-error @below {{expects its kernel's configuration to have block, the most tokens of a query block}}
    %r = tenon.attention %0, %k[%2] at %4 in %4 blocks %5 scale 0.2 mask <causal> value_first 10
        : tensor<?x3x10xf32>, tensor<2x1x1x10xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x10xf32>
    tile.yield %r : tensor<?x3x10xf32>
  } -> tensor<?x3x10xf32>
  return %y : tensor<?x3x10xf32>
}

// -----

/// A kernel of a GPU has no loops over tiles.
func.func private @no_tiles(%x: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  // expected-error @below {{expects a #tile.config, which says how large its tiles are; machine.target of the module gives none to kernels of a GPU}}
  %y = tile.kernel "k" ins() outs(%x : tensor<?x8xf32>) {
  ^bb0(%0: tensor<?x8xf32>):
    %s = arith.addf %0, %0 : tensor<?x8xf32>
    tile.yield %s : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
