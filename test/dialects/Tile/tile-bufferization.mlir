// RUN: tenon-opt %s --one-shot-bufferize="bufferize-function-boundaries=true function-boundary-type-conversion=identity-layout-map" | FileCheck %s

/// What is kept is copied before an op that reads its outs writes them.
// CHECK-LABEL: func @reads_outs
// CHECK-SAME:    %{{.*}}: memref<64x8xf32>, %[[ACC:.*]]: memref<1x8xf32>, %[[MAX:.*]]: memref<1xf32>, %[[SUM:.*]]: memref<1xf32>
func.func @reads_outs(%q: tensor<1x8xf32>, %k: tensor<64x8xf32>, %acc: tensor<1x8xf32>, %m: tensor<1xf32>, %s: tensor<1xf32>,
                      %n: index) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: %[[NEW:.*]] = memref.alloc()
  // CHECK: memref.copy %[[ACC]], %[[NEW]]
  // CHECK: tile.online_attention {{.*}} into %[[NEW]], %[[MAX]], %[[SUM]]
  // CHECK: return %[[ACC]], %[[NEW]]
  %new, %max, %sum = tile.online_attention %q rows %c1, %k[%c0, %c0] along 0, %k[%c0, %c0] along 0 keys 64 first %c0 count %n at %n of %n
      heads 1 scale 1.0 into %acc, %m, %s : tensor<1x8xf32>, tensor<64x8xf32>, tensor<64x8xf32>
      into tensor<1x8xf32>, tensor<1xf32>, tensor<1xf32> -> tensor<1x8xf32>, tensor<1xf32>, tensor<1xf32>
  return %acc, %new : tensor<1x8xf32>, tensor<1x8xf32>
}

/// An op that writes all of its outs needs no copy of what they held.
// CHECK-LABEL: func @writes_all
// CHECK-SAME:    %[[X:.*]]: memref<4x8xf32>, %{{.*}}, %[[O:.*]]: memref<4x8xf32>)
func.func @writes_all(%x: tensor<4x8xf32>, %w: !tenon.weight<8, <f32>>, %o: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  // CHECK:     %[[Y:.*]] = memref.alloc()
  // CHECK-NOT: memref.copy
  // CHECK:     tile.norm rms %[[X]], {{.*}} into %[[Y]]
  // CHECK:     return %[[O]], %[[Y]]
  %y = tile.norm rms %x, %w eps 1.0e-6 into %o : tensor<4x8xf32>, !tenon.weight<8, <f32>> into tensor<4x8xf32> -> tensor<4x8xf32>
  return %o, %y : tensor<4x8xf32>, tensor<4x8xf32>
}

/// What is added to twice is copied, even if nothing else reads it.
// CHECK-LABEL: func @added_to_twice
// CHECK-SAME:    %[[X:.*]]: memref<4x8xf32>, %[[A:.*]]: memref<4x8xf32>
func.func @added_to_twice(%x: tensor<4x8xf32>, %a: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  // CHECK: memref.copy %[[A]], %[[B:.*]] :
  // CHECK: tile.add %[[X]] into %[[B]]
  // CHECK: tile.add %[[X]] into %[[A]]
  // CHECK: return %[[B]], %[[A]]
  %b = tile.add %x into %a : tensor<4x8xf32> into tensor<4x8xf32> -> tensor<4x8xf32>
  %c = tile.add %x into %a : tensor<4x8xf32> into tensor<4x8xf32> -> tensor<4x8xf32>
  return %b, %c : tensor<4x8xf32>, tensor<4x8xf32>
}

/// A product reads rows that it would have written over: it gets a tile of its own.
// CHECK-LABEL: func @product_of_itself
// CHECK-SAME:    %[[X:.*]]: memref<16x16xf32>
func.func @product_of_itself(%x: tensor<16x16xf32>, %w: !tenon.weight<16x16, <f32>, <16x1>>) -> tensor<16x16xf32> {
  // CHECK: %[[Y:.*]] = memref.alloc()
  // CHECK: tile.contract %[[X]]{{.*}} into %[[Y]]
  // CHECK: return %[[Y]]
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %y = tile.contract %x[%c0, %c0] along 0 count %c16, %w panel %c0 into %x : tensor<16x16xf32>, !tenon.weight<16x16, <f32>, <16x1>> into tensor<16x16xf32> -> tensor<16x16xf32>
  return %y : tensor<16x16xf32>
}

/// Rows are normed where they are, if nobody reads the old ones.
// CHECK-LABEL: func @in_place
// CHECK-SAME:    %[[X:.*]]: memref<4x8xf32>
func.func @in_place(%x: tensor<4x8xf32>, %w: !tenon.weight<8, <f32>>) -> tensor<4x8xf32> {
  // CHECK-NOT: memref.alloc
  // CHECK:     tile.norm rms %[[X]], {{.*}} into %[[X]]
  // CHECK:     return %[[X]]
  %y = tile.norm rms %x, %w eps 1.0e-6 into %x : tensor<4x8xf32>, !tenon.weight<8, <f32>> into tensor<4x8xf32> -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
