// RUN: tenon-opt %s --tenon-choose-mla-form=absorb-tokens=8 --split-input-file | FileCheck %s
// The machine decides where nobody else does; without one, every form stays.
// RUN: tenon-opt %s --tenon-choose-mla-form --split-input-file | FileCheck %s --check-prefix=NAIVE --check-prefix=MACHINE
// RUN: tenon-opt %s --tenon-choose-mla-form=absorb-tokens=0 --split-input-file | FileCheck %s --check-prefix=NAIVE --check-prefix=PINNED
// RUN: tenon-opt %s --tenon-choose-mla-form=absorb-tokens=9 --split-input-file | FileCheck %s --check-prefix=NINE
// RUN: tenon-opt %s --tenon-choose-mla-form=absorb-tokens=8 --split-input-file --remarks-filter=tenon-choose-mla-form 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// The form in each bucket, and a weight that is cast for it.
// REMARK: remark: [Analysis] ChooseForm | Category:tenon-choose-mla-form | Function=absorbed | AbsorbTokens=8, Form=absorbed, Tokens=8
// REMARK: remark: [Analysis] ChooseForm | Category:tenon-choose-mla-form | Function=naive | AbsorbTokens=8, Form=naive, Tokens=9
// REMARK: remark: [Missed] ChooseForm | Category:tenon-choose-mla-form | Reason="belongs to no bucket"
// REMARK: remark: [Missed] ChooseForm | Category:tenon-choose-mla-form | Reason="has a weight without a name"
// REMARK: remark: [Missed] ChooseForm | Category:tenon-choose-mla-form | Reason="is split by heads already"
// REMARK: remark: [Missed] KeepFormat | Category:tenon-choose-mla-form | Function=cut_blocks | Format="#tenon.format<f8E4M3FN, scale f32 per 4x4>", Reason="a head would cut a block of scales", Weight=w

tenon.weight @w "kv_b.{l}" layers [0, 1, 2] : !tenon.weight<3x112x32, <bf16>>

/// The example of the pass's description: the weights are made once for all functions.
// CHECK-DAG: tenon.derive @w.heads = split_rows [@w] count 28 : !tenon.weight<3x4x28x32, <bf16>>
// CHECK-DAG: tenon.derive @w.keys = slice_rows [@w.heads] : !tenon.weight<3x4x16x32, <bf16>>
// CHECK-DAG: tenon.derive @w.keys_transposed = transpose [@w.keys] : !tenon.weight<3x4x32x16, <bf16>>
// CHECK-DAG: tenon.derive @w.values = slice_rows [@w.heads] first 16 : !tenon.weight<3x4x12x32, <bf16>>
// CHECK-DAG: tenon.derive @w.expand = split_rows [@w] count 28 : !tenon.weight<3x4x28x32, <bf16>>
// CHECK-LABEL: func @absorbed
// CHECK-SAME:    %[[Q:.*]]: tensor<?x4x24xf32>, %[[C:.*]]: tensor<3x?x?x40xf32>, %[[I:.*]]: index, %[[P:.*]]: tensor<?xi32>, %[[S:.*]]: tensor<?xi32>, %[[B:.*]]: tensor<?x4xi32>
// CHECK:       %[[KT:.*]] = tenon.weight_ref @w.keys_transposed[%[[I]]] : <4x32x16, <bf16>>
// CHECK-NEXT:  %[[A:.*]] = tenon.head_linear %[[Q]], %[[KT]] keep : tensor<?x4x24xf32>, <4x32x16, <bf16>> -> tensor<?x4x40xf32>
// CHECK-NEXT:  %[[L:.*]] = tenon.attention %[[A]], %[[C]][%[[I]]] at %[[P]] in %[[S]] blocks %[[B]] scale 2.000000e-01 mask <causal> value_first 32 : tensor<?x4x40xf32>, tensor<3x?x?x40xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x32xf32>
// CHECK-NEXT:  %[[UV:.*]] = tenon.weight_ref @w.values[%[[I]]] : <4x12x32, <bf16>>
// CHECK-NEXT:  %[[O:.*]] = tenon.head_linear %[[L]], %[[UV]] : tensor<?x4x32xf32>, <4x12x32, <bf16>> -> tensor<?x4x12xf32>
// CHECK-NEXT:  return %[[O]]
// NAIVE-LABEL: func @absorbed
// NAIVE:       tenon.mla_attention
func.func @absorbed(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> tensor<?x4x12xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %w = tenon.weight_ref @w[%i] : !tenon.weight<112x32, <bf16>>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return %o : tensor<?x4x12xf32>
}

