// RUN: tenon-opt %s --tile-plan-memory --split-input-file --verify-diagnostics | FileCheck %s
// RUN: not tenon-opt %s --tile-plan-memory --split-input-file --remarks-filter=tile-plan-memory 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// What a function needs, and what sharing saves.
// REMARK: remark: [Analysis] PlanFunction | Category:tile-plan-memory | Function=shared_place | Arena=640, Buffers=3, BytesWithoutSharing=960, OwnBytes=640, Scratch=0

func.func private @use(memref<?x72xf32>)
func.func private @use_index(memref<?xi32>)

/// The example of the pass's description: 72 floats of 3 tokens, and integers after them.
// CHECK-LABEL: func @step(
// CHECK-SAME:    %[[X:.*]]: memref<?x72xf32>, %[[ARENA:.*]]: memref<?xi8> {tenon.role = #tenon.role<arena>}, %{{.*}}: memref<?xi8> {tenon.role = #tenon.role<scratch>})
// CHECK-SAME:    tile.memory = #tile.memory<arena = 960, scratch = 0>
// CHECK:       %[[T:.*]] = memref.dim %[[X]]
// CHECK:       %[[C0:.*]] = arith.constant 0 : index
// CHECK:       %[[A:.*]] = memref.view %[[ARENA]][%[[C0]]][%[[T]]] : memref<?xi8> to memref<?x72xf32>
// CHECK:       %[[C896:.*]] = arith.constant 896 : index
// CHECK:       %[[B:.*]] = memref.view %[[ARENA]][%[[C896]]][%[[T]]] : memref<?xi8> to memref<?xi32>
// CHECK:       call @use(%[[A]])
// CHECK-NEXT:  call @use_index(%[[B]])
// CHECK-NEXT:  call @use(%[[A]])
func.func @step(%x: memref<?x72xf32>) attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %c0 = arith.constant 0 : index
  %t = memref.dim %x, %c0 : memref<?x72xf32>
  %a = memref.alloc(%t) : memref<?x72xf32>
  %b = memref.alloc(%t) : memref<?xi32>
  call @use(%a) : (memref<?x72xf32>) -> ()
  call @use_index(%b) : (memref<?xi32>) -> ()
  call @use(%a) : (memref<?x72xf32>) -> ()
  return
}

/// Buffers that are not used at the same time share a place; views count.
// CHECK-LABEL: func @shared_place(
// CHECK-SAME:    tile.memory = #tile.memory<arena = 640, scratch = 0>
// CHECK:       arith.constant 0 : index
// CHECK:       %[[C0:.*]] = arith.constant 0 : index
// CHECK-NEXT:  memref.view %{{.*}}[%[[C0]]]
// CHECK:       %[[C320:.*]] = arith.constant 320 : index
// CHECK-NEXT:  memref.view %{{.*}}[%[[C320]]]
// CHECK:       %[[AGAIN:.*]] = arith.constant 0 : index
// CHECK-NEXT:  memref.view %{{.*}}[%[[AGAIN]]]
func.func @shared_place(%x: memref<?x72xf32>) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c0 = arith.constant 0 : index
  %t = memref.dim %x, %c0 : memref<?x72xf32>
  %a = memref.alloc(%t) : memref<?x72xf32>
  %v = memref.cast %a : memref<?x72xf32> to memref<?x72xf32, strided<[72, 1]>>
  %b = memref.alloc(%t) : memref<?x72xf32>
  call @use(%b) : (memref<?x72xf32>) -> ()
  %w = memref.cast %v : memref<?x72xf32, strided<[72, 1]>> to memref<?x72xf32>
  call @use(%w) : (memref<?x72xf32>) -> ()
  %c = memref.alloc(%t) : memref<?x72xf32>
  call @use(%c) : (memref<?x72xf32>) -> ()
  call @use(%b) : (memref<?x72xf32>) -> ()
  return
}

/// Rows of choices: two for each token, one more, and at most nine.
// CHECK-LABEL: func @more_rows(
// CHECK-SAME:    tile.memory = #tile.memory<arena = 384, scratch = 0>
func.func @more_rows(%x: memref<?xi32>) attributes {tile.bucket = #tile.bucket<tokens = 16>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c9 = arith.constant 9 : index
  %t = memref.dim %x, %c0 : memref<?xi32>
  %n = arith.muli %t, %c2 : index
  %m = arith.addi %n, %c1 : index
  %l = arith.minsi %m, %c9 : index
  %a = memref.alloc(%n) : memref<?xi32>
  %b = memref.alloc(%m) : memref<?xi32>
  %c = memref.alloc(%l) : memref<?xi32>
  call @use_index(%a) : (memref<?xi32>) -> ()
  call @use_index(%b) : (memref<?xi32>) -> ()
  call @use_index(%c) : (memref<?xi32>) -> ()
  call @use_index(%b) : (memref<?xi32>) -> ()
  call @use_index(%a) : (memref<?xi32>) -> ()
  return
}

