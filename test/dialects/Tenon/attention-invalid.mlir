// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
func.func @rope_longer_than_row(%q: tensor<?x4x6xf32>, %pos: tensor<?xi32>) {
  // expected-error@+1 {{expects a row of input to have at least 8 elements, but got 6}}
  %r = tenon.rope %q at %pos first <dims = 8, pairing = half, theta = 1.0e4 : f64>
      : tensor<?x4x6xf32>, tensor<?xi32>
  return
}

// -----

// C2
func.func @rope_at_other_tokens(%q: tensor<3x4x8xf32>, %pos: tensor<4xi32>) {
  // expected-error@+1 {{expects input and positions to agree on number of tokens, but got 3 and 4}}
  %r = tenon.rope %q at %pos first <dims = 8, pairing = half, theta = 1.0e4 : f64>
      : tensor<3x4x8xf32>, tensor<4xi32>
  return
}

// -----

// C3
func.func @rope_with_table_of_other_width(%q: tensor<?x4x8xf32>, %pos: tensor<?xi32>, %t: !tenon.weight<257x6, <f32>>) {
  // expected-error@+1 {{expects rope and table to agree on number of dims, but got 8 and 6}}
  %r = tenon.rope %q at %pos first <dims = 8, pairing = half, theta = 1.0e4 : f64> table %t : !tenon.weight<257x6, <f32>>
      : tensor<?x4x8xf32>, tensor<?xi32>
  return
}

// -----

// C1
func.func @cache_update_of_other_rank(%k: tensor<?x32xf32>, %c: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects cache to have two dimensions more than input, but got 5 and 2}}
  %c1 = tenon.cache_update %k into %c[%i] at %pos in %slot
      : tensor<?x32xf32> into tensor<3x?x?x2x16xf32>, tensor<?xi32>
  return
}

// -----

// C1
func.func @cache_update_of_other_heads(%k: tensor<?x3x16xf32>, %c: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects input and cache to agree on row shape, but got 3 and 2}}
  %c1 = tenon.cache_update %k into %c[%i] at %pos in %slot
      : tensor<?x3x16xf32> into tensor<3x?x?x2x16xf32>, tensor<?xi32>
  return
}

// -----

// C1
func.func @cache_update_of_other_head_size(%k: tensor<?x2x15xf32>, %c: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects input and cache to agree on row shape, but got 15 and 16}}
  %c1 = tenon.cache_update %k into %c[%i] at %pos in %slot
      : tensor<?x2x15xf32> into tensor<3x?x?x2x16xf32>, tensor<?xi32>
  return
}

// -----

// C2
func.func @cache_update_of_other_tokens(%k: tensor<5x2x16xf32>, %c: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<4xi32>, %slot: tensor<4xi32>) {
  // expected-error@+1 {{expects input, positions and slots to agree on number of tokens, but got 5 and 4}}
  %c1 = tenon.cache_update %k into %c[%i] at %pos in %slot
      : tensor<5x2x16xf32> into tensor<3x?x?x2x16xf32>, tensor<4xi32>
  return
}

// -----

// C1
func.func @attention_of_other_head_size(%q: tensor<?x4x24xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects query and key to agree on head size, but got 24 and 16}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C2
func.func @attention_of_uneven_heads(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x3x16xf32>, %v: tensor<3x?x?x3x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects the head count of query to be a multiple of the head count of key, but got 4 and 3}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<3x?x?x3x16xf32> and tensor<3x?x?x3x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C2
func.func @attention_without_heads(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x0x16xf32>, %v: tensor<3x?x?x0x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects the head count of query to be a multiple of the head count of key, but got 4 and 0}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<3x?x?x0x16xf32> and tensor<3x?x?x0x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C3
func.func @attention_with_values_of_other_rank(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects key and value to agree on rank, but got 5 and 4}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C3
func.func @attention_with_values_of_other_layers(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<4x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects key and value to agree on all dimensions but the last, but got 3 and 4}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<4x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C3
func.func @attention_with_values_of_other_heads(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x1x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects key and value to agree on all dimensions but the last, but got 2 and 1}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x1x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C4
func.func @attention_with_result_of_other_size(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x20xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects value and result to agree on head size, but got 20 and 16}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x20xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C4
func.func @attention_with_result_of_other_latent_size(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects value and result to agree on head size, but got 12 and 16}}
  %o = tenon.attention %q, %k[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal> value_first 12
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C4
func.func @attention_with_value_longer_than_key(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects value_first to be positive and at most the head size, but got 17 and 16}}
  %o = tenon.attention %q, %k[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal> value_first 17
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x17xf32>
  return
}

