// Bounds on the sizes of buffers, seen by the limit at which a copy of one is refused.
// RUN: tenon-opt %s --tile-verify-no-large-copies=limit=96 --split-input-file --verify-diagnostics
// RUN: not tenon-opt %s --tile-verify-no-large-copies=limit=95 --split-input-file 2>&1 | FileCheck %s

// Buffers of 96 bytes at most.

func.func @constant() attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %c4 = arith.constant 4 : index
  %a = memref.alloc(%c4) : memref<?x6xf32>
  // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
  memref.copy %a, %a : memref<?x6xf32> to memref<?x6xf32>
  return
}

func.func @sum(%x: memref<?x6xf32>) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %c0 = arith.constant 0 : index
  %t = memref.dim %x, %c0 : memref<?x6xf32>
  %n = arith.addi %t, %t : index
  %a = memref.alloc(%n) : memref<?x6xf32>
  // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
  memref.copy %a, %a : memref<?x6xf32> to memref<?x6xf32>
  return
}

/// Of a minimum one side is enough, and of two the lesser one counts.
func.func @minimum(%n: index) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %left = arith.minsi %n, %c4 : index
  %right = arith.minui %c4, %n : index
  %both = arith.minui %right, %c5 : index
  %a = memref.alloc(%left) : memref<?x6xf32>
  %b = memref.alloc(%right) : memref<?x6xf32>
  %c = memref.alloc(%both) : memref<?x6xf32>
  // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
  memref.copy %a, %a : memref<?x6xf32> to memref<?x6xf32>
  // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
  memref.copy %b, %b : memref<?x6xf32> to memref<?x6xf32>
  // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
  memref.copy %c, %c : memref<?x6xf32> to memref<?x6xf32>
  return
}

func.func @view(%bytes: memref<4096xi8>, %x: memref<?x12xf32>) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %c0 = arith.constant 0 : index
  %t = memref.dim %x, %c0 : memref<?x12xf32>
  %v = memref.view %bytes[%c0][%t] : memref<4096xi8> to memref<?x12xf32>
  // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
  memref.copy %v, %v : memref<?x12xf32> to memref<?x12xf32>
  return
}

/// The first dimension is alone in both groups.
func.func @reshape(%x: memref<?x3x4xf32>) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %c0 = arith.constant 0 : index
  %t = memref.dim %x, %c0 : memref<?x3x4xf32>
  %flat = memref.collapse_shape %x [[0], [1, 2]] : memref<?x3x4xf32> into memref<?x12xf32>
  // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
  memref.copy %flat, %flat : memref<?x12xf32> to memref<?x12xf32>
  %deep = memref.expand_shape %flat [[0], [1, 2]] output_shape [%t, 6, 2] : memref<?x12xf32> into memref<?x6x2xf32>
  // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
  memref.copy %deep, %deep : memref<?x6x2xf32> to memref<?x6x2xf32>
  return
}

/// A subview that drops a dimension counts those that are left.
func.func @subview(%x: memref<?x5x12xf32>) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %c0 = arith.constant 0 : index
  %t = memref.dim %x, %c0 : memref<?x5x12xf32>
  %s = memref.subview %x[0, 1, 0] [%t, 1, 12] [1, 1, 1] : memref<?x5x12xf32> to memref<?x12xf32, strided<[60, 1], offset: 12>>
  // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
  memref.copy %s, %s : memref<?x12xf32, strided<[60, 1], offset: 12>> to memref<?x12xf32, strided<[60, 1], offset: 12>>
  return
}

/// What a loop carries has the size that it begins with.
func.func @loop(%x: memref<?x12xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> memref<?x12xf32> {
    // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
    memref.copy %a, %a : memref<?x12xf32> to memref<?x12xf32>
    scf.yield %a : memref<?x12xf32>
  }
  // CHECK: [[# @LINE + 1]]:{{.*}}expects no copy of more than 95 bytes
  memref.copy %r, %r : memref<?x12xf32> to memref<?x12xf32>
  return
}

// -----