/// A buffer inside a loop is in use as long as the loop; one from outside as long as what the loop makes of it is.
// CHECK-LABEL: func @loop(
// CHECK-SAME:    tile.memory = #tile.memory<arena = 960, scratch = 0>
// CHECK:       %[[C0:c0_.*]] = arith.constant 0 : index
// CHECK-NEXT:  memref.view %{{.*}}[%[[C0]]]
// CHECK:       scf.for
// CHECK:         %[[C1:.*]] = arith.constant 320 : index
// CHECK:         memref.view %{{.*}}[%[[C1]]]
// CHECK:       %[[C2:.*]] = arith.constant 320 : index
// CHECK:       memref.view %{{.*}}[%[[C2]]]
// CHECK:       %[[C3:.*]] = arith.constant 640 : index
// CHECK:       memref.view %{{.*}}[%[[C3]]]
func.func @loop(%x: memref<?x72xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = memref.dim %x, %c0 : memref<?x72xf32>
  %a = memref.alloc(%t) : memref<?x72xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %a) -> (memref<?x72xf32>) {
    %b = memref.alloc(%t) : memref<?x72xf32>
    func.call @use(%b) : (memref<?x72xf32>) -> ()
    func.call @use(%s) : (memref<?x72xf32>) -> ()
    scf.yield %s : memref<?x72xf32>
  }
  %d = memref.alloc(%t) : memref<?x72xf32>
  %e = memref.alloc(%t) : memref<?x72xf32>
  call @use(%e) : (memref<?x72xf32>) -> ()
  call @use(%d) : (memref<?x72xf32>) -> ()
  call @use(%r) : (memref<?x72xf32>) -> ()
  return
}

/// All buffers that one loop makes are in use at once, although the loop is all that uses them.
// CHECK-LABEL: func @loop_of_two(
// CHECK-SAME:    tile.memory = #tile.memory<arena = 640, scratch = 0>
// CHECK:       scf.for
// CHECK:         %[[C0:.*]] = arith.constant 0 : index
// CHECK-NEXT:    memref.view %{{.*}}[%[[C0]]]
// CHECK:         %[[C1:.*]] = arith.constant 320 : index
// CHECK-NEXT:    memref.view %{{.*}}[%[[C1]]]
func.func @loop_of_two(%x: memref<?x72xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = memref.dim %x, %c0 : memref<?x72xf32>
  scf.for %i = %c0 to %n step %c1 {
    %a = memref.alloc(%t) : memref<?x72xf32>
    %b = memref.alloc(%t) : memref<?x72xf32>
    func.call @use(%a) : (memref<?x72xf32>) -> ()
    func.call @use(%b) : (memref<?x72xf32>) -> ()
  }
  return
}

/// A buffer that a branch gives back is used after the branch.
// CHECK-LABEL: func @branch(
// CHECK-SAME:    tile.memory = #tile.memory<arena = 640, scratch = 0>
func.func @branch(%x: memref<?x72xf32>, %k: i1) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c0 = arith.constant 0 : index
  %t = memref.dim %x, %c0 : memref<?x72xf32>
  %r = scf.if %k -> (memref<?x72xf32>) {
    %b = memref.alloc(%t) : memref<?x72xf32>
    scf.yield %b : memref<?x72xf32>
  } else {
    scf.yield %x : memref<?x72xf32>
  }
  %d = memref.alloc(%t) : memref<?x72xf32>
  call @use(%d) : (memref<?x72xf32>) -> ()
  call @use(%r) : (memref<?x72xf32>) -> ()
  return
}

/// No tokens, no buffers.
// CHECK-LABEL: func @empty(
// CHECK-SAME:    tile.memory = #tile.memory<arena = 0, scratch = 0>
func.func @empty() attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  return
}

/// A function without a bucket stays.
// CHECK-LABEL: func @no_bucket(%{{[^,]*}}) {
// CHECK:       memref.alloc
func.func @no_bucket(%n: index) {
  %a = memref.alloc(%n) : memref<?x72xf32>
  call @use(%a) : (memref<?x72xf32>) -> ()
  return
}

// -----

