// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The order that is the default is not printed.
// CHECK-LABEL: func @plain
// CHECK-SAME:    %[[X:.*]]: tensor<4x640xf32>, %[[W:.*]]: !tenon.weight<640, <f32>>
func.func @plain(%x: tensor<4x640xf32>, %w: !tenon.weight<640, <f32>>) -> tensor<4x640xf32> {
  // CHECK: tenon.norm rms %[[X]], %[[W]] eps 9.99999997E-7 : tensor<4x640xf32>, !tenon.weight<640, <f32>>
  %h = tenon.norm rms %x, %w eps 1.0e-6 order scale_then_cast
     : tensor<4x640xf32>, !tenon.weight<640, <f32>>
  return %h : tensor<4x640xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @one_plus
func.func @one_plus(%x: tensor<?x640xf32>, %w: !tenon.weight<640, <f32>>) -> tensor<?x640xf32> {
  // CHECK: tenon.norm rms %{{.*}}, %{{.*}} eps 9.99999997E-7 order one_plus : tensor<?x640xf32>, !tenon.weight<640, <f32>>
  %h = tenon.norm rms %x, %w eps 1.0e-6 order one_plus
     : tensor<?x640xf32>, !tenon.weight<640, <f32>>
  return %h : tensor<?x640xf32>
}

// CHECK-LABEL: func @layer_with_bias
// CHECK-SAME:    %[[X:.*]]: tensor<?x768xf16>, %[[W:.*]]: !tenon.weight<768, <f16>>, %[[B:.*]]: !tenon.weight<768, <f32>>
func.func @layer_with_bias(%x: tensor<?x768xf16>, %w: !tenon.weight<768, <f16>>,
                           %b: !tenon.weight<768, <f32>>) -> tensor<?x768xf16> {
  // CHECK: tenon.norm layer %[[X]], %[[W]] bias %[[B]] eps 9.99999974E-6 : tensor<?x768xf16>, !tenon.weight<768, <f16>>, !tenon.weight<768, <f32>>
  %h = tenon.norm layer %x, %w bias %b eps 1.0e-5
     : tensor<?x768xf16>, !tenon.weight<768, <f16>>, !tenon.weight<768, <f32>>
  return %h : tensor<?x768xf16>
}

/// Each head of each token is a row, and every size of it may be dynamic.
// CHECK-LABEL: func @dynamic_heads
func.func @dynamic_heads(%q: tensor<?x?x?xbf16>, %w: !tenon.weight<7, <bf16>>) -> tensor<?x?x?xbf16> {
  // CHECK: tenon.norm rms %{{.*}}, %{{.*}} eps 9.99999997E-7 order cast_then_scale : tensor<?x?x?xbf16>
  %h = tenon.norm rms %q, %w eps 1.0e-6 order cast_then_scale
     : tensor<?x?x?xbf16>, !tenon.weight<7, <bf16>>
  return %h : tensor<?x?x?xbf16>
}

/// The rest of a longer row stays as it is: 512 latent elements, then 64 others.
// CHECK-LABEL: func @front_of_a_row
func.func @front_of_a_row(%x: tensor<0x576xf32>, %w: !tenon.weight<512, <bf16>>) -> tensor<0x576xf32> {
  // CHECK: tenon.norm rms {{.*}} : tensor<0x576xf32>, !tenon.weight<512, <bf16>>
  %h = tenon.norm rms %x, %w eps 1.0e-6 : tensor<0x576xf32>, !tenon.weight<512, <bf16>>
  return %h : tensor<0x576xf32>
}

/// Without a weight, all elements are normalized and none is scaled.
// CHECK-LABEL: func @without_weight
func.func @without_weight(%q: tensor<?x4x16xf32>) -> tensor<?x4x16xf32> {
  // CHECK: tenon.norm rms %{{[^ ]*}} eps 9.99999974E-6 : tensor<?x4x16xf32>
  %h = tenon.norm rms %q eps 1.0e-5 : tensor<?x4x16xf32>
  return %h : tensor<?x4x16xf32>
}
