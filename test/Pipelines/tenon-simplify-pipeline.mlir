// RUN: tenon-opt %s --tenon-simplify-pipeline --dump-pass-pipeline 2>&1 | FileCheck %s

/// tenon -> tenon with fused projections and decomposed experts.
// CHECK:      builtin.module(
// CHECK-NEXT:   tenon-fuse-gate-up,
// CHECK-NEXT:   tenon-merge-projections,
// CHECK-NEXT:   tenon-decompose-experts,
// CHECK-NEXT:   canonicalize{{.*}},
// CHECK-NEXT:   cse
// CHECK-NEXT: )
module {
}