// -----

// C4
func.func @attention_with_negative_value(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects value_first to be positive and at most the head size, but got -1 and 16}}
  %o = tenon.attention %q, %k[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal> value_first -1
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C5
func.func @attention_without_value(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects either value or value_first}}
  %o = tenon.attention %q, %k[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C5
func.func @attention_with_both_values(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects either value or value_first}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal> value_first 16
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C6
func.func @attention_with_other_heads(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects query and result to agree on head count, but got 4 and 2}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x16xf32>
  return
}

// -----

// C6
func.func @attention_with_other_tokens(%q: tensor<3x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects query and result to agree on number of tokens, but got 3 and 4}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<3x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<4x4x16xf32>
  return
}

// -----

// C6
func.func @attention_at_other_tokens(%q: tensor<3x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<4xi32>, %slot: tensor<4xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects query and positions to agree on number of tokens, but got 3 and 4}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<3x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>, tensor<4xi32>, tensor<?x4xi32> -> tensor<3x4x16xf32>
  return
}

// -----

// C7
func.func @attention_with_sinks_of_other_length(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>,
    %s: !tenon.weight<2, <f32>>) {
  // expected-error@+1 {{expects query and sinks to agree on head count, but got 4 and 2}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks sinks %s : !tenon.weight<2, <f32>>
      scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

/// Blocks and the cap are held by the definition of the op.
func.func @attention_with_short_blocks(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x3xi32>) {
  // expected-error@+1 {{operand #6 must be list of blocks, four integers each, but got 'tensor<?x3xi32>'}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal>
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x3xi32> -> tensor<?x4x16xf32>
  return
}

// -----

func.func @attention_with_negative_cap(%q: tensor<?x4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x16xf32>, %i: index,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{attribute 'softcap' failed to satisfy constraint: 32-bit float attribute whose value is positive and normal}}
  %o = tenon.attention %q, %k, %v[%i] at %pos in %slot blocks %blocks
      scale 0.25 mask <causal> softcap -30.0
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32> and tensor<3x?x?x2x16xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x16xf32>
  return
}

// -----

// C1
func.func @mla_attention_over_rows_of_other_length(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x41xf32>, %i: index, %w: !tenon.weight<112x32, <bf16>>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects cache and expand with query to agree on row length, but got 41 and 40}}
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x41xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return
}

// -----

// C2
func.func @mla_attention_of_other_value_size(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %w: !tenon.weight<112x32, <bf16>>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects expand and result to agree on rows of all heads, but got 112 and 116}}
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x13xf32>
  return
}

// -----

// C2
func.func @mla_attention_of_other_stack(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %w: !tenon.weight<2x56x32, <bf16>>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects expand and query to agree on head count, but got 2 and 4}}
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<2x56x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return
}

// -----

// C3
func.func @mla_attention_with_other_heads(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %w: !tenon.weight<112x32, <bf16>>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects query and result to agree on head count, but got 4 and 7}}
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x7x12xf32>
  return
}

// -----

