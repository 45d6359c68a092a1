// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The example of the op's description.
// CHECK-LABEL: func @rope_at_the_end
// CHECK-SAME:    %[[Q:.*]]: tensor<?x4x24xf32>, %[[P:.*]]: tensor<?xi32>
func.func @rope_at_the_end(%q: tensor<?x4x24xf32>, %pos: tensor<?xi32>) -> tensor<?x4x24xf32> {
  // CHECK: tenon.rope %[[Q]] at %[[P]] last <dims = 8, pairing = interleaved, theta = 1.000000e+04 : f64> : tensor<?x4x24xf32>, tensor<?xi32>
  %r = tenon.rope %q at %pos last
      <dims = 8, pairing = interleaved, theta = 1.0e4 : f64>
      : tensor<?x4x24xf32>, tensor<?xi32>
  return %r : tensor<?x4x24xf32>
}

/// A row without heads, rotated as a whole.
// CHECK-LABEL: func @rope_of_a_row
func.func @rope_of_a_row(%k: tensor<3x8xbf16>, %pos: tensor<3xi32>) -> tensor<3x8xbf16> {
  // CHECK: tenon.rope %{{.*}} at %{{.*}} first <dims = 8, pairing = half, theta = 5.000000e+05 : f64> : tensor<3x8xbf16>, tensor<3xi32>
  %r = tenon.rope %k at %pos first <dims = 8, pairing = half, theta = 5.0e5 : f64>
      : tensor<3x8xbf16>, tensor<3xi32>
  return %r : tensor<3x8xbf16>
}

