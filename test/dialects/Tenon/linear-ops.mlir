// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The example of the op's description.
// CHECK-LABEL: func @embedding
// CHECK-SAME:    %[[T:.*]]: tensor<?xi32>, %[[W:.*]]: !tenon.weight
func.func @embedding(%tok: tensor<?xi32>, %w: !tenon.weight<100x64, <bf16>>) -> tensor<?x64xf32> {
  // CHECK: tenon.embedding %[[T]], %[[W]] scale 8.000000e+00 : tensor<?xi32>, <100x64, <bf16>> -> tensor<?x64xf32>
  %x = tenon.embedding %tok, %w scale 8.0
     : tensor<?xi32>, !tenon.weight<100x64, <bf16>> -> tensor<?x64xf32>
  return %x : tensor<?x64xf32>
}

// CHECK-LABEL: func @embedding_without_scale
func.func @embedding_without_scale(%tok: tensor<3xi32>, %w: !tenon.weight<7x5, <i8, scale f32 per 1x5>>)
    -> tensor<3x5xbf16> {
  // CHECK: tenon.embedding %{{.*}}, %{{.*}} : tensor<3xi32>, <7x5, <i8, scale f32 per 1x5>> -> tensor<3x5xbf16>
  %x = tenon.embedding %tok, %w
     : tensor<3xi32>, !tenon.weight<7x5, <i8, scale f32 per 1x5>> -> tensor<3x5xbf16>
  return %x : tensor<3x5xbf16>
}

/// The example of the op's description: rows become heads.
// CHECK-LABEL: func @linear_to_heads
// CHECK-SAME:    %[[H:.*]]: tensor<?x64xf32>, %[[W:.*]]: !tenon.weight<96x64, <bf16>>, %[[B:.*]]: !tenon.weight<96, <f32>>
func.func @linear_to_heads(%h: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>>,
                           %b: !tenon.weight<96, <f32>>) -> tensor<?x6x16xf32> {
  // CHECK: tenon.linear %[[H]], %[[W]] bias %[[B]] : tensor<?x64xf32>, <96x64, <bf16>>, !tenon.weight<96, <f32>> -> tensor<?x6x16xf32>
  %q = tenon.linear %h, %w bias %b
     : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>>, !tenon.weight<96, <f32>>
     -> tensor<?x6x16xf32>
  return %q : tensor<?x6x16xf32>
}

/// Heads are taken flat, and the result has half of the rows of the weight.
// CHECK-LABEL: func @linear_of_heads_with_glu
func.func @linear_of_heads_with_glu(%h: tensor<?x2x8xbf16>, %w: !tenon.weight<14x16, <f16>, <16x2, pair>>)
    -> tensor<?x7xbf16> {
  // CHECK: tenon.linear %{{.*}}, %{{.*}} glu gelu_tanh : tensor<?x2x8xbf16>, <14x16, <f16>, <16x2, pair>> -> tensor<?x7xbf16>
  %a = tenon.linear %h, %w glu gelu_tanh
     : tensor<?x2x8xbf16>, !tenon.weight<14x16, <f16>, <16x2, pair>> -> tensor<?x7xbf16>
  return %a : tensor<?x7xbf16>
}

/// The first of the activations is written like the others.
// CHECK-LABEL: func @linear_with_silu
func.func @linear_with_silu(%h: tensor<0x16xf32>, %w: !tenon.weight<14x16, <f32>>) -> tensor<0x7xf32> {
  // CHECK: tenon.linear %{{.*}}, %{{.*}} glu silu :
  %a = tenon.linear %h, %w glu silu : tensor<0x16xf32>, !tenon.weight<14x16, <f32>> -> tensor<0x7xf32>
  return %a : tensor<0x7xf32>
}

