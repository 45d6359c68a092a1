// RUN: tenon-opt %s --tenon-form-pipeline --dump-pass-pipeline 2>&1 | FileCheck %s
// RUN: tenon-opt %s --tenon-form-pipeline="buckets=3,7 positions=99 absorb-tokens=0 widen-weights" --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=OPTIONS

/// tenon -> kernels of each bucket, weights with layouts and offsets.
// CHECK:      builtin.module(
// CHECK-NEXT:   tenon-materialize-rope-tables{positions=4096},
// CHECK-NEXT:   tenon-specialize-buckets{buckets={1,8,64,1024}},
// CHECK-NEXT:   tenon-choose-mla-form{absorb-tokens=-1},
// CHECK-NEXT:   cse,
// CHECK-NEXT:   tenon-widen-weights{always=false},
// CHECK-NEXT:   tenon-assign-weight-layouts,
// CHECK-NEXT:   tenon-form-kernels,
// CHECK-NEXT:   canonicalize{{.*}},
// CHECK-NEXT:   cse
// CHECK-NEXT: )
// OPTIONS:      tenon-materialize-rope-tables{positions=99},
// OPTIONS-NEXT: tenon-specialize-buckets{buckets={3,7}},
// OPTIONS-NEXT: tenon-choose-mla-form{absorb-tokens=0},
// OPTIONS-NEXT: cse,
// OPTIONS-NEXT: tenon-widen-weights{always=true},
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
}