/// Products and sums that 64 bits do not hold bound nothing.
func.func @overflow(%x: memref<?x6xf32>) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %most = arith.constant 9223372036854775807 : index
  %large = arith.constant 4611686018427387904 : index
  %c0 = arith.constant 0 : index
  %t = memref.dim %x, %c0 : memref<?x6xf32>
  %sum = arith.addi %most, %t : index
  // expected-error @below {{expects sizes that the bucket bounds, but got 'memref<?xi8>'}}
  %a = memref.alloc(%sum) : memref<?xi8>
  %product = arith.muli %large, %t : index
  // expected-error @below {{expects sizes that the bucket bounds, but got 'memref<?xi8>'}}
  %b = memref.alloc(%product) : memref<?xi8>
  // expected-error @below {{expects sizes that the bucket bounds, but got 'memref<?x4xi8>'}}
  %c = memref.alloc(%large) : memref<?x4xi8>
  return
}

// -----

/// A sum of which one side is unknown, and a dimension that is not known.
func.func @unknown(%x: memref<?x?xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %c1 = arith.constant 1 : index
  %left = arith.addi %n, %c1 : index
  // expected-error @below {{expects sizes that the bucket bounds}}
  %a = memref.alloc(%left) : memref<?xi8>
  %right = arith.addi %c1, %n : index
  // expected-error @below {{expects sizes that the bucket bounds}}
  %b = memref.alloc(%right) : memref<?xi8>
  %d = memref.dim %x, %n : memref<?x?xf32>
  // expected-error @below {{expects sizes that the bucket bounds}}
  %c = memref.alloc(%d) : memref<?xi8>
  return
}

// -----

/// Rows that share a group with others are not those of the buffer; nor are those of a
/// transposed one, or of one without a rank.
func.func @mixed(%x: memref<?x3xf32>, %y: memref<*xf32>, %z: memref<6x?xf32>) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %flat = memref.collapse_shape %x [[0, 1]] : memref<?x3xf32> into memref<?xf32>
  // expected-error @below {{expects no copy of more than 96 bytes}}
  memref.copy %flat, %flat : memref<?xf32> to memref<?xf32>
  %ranked = memref.cast %y : memref<*xf32> to memref<?xf32>
  // expected-error @below {{expects no copy of more than 96 bytes}}
  memref.copy %ranked, %ranked : memref<?xf32> to memref<?xf32>
  %turned = memref.transpose %z (i, j) -> (j, i) : memref<6x?xf32> to memref<?x6xf32, strided<[1, ?]>>
  // expected-error @below {{expects no copy of more than 96 bytes}}
  memref.copy %turned, %turned : memref<?x6xf32, strided<[1, ?]>> to memref<?x6xf32, strided<[1, ?]>>
  return
}

// -----

/// A block that is branched to may be given any buffer.
func.func @branch(%x: memref<?x12xf32>, %y: memref<?x?xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %c0 = arith.constant 0 : index
  %d = memref.subview %y[0, 0] [%n, 12] [1, 1] : memref<?x?xf32> to memref<?x12xf32, strided<[?, 1]>>
  cf.br ^next(%d : memref<?x12xf32, strided<[?, 1]>>)
^next(%a: memref<?x12xf32, strided<[?, 1]>>):
  // expected-error @below {{expects no copy of more than 96 bytes}}
  memref.copy %a, %a : memref<?x12xf32, strided<[?, 1]>> to memref<?x12xf32, strided<[?, 1]>>
  return
}

// -----

/// A function that calls itself bounds nothing.
func.func private @again(%x: memref<?x12xf32>) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  // expected-error @below {{expects no copy of more than 96 bytes}}
  memref.copy %x, %x : memref<?x12xf32> to memref<?x12xf32>
  func.call @again(%x) : (memref<?x12xf32>) -> ()
  return
}

// -----

/// One of two callers bounds what it passes; the other does not.
func.func private @shared(%x: memref<?x12xf32>) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  // expected-error @below {{expects no copy of more than 96 bytes}}
  memref.copy %x, %x : memref<?x12xf32> to memref<?x12xf32>
  return
}
func.func @callers(%x: memref<?x12xf32>, %bytes: memref<?xi8>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  %c0 = arith.constant 0 : index
  func.call @shared(%x) : (memref<?x12xf32>) -> ()
  %v = memref.view %bytes[%c0][%n] : memref<?xi8> to memref<?x12xf32>
  func.call @shared(%v) : (memref<?x12xf32>) -> ()
  return
}
