// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The example of the op's description.
// CHECK-LABEL: func @norm
// CHECK-SAME:    %[[X:.*]]: tensor<1x64xf32>, %[[W:.*]]: !tenon.weight<64, <f32>>, %[[O:.*]]: tensor<1x64xf32>
func.func @norm(%x: tensor<1x64xf32>, %w: !tenon.weight<64, <f32>>, %o: tensor<1x64xf32>) -> tensor<1x64xf32> {
  // CHECK: tile.norm rms %[[X]], %[[W]] eps 9.99999997E-7 into %[[O]] : tensor<1x64xf32>, !tenon.weight<64, <f32>> into tensor<1x64xf32> -> tensor<1x64xf32>
  %h = tile.norm rms %x, %w eps 1.0e-6 into %o
     : tensor<1x64xf32>, !tenon.weight<64, <f32>> into tensor<1x64xf32> -> tensor<1x64xf32>
  return %h : tensor<1x64xf32>
}

/// Heads of some tokens, with a bias; the front of each row is normalized in its place.
// CHECK-LABEL: func @norm_in_place
func.func @norm_in_place(%x: memref<?x4x9xf32>, %w: !tenon.weight<7, <bf16>>, %b: !tenon.weight<7, <f32>>) {
  // CHECK: tile.norm layer %[[X:.*]], %{{.*}} bias %{{.*}} : !tenon.weight<7, <f32>> eps 9.99999974E-6 order one_plus into %[[X]] : memref<?x4x9xf32>, !tenon.weight<7, <bf16>> into memref<?x4x9xf32>{{$}}
  tile.norm layer %x, %w bias %b : !tenon.weight<7, <f32>> eps 1.0e-5 order one_plus into %x
     : memref<?x4x9xf32>, !tenon.weight<7, <bf16>> into memref<?x4x9xf32>
  return
}