// C3
func.func @mla_attention_with_other_tokens(%q: tensor<1x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %w: !tenon.weight<112x32, <bf16>>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects query and result to agree on number of tokens, but got 1 and 2}}
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks nope 16 scale 0.2 mask <causal>
      : tensor<1x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<2x4x12xf32>
  return
}

// -----

// C3
func.func @mla_attention_at_other_tokens(%q: tensor<1x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %w: !tenon.weight<112x32, <bf16>>,
    %pos: tensor<2xi32>, %slot: tensor<2xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects query and positions to agree on number of tokens, but got 1 and 2}}
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks nope 16 scale 0.2 mask <causal>
      : tensor<1x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<2xi32>, tensor<?x4xi32> -> tensor<1x4x12xf32>
  return
}

// -----

// C4
func.func @mla_attention_without_rotation(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %w: !tenon.weight<112x32, <bf16>>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects nope to be positive and smaller than the head size of query, but got 24 and 24}}
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks nope 24 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return
}

// -----

// C4
func.func @mla_attention_with_rotation_only(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %w: !tenon.weight<112x32, <bf16>>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) {
  // expected-error@+1 {{expects nope to be positive and smaller than the head size of query, but got 0 and 24}}
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks nope 0 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return
}

// -----

// C5
func.func @selected_keys_in_a_window(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %w: !tenon.weight<112x32, <bf16>>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %s: tensor<?x9xi32>) {
  // expected-error@+1 {{expects mask to be causal, without window and chunk, with selected, but got}}
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks selected %s : tensor<?x9xi32> nope 16 scale 0.2 mask <causal, window = 5>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return
}

// -----

// C5
func.func @selected_keys_of_other_tokens(%q: tensor<3x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %w: !tenon.weight<112x32, <bf16>>,
    %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %s: tensor<4x9xi32>) {
  // expected-error@+1 {{expects query and selected to agree on number of tokens, but got 3 and 4}}
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %blocks selected %s : tensor<4x9xi32> nope 16 scale 0.2 mask <causal>
      : tensor<3x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return
}

// -----

// C1
func.func @index_of_other_rows(%q: tensor<?x4x16xf32>, %c: tensor<3x?x?x17xf32>, %i: index, %w: tensor<?x4xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects query and cache to agree on row length, but got 16 and 17}}
  %s = tenon.index_topk %q, %c[%i] weights %w at %pos in %slot of 128 scale 0.25
      : tensor<?x4x16xf32>, tensor<3x?x?x17xf32>, tensor<?x4xf32>, tensor<?xi32> -> tensor<?x24xi32>
  return
}

// -----

// C1
func.func @index_of_heads_of_keys(%q: tensor<?x4x16xf32>, %c: tensor<3x?x?x2x16xf32>, %i: index, %w: tensor<?x4xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects cache to have rank 4, but got 5}}
  %s = tenon.index_topk %q, %c[%i] weights %w at %pos in %slot of 128 scale 0.25
      : tensor<?x4x16xf32>, tensor<3x?x?x2x16xf32>, tensor<?x4xf32>, tensor<?xi32> -> tensor<?x24xi32>
  return
}

// -----

// C2
func.func @index_of_other_heads(%q: tensor<?x4x16xf32>, %c: tensor<3x?x?x16xf32>, %i: index, %w: tensor<?x5xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects query and weights to agree on head count, but got 4 and 5}}
  %s = tenon.index_topk %q, %c[%i] weights %w at %pos in %slot of 128 scale 0.25
      : tensor<?x4x16xf32>, tensor<3x?x?x16xf32>, tensor<?x5xf32>, tensor<?xi32> -> tensor<?x24xi32>
  return
}

// -----

// C3
func.func @index_of_other_tokens(%q: tensor<3x4x16xf32>, %c: tensor<3x?x?x16xf32>, %i: index, %w: tensor<2x4xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects query, weights, positions and result to agree on number of tokens, but got 3 and 2}}
  %s = tenon.index_topk %q, %c[%i] weights %w at %pos in %slot of 128 scale 0.25
      : tensor<3x4x16xf32>, tensor<3x?x?x16xf32>, tensor<2x4xf32>, tensor<?xi32> -> tensor<?x24xi32>
  return
}

