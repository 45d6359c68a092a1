// RUN: tenon-opt %s --tile-verify-no-large-copies --split-input-file --verify-diagnostics
// RUN: not tenon-opt %s --tile-verify-no-large-copies=limit=95 --split-input-file 2>&1 | FileCheck %s --check-prefix=LESS
// A module that is refused is not printed.
// RUN: not tenon-opt %s --tile-verify-no-large-copies=limit=95 --split-input-file 2>/dev/null | FileCheck %s --check-prefix=PRINTED --implicit-check-not=func.func

/// Copies that the bucket bounds, of 96 bytes: two tokens, then one side that is static.
// LESS: error: 'memref.copy' op expects no copy of more than 95 bytes in a step, but got one of 'memref<?x12xf32>'; pass the buffer whole and slice it where it is read
// LESS: error: 'memref.copy' op expects no copy of more than 95 bytes in a step, but got one of 'memref<?x?xf32>'
func.func @small(%a: memref<?x12xf32>, %b: memref<?x12xf32>, %c: memref<?x?xf32>, %d: memref<4x6xf32>) attributes {tile.bucket = #tile.bucket<tokens = 2>} {
  memref.copy %a, %b : memref<?x12xf32> to memref<?x12xf32>
  %e = memref.cast %d : memref<4x6xf32> to memref<?x?xf32>
  memref.copy %c, %e : memref<?x?xf32> to memref<?x?xf32>
  return
}

// -----

/// A copy of what the context bounds alone.
func.func @cache(%a: memref<3x?x?x16xf32>, %b: memref<3x?x?x16xf32>) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  // expected-error @below {{'memref.copy' op expects no copy of more than 65536 bytes in a step, but got one of 'memref<3x?x?x16xf32>'; pass the buffer whole and slice it where it is read}}
  memref.copy %a, %b : memref<3x?x?x16xf32> to memref<3x?x?x16xf32>
  return
}

// -----

/// One position more than the limit: 17 tokens of 4 KB.
func.func @large(%a: memref<?x1024xf32>, %b: memref<?x1024xf32>) attributes {tile.bucket = #tile.bucket<tokens = 17>} {
  // expected-error @below {{expects no copy of more than 65536 bytes}}
  memref.copy %a, %b : memref<?x1024xf32> to memref<?x1024xf32>
  return
}

// -----

/// As many rows as choices of experts: twice the tokens.
func.func @choices(%a: memref<?x1024xf32>) attributes {tile.bucket = #tile.bucket<tokens = 16>} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %t = memref.dim %a, %c0 : memref<?x1024xf32>
  %n = arith.muli %t, %c2 : index
  %b = memref.alloc(%n) : memref<?x1024xf32>
  %c = memref.alloc(%n) : memref<?x1024xf32>
  memref.copy %a, %a : memref<?x1024xf32> to memref<?x1024xf32>
  // expected-error @below {{expects no copy of more than 65536 bytes}}
  memref.copy %b, %c : memref<?x1024xf32> to memref<?x1024xf32>
  return
}

// -----

/// An allocation of the length of a cache, and one of a number from outside.
func.func @allocations(%a: memref<3x?x?x16xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 16>} {
  %c2 = arith.constant 2 : index
  %t = memref.dim %a, %c2 : memref<3x?x?x16xf32>
  // expected-error @below {{'memref.alloc' op expects sizes that the bucket bounds, but got 'memref<?x16xf32>'; pass the buffer whole and slice it where it is read}}
  %b = memref.alloc(%t) : memref<?x16xf32>
  // expected-error @below {{'memref.alloc' op expects sizes that the bucket bounds, but got 'memref<?x2xf32>'}}
  %c = memref.alloc(%n) : memref<?x2xf32>
  return
}

// -----

/// Without a bucket nothing bounds the tokens.
func.func @no_bucket(%a: memref<?x16xf32>, %b: memref<?x16xf32>) {
  // expected-error @below {{expects no copy of more than 65536 bytes}}
  memref.copy %a, %b : memref<?x16xf32> to memref<?x16xf32>
  return
}

// -----

