// RUN: tenon-opt %s --convert-tile-to-vector --canonicalize --cse | FileCheck %s

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {

/// Four sums of squares, a vector that is left, three single elements; what is after the
/// norm passes through.
// CHECK-LABEL: func @norm
// CHECK-SAME:    %[[X:.*]]: memref<?x80xf32>, %[[W:.*]]: !tenon.weight<75, <f32>>, %[[O:.*]]: memref<?x80xf32>
func.func @norm(%x: memref<?x80xf32>, %w: !tenon.weight<75, <f32>>, %o: memref<?x80xf32>) {
  // CHECK-DAG:     %[[V:.*]] = tile.weight_view %[[W]] at %c0 {{.*}} to memref<75xf32>
  // CHECK:         scf.for %{{.*}} = %c0 to %{{.*}} step %c1
  // CHECK:           scf.for %{{.*}} = %c0 to %c64 step %c32 iter_args
  // CHECK-COUNT-4:     arith.mulf %{{.*}} : vector<8xf32>
  // CHECK:           vector.load %[[X]][%{{.*}}, %c64]
  // CHECK:           scf.for %{{.*}} = %c72 to %c75 step %c1 iter_args
  // CHECK:           math.sqrt
  // CHECK:           scf.for %{{.*}} = %c0 to %c72 step %c8
  // CHECK:             vector.store %{{.*}}, %[[O]]
  // CHECK:           scf.for %{{.*}} = %c72 to %c75 step %c1
  // CHECK:             memref.store %{{.*}}, %[[O]]
  // CHECK:           scf.for %[[I:.*]] = %c75 to %c80 step %c1
  // CHECK-NEXT:        %[[E:.*]] = memref.load %[[X]]
  // CHECK-NEXT:        memref.store %[[E]], %[[O]]
  tile.norm rms %x, %w eps 1.0e-6 into %o : memref<?x80xf32>, !tenon.weight<75, <f32>> into memref<?x80xf32>
  return
}

/// A layer norm takes the mean away first, and adds the bias in the same rounding.
// CHECK-LABEL: func @layer_norm
func.func @layer_norm(%x: memref<1x8xf32>, %w: !tenon.weight<8, <f32>>, %b: !tenon.weight<8, <f32>>) {
  // CHECK-COUNT-2: tile.weight_view
  // CHECK:         %[[D:.*]] = arith.subf
  // CHECK:         arith.mulf %[[D]], %[[D]]
  // CHECK:         vector.fma
  tile.norm layer %x, %w bias %b : !tenon.weight<8, <f32>> eps 1.0e-6 into %x : memref<1x8xf32>, !tenon.weight<8, <f32>> into memref<1x8xf32>
  return
}

/// The weight of a norm of one more.
// CHECK-LABEL: func @one_plus
func.func @one_plus(%x: memref<1x8xf32>, %w: !tenon.weight<8, <f32>>) {
  // CHECK-DAG: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : vector<8xf32>
  // CHECK:     arith.addf %{{.*}}, %[[ONE]]
  tile.norm rms %x, %w eps 1.0e-6 order one_plus into %x : memref<1x8xf32>, !tenon.weight<8, <f32>> into memref<1x8xf32>
  return
}

/// Halves turn against each other; position 256 a + b takes the rows a and 2 + b of the table.
// CHECK-LABEL: func @rope_half
// CHECK-SAME:    %[[X:.*]]: memref<1x2x24xf32>, %[[T:.*]]: !tenon.weight<258x16, <f32>>, %[[P:.*]]: index
func.func @rope_half(%x: memref<1x2x24xf32>, %t: !tenon.weight<258x16, <f32>>, %p: index) {
  // CHECK-DAG: %[[V:.*]] = tile.weight_view %[[T]] at %c0 {{.*}} to memref<258x16xf32>
  // CHECK-DAG: %[[A:.*]] = arith.divui %[[P]], %c256
  // CHECK-DAG: %[[R:.*]] = arith.remui %[[P]], %c256
  // CHECK-DAG: %[[B:.*]] = arith.addi %[[R]], %c2
  // CHECK-DAG: vector.load %[[V]][%[[A]], %c0]
  // CHECK-DAG: vector.load %[[V]][%[[B]], %c8]
  // CHECK:     scf.for
  // CHECK:       vector.load %[[X]][%c0, %{{.*}}, %c8]
  // CHECK:       vector.load %[[X]][%c0, %{{.*}}, %c16]
  // CHECK-NOT:   shuffle
  // CHECK:       vector.store %{{.*}}, %[[X]][%c0, %{{.*}}, %c8]
  // CHECK:       vector.store %{{.*}}, %[[X]][%c0, %{{.*}}, %c16]
  tile.rope %x at %p last <dims = 16, pairing = half, theta = 1.0e4 : f64>, %t into %x
      : memref<1x2x24xf32>, !tenon.weight<258x16, <f32>> into memref<1x2x24xf32>
  return
}

/// Neighbors are sorted into two vectors and back; the rest of the row is copied.
// CHECK-LABEL: func @rope_interleaved
func.func @rope_interleaved(%x: memref<1x24xf32>, %o: memref<1x24xf32>, %t: !tenon.weight<258x16, <f32>>, %p: index) {
  // CHECK: vector.shuffle %{{.*}} [0, 2, 4, 6, 8, 10, 12, 14]
  // CHECK: vector.shuffle %{{.*}} [1, 3, 5, 7, 9, 11, 13, 15]
  // CHECK: vector.shuffle %{{.*}} [0, 8, 1, 9, 2, 10, 3, 11]
  // CHECK: vector.shuffle %{{.*}} [4, 12, 5, 13, 6, 14, 7, 15]
  // CHECK: %[[C:.*]] = vector.load %{{.*}}[%c0, %c16]
  // CHECK: vector.store %[[C]], %{{.*}}[%c0, %c16]
  tile.rope %x at %p first <dims = 16, pairing = interleaved, theta = 1.0e4 : f64>, %t into %o
      : memref<1x24xf32>, !tenon.weight<258x16, <f32>> into memref<1x24xf32>
  return
}

/// A token is a place of a panel; its columns come out of one line after the other.
// CHECK-LABEL: func @embed
// CHECK-SAME:    %[[W:.*]]: !tenon.weight<40x7, <bf16>, <16x2>>, %[[T:.*]]: index, %[[O:.*]]: memref<1x7xf32>
func.func @embed(%w: !tenon.weight<40x7, <bf16>, <16x2>>, %t: index, %o: memref<1x7xf32>) {
  // CHECK-DAG:     %[[PANEL:.*]] = arith.divui %[[T]], %c16
  // CHECK-DAG:     %[[PLACE:.*]] = arith.remui %[[T]], %c16
  // CHECK-DAG:     %[[BYTE:.*]] = arith.muli %[[PANEL]], %c256
  // CHECK:         %[[V:.*]] = tile.weight_view %[[W]] at %[[BYTE]] {{.*}} to memref<4x16xi32>
  // CHECK:         scf.for %[[L:.*]] = %c0 to %c3 step %c1
  // CHECK-NEXT:      memref.load %[[V]][%[[L]], %[[PLACE]]]
  // CHECK-COUNT-2:   memref.store %{{.*}}, %[[O]]
  // CHECK:         memref.load %[[V]][%c3, %[[PLACE]]]
  // CHECK:         memref.store %{{.*}}, %[[O]][%c0, %c6]
  // CHECK-NOT:     memref.store
  tile.embed %t, %w scale 2.0 into %o : !tenon.weight<40x7, <bf16>, <16x2>> into memref<1x7xf32>
  return
}

/// In a table without panels a token is a row, of which vectors are read.
// CHECK-LABEL: func @embed_of_rows
// CHECK-SAME:    %[[W:.*]]: !tenon.weight<40x9, <bf16>>, %[[T:.*]]: index, %[[O:.*]]: memref<1x9xf32>
func.func @embed_of_rows(%w: !tenon.weight<40x9, <bf16>>, %t: index, %o: memref<1x9xf32>) {
  // CHECK:         %[[V:.*]] = tile.weight_view %[[W]] at %c0 : <40x9, <bf16>> to memref<40x9xbf16>
  // CHECK-NEXT:    %[[NARROW:.*]] = vector.load %[[V]][%[[T]], %c0] : memref<40x9xbf16>, vector<8xbf16>
  // CHECK-NEXT:    %[[WIDE:.*]] = arith.extf %[[NARROW]]
  // CHECK-NEXT:    %[[SCALED:.*]] = arith.mulf %[[WIDE]], %{{.*}} : vector<8xf32>
  // CHECK-NEXT:    vector.store %[[SCALED]], %[[O]][%c0, %c0]
  // CHECK-NEXT:    memref.load %[[V]][%[[T]], %c8]
  // CHECK:         memref.store %{{.*}}, %[[O]][%c0, %c8]
  // CHECK-NEXT:    return
  tile.embed %t, %w scale 2.0 into %o : !tenon.weight<40x9, <bf16>> into memref<1x9xf32>
  return
}
}