/// A dynamic size agrees with every other.
// CHECK-LABEL: func @linear_of_dynamic_rows
func.func @linear_of_dynamic_rows(%h: tensor<?x?x8xf32>, %w: !tenon.weight<14x16, <f32>>) -> tensor<?x?xf32> {
  // CHECK: tenon.linear %{{.*}}, %{{.*}} : tensor<?x?x8xf32>, <14x16, <f32>> -> tensor<?x?xf32>
  %a = tenon.linear %h, %w : tensor<?x?x8xf32>, !tenon.weight<14x16, <f32>> -> tensor<?x?xf32>
  return %a : tensor<?x?xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @head_linear_keeps
// CHECK-SAME:    %[[Q:.*]]: tensor<?x4x24xf32>, %[[W:.*]]: !tenon.weight
func.func @head_linear_keeps(%q: tensor<?x4x24xf32>, %w: !tenon.weight<4x32x16, <bf16>>) -> tensor<?x4x40xf32> {
  // CHECK: tenon.head_linear %[[Q]], %[[W]] keep : tensor<?x4x24xf32>, <4x32x16, <bf16>> -> tensor<?x4x40xf32>
  %a = tenon.head_linear %q, %w keep
     : tensor<?x4x24xf32>, !tenon.weight<4x32x16, <bf16>> -> tensor<?x4x40xf32>
  return %a : tensor<?x4x40xf32>
}

// CHECK-LABEL: func @head_linear
func.func @head_linear(%q: tensor<?x4x16xf32>, %w: !tenon.weight<4x12x16, <bf16>>) -> tensor<?x4x12xf32> {
  // CHECK: tenon.head_linear %{{.*}}, %{{.*}} : tensor<?x4x16xf32>
  %a = tenon.head_linear %q, %w : tensor<?x4x16xf32>, !tenon.weight<4x12x16, <bf16>> -> tensor<?x4x12xf32>
  return %a : tensor<?x4x12xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @activate
func.func @activate(%h: tensor<?x96xf32>) -> tensor<?x96xf32> {
  // CHECK: tenon.activate gelu %{{.*}} : tensor<?x96xf32>
  %a = tenon.activate gelu %h : tensor<?x96xf32>
  return %a : tensor<?x96xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @glu
// CHECK-SAME:    %[[G:.*]]: tensor<?x96xf32>, %[[U:.*]]: tensor<?x96xf32>
func.func @glu(%g: tensor<?x96xf32>, %u: tensor<?x96xf32>) -> tensor<?x96xf32> {
  // CHECK: tenon.glu silu %[[G]], %[[U]] : tensor<?x96xf32>
  %a = tenon.glu silu %g, %u : tensor<?x96xf32>
  // CHECK: tenon.glu gelu %{{.*}}, %[[U]]
  %b = tenon.glu gelu %a, %u : tensor<?x96xf32>
  // CHECK: tenon.glu relu %{{.*}}, %[[U]]
  %c = tenon.glu relu %b, %u : tensor<?x96xf32>
  // CHECK: tenon.glu silu<alpha = 1.702000e+00, beta = 1.000000e+00, limit = 7.000000e+00> %{{.*}}, %[[U]]
  %d = tenon.glu silu<alpha = 1.702, beta = 1.0, limit = 7.0> %c, %u : tensor<?x96xf32>
  /// What changes nothing is not printed.
  // CHECK: tenon.glu silu<beta = -5.000000e-01> %{{.*}}, %[[U]]
  %e = tenon.glu silu<alpha = 1.0, beta = -0.5> %d, %u : tensor<?x96xf32>
  return %c : tensor<?x96xf32>
}

/// The example of the op's description, and rows of heads.
// CHECK-LABEL: func @pointwise
func.func @pointwise(%x: tensor<?x100xf32>, %h: tensor<?x4x16xbf16>) -> (tensor<?x100xf32>, tensor<?x4x16xbf16>) {
  // CHECK: tenon.pointwise softcap %{{.*}} by 3.000000e+01 : tensor<?x100xf32>
  %y = tenon.pointwise softcap %x by 30.0 : tensor<?x100xf32>
  // CHECK: tenon.pointwise scale %{{.*}} by 2.500000e-01 : tensor<?x100xf32>
  %z = tenon.pointwise scale %y by 0.25 : tensor<?x100xf32>
  // CHECK: tenon.pointwise clamp %{{.*}} by 8.000000e+00 : tensor<?x4x16xbf16>
  %c = tenon.pointwise clamp %h by 8.0 : tensor<?x4x16xbf16>
  return %z, %c : tensor<?x100xf32>, tensor<?x4x16xbf16>
}

/// The example of the op's description.
// CHECK-LABEL: func @gather_rows
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>, %[[R:.*]]: tensor<?xi32>
func.func @gather_rows(%x: tensor<?x64xf32>, %rows: tensor<?xi32>) -> tensor<?x64xf32> {
  // CHECK: tenon.gather_rows %[[X]], %[[R]] : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %h = tenon.gather_rows %x, %rows : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return %h : tensor<?x64xf32>
}

/// The example of the op's description, and rows of heads.
// CHECK-LABEL: func @scale_rows
func.func @scale_rows(%x: tensor<?x96xf32>, %h: tensor<?x4x16xbf16>, %f: tensor<?x1xf32>) -> (tensor<?x96xf32>, tensor<?x4x16xbf16>) {
  // CHECK: tenon.scale_rows %{{.*}} by %{{.*}} : tensor<?x96xf32>, tensor<?x1xf32>
  %y = tenon.scale_rows %x by %f : tensor<?x96xf32>, tensor<?x1xf32>
  // CHECK: tenon.scale_rows %{{.*}} by %{{.*}} : tensor<?x4x16xbf16>, tensor<?x1xf32>
  %z = tenon.scale_rows %h by %f : tensor<?x4x16xbf16>, tensor<?x1xf32>
  return %y, %z : tensor<?x96xf32>, tensor<?x4x16xbf16>
}

/// The example of the op's description.
// CHECK-LABEL: func @temper_rows
func.func @temper_rows(%q: tensor<?x4x16xf32>, %pos: tensor<?xi32>) -> tensor<?x4x16xf32> {
  // CHECK: tenon.temper_rows %{{.*}} at %{{.*}} interval 8192 slope 1.000000e-01 : tensor<?x4x16xf32>, tensor<?xi32>
  %r = tenon.temper_rows %q at %pos interval 8192 slope 0.1 : tensor<?x4x16xf32>, tensor<?xi32>
  return %r : tensor<?x4x16xf32>
}
