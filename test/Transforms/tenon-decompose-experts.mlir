// RUN: tenon-opt %s --tenon-decompose-experts --split-input-file | FileCheck %s
// RUN: tenon-opt %s --tenon-decompose-experts --split-input-file --remarks-filter=tenon-decompose-experts 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// What became products, and what keeps them from being two.
// REMARK: remark: [Missed] DecomposeExpert | Category:tenon-decompose-experts | Function=nameless_gate | Reason="has a weight without a name"
// REMARK: remark: [Missed] DecomposeExpert | Category:tenon-decompose-experts | Function=rounded | Reason="keeps more than its type between"
// REMARK: remark: [Missed] ConcatGateUp | Category:tenon-decompose-experts | Function=biased_apart | Reason="has a weight of another format"
// REMARK: remark: [Passed] DecomposeExpert | Category:tenon-decompose-experts | Function=not_added | AddsToResidual=false, Experts=8, Products=2
// REMARK: remark: [Passed] DecomposeExpert | Category:tenon-decompose-experts | Function=added | AddsToResidual=true, Experts=8, Products=2
// REMARK: remark: [Missed] ConcatGateUp | Category:tenon-decompose-experts | Function=apart | Reason="has rows that do not fall on whole blocks of scales"
// REMARK: remark: [Passed] DecomposeExpert | Category:tenon-decompose-experts | Function=apart | AddsToResidual=true, Experts=3, Products=3

tenon.weight @gate "g.{l}.{e}" layers [3, 4] : !tenon.weight<2x8x24x64, <bf16>>
tenon.weight @up "u.{l}.{e}" layers [3, 4] : !tenon.weight<2x8x24x64, <bf16>>
tenon.weight @down "d.{l}.{e}" layers [3, 4] : !tenon.weight<2x8x64x24, <bf16>>