// -----

// C4
func.func @index_of_no_context(%q: tensor<?x4x16xf32>, %c: tensor<3x?x?x16xf32>, %i: index, %w: tensor<?x4xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects context and the columns of the result to be positive, but got 0 and 24}}
  %s = tenon.index_topk %q, %c[%i] weights %w at %pos in %slot of 0 scale 0.25
      : tensor<?x4x16xf32>, tensor<3x?x?x16xf32>, tensor<?x4xf32>, tensor<?xi32> -> tensor<?x24xi32>
  return
}

// -----

// C4
func.func @index_of_no_keys(%q: tensor<?x4x16xf32>, %c: tensor<3x?x?x16xf32>, %i: index, %w: tensor<?x4xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects context and the columns of the result to be positive, but got 128 and 0}}
  %s = tenon.index_topk %q, %c[%i] weights %w at %pos in %slot of 128 scale 0.25
      : tensor<?x4x16xf32>, tensor<3x?x?x16xf32>, tensor<?x4xf32>, tensor<?xi32> -> tensor<?x0xi32>
  return
}

// -----

// C1
func.func @selected_rows_of_other_length(%q: tensor<?x4x40xf32>, %c: tensor<3x?x?x41xf32>, %i: index, %s: tensor<?x24xi32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects query and cache to agree on row length, but got 40 and 41}}
  %o = tenon.selected_attention %q, %c[%i] of %s at %pos in %slot scale 0.25
      : tensor<?x4x40xf32>, tensor<3x?x?x41xf32>, tensor<?x24xi32>, tensor<?xi32> -> tensor<?x4x32xf32>
  return
}

// -----

// C1
func.func @selected_rows_of_heads(%q: tensor<?x4x40xf32>, %c: tensor<3x?x?x2x40xf32>, %i: index, %s: tensor<?x24xi32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects cache to have rank 4, but got 5}}
  %o = tenon.selected_attention %q, %c[%i] of %s at %pos in %slot scale 0.25
      : tensor<?x4x40xf32>, tensor<3x?x?x2x40xf32>, tensor<?x24xi32>, tensor<?xi32> -> tensor<?x4x32xf32>
  return
}

// -----

// C2
func.func @selected_values_beyond_a_row(%q: tensor<?x4x40xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %s: tensor<?x24xi32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects a head of the result to be no longer than a row of cache, but got 48 and 40}}
  %o = tenon.selected_attention %q, %c[%i] of %s at %pos in %slot scale 0.25
      : tensor<?x4x40xf32>, tensor<3x?x?x40xf32>, tensor<?x24xi32>, tensor<?xi32> -> tensor<?x4x48xf32>
  return
}

// -----

// C3
func.func @selected_rows_of_other_heads(%q: tensor<?x4x40xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %s: tensor<?x24xi32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects query and result to agree on head count, but got 4 and 5}}
  %o = tenon.selected_attention %q, %c[%i] of %s at %pos in %slot scale 0.25
      : tensor<?x4x40xf32>, tensor<3x?x?x40xf32>, tensor<?x24xi32>, tensor<?xi32> -> tensor<?x5x32xf32>
  return
}

// -----

// C3
func.func @selected_rows_of_other_tokens(%q: tensor<3x4x40xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %s: tensor<2x24xi32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) {
  // expected-error@+1 {{expects query, selected, positions and result to agree on number of tokens, but got 3 and 2}}
  %o = tenon.selected_attention %q, %c[%i] of %s at %pos in %slot scale 0.25
      : tensor<3x4x40xf32>, tensor<3x?x?x40xf32>, tensor<2x24xi32>, tensor<?xi32> -> tensor<?x4x32xf32>
  return
}
