// RUN: tenon-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func @drop_identity_cast
func.func @drop_identity_cast(%x: tensor<?x640xf32>, %w: !tenon.weight<640, <bf16>>) -> tensor<?x640xf32> {
  // CHECK:     tenon.norm rms
  // CHECK-NOT: order
  %h = tenon.norm rms %x, %w eps 1.0e-6 order cast_then_scale
     : tensor<?x640xf32>, !tenon.weight<640, <bf16>>
  return %h : tensor<?x640xf32>
}

/// A cast to bf16 rounds.
// CHECK-LABEL: func @keep_rounding_cast
func.func @keep_rounding_cast(%x: tensor<?x640xbf16>, %w: !tenon.weight<640, <bf16>>) -> tensor<?x640xbf16> {
  // CHECK: tenon.norm rms {{.*}} order cast_then_scale
  %h = tenon.norm rms %x, %w eps 1.0e-6 order cast_then_scale
     : tensor<?x640xbf16>, !tenon.weight<640, <bf16>>
  return %h : tensor<?x640xbf16>
}

/// Another order in f32 has another meaning.
// CHECK-LABEL: func @keep_one_plus
func.func @keep_one_plus(%x: tensor<?x640xf32>, %w: !tenon.weight<640, <f32>>) -> tensor<?x640xf32> {
  // CHECK: tenon.norm rms {{.*}} order one_plus
  %h = tenon.norm rms %x, %w eps 1.0e-6 order one_plus
     : tensor<?x640xf32>, !tenon.weight<640, <f32>>
  return %h : tensor<?x640xf32>
}