/// The example of the pass's description: experts that are added to something.
// CHECK-DAG: tenon.derive @gate_up = concat_rows [@gate, @up] : !tenon.weight<2x8x48x64, <bf16>>
// CHECK-DAG: tenon.derive @gate_b_up_b = concat_rows [@gate_b, @up_b] : !tenon.weight<2x8x48x1, <bf16>>
// CHECK-LABEL: func @added
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>, %[[H:.*]]: tensor<?x64xf32>, %[[ID:.*]]: tensor<?x2xi32>, %[[WT:.*]]: tensor<?x2xf32>, %[[L:.*]]: index
// CHECK:       %[[D:.*]] = tenon.weight_ref @down[%[[L]]]
// CHECK:       %[[GU:.*]] = tenon.weight_ref @gate_up[%[[L]]] : <8x48x64, <bf16>>
// CHECK-NEXT:  %[[ORDER:.*]], %[[PLACE:.*]], %[[OFFS:.*]] = tenon.moe_dispatch %[[ID]] : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
// CHECK-NEXT:  %[[A:.*]] = tenon.grouped_linear %[[H]] rows %[[ORDER]] : tensor<?xi32> choices 2 of %[[OFFS]], %[[GU]] glu silu : tensor<?x64xf32>, tensor<9xi32>, <8x48x64, <bf16>> -> tensor<?x24xf32>
// CHECK-NEXT:  %[[N:.*]] = tenon.grouped_linear %[[A]] of %[[OFFS]], %[[D]] : tensor<?x24xf32>, tensor<9xi32>, <8x64x24, <bf16>> -> tensor<?x64xf32>
// CHECK-NEXT:  %[[Y:.*]] = tenon.moe_combine %[[N]], %[[PLACE]], %[[WT]] init %[[X]]
// CHECK-NEXT:  return %[[Y]]
func.func @added(%x: tensor<?x64xf32>, %h: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %l: index) -> tensor<?x64xf32> {
  %g = tenon.weight_ref @gate[%l] : !tenon.weight<8x24x64, <bf16>>
  %u = tenon.weight_ref @up[%l] : !tenon.weight<8x24x64, <bf16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<8x64x24, <bf16>>
  %e = tenon.experts silu %h, %id, %wt, %g, %u, %d : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  %y = arith.addf %x, %e : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

/// The other order, and a summand that is made after the experts.
// CHECK-LABEL: func @added_to_later_value
// CHECK:       %[[X2:.*]] = tenon.norm
// CHECK:       tenon.moe_combine %{{.*}} init %[[X2]]
// CHECK-NOT:   arith.addf
func.func @added_to_later_value(%x: tensor<?x64xf32>, %n: !tenon.weight<64, <f32>>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %l: index) -> tensor<?x64xf32> {
  %g = tenon.weight_ref @gate[%l] : !tenon.weight<8x24x64, <bf16>>
  %u = tenon.weight_ref @up[%l] : !tenon.weight<8x24x64, <bf16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<8x64x24, <bf16>>
  %e = tenon.experts silu %x, %id, %wt, %g, %u, %d : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  %x2 = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  %y = arith.addf %e, %x2 : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

/// Experts that are not added to anything are added to zeros.
// CHECK-LABEL: func @not_added
// CHECK-SAME:    %[[H:.*]]: tensor<?x64xf32>,
// CHECK:       %[[ZERO:.*]] = arith.constant 0.0
// CHECK:       %[[T:.*]] = tensor.dim %[[H]]
// CHECK:       %[[Z:.*]] = tensor.splat %[[ZERO]][%[[T]]] : tensor<?x64xf32>
// CHECK:       tenon.moe_combine %{{.*}} init %[[Z]]
func.func @not_added(%h: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %l: index) -> tensor<?x64xf32> {
  %g = tenon.weight_ref @gate[%l] : !tenon.weight<8x24x64, <bf16>>
  %u = tenon.weight_ref @up[%l] : !tenon.weight<8x24x64, <bf16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<8x64x24, <bf16>>
  %e = tenon.experts silu %h, %id, %wt, %g, %u, %d : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return %e : tensor<?x64xf32>
}

/// A known number of tokens, and a sum of the experts with themselves.
// CHECK-LABEL: func @twice
// CHECK:       %[[Z:.*]] = tensor.splat %{{.*}} : tensor<3x64xf32>
// CHECK:       %[[E:.*]] = tenon.moe_combine %{{.*}} init %[[Z]]
// CHECK:       arith.addf %[[E]], %[[E]]
func.func @twice(%h: tensor<3x64xf32>, %id: tensor<3x2xi32>, %wt: tensor<3x2xf32>, %l: index) -> tensor<3x64xf32> {
  %g = tenon.weight_ref @gate[%l] : !tenon.weight<8x24x64, <bf16>>
  %u = tenon.weight_ref @up[%l] : !tenon.weight<8x24x64, <bf16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<8x64x24, <bf16>>
  %e = tenon.experts silu %h, %id, %wt, %g, %u, %d : tensor<3x64xf32>, tensor<3x2xi32>, tensor<3x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  %y = arith.addf %e, %e : tensor<3x64xf32>
  return %y : tensor<3x64xf32>
}

/// Biases go with their projections, and the activation with its parameters.
// CHECK-LABEL: func @biased
// CHECK:       %[[DB:.*]] = tenon.weight_ref @down_b
// CHECK:       %[[GU:.*]] = tenon.weight_ref @gate_up
// CHECK:       %[[B:.*]] = tenon.weight_ref @gate_b_up_b[%{{.*}}] : <8x48x1, <bf16>>
// CHECK:       tenon.grouped_linear {{.*}}, %[[GU]] bias %[[B]] : !tenon.weight<8x48x1, <bf16>> glu silu<limit = 7.000000e+00>
// CHECK:       tenon.grouped_linear {{.*}} bias %[[DB]] : !tenon.weight<8x64x1, <f32>> : tensor<?x24xf32>
tenon.weight @gate_b "gb.{l}" layers [3, 4] : !tenon.weight<2x8x24x1, <bf16>>
tenon.weight @up_b "ub.{l}" layers [3, 4] : !tenon.weight<2x8x24x1, <bf16>>
tenon.weight @down_b "db.{l}" layers [3, 4] : !tenon.weight<2x8x64x1, <f32>>
func.func @biased(%h: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %l: index) -> tensor<?x64xf32> {
  %g = tenon.weight_ref @gate[%l] : !tenon.weight<8x24x64, <bf16>>
  %u = tenon.weight_ref @up[%l] : !tenon.weight<8x24x64, <bf16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<8x64x24, <bf16>>
  %gb = tenon.weight_ref @gate_b[%l] : !tenon.weight<8x24x1, <bf16>>
  %ub = tenon.weight_ref @up_b[%l] : !tenon.weight<8x24x1, <bf16>>
  %db = tenon.weight_ref @down_b[%l] : !tenon.weight<8x64x1, <f32>>
  %e = tenon.experts silu<limit = 7.0> %h, %id, %wt, %g, %u, %d bias %gb : !tenon.weight<8x24x1, <bf16>>, %ub : !tenon.weight<8x24x1, <bf16>>, %db : !tenon.weight<8x64x1, <f32>> : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return %e : tensor<?x64xf32>
}

/// Biases of other formats keep the gate apart.
// CHECK-LABEL: func @biased_apart
// CHECK-DAG:   %[[GB:.*]] = tenon.weight_ref @gate_b[
// CHECK-DAG:   %[[UB:.*]] = tenon.weight_ref @up_wide[
// CHECK:       tenon.grouped_linear {{.*}} bias %[[GB]] : !tenon.weight<8x24x1, <bf16>> :
// CHECK:       tenon.grouped_linear {{.*}} bias %[[UB]] : !tenon.weight<8x24x1, <f32>> :
// CHECK:       tenon.glu relu
tenon.weight @up_wide "uw.{l}" layers [3, 4] : !tenon.weight<2x8x24x1, <f32>>
func.func @biased_apart(%h: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %l: index) -> tensor<?x64xf32> {
  %g = tenon.weight_ref @gate[%l] : !tenon.weight<8x24x64, <bf16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<8x64x24, <bf16>>
  %gb = tenon.weight_ref @gate_b[%l] : !tenon.weight<8x24x1, <bf16>>
  %ub = tenon.weight_ref @up_wide[%l] : !tenon.weight<8x24x1, <f32>>
  %db = tenon.weight_ref @down_b[%l] : !tenon.weight<8x64x1, <f32>>
  %e = tenon.experts relu %h, %id, %wt, %g, %g, %d bias %gb : !tenon.weight<8x24x1, <bf16>>, %ub : !tenon.weight<8x24x1, <f32>>, %db : !tenon.weight<8x64x1, <f32>> : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return %e : tensor<?x64xf32>
}

/// Nothing happens: sums of `bf16` would be rounded once less.
// CHECK-LABEL: func @rounded
// CHECK:       tenon.experts
func.func @rounded(%h: tensor<?x64xbf16>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %l: index) -> tensor<?x64xbf16> {
  %g = tenon.weight_ref @gate[%l] : !tenon.weight<8x24x64, <bf16>>
  %u = tenon.weight_ref @up[%l] : !tenon.weight<8x24x64, <bf16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<8x64x24, <bf16>>
  %e = tenon.experts silu %h, %id, %wt, %g, %u, %d : tensor<?x64xbf16>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return %e : tensor<?x64xbf16>
}

/// An addition in a block inside does not go with the experts.
// CHECK-LABEL: func @added_inside
// CHECK:       tensor.splat
// CHECK:       %[[E:.*]] = tenon.moe_combine
// CHECK:       scf.for
// CHECK-NEXT:    arith.addf %{{.*}}, %[[E]]
func.func @added_inside(%h: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %l: index) -> tensor<?x64xf32> {
  %g = tenon.weight_ref @gate[%l] : !tenon.weight<8x24x64, <bf16>>
  %u = tenon.weight_ref @up[%l] : !tenon.weight<8x24x64, <bf16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<8x64x24, <bf16>>
  %e = tenon.experts silu %h, %id, %wt, %g, %u, %d : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  %r = scf.for %i = %l to %l step %l iter_args(%z = %h) -> (tensor<?x64xf32>) {
    %y = arith.addf %z, %e : tensor<?x64xf32>
    scf.yield %y : tensor<?x64xf32>
  }
  return %r : tensor<?x64xf32>
}

/// Nothing happens: the gate has no name, then the projection has none.
// CHECK-LABEL: func @nameless_gate
// CHECK:       tenon.experts
// CHECK-LABEL: func @nameless_projection
// CHECK:       tenon.experts
func.func @nameless_gate(%h: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %l: index, %g: !tenon.weight<8x24x64, <bf16>>) -> tensor<?x64xf32> {
  %u = tenon.weight_ref @up[%l] : !tenon.weight<8x24x64, <bf16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<8x64x24, <bf16>>
  %e = tenon.experts silu %h, %id, %wt, %g, %u, %d : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return %e : tensor<?x64xf32>
}
func.func @nameless_projection(%h: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %l: index, %u: !tenon.weight<8x24x64, <bf16>>) -> tensor<?x64xf32> {
  %g = tenon.weight_ref @gate[%l] : !tenon.weight<8x24x64, <bf16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<8x64x24, <bf16>>
  %e = tenon.experts silu %h, %id, %wt, %g, %u, %d : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return %e : tensor<?x64xf32>
}

/// Nothing happens: the weights have no name.
// CHECK-LABEL: func @nameless
// CHECK:       tenon.experts
func.func @nameless(%h: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %g: !tenon.weight<8x24x64, <bf16>>, %u: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>) -> tensor<?x64xf32> {
  %e = tenon.experts silu %h, %id, %wt, %g, %u, %d : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return %e : tensor<?x64xf32>
}

// -----

/// Gates and projections whose scales cannot be joined are multiplied apart; one
/// layer, odd sizes.
// CHECK-NOT: tenon.derive
// CHECK-LABEL: func @apart
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>,
// CHECK:       %[[G:.*]] = tenon.grouped_linear %{{.*}} rows %[[O:.*]] : tensor<?xi32> choices 1 of %{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<4xi32>, <3x5x8, {{.*}}> -> tensor<?x5xf32>
// CHECK-NEXT:  %[[U:.*]] = tenon.grouped_linear %{{.*}} rows %[[O]]
// CHECK-NEXT:  %[[A:.*]] = tenon.glu gelu %[[G]], %[[U]] : tensor<?x5xf32>
// CHECK-NEXT:  tenon.grouped_linear %[[A]] of
tenon.weight @gate "g.{e}" : !tenon.weight<3x5x8, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @up "u.{e}" : !tenon.weight<3x5x8, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @down "d.{e}" : !tenon.weight<3x8x5, <f8E4M3FN, scale f32 per 4x4>>
func.func @apart(%x: tensor<?x8xf32>, %h: tensor<?x8xf32>, %id: tensor<?x1xi32>, %wt: tensor<?x1xf32>) -> tensor<?x8xf32> {
  %g = tenon.weight_ref @gate : !tenon.weight<3x5x8, <f8E4M3FN, scale f32 per 4x4>>
  %u = tenon.weight_ref @up : !tenon.weight<3x5x8, <f8E4M3FN, scale f32 per 4x4>>
  %d = tenon.weight_ref @down : !tenon.weight<3x8x5, <f8E4M3FN, scale f32 per 4x4>>
  %e = tenon.experts gelu %h, %id, %wt, %g, %u, %d : tensor<?x8xf32>, tensor<?x1xi32>, tensor<?x1xf32>, !tenon.weight<3x5x8, <f8E4M3FN, scale f32 per 4x4>>, !tenon.weight<3x5x8, <f8E4M3FN, scale f32 per 4x4>>, !tenon.weight<3x8x5, <f8E4M3FN, scale f32 per 4x4>>
  %y = arith.addf %x, %e : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

/// A weight that scales what its expert reads is not met again by what that gives.
// CHECK-LABEL: func @scaled_input
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[H:.*]]: tensor<?x8xf32>, %[[ID:.*]]: tensor<?x1xi32>, %[[WT:.*]]: tensor<?x1xf32>
// CHECK:       %[[S:.*]] = tenon.scale_rows %[[H]] by %[[WT]] : tensor<?x8xf32>, tensor<?x1xf32>
// CHECK:       %[[A:.*]] = tenon.grouped_linear %[[S]] rows %{{.*}} choices 1 of
// CHECK:       %[[N:.*]] = tenon.grouped_linear %[[A]] of
// CHECK:       %[[ONES:.*]] = tensor.splat %{{.*}}[%{{.*}}] : tensor<?x1xf32>
// CHECK-NEXT:  tenon.moe_combine %[[N]], %{{[^ ]*}}, %[[ONES]] init %[[X]] :
tenon.weight @gate "g.{e}" : !tenon.weight<3x5x8, <f32>>
tenon.weight @up "u.{e}" : !tenon.weight<3x5x8, <f32>>
tenon.weight @down "d.{e}" : !tenon.weight<3x8x5, <f32>>
func.func @scaled_input(%x: tensor<?x8xf32>, %h: tensor<?x8xf32>, %id: tensor<?x1xi32>, %wt: tensor<?x1xf32>) -> tensor<?x8xf32> {
  %g = tenon.weight_ref @gate : !tenon.weight<3x5x8, <f32>>
  %u = tenon.weight_ref @up : !tenon.weight<3x5x8, <f32>>
  %d = tenon.weight_ref @down : !tenon.weight<3x8x5, <f32>>
  %e = tenon.experts silu %h, %id, %wt, %g, %u, %d scale_input : tensor<?x8xf32>, tensor<?x1xi32>, tensor<?x1xf32>, !tenon.weight<3x5x8, <f32>>, !tenon.weight<3x5x8, <f32>>, !tenon.weight<3x8x5, <f32>>
  %y = arith.addf %x, %e : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
