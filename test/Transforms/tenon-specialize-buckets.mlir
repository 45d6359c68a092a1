// RUN: tenon-opt %s --tenon-specialize-buckets=buckets=1,8 --split-input-file | FileCheck %s
// RUN: tenon-opt %s --tenon-specialize-buckets=buckets=7 --split-input-file | FileCheck %s --check-prefix=ONE
// RUN: not tenon-opt %s --tenon-specialize-buckets --split-input-file 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not tenon-opt %s --tenon-specialize-buckets=buckets=8,1 --split-input-file 2>&1 | FileCheck %s --check-prefix=ORDER
// RUN: not tenon-opt %s --tenon-specialize-buckets=buckets=4,4 --split-input-file 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not tenon-opt %s --tenon-specialize-buckets=buckets=0,4 --split-input-file 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not tenon-opt %s --tenon-specialize-buckets=buckets=8,1048577 --split-input-file 2>&1 | FileCheck %s --check-prefix=LARGE
// RUN: tenon-opt %s --tenon-specialize-buckets=buckets=1,8 --split-input-file --remarks-filter=tenon-specialize-buckets 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// Each function that is cloned.
// REMARK: remark: [Passed] SpecializeFunction | Category:tenon-specialize-buckets | Function=step.t8 | Tokens=8
// REMARK: remark: [Passed] SpecializeFunction | Category:tenon-specialize-buckets | Function=layer.dense.t8 | Tokens=8

// NONE:  error: tenon-specialize-buckets expects buckets to be ascending, between 1 and 1048576, but got none
// ORDER: error: tenon-specialize-buckets expects buckets to be ascending, between 1 and 1048576, but got 8, 1
// TWICE: error: tenon-specialize-buckets expects buckets to be ascending, between 1 and 1048576, but got 4, 4
// LARGE: error: tenon-specialize-buckets expects buckets to be ascending, between 1 and 1048576, but got 8, 1048577
// ZERO:  error: tenon-specialize-buckets expects buckets to be ascending, between 1 and 1048576, but got 0, 4

/// The example of the pass's description: two layers call one function, which
/// calls another; what nobody calls goes.
// CHECK-LABEL: func.func @step.t1(
// CHECK-SAME:    attributes {tile.bucket = #tile.bucket<tokens = 1>}
// CHECK-COUNT-2: call @layer.dense.t1(
// CHECK-LABEL: func.func @step.t8(
// CHECK-SAME:    attributes {tile.bucket = #tile.bucket<tokens = 8>}
// CHECK-COUNT-2: call @layer.dense.t8(
// CHECK-LABEL: func.func private @layer.dense.t1(
// CHECK-SAME:    attributes {tile.bucket = #tile.bucket<tokens = 1>}
// CHECK:         call @inner.t1(
// CHECK:         call @outside(
// CHECK-LABEL: func.func private @layer.dense.t8(
// CHECK:         call @inner.t8(
// CHECK:         call @outside(
// CHECK-LABEL: func.func private @inner.t1(
// CHECK-LABEL: func.func private @inner.t8(
// CHECK-NOT:   @unused
// CHECK-LABEL: func.func private @outside(tensor<?xi32>)
// CHECK-NOT:   func.func
// ONE-LABEL: func.func @step.t7(
// ONE:         call @layer.dense.t7(
func.func @step(%x: tensor<?xi32>) {
  call @layer.dense(%x) : (tensor<?xi32>) -> ()
  call @layer.dense(%x) : (tensor<?xi32>) -> ()
  return
}
func.func private @layer.dense(%x: tensor<?xi32>) {
  call @inner(%x) : (tensor<?xi32>) -> ()
  call @outside(%x) : (tensor<?xi32>) -> ()
  return
}
func.func private @inner(%x: tensor<?xi32>) {
  return
}
func.func private @unused(%x: tensor<?xi32>) {
  return
}
func.func private @outside(tensor<?xi32>)

// -----

/// A function that has a bucket stays, with what it calls; so does its callee.
// CHECK-LABEL: func.func @other.t1(
// CHECK:         call @kernel(
// CHECK:         call @shared.t1(
// CHECK-LABEL: func.func @other.t8(
// CHECK-LABEL: func.func @step(
// CHECK-SAME:    attributes {tile.bucket = #tile.bucket<tokens = 3>}
// CHECK:         call @shared(
// CHECK-LABEL: func.func private @kernel(
// CHECK-SAME:    attributes {tile.bucket = #tile.bucket<tokens = 512>}
// CHECK-LABEL: func.func private @shared(
// CHECK-LABEL: func.func private @shared.t1(
// CHECK-LABEL: func.func private @shared.t8(
// CHECK-LABEL: func.func private @deep(
// CHECK-LABEL: func.func private @deep.t1(
func.func @other() {
  call @kernel() : () -> ()
  call @shared() : () -> ()
  return
}
func.func @step() attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  call @shared() : () -> ()
  return
}
func.func private @kernel() attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  return
}
func.func private @shared() {
  call @deep() : () -> ()
  return
}
func.func private @deep() {
  return
}

// -----

/// A declaration that nobody calls stays.
// CHECK-LABEL: func.func private @declared(i32)
func.func private @declared(i32)

// -----

/// A name that is taken gets a number, also in the call.
// CHECK-LABEL: func.func @step.t1(
// CHECK:         call @layer.t1_0(
// CHECK-LABEL: func.func private @layer.t1_0(
// CHECK-LABEL: func.func private @layer.t1(i32)
func.func @step() {
  call @layer() : () -> ()
  return
}
func.func private @layer() {
  return
}
func.func private @layer.t1(i32)

// -----

/// A function that calls itself is cloned once.
// CHECK-LABEL: func.func @step.t1(
// CHECK-NEXT:    call @step.t1(
// CHECK-LABEL: func.func @step.t8(
// CHECK-NEXT:    call @step.t8(
// CHECK-NOT:   func.func
func.func @step() {
  call @step() : () -> ()
  return
}
