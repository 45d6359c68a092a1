// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The example of the op's description.
// CHECK-LABEL: func @router_with_groups
// CHECK-SAME:    %[[L:.*]]: tensor<?x8xf32>, %[[B:.*]]: !tenon.weight<8, <f32>>
func.func @router_with_groups(%lg: tensor<?x8xf32>, %b: !tenon.weight<8, <f32>>)
    -> (tensor<?x3xi32>, tensor<?x3xf32>) {
  // CHECK: tenon.router sigmoid %[[L]] bias %[[B]] : !tenon.weight<8, <f32>> groups 4 keep 2 by top2sum top 3 renorm 9.99999968E-21 scale 2.500000e+00 : tensor<?x8xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  %id, %wt = tenon.router sigmoid %lg bias %b : !tenon.weight<8, <f32>>
      groups 4 keep 2 by top2sum top 3 renorm 1.0e-20 scale 2.5
      : tensor<?x8xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  return %id, %wt : tensor<?x3xi32>, tensor<?x3xf32>
}

/// What is the default is not printed; every expert may be chosen.
// CHECK-LABEL: func @router_plain
func.func @router_plain(%lg: tensor<1x7xf32>) -> (tensor<1x7xi32>, tensor<1x7xf32>) {
  // CHECK: tenon.router softmax %{{[^ ]*}} top 7 scale 1.000000e+00 :
  %id, %wt = tenon.router softmax %lg groups 1 keep 1 by max top 7 scale 1.0
      : tensor<1x7xf32> -> tensor<1x7xi32>, tensor<1x7xf32>
  return %id, %wt : tensor<1x7xi32>, tensor<1x7xf32>
}

