// RUN: tenon-opt %s --convert-tile-to-vector --canonicalize --cse | FileCheck %s

/// What an operation means down to its operands, where a neighbor of the formula has the
/// same instructions.
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {

/// Epsilon joins the mean of the squares, 1/8 of their sum, under the root.
// CHECK-LABEL: func @epsilon
func.func @epsilon(%x: memref<1x8xf32>, %w: !tenon.weight<8, <f32>>, %o: memref<1x8xf32>) {
  // CHECK-DAG: %[[EPS:.*]] = arith.constant 1.000000e-03 : f32
  // CHECK-DAG: %[[SHARE:.*]] = arith.constant 1.250000e-01 : f32
  // CHECK:     %[[SUM:.*]] = vector.extract
  // CHECK:     %[[MEAN:.*]] = math.fma %[[SUM]], %[[SHARE]], %[[EPS]]
  // CHECK:     math.sqrt %[[MEAN]]
  tile.norm rms %x, %w eps 1.0e-3 into %o : memref<1x8xf32>, !tenon.weight<8, <f32>> into memref<1x8xf32>
  return
}

/// Of two lanes with the same score the one with the lower place wins.
// CHECK-LABEL: func @tie
func.func @tie(%l: memref<1x8xf32>, %i: memref<1x1xi32>, %w: memref<1x1xf32>) {
  // CHECK:      %[[A:.*]] = vector.extract %[[SCORES:.*]][0] : f32 from vector<8xf32>
  // CHECK-NEXT: %[[AT_A:.*]] = vector.extract %[[PLACES:.*]][0] : i32 from vector<8xi32>
  // CHECK-NEXT: %[[B:.*]] = vector.extract %[[SCORES]][1]
  // CHECK-NEXT: %[[AT_B:.*]] = vector.extract %[[PLACES]][1]
  // CHECK-NEXT: %[[MORE:.*]] = arith.cmpf ogt, %[[B]], %[[A]]
  // CHECK-NEXT: %[[SAME:.*]] = arith.cmpf oeq, %[[B]], %[[A]]
  // CHECK-NEXT: %[[BEFORE:.*]] = arith.cmpi slt, %[[AT_B]], %[[AT_A]]
  // CHECK-NEXT: %[[FIRST:.*]] = arith.andi %[[SAME]], %[[BEFORE]]
  // CHECK-NEXT: %[[BETTER:.*]] = arith.ori %[[MORE]], %[[FIRST]]
  // CHECK:      arith.select %[[BETTER]], %[[AT_B]], %[[AT_A]]
  tile.route sigmoid %l top 1 scale 1.0 into %i, %w : memref<1x8xf32> into memref<1x1xi32>, memref<1x1xf32>
  return
}

/// A new maximum rescales the sum of the tiles before, by the factor of the accumulator.
// CHECK-LABEL: func @running_sum
// CHECK-SAME:    %[[S:[a-z0-9]+]]: memref<1xf32>, %{{[a-z0-9]+}}: index)
func.func @running_sum(%q: memref<1x8xf32>, %k: memref<64x8xf32>, %acc: memref<1x8xf32>, %m: memref<1xf32>, %s: memref<1xf32>, %count: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK-DAG: %[[RESCALE:.*]] = memref.alloca() {alignment = 64 : i64} : memref<1xf32>
  // CHECK:     %[[OLD:.*]] = memref.load %[[S]]
  // CHECK:     %[[NEW:.*]] = math.fma %[[OLD]], %[[FACTOR:.*]], %{{.*}} : f32
  // CHECK:     memref.store %[[NEW]], %[[S]]
  // CHECK:     memref.store %[[FACTOR]], %[[RESCALE]]
  tile.online_attention %q rows %c1, %k[%c0, %c0] along 0, %k[%c0, %c0] along 0 keys 64 first %c0 count %count at %count of %count
      heads 1 scale 1.0 into %acc, %m, %s : memref<1x8xf32>, memref<64x8xf32>, memref<64x8xf32>
      into memref<1x8xf32>, memref<1xf32>, memref<1xf32>
  return
}
}
