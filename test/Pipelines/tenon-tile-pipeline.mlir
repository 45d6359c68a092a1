// RUN: tenon-opt %s --tenon-tile-pipeline --dump-pass-pipeline 2>&1 | FileCheck %s

/// Kernels with tenon ops -> loops over tiles, on tensors.
// CHECK:      builtin.module(
// CHECK-NEXT:   convert-tenon-to-tile,
// CHECK-NEXT:   canonicalize{{.*}},
// CHECK-NEXT:   cse
// CHECK-NEXT: )
module {
}
