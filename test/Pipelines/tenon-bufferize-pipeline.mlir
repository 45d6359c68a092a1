// RUN: tenon-opt %s --tenon-bufferize-pipeline --dump-pass-pipeline 2>&1 | FileCheck %s

/// Kernels on tensors -> functions on memrefs, which have places in an arena.
// CHECK:      builtin.module(
// CHECK-NEXT:   tile-outline-kernels,
// CHECK-NEXT:   one-shot-bufferize{{.*}} bufferize-function-boundaries=true {{.*}} function-boundary-type-conversion=identity-layout-map {{.*}},
// CHECK-NEXT:   tile-drop-returned-buffers,
// CHECK-NEXT:   duplicate-function-elimination,
// CHECK-NEXT:   tile-verify-no-large-copies{limit=65536},
// CHECK-NEXT:   tile-plan-memory
// CHECK-NEXT: )
module {
}
