// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The example of the op's description.
// CHECK-LABEL: func @contract
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>, %[[W:.*]]: !tenon.weight<96x64, <bf16>, <16x2>>, %[[T:.*]]: index, %[[C:.*]]: index, %[[N:.*]]: index, %[[P:.*]]: index, %[[Z:.*]]: tensor<4x16xf32>
func.func @contract(%x: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %t: index, %c0: index,
                    %n: index, %p: index, %z: tensor<4x16xf32>) -> tensor<4x16xf32> {
  // CHECK: tile.contract %[[X]][%[[T]], %[[C]]] along 0 count %[[N]], %[[W]] panel %[[P]] into %[[Z]] : tensor<?x64xf32>, <96x64, <bf16>, <16x2>> into tensor<4x16xf32> -> tensor<4x16xf32>
  %s = tile.contract %x[%t, %c0] along 0 count %n, %w panel %p into %z
     : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> into tensor<4x16xf32> -> tensor<4x16xf32>
  return %s : tensor<4x16xf32>
}

/// Rows in the order of experts, a matrix of a stack, and memory.
// CHECK-LABEL: func @contract_in_order
func.func @contract_in_order(%x: memref<?x7xf32>, %o: memref<?xi32>, %w: !tenon.weight<8x48x7, <f16>, <16x1, pair>>,
                             %e: index, %i: index, %z: memref<1x48xf32>) {
  // CHECK: tile.contract %{{.*}} along 0 count %{{.*}} rows %{{.*}} : memref<?xi32> choices 2, %{{.*}}[%{{.*}}] panel %{{.*}} into %{{.*}} : memref<?x7xf32>, <8x48x7, <f16>, <16x1, pair>> into memref<1x48xf32>{{$}}
  tile.contract %x[%i, %i] along 0 count %i rows %o : memref<?xi32> choices 2, %w[%e] panel %i into %z
     : memref<?x7xf32>, !tenon.weight<8x48x7, <f16>, <16x1, pair>> into memref<1x48xf32>
  return
}

/// Rows of a head follow each other along the tokens, in strided memory.
// CHECK-LABEL: func @contract_of_heads
func.func @contract_of_heads(%x: memref<?x4x16xbf16, strided<[128, 32, 1], offset: ?>>,
                             %w: !tenon.weight<32x16, <bf16>, <16x2>>, %i: index, %z: memref<3x32xf32>) {
  // CHECK: tile.contract %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] along 1 count
  tile.contract %x[%i, %i, %i] along 1 count %i, %w panel %i into %z
     : memref<?x4x16xbf16, strided<[128, 32, 1], offset: ?>>, !tenon.weight<32x16, <bf16>, <16x2>> into memref<3x32xf32>
  return
}

/// The example of the op's description, and any other shape.
// CHECK-LABEL: func @add
// CHECK-SAME:    %[[A:.*]]: tensor<1x64xf32>, %[[B:.*]]: tensor<1x64xf32>
func.func @add(%a: tensor<1x64xf32>, %b: tensor<1x64xf32>, %c: memref<?x3x7xf32>, %d: memref<2x3x?xf32>) -> tensor<1x64xf32> {
  // CHECK: tile.add %[[A]] into %[[B]] : tensor<1x64xf32> into tensor<1x64xf32> -> tensor<1x64xf32>
  %s = tile.add %a into %b : tensor<1x64xf32> into tensor<1x64xf32> -> tensor<1x64xf32>
  // CHECK: tile.add %{{.*}} into %{{.*}} : memref<?x3x7xf32> into memref<2x3x?xf32>{{$}}
  tile.add %c into %d : memref<?x3x7xf32> into memref<2x3x?xf32>
  return %s : tensor<1x64xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @add_bias
// CHECK-SAME:    %[[B:.*]]: !tenon.weight<96, <f32>>, %[[N:.*]]: index, %[[A:.*]]: tensor<4x32xf32>
func.func @add_bias(%b: !tenon.weight<96, <f32>>, %n: index, %a: tensor<4x32xf32>) -> tensor<4x32xf32> {
  // CHECK: tile.add_bias %[[B]][%[[N]]] into %[[A]] : <96, <f32>> into tensor<4x32xf32> -> tensor<4x32xf32>
  %s = tile.add_bias %b[%n] into %a : !tenon.weight<96, <f32>> into tensor<4x32xf32> -> tensor<4x32xf32>
  return %s : tensor<4x32xf32>
}

// CHECK-LABEL: func @add_bias_of_pairs
func.func @add_bias_of_pairs(%b: !tenon.weight<7, <bf16>>, %n: index, %a: memref<1x16xf32>) {
  // CHECK: tile.add_bias %{{.*}}[%{{.*}}] pair into %{{.*}} : <7, <bf16>> into memref<1x16xf32>{{$}}
  tile.add_bias %b[%n] pair into %a : !tenon.weight<7, <bf16>> into memref<1x16xf32>
  return
}

/// One of a stack of columns.
// CHECK-LABEL: func @add_bias_of_expert
func.func @add_bias_of_expert(%b: !tenon.weight<5x40x1, <f32>>, %n: index, %e: index, %a: memref<4x32xf32>) {
  // CHECK: tile.add_bias %{{.*}}[%{{.*}}] of %{{.*}} pair into %{{.*}} : <5x40x1, <f32>> into memref<4x32xf32>{{$}}
  tile.add_bias %b[%n] of %e pair into %a : !tenon.weight<5x40x1, <f32>> into memref<4x32xf32>
  return
}

/// The example of the op's description.
// CHECK-LABEL: func @glu_pairs
// CHECK-SAME:    %[[S:.*]]: tensor<4x32xf32>, %[[E:.*]]: tensor<4x16xf32>
func.func @glu_pairs(%s: tensor<4x32xf32>, %e: tensor<4x16xf32>) -> tensor<4x16xf32> {
  // CHECK: tile.glu_pairs silu %[[S]] into %[[E]] : tensor<4x32xf32> into tensor<4x16xf32> -> tensor<4x16xf32>
  %g = tile.glu_pairs silu %s into %e : tensor<4x32xf32> into tensor<4x16xf32> -> tensor<4x16xf32>
  return %g : tensor<4x16xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @pointwise
func.func @pointwise(%x: tensor<1x96xf32>, %o: tensor<1x96xf32>) -> tensor<1x96xf32> {
  // CHECK: tile.pointwise clamp %{{.*}} by 8.000000e+00 into %{{.*}} : tensor<1x96xf32> into tensor<1x96xf32> -> tensor<1x96xf32>
  %a = tile.pointwise clamp %x by 8.0 into %o : tensor<1x96xf32> into tensor<1x96xf32> -> tensor<1x96xf32>
  return %a : tensor<1x96xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @glu
// CHECK-SAME:    %[[G:.*]]: tensor<1x96xf32>, %[[U:.*]]: tensor<1x96xf32>, %[[O:.*]]: tensor<1x96xf32>
func.func @glu(%g: tensor<1x96xf32>, %u: tensor<1x96xf32>, %o: tensor<1x96xf32>) -> tensor<1x96xf32> {
  // CHECK: tile.glu silu %[[G]], %[[U]] into %[[O]] : tensor<1x96xf32>, tensor<1x96xf32> into tensor<1x96xf32> -> tensor<1x96xf32>
  %a = tile.glu silu %g, %u into %o : tensor<1x96xf32>, tensor<1x96xf32> into tensor<1x96xf32> -> tensor<1x96xf32>
  return %a : tensor<1x96xf32>
}
