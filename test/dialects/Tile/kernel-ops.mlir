// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The example of the op's description.
// CHECK-LABEL: func @add
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[O:.*]]: tensor<?x8xf32>
func.func @add(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK:      tile.kernel "add" <> ins(%[[X]] : tensor<?x8xf32>) outs(%[[O]] : tensor<?x8xf32>) {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<?x8xf32>, %[[B:.*]]: tensor<?x8xf32>):
  // CHECK-NEXT:   %[[S:.*]] = arith.addf %[[A]], %[[B]]
  // CHECK-NEXT:   tile.yield %[[S]] : tensor<?x8xf32>
  // CHECK-NEXT: } -> tensor<?x8xf32>
  %y = tile.kernel "add" <rows = 1> ins(%x : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
    %s = arith.addf %a, %b : tensor<?x8xf32>
    tile.yield %s : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

/// Inputs may be anything: weights, indices, memory. Without results nothing is yielded.
// CHECK-LABEL: func @store
func.func @store(%w: !tenon.weight<7, <f32>>, %i: index, %m: memref<7xf32>) {
  // CHECK: tile.kernel "store" <rows = 4, split = ticket> ins(%{{.*}}, %{{.*}}, %{{.*}} : !tenon.weight<7, <f32>>, index, memref<7xf32>) outs() {
  tile.kernel "store" <rows = 4, split = ticket> ins(%w, %i, %m : !tenon.weight<7, <f32>>, index, memref<7xf32>) outs() {
  ^bb0(%a: !tenon.weight<7, <f32>>, %b: index, %c: memref<7xf32>):
    %z = arith.constant 0.0 : f32
    // CHECK:      memref.store
    // CHECK-NEXT: }
    memref.store %z, %c[%b] : memref<7xf32>
  }
  return
}

/// Two results, and a kernel that reads nothing else.
// CHECK-LABEL: func @two_results
func.func @two_results(%p: tensor<1x3xi32>, %q: tensor<1x3xf32>) -> (tensor<1x3xi32>, tensor<1x3xf32>) {
  // CHECK: tile.kernel "keep" <> ins() outs(%{{.*}}, %{{.*}} : tensor<1x3xi32>, tensor<1x3xf32>) attributes {test.note = "kept"} {
  // CHECK: } -> tensor<1x3xi32>, tensor<1x3xf32>
  %r:2 = tile.kernel "keep" <> ins() outs(%p, %q : tensor<1x3xi32>, tensor<1x3xf32>)
      attributes {test.note = "kept"} {
  ^bb0(%a: tensor<1x3xi32>, %b: tensor<1x3xf32>):
    tile.yield %a, %b : tensor<1x3xi32>, tensor<1x3xf32>
  } -> tensor<1x3xi32>, tensor<1x3xf32>
  return %r#0, %r#1 : tensor<1x3xi32>, tensor<1x3xf32>
}

/// The example of the op's description, and all bytes of a vector.
// CHECK-LABEL: func @weight_view
// CHECK-SAME:    %[[W:.*]]: !tenon.weight<96x64, <bf16>, <16x2>>, %[[O:.*]]: index
func.func @weight_view(%w: !tenon.weight<96x64, <bf16>, <16x2>>, %o: index, %b: !tenon.weight<7, <f32>>) {
  // CHECK: tile.weight_view %[[W]] at %[[O]] : <96x64, <bf16>, <16x2>> to memref<32x16xi32>
  %v = tile.weight_view %w at %o : !tenon.weight<96x64, <bf16>, <16x2>> to memref<32x16xi32>
  // CHECK: tile.weight_view %{{.*}} at %[[O]] : <7, <f32>> to memref<28xi8>
  %c = tile.weight_view %b at %o : !tenon.weight<7, <f32>> to memref<28xi8>
  return
}