/// In a kernel, a worker copies in its share of the loop or not at all.
func.func private @kernel(%a: memref<?x16xf32>, %b: memref<?x16xf32>) attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel} {
  scf.forall (%i) in (3) {
    memref.copy %a, %b : memref<?x16xf32> to memref<?x16xf32>
  } {mapping = [#tile.worker<static>]}
  // expected-error @below {{expects no copy beside a parallel loop, because each worker would make it, but got one of 'memref<?x16xf32>'; let the kernel write to a buffer of its own}}
  memref.copy %a, %b : memref<?x16xf32> to memref<?x16xf32>
  return
}

// -----

/// What is refused stays so, whatever follows: a copy, then an allocation, and what the bucket bounds.
func.func @refused_first(%a: memref<?x?xf32>, %b: memref<1x1xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  // expected-error @below {{expects no copy of more than 65536 bytes}}
  memref.copy %a, %a : memref<?x?xf32> to memref<?x?xf32>
  memref.copy %b, %b : memref<1x1xf32> to memref<1x1xf32>
  return
}

// -----

func.func @allocation_first(%b: memref<1x1xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  // expected-error @below {{expects sizes that the bucket bounds}}
  %c = memref.alloc(%n) : memref<?x2xf32>
  %d = memref.alloc() : memref<2xf32>
  memref.copy %b, %b : memref<1x1xf32> to memref<1x1xf32>
  return
}

// -----

/// Either side bounds a copy, and the lower bound counts; 95 bytes are no more than 95: this module is printed.
// PRINTED: func.func @bounded_by_one_side
// PRINTED: func.func @bounded_by_both_sides
func.func @bounded_by_one_side(%a: memref<?x?xi8>, %b: memref<5x19xi8>) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c = memref.cast %b : memref<5x19xi8> to memref<?x?xi8>
  memref.copy %a, %c : memref<?x?xi8> to memref<?x?xi8>
  memref.copy %c, %a : memref<?x?xi8> to memref<?x?xi8>
  return
}
func.func @bounded_by_both_sides(%a: memref<?x19xi8>, %b: memref<7x19xi8>) attributes {tile.bucket = #tile.bucket<tokens = 5>} {
  %c = memref.cast %b : memref<7x19xi8> to memref<?x19xi8>
  memref.copy %a, %c : memref<?x19xi8> to memref<?x19xi8>
  memref.copy %c, %a : memref<?x19xi8> to memref<?x19xi8>
  return
}

// -----

/// A cache has as many layers as the caller gives it, whatever the bucket is.
func.func @layers(%cache: memref<?x2x4096x1x8xf32> {tenon.role = #tenon.role<cache>}) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %c0 = arith.constant 0 : index
  %layers = memref.dim %cache, %c0 : memref<?x2x4096x1x8xf32>
  // expected-error @below {{expects sizes that the bucket bounds, but got 'memref<?x8xf32>'}}
  %a = memref.alloc(%layers) : memref<?x8xf32>
  return
}

// -----

/// A loop gives its next iteration a larger buffer than it was given.
func.func @grows(%x: memref<?xf32>, %y: memref<4096xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %big = memref.cast %y : memref<4096xf32> to memref<?xf32>
  %r = scf.for %i = %c0 to %c9 step %c1 iter_args(%b = %x) -> (memref<?xf32>) {
    %inside = memref.dim %b, %c0 : memref<?xf32>
    // expected-error @below {{expects sizes that the bucket bounds, but got 'memref<?xf32>'}}
    %c = memref.alloc(%inside) : memref<?xf32>
    scf.yield %big : memref<?xf32>
  }
  %d = memref.dim %r, %c0 : memref<?xf32>
  // expected-error @below {{expects sizes that the bucket bounds, but got 'memref<?xf32>'}}
  %a = memref.alloc(%d) : memref<?xf32>
  return
}

// -----

/// A loop that hands the same buffer on does not grow.
// PRINTED-LABEL: func.func @keeps
func.func @keeps(%x: memref<?xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %r = scf.for %i = %c0 to %c9 step %c1 iter_args(%b = %x) -> (memref<?xf32>) {
    scf.yield %b : memref<?xf32>
  }
  %d = memref.dim %r, %c0 : memref<?xf32>
  %a = memref.alloc(%d) : memref<?xf32>
  return
}

// -----

/// Nothing is known of a buffer without a rank.
func.func @unranked(%a: memref<*xf32>, %b: memref<*xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  // expected-error @below {{expects no copy}}
  memref.copy %a, %b : memref<*xf32> to memref<*xf32>
  return
}