/// What a function calls is placed after it, at the farthest of its callers; kernels
/// have scratch memory. A private function's rows are those of its callers.
// CHECK-LABEL: func @step(
// CHECK-SAME:    tile.memory = #tile.memory<arena = 384, scratch = 192>
// CHECK:       memref.view %[[ARENA:.*]][%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?xi32>
// CHECK:       call @layer(%{{.*}}, %[[ARENA]], %[[SCRATCH:.*]]) : (memref<?xi32>, memref<?xi8>, memref<?xi8>) -> ()
// CHECK-NEXT:  call @outside(%{{[^,]*}}) : (memref<?xi32>) -> ()
// CHECK-LABEL: func private @layer(
// CHECK-SAME:    %{{.*}}: memref<?xi32>, %[[ARENA:.*]]: memref<?xi8> {tenon.role = #tenon.role<arena>}, %[[SCRATCH:.*]]: memref<?xi8> {tenon.role = #tenon.role<scratch>})
// CHECK:       %[[C:.*]] = arith.constant 192 : index
// CHECK:       memref.view %[[ARENA]][%[[C]]]
// CHECK:       call @kernel(%{{.*}}, %[[ARENA]], %[[SCRATCH]])
// CHECK-LABEL: func private @kernel(
// CHECK-SAME:    %{{.*}}: memref<?xi32>, %[[ARENA:.*]]: memref<?xi8> {tenon.role = #tenon.role<arena>}, %[[SCRATCH:.*]]: memref<?xi8> {tenon.role = #tenon.role<scratch>})
// CHECK:       memref.view %[[SCRATCH]][%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?xi32>
func.func @step(%x: memref<?xi32>) attributes {tile.bucket = #tile.bucket<tokens = 16>} {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %t = memref.dim %x, %c0 : memref<?xi32>
  %n = arith.muli %t, %c3 : index
  %a = memref.alloc(%n) : memref<?xi32>
  call @layer(%a) : (memref<?xi32>) -> ()
  call @outside(%a) : (memref<?xi32>) -> ()
  return
}
func.func private @layer(%x: memref<?xi32>) attributes {tile.bucket = #tile.bucket<tokens = 16>} {
  %c0 = arith.constant 0 : index
  %t = memref.dim %x, %c0 : memref<?xi32>
  %a = memref.alloc(%t) : memref<?xi32>
  call @kernel(%a) : (memref<?xi32>) -> ()
  return
}
func.func private @kernel(%x: memref<?xi32>) attributes {tile.bucket = #tile.bucket<tokens = 16>, tile.kernel} {
  %c0 = arith.constant 0 : index
  %c1_i32 = arith.constant 1 : i32
  %t = memref.dim %x, %c0 : memref<?xi32>
  %a = memref.alloc(%t) : memref<?xi32>
  memref.store %c1_i32, %a[%c0] : memref<?xi32>
  return
}
func.func private @outside(memref<?xi32>)

// -----

func.func private @use(memref<?x?xf32>)

/// A size from outside has no bound, nor has the length of a cache.
func.func @unbounded(%x: memref<1x?x?x3xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  // expected-error @below {{expects sizes that the bucket bounds, but got 'memref<?x?xf32>'}}
  %a = memref.alloc(%n, %n) : memref<?x?xf32>
  call @use(%a) : (memref<?x?xf32>) -> ()
  return
}

// -----

func.func private @use(memref<4xf32>)

/// The next call would get the same place.
func.func @caller() attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %a = call @returned() : () -> (memref<4xf32>)
  call @use(%a) : (memref<4xf32>) -> ()
  return
}
func.func private @returned() -> memref<4xf32> attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  // expected-error @below {{expects a buffer to be used in its function alone; let the caller pass it}}
  %a = memref.alloc() : memref<4xf32>
  call @use(%a) : (memref<4xf32>) -> ()
  // expected-note @below {{see where it is passed on}}
  return %a : memref<4xf32>
}

// -----

func.func private @use(memref<4xf32>)

/// The next iteration would get the same place.
func.func @passed_on(%x: memref<4xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %r = scf.for %i = %n to %n step %n iter_args(%s = %x) -> (memref<4xf32>) {
    // expected-error @below {{expects a buffer to be used in one iteration alone; allocate it before the loop}}
    %a = memref.alloc() : memref<4xf32>
    func.call @use(%s) : (memref<4xf32>) -> ()
    // expected-note @below {{see where it is passed on}}
    scf.yield %a : memref<4xf32>
  }
  call @use(%r) : (memref<4xf32>) -> ()
  return
}

// -----

/// Scratch memory of both would begin at 0.
module {
  func.func private @norm() attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel} {
    // expected-error @below {{expects a kernel to call no function with a bucket, but norm calls norm}}
    call @norm() : () -> ()
    return
  }
}

// -----

// expected-error @below {{expects functions with a bucket not to call themselves}}
module {
  func.func @step() attributes {tile.bucket = #tile.bucket<tokens = 1>} {
    %a = memref.alloc() : memref<4xf32>
    call @step() : () -> ()
    %c0 = arith.constant 0 : index
    %v = memref.load %a[%c0] : memref<4xf32>
    return
  }
}

// -----

// expected-error @below {{expects no argument with the role arena, which is added by a pass, but got 0}}
func.func @given_arena(%a: memref<?xi8> {tenon.role = #tenon.role<arena>}) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  return
}

// -----

/// A buffer lives from one op of a block to another.
// expected-error @below {{expects one block, in whose order buffers live; run before convert-scf-to-cf}}
func.func private @two_blocks() attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %z = arith.constant 0.0 : f32
  %i = arith.constant 0 : index
  %a = memref.alloc() : memref<8xf32>
  cf.br ^bb1
^bb1:
  memref.store %z, %a[%i] : memref<8xf32>
  return
}

// -----

/// Elements that are no numbers have no size that is known.
func.func private @vectors() attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  // expected-error @below {{expects sizes that the bucket bounds, but got 'memref<4xvector<4xf32>>'}}
  %a = memref.alloc() : memref<4xvector<4xf32>>
  return
}
