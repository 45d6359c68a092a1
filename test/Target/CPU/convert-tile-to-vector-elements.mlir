// RUN: tenon-opt %s --convert-tile-to-vector --canonicalize --cse | FileCheck %s

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {

/// A dynamic number of columns: whole vectors, then one by one.
// CHECK-LABEL: func @copy
// CHECK-SAME:    %[[A:.*]]: memref<4x?xi32>, %[[B:.*]]: memref<4x?xi32, strided<[?, 1], offset: ?>>
func.func @copy(%a: memref<4x?xi32>, %b: memref<4x?xi32, strided<[?, 1], offset: ?>>) {
  // CHECK: %[[N:.*]] = memref.dim %[[A]], %c1
  // CHECK: %[[V:.*]] = arith.divui %[[N]], %c8
  // CHECK: %[[W:.*]] = arith.muli %[[V]], %c8
  // CHECK: scf.for %{{.*}} = %c0 to %[[W]] step %c8
  // CHECK:   vector.load %[[A]]
  // CHECK:   vector.store %{{.*}}, %[[B]]
  // CHECK: scf.for %{{.*}} = %[[W]] to %[[N]] step %c1
  // CHECK:   memref.load %[[A]]
  // CHECK:   memref.store %{{.*}}, %[[B]]
  memref.copy %a, %b : memref<4x?xi32> to memref<4x?xi32, strided<[?, 1], offset: ?>>
  return
}

/// Elements of a row that do not lie together, and elements that are no f32, which stay
/// what they are.
// CHECK-LABEL: func @copy_column
func.func @copy_column(%a: memref<4x3xbf16, strided<[3, 2]>>, %b: memref<4x3xbf16>) {
  // CHECK-NOT: vector
  // CHECK:     %[[E:.*]] = memref.load
  // CHECK:     memref.store %[[E]]
  memref.copy %a, %b : memref<4x3xbf16, strided<[3, 2]>> to memref<4x3xbf16>
  return
}

/// Memory that is copied to itself, and memory without dimensions or elements.
// CHECK-LABEL: func @copy_little
func.func @copy_little(%a: memref<8xf32>, %b: memref<f32>, %c: memref<f32>, %d: memref<0xf32>, %e: memref<0xf32>) {
  // CHECK-NEXT: %[[E:.*]] = memref.load %{{.*}}[] : memref<f32>
  // CHECK-NEXT: memref.store %[[E]]
  // CHECK-NEXT: return
  memref.copy %a, %a : memref<8xf32> to memref<8xf32>
  memref.copy %b, %c : memref<f32> to memref<f32>
  memref.copy %d, %e : memref<0xf32> to memref<0xf32>
  return
}

/// A value in every element, of the type of the memory.
// CHECK-LABEL: func @fill
// CHECK-SAME:    %[[V:.*]]: bf16, %[[O:.*]]: memref<?x9xbf16>
func.func @fill(%v: bf16, %o: memref<?x9xbf16>) {
  // CHECK: %[[B:.*]] = vector.broadcast %[[V]] : bf16 to vector<8xbf16>
  // CHECK: vector.store %[[B]], %[[O]][%{{.*}}, %c0]
  // CHECK: memref.store %[[V]], %[[O]][%{{.*}}, %c8]
  tile.fill %v into %o : bf16 into memref<?x9xbf16>
  return
}

/// To nearest even in integers, so that no function is called; not for NaN.
// CHECK-LABEL: func @convert
func.func @convert(%a: memref<1x8xf32>, %b: memref<1x8xbf16>) {
  // CHECK-DAG: %[[HALF:.*]] = arith.constant dense<32767> : vector<8xi32>
  // CHECK-DAG: %[[ONE:.*]] = arith.constant dense<1> : vector<8xi32>
  // CHECK-DAG: %[[UPPER:.*]] = arith.constant dense<16> : vector<8xi32>
  // CHECK-DAG: %[[QUIET:.*]] = arith.constant dense<4194304> : vector<8xi32>
  // CHECK:      %[[X:.*]] = vector.load
  // CHECK-NEXT: %[[I:.*]] = arith.bitcast %[[X]]
  // CHECK-NEXT: %[[S:.*]] = arith.shrsi %[[I]], %[[UPPER]]
  // CHECK-NEXT: %[[ODD:.*]] = arith.andi %[[S]], %[[ONE]]
  // CHECK-NEXT: %[[R:.*]] = arith.addi %[[ODD]], %[[HALF]]
  // CHECK-NEXT: %[[NAN:.*]] = arith.cmpf uno, %[[X]], %[[X]]
  // CHECK-NEXT: %[[Q:.*]] = arith.ori %[[I]], %[[QUIET]]
  // CHECK-NEXT: %[[T:.*]] = arith.addi %[[I]], %[[R]]
  // CHECK-NEXT: %[[V:.*]] = arith.select %[[NAN]], %[[Q]], %[[T]]
  // CHECK-NEXT: %[[H:.*]] = arith.shrui %[[V]], %[[UPPER]]
  // CHECK-NEXT: %[[L:.*]] = arith.trunci %[[H]]
  // CHECK-NEXT: %[[B:.*]] = arith.bitcast %[[L]] : vector<8xi16> to vector<8xbf16>
  // CHECK-NEXT: vector.store %[[B]]
  tile.convert %a into %b : memref<1x8xf32> into memref<1x8xbf16>
  return
}

/// The example of the pass.
// CHECK-LABEL: func @add
func.func @add(%a: memref<1x64xf32>, %b: memref<1x64xf32>) {
  // CHECK:      scf.for %[[I:.*]] = %c0 to %c64 step %c8
  // CHECK-NEXT:   %[[X:.*]] = vector.load %{{.*}}[%c0, %[[I]]]
  // CHECK-NEXT:   %[[Y:.*]] = vector.load %{{.*}}[%c0, %[[I]]]
  // CHECK-NEXT:   %[[S:.*]] = arith.addf %[[X]], %[[Y]] : vector<8xf32>
  // CHECK-NEXT:   vector.store %[[S]]
  tile.add %a into %b : memref<1x64xf32> into memref<1x64xf32>
  return
}

/// Elements from 45 on have no bias: they are cut off by a mask.
// CHECK-LABEL: func @bias
// CHECK-SAME:    %[[W:.*]]: !tenon.weight<45, <f32>>, %[[F:.*]]: index
func.func @bias(%b: !tenon.weight<45, <f32>>, %f: index, %o: memref<2x32xf32>) {
  // CHECK: %[[V:.*]] = tile.weight_view %[[W]]
  // CHECK: scf.for %[[I:.*]] = %c0 to %c32 step %c8
  // CHECK:   %[[AT:.*]] = arith.addi %[[F]], %[[I]]
  // CHECK:   %[[LEFT:.*]] = arith.subi %c45, %[[AT]]
  // CHECK:   %[[M:.*]] = vector.create_mask %[[LEFT]]
  // CHECK:   vector.maskedload %[[V]][%[[AT]]], %[[M]]
  tile.add_bias %b[%f] into %o : !tenon.weight<45, <f32>> into memref<2x32xf32>
  return
}

/// Columns that fill no vector have a condition each.
// CHECK-LABEL: func @bias_of_odd_columns
// CHECK-SAME:    %[[W:.*]]: !tenon.weight<45, <f32>>, %[[F:.*]]: index, %[[O:.*]]: memref<2x17xf32>
func.func @bias_of_odd_columns(%b: !tenon.weight<45, <f32>>, %f: index, %o: memref<2x17xf32>) {
  // CHECK:     %[[V:.*]] = tile.weight_view %[[W]]
  // CHECK:     scf.for %{{.*}} = %c0 to %c16 step %c8
  // CHECK:     %[[AT:.*]] = arith.addi %[[F]], %c16
  // CHECK:     %[[LEFT:.*]] = arith.subi %c29, %[[F]]
  // CHECK:     %[[ANY:.*]] = arith.cmpi sgt, %[[LEFT]], %c0
  // CHECK:     scf.if %[[ANY]]
  // CHECK-NEXT:  %[[E:.*]] = memref.load %[[V]][%[[AT]]]
  // CHECK:       %[[S:.*]] = arith.addf %{{.*}}, %[[E]] : f32
  // CHECK-NEXT:  memref.store %[[S]], %[[O]][%{{.*}}, %c16]
  tile.add_bias %b[%f] into %o : !tenon.weight<45, <f32>> into memref<2x17xf32>
  return
}

/// Of paired panels, eight columns belong to each half of the bias.
// CHECK-LABEL: func @bias_of_pairs
func.func @bias_of_pairs(%b: !tenon.weight<48, <f32>>, %f: index, %o: memref<2x32xf32>) {
  // CHECK: scf.for %[[I:.*]] = %c0 to %c32 step %c8
  // CHECK:   %[[PLACE:.*]] = arith.remui %[[I]], %c16
  // CHECK:   %[[HALF:.*]] = arith.divui %[[PLACE]], %c8
  // CHECK:   arith.muli %[[HALF]], %c24
  tile.add_bias %b[%f] pair into %o : !tenon.weight<48, <f32>> into memref<2x32xf32>
  return
}

/// One column of a stack is a vector that begins further on.
// CHECK-LABEL: func @bias_of_expert
// CHECK-SAME:    %[[W:.*]]: !tenon.weight<3x45x1, <f32>>, %[[E:.*]]: index, %[[F:.*]]: index,
func.func @bias_of_expert(%b: !tenon.weight<3x45x1, <f32>>, %e: index, %f: index, %o: memref<2x32xf32>) {
  // CHECK: %[[FIRST:.*]] = arith.muli %[[E]], %c180
  // CHECK: %[[V:.*]] = tile.weight_view %[[W]] at %[[FIRST]] : <3x45x1, <f32>> to memref<45xf32>
  // CHECK: vector.maskedload %[[V]][
  tile.add_bias %b[%f] of %e into %o : !tenon.weight<3x45x1, <f32>> into memref<2x32xf32>
  return
}

/// Gates and the projections beside them lie eight columns apart.
// CHECK-LABEL: func @glu_pairs
// CHECK-SAME:    %[[X:.*]]: memref<1x32xf32>
func.func @glu_pairs(%x: memref<1x32xf32>, %o: memref<1x16xf32>) {
  // CHECK: scf.for %[[I:.*]] = %c0 to %c16 step %c8
  // CHECK:   %[[FROM:.*]] = arith.addi %[[I]], %{{.*}}
  // CHECK:   vector.load %[[X]][%c0, %[[FROM]]]
  // CHECK:   %[[UP:.*]] = arith.addi %[[FROM]], %c8
  // CHECK:   vector.load %[[X]][%c0, %[[UP]]]
  tile.glu_pairs relu %x into %o : memref<1x32xf32> into memref<1x16xf32>
  return
}

/// No function calls a library: an exponential is a polynomial of degree six.
// CHECK-LABEL: func @silu
func.func @silu(%g: memref<1x8xf32>, %o: memref<1x8xf32>) {
  // CHECK-NOT:     {{math|call}}
  // CHECK-COUNT-8: vector.fma
  // CHECK-NOT:     {{math|call|vector.fma}}
  // CHECK:         return
  tile.glu silu %g, %g into %o : memref<1x8xf32>, memref<1x8xf32> into memref<1x8xf32>
  return
}

/// The parameters of a gate take three bounds, a product and one multiply-add, which also
/// divides by alpha.
// CHECK-LABEL: func @limited_silu
func.func @limited_silu(%g: memref<1x8xf32>, %o: memref<1x8xf32>) {
  // CHECK-NOT:     {{math|call}}
  // CHECK-COUNT-9: vector.fma
  // CHECK-NOT:     {{math|call|vector.fma}}
  // CHECK:         return
  tile.glu silu<alpha = 1.702, beta = 1.0, limit = 7.0> %g, %g into %o : memref<1x8xf32>, memref<1x8xf32> into memref<1x8xf32>
  return
}

/// A product, two comparisons, and a hyperbolic tangent without a library.
// CHECK-LABEL: func @pointwise
// CHECK-NOT:   {{tile|math.tanh|call}}
// CHECK:       arith.mulf
// CHECK:       return
func.func @pointwise(%x: memref<3x13xf32>, %o: memref<3x13xf32>) {
  tile.pointwise scale %x by 0.25 into %o : memref<3x13xf32> into memref<3x13xf32>
  tile.pointwise clamp %x by 8.0 into %o : memref<3x13xf32> into memref<3x13xf32>
  tile.pointwise softcap %x by 30.0 into %o : memref<3x13xf32> into memref<3x13xf32>
  return
}

/// All functions, element by element in the rest of a row.
// CHECK-LABEL: func @activations
// CHECK-NOT:   {{tile|math.(exp|tanh|erf)|call}}
// CHECK:       return
func.func @activations(%g: memref<3x13xf32>, %o: memref<3x13xf32>) {
  tile.glu silu %g, %g into %o : memref<3x13xf32>, memref<3x13xf32> into memref<3x13xf32>
  tile.glu gelu %g, %g into %o : memref<3x13xf32>, memref<3x13xf32> into memref<3x13xf32>
  tile.glu gelu_tanh %g, %g into %o : memref<3x13xf32>, memref<3x13xf32> into memref<3x13xf32>
  tile.glu relu %g, %g into %o : memref<3x13xf32>, memref<3x13xf32> into memref<3x13xf32>
  return
}
}
