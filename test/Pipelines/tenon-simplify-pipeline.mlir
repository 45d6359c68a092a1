// RUN: tenon-opt %s --tenon-simplify-pipeline --dump-pass-pipeline 2>&1 | FileCheck %s

/// tenon -> tenon with merged weights and opened experts.
// CHECK:      builtin.module(
// CHECK-NEXT:   tenon-pair-gates,
// CHECK-NEXT:   tenon-merge-projections,
// CHECK-NEXT:   tenon-open-experts,
// CHECK-NEXT:   canonicalize{{.*}},
// CHECK-NEXT:   cse
// CHECK-NEXT: )
module {
}