/// Cosines and sines that lie in a table.
// CHECK-LABEL: func @rope_with_table
// CHECK-SAME:    %[[K:.*]]: tensor<?x7xf32>, %[[P:.*]]: tensor<?xi32>, %[[T:.*]]: !tenon.weight<257x6, <f32>>
func.func @rope_with_table(%k: tensor<?x7xf32>, %pos: tensor<?xi32>, %t: !tenon.weight<257x6, <f32>>) -> tensor<?x7xf32> {
  // CHECK: tenon.rope %[[K]] at %[[P]] first <dims = 6, pairing = half, theta = 1.000000e+04 : f64> table %[[T]] : !tenon.weight<257x6, <f32>> : tensor<?x7xf32>, tensor<?xi32>
  %r = tenon.rope %k at %pos first <dims = 6, pairing = half, theta = 1.0e4 : f64> table %t : !tenon.weight<257x6, <f32>>
      : tensor<?x7xf32>, tensor<?xi32>
  return %r : tensor<?x7xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @cache_update
// CHECK-SAME:    %[[K:.*]]: tensor<?x2x16xf32>, %[[C:.*]]: tensor<3x?x?x2x16xf32>, %[[I:.*]]: index, %[[P:.*]]: tensor<?xi32>, %[[S:.*]]: tensor<?xi32>
func.func @cache_update(%k: tensor<?x2x16xf32>, %c: tensor<3x?x?x2x16xf32>, %i: index, %pos: tensor<?xi32>,
                        %slot: tensor<?xi32>) -> tensor<3x?x?x2x16xf32> {
  // CHECK: tenon.cache_update %[[K]] into %[[C]][%[[I]]] at %[[P]] in %[[S]] : tensor<?x2x16xf32> into tensor<3x?x?x2x16xf32>, tensor<?xi32>
  %c1 = tenon.cache_update %k into %c[%i] at %pos in %slot
      : tensor<?x2x16xf32> into tensor<3x?x?x2x16xf32>, tensor<?xi32>
  return %c1 : tensor<3x?x?x2x16xf32>
}

/// A latent row, rounded to the element type of the cache.
// CHECK-LABEL: func @cache_update_latent
func.func @cache_update_latent(%k: tensor<1x40xf32>, %c: tensor<?x?x?x40xbf16>, %i: index, %pos: tensor<1xi32>,
                               %slot: tensor<1xi32>) -> tensor<?x?x?x40xbf16> {
  // CHECK: tenon.cache_update {{.*}} : tensor<1x40xf32> into tensor<?x?x?x40xbf16>, tensor<1xi32>
  %c1 = tenon.cache_update %k into %c[%i] at %pos in %slot
      : tensor<1x40xf32> into tensor<?x?x?x40xbf16>, tensor<1xi32>
  return %c1 : tensor<?x?x?x40xbf16>
}

/// The example of the op's description.
// CHECK-LABEL: func @attention
// CHECK-SAME:    %[[Q:.*]]: tensor<?x4x16xf32>, %[[K:.*]]: tensor<3x?x?x2x16xf32>, %[[V:.*]]: tensor<3x?x?x2x16xf32>, %[[I:.*]]: index, %[[P:.*]]: tensor<?xi32>, %[[S:.*]]: tensor<?xi32>, %[[B:.*]]: tensor<?x4xi32>
func.func @attention(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x16xf32>,
                     %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>)
    -> tensor<?x4x16xf32> {
  // CHECK: tenon.attention %[[Q]], %[[K]], %[[V]][%[[I]]] at %[[P]] in %[[S]] blocks %[[B]] scale 2.500000e-01 mask <causal, window = 8> : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal, window = 8>
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>,
        tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return %o : tensor<?x4x16xf32>
}

/// Sinks and a soft cap, and values that are longer than keys.
// CHECK-LABEL: func @attention_with_sinks_and_cap
func.func @attention_with_sinks_and_cap(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x4x16xbf16>,
    %v: tensor<3x?x?x4x20xbf16>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>,
    %s: !tenon.weight<4, <bf16>>) -> tensor<?x4x20xf32> {
  // CHECK: tenon.attention {{.*}} blocks %{{.*}} sinks %{{.*}} : !tenon.weight<4, <bf16>> scale 2.500000e-01 mask <full> softcap 5.000000e+01 : tensor<?x4x16xf32>
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      sinks %s : !tenon.weight<4, <bf16>> scale 0.25 mask <full> softcap 50.0
      : tensor<?x4x16xf32>, tensor<3x?x?x4x16xbf16> and tensor<3x?x?x4x20xbf16>,
        tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x20xf32>
  return %o : tensor<?x4x20xf32>
}

/// One cache serves as key and value, with one head for all.
// CHECK-LABEL: func @attention_over_latents
func.func @attention_over_latents(%q: tensor<?x7x40xf32>, %c: tensor<3x?x?x40xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x?xi32>) -> tensor<?x7x32xf32> {
  // CHECK: tenon.attention %{{.*}}, %{{[^ ]*}}[%{{.*}}] at {{.*}} mask <causal> value_first 32 : tensor<?x7x40xf32>, tensor<3x?x?x40xf32>, tensor<?xi32>
  %o = tenon.attention %q, %c[%i] at %pos in %slot blocks %blocks
      scale 0.2 mask <causal> value_first 32
      : tensor<?x7x40xf32>, tensor<3x?x?x40xf32>, tensor<?xi32>, tensor<?x?xi32> -> tensor<?x7x32xf32>
  return %o : tensor<?x7x32xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @mla_attention
// CHECK-SAME:    %[[Q:.*]]: tensor<?x4x24xf32>, %[[C:.*]]: tensor<3x?x?x40xf32>, %[[I:.*]]: index, %[[W:.*]]: !tenon.weight<112x32, <bf16>>, %[[P:.*]]: tensor<?xi32>, %[[S:.*]]: tensor<?xi32>, %[[B:.*]]: tensor<?x4xi32>
func.func @mla_attention(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index,
    %w: !tenon.weight<112x32, <bf16>>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>)
    -> tensor<?x4x12xf32> {
  // CHECK: tenon.mla_attention %[[Q]], %[[C]][%[[I]]], %[[W]] at %[[P]] in %[[S]] blocks %[[B]] nope 16 scale 2.000000e-01 mask <causal> : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, <112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks
      nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>,
        tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return %o : tensor<?x4x12xf32>
}

/// The expansion of each head is a matrix of its own.
// CHECK-LABEL: func @mla_attention_of_a_stack
func.func @mla_attention_of_a_stack(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index,
    %w: !tenon.weight<4x28x32, <bf16>>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>)
    -> tensor<?x4x12xf32> {
  // CHECK: tenon.mla_attention {{.*}} <4x28x32, <bf16>>, tensor<?xi32>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks
      nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<4x28x32, <bf16>>,
        tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return %o : tensor<?x4x12xf32>
}

/// Each token has keys of its own.
// CHECK-LABEL: func @mla_attention_to_selected_keys
func.func @mla_attention_to_selected_keys(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index,
    %w: !tenon.weight<112x32, <bf16>>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>,
    %sel: tensor<?x24xi32>) -> tensor<?x4x12xf32> {
  // CHECK: tenon.mla_attention {{.*}} selected %{{[^ ]*}} : tensor<?x24xi32> nope 16
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks selected %sel : tensor<?x24xi32>
      nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>,
        tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return %o : tensor<?x4x12xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @index_topk
func.func @index_topk(%q: tensor<?x4x16xf32>, %c: tensor<3x?x?x16xf32>, %i: index, %w: tensor<?x4xf32>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>) -> tensor<?x24xi32> {
  // CHECK: tenon.index_topk %{{[^ ]*}}, %{{[^ ]*}}[%{{.*}}] weights %{{.*}} at %{{.*}} in %{{.*}} of 128 scale 2.500000e-01 : tensor<?x4x16xf32>, tensor<3x?x?x16xf32>, tensor<?x4xf32>, tensor<?xi32> -> tensor<?x24xi32>
  %sel = tenon.index_topk %q, %c[%i] weights %w at %pos in %slot of 128 scale 0.25
      : tensor<?x4x16xf32>, tensor<3x?x?x16xf32>, tensor<?x4xf32>, tensor<?xi32> -> tensor<?x24xi32>
  return %sel : tensor<?x24xi32>
}

/// The example of the op's description.
// CHECK-LABEL: func @selected_attention
func.func @selected_attention(%q: tensor<?x4x40xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %sel: tensor<?x24xi32>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>) -> tensor<?x4x32xf32> {
  // CHECK: tenon.selected_attention %{{[^ ]*}}, %{{[^ ]*}}[%{{.*}}] of %{{.*}} at %{{.*}} in %{{.*}} scale 2.500000e-01 : tensor<?x4x40xf32>, tensor<3x?x?x40xf32>, tensor<?x24xi32>, tensor<?xi32> -> tensor<?x4x32xf32>
  %o = tenon.selected_attention %q, %c[%i] of %sel at %pos in %slot scale 0.25
      : tensor<?x4x40xf32>, tensor<3x?x?x40xf32>, tensor<?x24xi32>, tensor<?xi32> -> tensor<?x4x32xf32>
  return %o : tensor<?x4x32xf32>
}