/// A renorm of zero still divides by the sum.
// CHECK-LABEL: func @router_renorm_zero
func.func @router_renorm_zero(%lg: tensor<?x?xf32>) -> (tensor<?x2xi32>, tensor<?x2xf32>) {
  // CHECK: tenon.router softmax %{{.*}} top 2 renorm 0.000000e+00 scale 1.000000e+00 :
  %id, %wt = tenon.router softmax %lg top 2 renorm 0.0 scale 1.0
      : tensor<?x?xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return %id, %wt : tensor<?x2xi32>, tensor<?x2xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @experts
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>, %[[ID:.*]]: tensor<?x2xi32>, %[[WT:.*]]: tensor<?x2xf32>, %[[G:.*]]: !tenon.weight<8x24x64, <bf16>>, %[[U:.*]]: !tenon.weight<8x24x64, <bf16>>, %[[D:.*]]: !tenon.weight<8x64x24, <bf16>>
func.func @experts(%x: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
                   %g: !tenon.weight<8x24x64, <bf16>>, %u: !tenon.weight<8x24x64, <bf16>>,
                   %d: !tenon.weight<8x64x24, <bf16>>) -> tensor<?x64xf32> {
  // CHECK: tenon.experts silu %[[X]], %[[ID]], %[[WT]], %[[G]], %[[U]], %[[D]] : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, <8x24x64, <bf16>>, <8x24x64, <bf16>>, <8x64x24, <bf16>>
  %y = tenon.experts silu %x, %id, %wt, %g, %u, %d
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>,
       !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>,
       !tenon.weight<8x64x24, <bf16>>
  return %y : tensor<?x64xf32>
}

/// Biases of all projections, and an activation with parameters.
// CHECK-LABEL: func @experts_with_biases
func.func @experts_with_biases(%x: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
    %g: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>,
    %gb: !tenon.weight<8x24x1, <f32>>, %db: !tenon.weight<8x64x1, <bf16>>) -> tensor<?x64xf32> {
  // CHECK: tenon.experts silu<alpha = 1.702000e+00, beta = 1.000000e+00, limit = 7.000000e+00> %{{.*}}, %[[D:[^ ]*]] bias %[[GB:.*]] : !tenon.weight<8x24x1, <f32>>, %[[GB]] : !tenon.weight<8x24x1, <f32>>, %{{[^ ]*}} : !tenon.weight<8x64x1, <bf16>> : tensor<?x64xf32>
  %y = tenon.experts silu<limit = 7.0, alpha = 1.702, beta = 1.0> %x, %id, %wt, %g, %g, %d
       bias %gb : !tenon.weight<8x24x1, <f32>>, %gb : !tenon.weight<8x24x1, <f32>>, %db : !tenon.weight<8x64x1, <bf16>>
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>,
       !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>,
       !tenon.weight<8x64x24, <bf16>>
  return %y : tensor<?x64xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @group
// CHECK-SAME:    %[[ID:.*]]: tensor<?x2xi32>
func.func @group(%id: tensor<?x2xi32>) -> (tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>) {
  // CHECK: tenon.moe_dispatch %[[ID]] : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
  %order, %place, %offs = tenon.moe_dispatch %id
      : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
  return %order, %place, %offs : tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
}

/// The example of the op's description: rows of tokens, in the order of experts.
// CHECK-LABEL: func @grouped_linear_in_order
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>, %[[O:.*]]: tensor<?xi32>, %[[F:.*]]: tensor<9xi32>, %[[W:.*]]: !tenon.weight<8x48x64, <bf16>>
func.func @grouped_linear_in_order(%x: tensor<?x64xf32>, %order: tensor<?xi32>, %offs: tensor<9xi32>,
                                   %w: !tenon.weight<8x48x64, <bf16>>) -> tensor<?x24xf32> {
  // CHECK: tenon.grouped_linear %[[X]] rows %[[O]] : tensor<?xi32> choices 2 of %[[F]], %[[W]] glu silu : tensor<?x64xf32>, tensor<9xi32>, <8x48x64, <bf16>> -> tensor<?x24xf32>
  %a = tenon.grouped_linear %x rows %order : tensor<?xi32> choices 2 of %offs, %w glu silu
      : tensor<?x64xf32>, tensor<9xi32>,
        !tenon.weight<8x48x64, <bf16>> -> tensor<?x24xf32>
  return %a : tensor<?x24xf32>
}

/// A bias of each expert, and a gate with a parameter.
// CHECK-LABEL: func @grouped_linear_with_bias
func.func @grouped_linear_with_bias(%x: tensor<?x64xf32>, %offs: tensor<9xi32>, %w: !tenon.weight<8x48x64, <bf16>>,
                                    %b: !tenon.weight<8x48x1, <f32>>) -> tensor<?x24xf32> {
  // CHECK: tenon.grouped_linear %{{[^ ]*}} of %{{[^ ]*}}, %{{[^ ]*}} bias %{{[^ ]*}} : !tenon.weight<8x48x1, <f32>> glu relu<limit = 2.500000e+00> : tensor<?x64xf32>
  %a = tenon.grouped_linear %x of %offs, %w bias %b : !tenon.weight<8x48x1, <f32>> glu relu<limit = 2.5>
      : tensor<?x64xf32>, tensor<9xi32>, !tenon.weight<8x48x64, <bf16>> -> tensor<?x24xf32>
  return %a : tensor<?x24xf32>
}

/// Rows that are grouped already.
// CHECK-LABEL: func @grouped_linear
func.func @grouped_linear(%x: tensor<?x24xf32>, %offs: tensor<?xi32>,
                          %w: !tenon.weight<8x64x24, <bf16>>) -> tensor<?x64xf32> {
  // CHECK: tenon.grouped_linear %{{[^ ]*}} of %{{[^ ]*}}, %{{[^ ]*}} : tensor<?x24xf32>, tensor<?xi32>,
  %a = tenon.grouped_linear %x of %offs, %w
      : tensor<?x24xf32>, tensor<?xi32>, !tenon.weight<8x64x24, <bf16>> -> tensor<?x64xf32>
  return %a : tensor<?x64xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @combine
// CHECK-SAME:    %[[D:.*]]: tensor<?x64xf32>, %[[P:.*]]: tensor<?x2xi32>, %[[WT:.*]]: tensor<?x2xf32>, %[[X:.*]]: tensor<?x64xf32>
func.func @combine(%dn: tensor<?x64xf32>, %place: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
                   %x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK: tenon.moe_combine %[[D]], %[[P]], %[[WT]] init %[[X]] : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x64xf32>
  %y = tenon.moe_combine %dn, %place, %wt init %x
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

/// The weight of the only expert of a token scales what that reads.
// CHECK-LABEL: func @scaled_input
func.func @scaled_input(%x: tensor<?x64xf32>, %id: tensor<?x1xi32>, %wt: tensor<?x1xf32>,
                        %g: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>) -> tensor<?x64xf32> {
  // CHECK: tenon.experts silu {{.*}} scale_input :
  %y = tenon.experts silu %x, %id, %wt, %g, %g, %d scale_input
     : tensor<?x64xf32>, tensor<?x1xi32>, tensor<?x1xf32>,
       !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return %y : tensor<?x64xf32>
}

/// As above, with biases.
// CHECK-LABEL: func @scaled_input_with_bias
func.func @scaled_input_with_bias(%x: tensor<?x64xf32>, %id: tensor<?x1xi32>, %wt: tensor<?x1xf32>,
                                  %g: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>,
                                  %gb: !tenon.weight<8x24x1, <f32>>, %db: !tenon.weight<8x64x1, <f32>>) -> tensor<?x64xf32> {
  // CHECK: tenon.experts silu {{.*}} bias %{{[^ ]*}} : {{.*}}, %{{[^ ]*}} : !tenon.weight<8x64x1, <f32>> scale_input :
  %y = tenon.experts silu %x, %id, %wt, %g, %g, %d
       bias %gb : !tenon.weight<8x24x1, <f32>>, %gb : !tenon.weight<8x24x1, <f32>>, %db : !tenon.weight<8x64x1, <f32>> scale_input
     : tensor<?x64xf32>, tensor<?x1xi32>, tensor<?x1xf32>,
       !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return %y : tensor<?x64xf32>
}
