// RUN: tenon-opt %s --tile-drop-returned-buffers --split-input-file | FileCheck %s
// RUN: tenon-opt %s --tile-drop-returned-buffers --split-input-file --print-statistics 2>&1 >/dev/null | FileCheck %s --check-prefix=STATISTICS

/// Calls that nest four deep, callers first: each level shows what it returns when the one below returns nothing.
// CHECK-LABEL: func.func @step(
// CHECK-SAME:    %[[A:.*]]: memref<8xf32>, %{{.*}}: index) -> memref<8xf32>
// CHECK:         call @layer(%[[A]], %{{.*}}) : (memref<8xf32>, index) -> ()
// CHECK-NEXT:    return %[[A]] : memref<8xf32>
func.func @step(%a: memref<8xf32>, %n: index) -> memref<8xf32> {
  %r = call @layer(%a, %n) : (memref<8xf32>, index) -> memref<8xf32>
  return %r : memref<8xf32>
}
// CHECK-LABEL: func.func private @layer(
// CHECK-SAME:    %[[A:.*]]: memref<8xf32>, %[[N:.*]]: index) {
// CHECK:         scf.for
// CHECK-NEXT:      call @block(%[[A]], %[[N]]) : (memref<8xf32>, index) -> ()
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func private @layer(%a: memref<8xf32>, %n: index) -> memref<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %a) -> (memref<8xf32>) {
    %b = func.call @block(%s, %n) : (memref<8xf32>, index) -> memref<8xf32>
    scf.yield %b : memref<8xf32>
  }
  return %r : memref<8xf32>
}
// CHECK-LABEL: func.func private @block(
// CHECK-SAME:    %[[A:.*]]: memref<8xf32>, %[[N:.*]]: index) {
// CHECK:         scf.for
// CHECK-NEXT:      call @kernel(%[[A]]) : (memref<8xf32>) -> ()
func.func private @block(%a: memref<8xf32>, %n: index) -> memref<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %a) -> (memref<8xf32>) {
    %b = func.call @kernel(%s) : (memref<8xf32>) -> memref<8xf32>
    scf.yield %b : memref<8xf32>
  }
  return %r : memref<8xf32>
}
// CHECK-LABEL: func.func private @kernel(
// CHECK-SAME:    %{{.*}}: memref<8xf32>) {
func.func private @kernel(%a: memref<8xf32>) -> memref<8xf32> {
  %f = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  memref.store %f, %a[%c0] : memref<8xf32>
  return %a : memref<8xf32>
}

// -----

/// A buffer that the function makes stays a result.
// CHECK-LABEL: func.func private @makes() -> memref<8xf32>
func.func private @makes() -> memref<8xf32> {
  %a = memref.alloc() : memref<8xf32>
  return %a : memref<8xf32>
}
// CHECK-LABEL: func.func @uses(
// CHECK:         call @makes() : () -> memref<8xf32>
func.func @uses() -> memref<8xf32> {
  %r = call @makes() : () -> memref<8xf32>
  return %r : memref<8xf32>
}

// STATISTICS: 3 tile-drop-returned-buffers - Results that are buffers of the caller
// STATISTICS: 3 tile-drop-returned-buffers - Rounds that dropped some