/// A longer step keeps its form; the expansion is split by heads.
// CHECK-LABEL: func @naive
// CHECK:       %[[W:.*]] = tenon.weight_ref @w.expand[%{{.*}}] : <4x28x32, <bf16>>
// CHECK-NEXT:  tenon.mla_attention %{{.*}}, %{{.*}}[%{{.*}}], %[[W]] at {{.*}} nope 16 scale 2.000000e-01 mask <causal>
// NINE-LABEL: func @naive
// NINE:       tenon.attention
func.func @naive(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> tensor<?x4x12xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 9>} {
  %w = tenon.weight_ref @w[%i] : !tenon.weight<112x32, <bf16>>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return %o : tensor<?x4x12xf32>
}

/// Nothing happens: the function has no bucket.
// CHECK-LABEL: func @no_bucket
// CHECK:       tenon.mla_attention %{{.*}} : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, <112x32, <bf16>>
func.func @no_bucket(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> tensor<?x4x12xf32> {
  %w = tenon.weight_ref @w[%i] : !tenon.weight<112x32, <bf16>>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return %o : tensor<?x4x12xf32>
}

/// Nothing happens: the weight has no name, or is split already.
// CHECK-LABEL: func @nameless_and_split
// CHECK:       tenon.mla_attention %{{.*}} : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, <112x32, <bf16>>
// CHECK:       tenon.mla_attention %{{.*}} : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, <4x28x32, <bf16>>
tenon.weight @split "split" : !tenon.weight<4x28x32, <bf16>>
func.func @nameless_and_split(%q: tensor<?x4x24xf32>, %c: tensor<3x?x?x40xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>, %w: !tenon.weight<112x32, <bf16>>) -> (tensor<?x4x12xf32>, tensor<?x4x12xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  %s = tenon.weight_ref @split : !tenon.weight<4x28x32, <bf16>>
  %p = tenon.mla_attention %q, %c[%i], %s at %pos in %slot blocks %b nope 16 scale 0.2 mask <causal>
      : tensor<?x4x24xf32>, tensor<3x?x?x40xf32>, !tenon.weight<4x28x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
  return %o, %p : tensor<?x4x12xf32>, tensor<?x4x12xf32>
}

// -----

/// Heads that cut no block of scales keep the format; one layer.
// CHECK-DAG: tenon.derive @w.heads = split_rows [@w] count 8 : !tenon.weight<3x8x8, <f8E4M3FN, scale f32 per 4x4>>
// CHECK-DAG: tenon.derive @w.keys_transposed = transpose [@w.keys] : !tenon.weight<3x8x4, <f8E4M3FN, scale f32 per 4x4>>
// CHECK-LABEL: func @whole_blocks
// CHECK:       tenon.weight_ref @w.keys_transposed : <3x8x4, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @w "kv_b" : !tenon.weight<24x8, <f8E4M3FN, scale f32 per 4x4>>
func.func @whole_blocks(%q: tensor<?x3x9xf32>, %c: tensor<1x?x?x13xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> tensor<?x3x4xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %w = tenon.weight_ref @w : !tenon.weight<24x8, <f8E4M3FN, scale f32 per 4x4>>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 4 scale 0.2 mask <causal>
      : tensor<?x3x9xf32>, tensor<1x?x?x13xf32>, !tenon.weight<24x8, <f8E4M3FN, scale f32 per 4x4>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x4xf32>
  return %o : tensor<?x3x4xf32>
}

// -----

/// A head that cuts a block of scales is taken as `f32`, in either form.
// CHECK-DAG: tenon.derive @w.f32 = cast [@w] : !tenon.weight<21x8, <f32>>
// CHECK-DAG: tenon.derive @w.heads = split_rows [@w.f32] count 7 : !tenon.weight<3x7x8, <f32>>
// CHECK-DAG: tenon.derive @w.values = slice_rows [@w.heads] first 4 : !tenon.weight<3x3x8, <f32>>
// NAIVE-DAG: tenon.derive @w.f32 = cast [@w] : !tenon.weight<21x8, <f32>>
// NAIVE-DAG: tenon.derive @w.expand = split_rows [@w.f32] count 7 : !tenon.weight<3x7x8, <f32>>
tenon.weight @w "kv_b" : !tenon.weight<21x8, <f8E4M3FN, scale f32 per 4x4>>
func.func @cut_blocks(%q: tensor<?x3x9xf32>, %c: tensor<1x?x?x13xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> tensor<?x3x3xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %w = tenon.weight_ref @w : !tenon.weight<21x8, <f8E4M3FN, scale f32 per 4x4>>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 4 scale 0.2 mask <causal>
      : tensor<?x3x9xf32>, tensor<1x?x?x13xf32>, !tenon.weight<21x8, <f8E4M3FN, scale f32 per 4x4>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x3xf32>
  return %o : tensor<?x3x3xf32>
}

// -----

/// So is one whose keys alone cut a block of scales.
// CHECK-DAG: tenon.derive @w.f32 = cast [@w] : !tenon.weight<21x8, <f32>>
// CHECK-DAG: tenon.derive @w.heads = split_rows [@w.f32] count 7 : !tenon.weight<3x7x8, <f32>>
// NAIVE-DAG: tenon.derive @w.f32 = cast [@w] : !tenon.weight<21x8, <f32>>
tenon.weight @w "kv_b" : !tenon.weight<21x8, <f8E4M3FN, scale f32 per 4x4>>
func.func @cut_keys(%q: tensor<?x3x8xf32>, %c: tensor<1x?x?x13xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> tensor<?x3x4xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %w = tenon.weight_ref @w : !tenon.weight<21x8, <f8E4M3FN, scale f32 per 4x4>>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 3 scale 0.2 mask <causal>
      : tensor<?x3x8xf32>, tensor<1x?x?x13xf32>, !tenon.weight<21x8, <f8E4M3FN, scale f32 per 4x4>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x4xf32>
  return %o : tensor<?x3x4xf32>
}

// -----

/// A name that is taken by other rows, or by another derivation of as many, gets a number.
// CHECK-DAG: tenon.derive @w.heads = split_rows [@w] count 8 : !tenon.weight<3x8x4, <bf16>>
// CHECK-DAG: tenon.derive @w.keys = slice_rows [@w.heads] : !tenon.weight<3x4x4, <bf16>>
// CHECK-DAG: tenon.derive @w.values = slice_rows [@w.heads] first 2 : !tenon.weight<3x4x4, <bf16>>
// CHECK-DAG: tenon.derive @[[$V:w.values_[0-9]+]] = slice_rows [@w.heads] first 4 : !tenon.weight<3x4x4, <bf16>>
// CHECK-DAG: tenon.derive @w.keys_transposed = slice_rows [@w.keys] : !tenon.weight<3x4x4, <bf16>>
// CHECK-DAG: tenon.derive @[[$KT:w.keys_transposed_[0-9]+]] = transpose [@w.keys] : !tenon.weight<3x4x4, <bf16>>
// CHECK-LABEL: func @taken_names
// CHECK:       tenon.weight_ref @[[$KT]] :
// CHECK:       tenon.weight_ref @[[$V]] :
tenon.weight @w "kv_b" : !tenon.weight<24x4, <bf16>>
tenon.derive @w.heads = split_rows [@w] count 8 : !tenon.weight<3x8x4, <bf16>>
tenon.derive @w.keys = slice_rows [@w.heads] : !tenon.weight<3x4x4, <bf16>>
tenon.derive @w.keys_transposed = slice_rows [@w.keys] : !tenon.weight<3x4x4, <bf16>>
tenon.derive @w.values = slice_rows [@w.heads] first 2 : !tenon.weight<3x4x4, <bf16>>
func.func @taken_names(%q: tensor<?x3x9xf32>, %c: tensor<1x?x?x9xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> tensor<?x3x4xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %w = tenon.weight_ref @w : !tenon.weight<24x4, <bf16>>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 4 scale 0.2 mask <causal>
      : tensor<?x3x9xf32>, tensor<1x?x?x9xf32>, !tenon.weight<24x4, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x4xf32>
  return %o : tensor<?x3x4xf32>
}

// -----

/// Scales of single rows do not cut heads, but cannot be transposed: only the absorbed form casts.
// CHECK-DAG: tenon.derive @w.f32 = cast [@w] : !tenon.weight<21x64, <f32>>
// NAIVE-NOT: cast
// NAIVE-DAG: tenon.derive @w.expand = split_rows [@w] count 7 : !tenon.weight<3x7x64, <i8, scale f32 per 1x32>>
tenon.weight @w "kv_b" : !tenon.weight<21x64, <i8, scale f32 per 1x32>>
func.func @oblong_blocks(%q: tensor<?x3x9xf32>, %c: tensor<1x?x?x69xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> tensor<?x3x3xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %w = tenon.weight_ref @w : !tenon.weight<21x64, <i8, scale f32 per 1x32>>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 4 scale 0.2 mask <causal>
      : tensor<?x3x9xf32>, tensor<1x?x?x69xf32>, !tenon.weight<21x64, <i8, scale f32 per 1x32>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x3xf32>
  return %o : tensor<?x3x3xf32>
}

// -----

/// 129 tokens are more than a CPU absorbs.
// MACHINE-LABEL: func @many
// MACHINE:       tenon.mla_attention
// MACHINE-LABEL: func @few
// MACHINE:       tenon.attention
// The naive form is pinned on a machine that would absorb, too.
// PINNED-LABEL: func @few
// PINNED:       tenon.mla_attention
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
  tenon.weight @w "kv_b" : !tenon.weight<112x32, <bf16>>
  func.func @many(%q: tensor<?x4x24xf32>, %c: tensor<1x?x?x40xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> tensor<?x4x12xf32>
      attributes {tile.bucket = #tile.bucket<tokens = 129>} {
    %w = tenon.weight_ref @w : !tenon.weight<112x32, <bf16>>
    %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 16 scale 0.2 mask <causal>
        : tensor<?x4x24xf32>, tensor<1x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
    return %o : tensor<?x4x12xf32>
  }
  func.func @few(%q: tensor<?x4x24xf32>, %c: tensor<1x?x?x40xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> tensor<?x4x12xf32>
      attributes {tile.bucket = #tile.bucket<tokens = 128>} {
    %w = tenon.weight_ref @w : !tenon.weight<112x32, <bf16>>
    %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 16 scale 0.2 mask <causal>
        : tensor<?x4x24xf32>, tensor<1x?x?x40xf32>, !tenon.weight<112x32, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x12xf32>
    return %o : tensor<?x4x12xf32>
  }
}

// -----

/// Keys of a token's own are not worth expanding, however many tokens there are.
// CHECK-LABEL: func @selected
// CHECK:       %[[A:.*]] = tenon.head_linear %{{.*}} keep
// CHECK-NEXT:  %[[S:.*]] = tenon.selected_attention %[[A]], %{{[^ ]*}}[%{{.*}}] of %{{.*}} at %{{.*}} in %{{.*}} scale 2.000000e-01 : {{.*}} -> tensor<?x3x4xf32>
// CHECK:       tenon.head_linear %[[S]]
// NAIVE-LABEL: func @selected
// NAIVE:       tenon.mla_attention {{.*}} selected
tenon.weight @w "kv_b" : !tenon.weight<24x4, <bf16>>
func.func @selected(%q: tensor<?x3x9xf32>, %c: tensor<1x?x?x9xf32>, %i: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>, %s: tensor<?x5xi32>) -> tensor<?x3x4xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  %w = tenon.weight_ref @w : !tenon.weight<24x4, <bf16>>
  %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b selected %s : tensor<?x5xi32> nope 4 scale 0.2 mask <causal>
      : tensor<?x3x9xf32>, tensor<1x?x?x9xf32>, !tenon.weight<24x4, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x4xf32>
  return %o : tensor<?x3x4xf32>
}