/// The example of the op's description.
// CHECK-LABEL: func @rope
// CHECK-SAME:    %[[Q:.*]]: tensor<1x4x24xf32>, %[[P:.*]]: index, %[[T:.*]]: !tenon.weight<257x8, <f32>>, %[[O:.*]]: tensor<1x4x24xf32>
func.func @rope(%q: tensor<1x4x24xf32>, %p: index, %t: !tenon.weight<257x8, <f32>>, %o: tensor<1x4x24xf32>)
    -> tensor<1x4x24xf32> {
  // CHECK: tile.rope %[[Q]] at %[[P]] last <dims = 8, pairing = half, theta = 1.000000e+04 : f64>, %[[T]] into %[[O]] : tensor<1x4x24xf32>, <257x8, <f32>> into tensor<1x4x24xf32> -> tensor<1x4x24xf32>
  %r = tile.rope %q at %p last <dims = 8, pairing = half, theta = 1.0e4 : f64>, %t
     into %o : tensor<1x4x24xf32>, !tenon.weight<257x8, <f32>> into tensor<1x4x24xf32> -> tensor<1x4x24xf32>
  return %r : tensor<1x4x24xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @embed
// CHECK-SAME:    %[[T:.*]]: index, %[[W:.*]]: !tenon.weight<100x64, <bf16>, <16x2>>, %[[O:.*]]: tensor<1x64xf32>
func.func @embed(%t: index, %w: !tenon.weight<100x64, <bf16>, <16x2>>, %o: tensor<1x64xf32>, %m: memref<1x64xf32>)
    -> tensor<1x64xf32> {
  // CHECK: tile.embed %[[T]], %[[W]] scale 8.000000e+00 into %[[O]] : <100x64, <bf16>, <16x2>> into tensor<1x64xf32> -> tensor<1x64xf32>
  %x = tile.embed %t, %w scale 8.0 into %o : !tenon.weight<100x64, <bf16>, <16x2>> into tensor<1x64xf32> -> tensor<1x64xf32>
  // CHECK: tile.embed %[[T]], %[[W]] into %{{.*}} : <100x64, <bf16>, <16x2>> into memref<1x64xf32>{{$}}
  tile.embed %t, %w into %m : !tenon.weight<100x64, <bf16>, <16x2>> into memref<1x64xf32>
  return %x : tensor<1x64xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @fill
// CHECK-SAME:    %[[V:.*]]: f32, %[[O:.*]]: tensor<1x64xf32>, %[[M:.*]]: memref<1x3x5xf32>
func.func @fill(%v: f32, %o: tensor<1x64xf32>, %m: memref<1x3x5xf32>) -> tensor<1x64xf32> {
  // CHECK: tile.fill %[[V]] into %[[O]] : f32 into tensor<1x64xf32> -> tensor<1x64xf32>
  %z = tile.fill %v into %o : f32 into tensor<1x64xf32> -> tensor<1x64xf32>
  // CHECK: tile.fill %[[V]] into %[[M]] : f32 into memref<1x3x5xf32>{{$}}
  tile.fill %v into %m : f32 into memref<1x3x5xf32>
  return %z : tensor<1x64xf32>
}

/// The example of the op's description, and widening.
// CHECK-LABEL: func @convert
// CHECK-SAME:    %[[X:.*]]: tensor<1x64xf32>, %[[O:.*]]: tensor<1x64xbf16>, %[[M:.*]]: memref<1x3x?xf16>, %[[N:.*]]: memref<1x3x?xf32>
func.func @convert(%x: tensor<1x64xf32>, %o: tensor<1x64xbf16>, %m: memref<1x3x?xf16>, %n: memref<1x3x?xf32>) -> tensor<1x64xbf16> {
  // CHECK: tile.convert %[[X]] into %[[O]] : tensor<1x64xf32> into tensor<1x64xbf16> -> tensor<1x64xbf16>
  %r = tile.convert %x into %o : tensor<1x64xf32> into tensor<1x64xbf16> -> tensor<1x64xbf16>
  // CHECK: tile.convert %[[M]] into %[[N]] : memref<1x3x?xf16> into memref<1x3x?xf32>{{$}}
  tile.convert %m into %n : memref<1x3x?xf16> into memref<1x3x?xf32>
  return %r : tensor<1x64xbf16>
}

/// The example of the op's description.
// CHECK-LABEL: func @route
// CHECK-SAME:    %[[L:.*]]: tensor<1x8xf32>, %[[I:.*]]: tensor<1x3xi32>, %[[W:.*]]: tensor<1x3xf32>
func.func @route(%lg: tensor<1x8xf32>, %i: tensor<1x3xi32>, %w: tensor<1x3xf32>) -> (tensor<1x3xi32>, tensor<1x3xf32>) {
  // CHECK: tile.route sigmoid %[[L]] groups 4 keep 2 by top2sum top 3 scale 2.500000e+00 into %[[I]], %[[W]] : tensor<1x8xf32> into tensor<1x3xi32>, tensor<1x3xf32> -> tensor<1x3xi32>, tensor<1x3xf32>
  %id, %wt = tile.route sigmoid %lg groups 4 keep 2 by top2sum top 3 scale 2.5
      into %i, %w : tensor<1x8xf32> into tensor<1x3xi32>, tensor<1x3xf32> -> tensor<1x3xi32>, tensor<1x3xf32>
  return %id, %wt : tensor<1x3xi32>, tensor<1x3xf32>
}

// CHECK-LABEL: func @route_with_bias
func.func @route_with_bias(%lg: memref<1x8xf32>, %b: !tenon.weight<8, <f32>>, %i: memref<1x8xi32>, %w: memref<1x8xf32>) {
  // CHECK: tile.route softmax %{{.*}} bias %{{.*}} : !tenon.weight<8, <f32>> top 8 renorm 0.000000e+00 scale 1.000000e+00 into %{{.*}} : memref<1x8xf32> into memref<1x8xi32>, memref<1x8xf32>{{$}}
  tile.route softmax %lg bias %b : !tenon.weight<8, <f32>> top 8 renorm 0.0 scale 1.0
      into %i, %w : memref<1x8xf32> into memref<1x8xi32>, memref<1x8xf32>
  return
}

/// The example of the op's description.
// CHECK-LABEL: func @group
// CHECK-SAME:    %[[ID:.*]]: tensor<?x2xi32>, %[[A:.*]]: tensor<?xi32>, %[[B:.*]]: tensor<?x2xi32>, %[[C:.*]]: tensor<9xi32>
func.func @group(%id: tensor<?x2xi32>, %a: tensor<?xi32>, %b: tensor<?x2xi32>, %c: tensor<9xi32>)
    -> (tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>) {
  // CHECK: tile.moe_dispatch %[[ID]] into %[[A]], %[[B]], %[[C]] : tensor<?x2xi32> into tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
  %o, %p, %f = tile.moe_dispatch %id into %a, %b, %c
      : tensor<?x2xi32> into tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
  return %o, %p, %f : tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
}

/// The example of the op's description.
// CHECK-LABEL: func @combine
// CHECK-SAME:    %[[D:.*]]: tensor<?x64xf32>, %[[P:.*]]: tensor<?x2xi32>, %[[W:.*]]: tensor<?x2xf32>, %[[T:.*]]: index, %[[X:.*]]: tensor<1x64xf32>
func.func @combine(%dn: tensor<?x64xf32>, %place: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %t: index, %x: tensor<1x64xf32>)
    -> tensor<1x64xf32> {
  // CHECK: tile.moe_combine %[[D]], %[[P]], %[[W]] of %[[T]] into %[[X]] : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32> into tensor<1x64xf32> -> tensor<1x64xf32>
  %y = tile.moe_combine %dn, %place, %wt of %t into %x
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32> into tensor<1x64xf32> -> tensor<1x64xf32>
  return %y : tensor<1x64xf32>
}
