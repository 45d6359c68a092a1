// RUN: tenon-opt %s --convert-tile-to-vector --canonicalize --cse | FileCheck %s

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {

/// Scores, choices with a bias, the best groups, the best experts, weights.
// CHECK-LABEL: func @route
// CHECK-SAME:    %[[L:.*]]: memref<1x12xf32>, %[[B:.*]]: !tenon.weight<12, <f32>>, %[[I:.*]]: memref<1x3xi32>, %[[W:.*]]: memref<1x3xf32>
func.func @route(%l: memref<1x12xf32>, %b: !tenon.weight<12, <f32>>, %i: memref<1x3xi32>, %w: memref<1x3xf32>) {
  // Choices are padded to whole vectors with what is never chosen.
  // CHECK-DAG: %[[LOW:.*]] = arith.constant 0xFF800000 : f32
  // CHECK-DAG: %[[SCORES:.*]] = memref.alloca() {{.*}} : memref<12xf32>
  // CHECK-DAG: %[[CHOICES:.*]] = memref.alloca() {{.*}} : memref<1x16xf32>
  // CHECK-DAG: %[[KEPT:.*]] = memref.alloca() {{.*}} : memref<4xi32>
  // CHECK:     vector.load %[[L]]
  // CHECK:     vector.store %{{.*}}, %[[SCORES]]
  // CHECK:     scf.for %{{.*}} = %c12 to %c16 step %c1
  // CHECK:       memref.store %[[LOW]], %[[CHOICES]]
  // CHECK:     scf.for %{{.*}} = %c0 to %c4 step %c1
  // CHECK:       scf.for %{{.*}} = %c0 to %c3 step %c1 iter_args
  // CHECK:     scf.for %{{.*}} = %c0 to %c2 step %c1
  // CHECK:       memref.store %{{.*}}, %[[KEPT]]

  // The first among equals: a later one must be greater.
  // CHECK:     scf.for %{{.*}} = %c0 to %c3 step %c1
  // CHECK:       scf.for %{{.*}} = %c0 to %c16 step %c8 iter_args
  // CHECK:         %[[V:.*]] = vector.load %[[CHOICES]]
  // CHECK:         arith.cmpf ogt, %[[V]]
  // CHECK:       memref.store %{{.*}}, %[[I]]
  // CHECK:       memref.store %[[LOW]], %[[CHOICES]]
  // CHECK:       %[[S:.*]] = memref.load %[[SCORES]]
  // CHECK:       memref.store %[[S]], %[[W]]
  // CHECK:     arith.divf
  tile.route sigmoid %l bias %b : !tenon.weight<12, <f32>> groups 4 keep 2 by top2sum top 3 renorm 1.0e-20 scale 2.5
      into %i, %w : memref<1x12xf32> into memref<1x3xi32>, memref<1x3xf32>
  return
}

/// Without groups nothing is dropped, and without renorm nothing is divided but the scores.
// CHECK-LABEL: func @route_softmax
// CHECK-COUNT-2: memref.alloca
// CHECK-NOT:   memref.alloca
// CHECK:       arith.divf %{{.*}} : vector<8xf32>
// CHECK-NOT:   arith.divf
// CHECK:       return
func.func @route_softmax(%l: memref<1x8xf32>, %i: memref<1x2xi32>, %w: memref<1x2xf32>) {
  tile.route softmax %l top 2 scale 1.0 into %i, %w : memref<1x8xf32> into memref<1x2xi32>, memref<1x2xf32>
  return
}

/// Counts, sums, places, and offsets that move back.
// CHECK-LABEL: func @group
// CHECK-SAME:    %[[C:.*]]: memref<?x2xi32>, %[[O:.*]]: memref<?xi32>, %[[P:.*]]: memref<?x2xi32>, %[[F:.*]]: memref<9xi32>
func.func @group(%c: memref<?x2xi32>, %o: memref<?xi32>, %p: memref<?x2xi32>, %f: memref<9xi32>) {
  // CHECK:     scf.for %{{.*}} = %c0 to %c9 step %c1
  // CHECK:     %[[T:.*]] = memref.dim %[[C]], %c0
  // CHECK:     scf.for %{{.*}} = %c0 to %[[T]] step %c1
  // CHECK:       scf.for %{{.*}} = %c0 to %c2 step %c1
  // CHECK:         memref.store %{{.*}}, %[[F]]
  // CHECK:     scf.for %{{.*}} = %c0 to %c8 step %c1
  // CHECK:     scf.for %{{.*}} = %c0 to %[[T]] step %c1
  // CHECK:         memref.store %{{.*}}, %[[P]]
  // CHECK:         memref.store %{{.*}}, %[[O]]
  // CHECK:     scf.for %{{.*}} = %c0 to %c8 step %c1
  // CHECK:       %[[E:.*]] = arith.subi %c8
  // CHECK:     memref.store %{{.*}}, %[[F]][%c0]
  tile.moe_dispatch %c into %o, %p, %f : memref<?x2xi32> into memref<?xi32>, memref<?x2xi32>, memref<9xi32>
  return
}

/// The sum over the choices first, then what it is added to.
// CHECK-LABEL: func @combine
// CHECK-SAME:    %[[X:.*]]: memref<?x8xf32>, %{{.*}}: memref<?x2xi32>, %{{.*}}: memref<?x2xf32>, %[[T:.*]]: index, %[[O:.*]]: memref<1x8xf32>
func.func @combine(%x: memref<?x8xf32>, %p: memref<?x2xi32>, %w: memref<?x2xf32>, %t: index, %o: memref<1x8xf32>) {
  // CHECK: %[[S:.*]] = scf.for %{{.*}} = %c0 to %c2 step %c1 iter_args
  // CHECK:   vector.load %[[X]]
  // CHECK:   vector.fma
  // CHECK: %[[B:.*]] = vector.load %[[O]]
  // CHECK: arith.addf %[[B]], %[[S]]
  tile.moe_combine %x, %p, %w of %t into %o : memref<?x8xf32>, memref<?x2xi32>, memref<?x2xf32> into memref<1x8xf32>
  return
}
}
