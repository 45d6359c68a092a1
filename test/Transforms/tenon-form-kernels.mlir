// RUN: tenon-opt %s --tenon-form-kernels --split-input-file --verify-diagnostics | FileCheck %s
// RUN: not tenon-opt %s --tenon-form-kernels --split-input-file --remarks-filter=tenon-form-kernels 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// What is in a kernel, and why a norm or an addition is not.
// REMARK: remark: [Passed] FormKernel | Category:tenon-form-kernels | Function=layer.dense.t8 | Config="#tile.config<rows = 8, panels = 6>", Kernel=layer.dense.linear.t8, Ops="tenon.norm tenon.linear"
// REMARK: remark: [Missed] FusePrologue | Category:tenon-form-kernels | Function=many.t512 | Reason="is computed again by each worker for 8 tokens at most"
// REMARK: remark: [Missed] FusePrologue | Category:tenon-form-kernels | Function=two_users | Reason="has other users"
// REMARK: remark: [Missed] FuseEpilogue | Category:tenon-form-kernels | Function=late_residual | Reason="has further users"
// REMARK: remark: [Missed] FuseEpilogue | Category:tenon-form-kernels | Function=later_summand | Reason="is added to what follows it"

#rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64>
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {

/// The example of the pass's description: a norm goes into the product that reads it.
// CHECK-LABEL: func private @layer.dense.t8(
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>, %[[N:.*]]: !tenon.weight<64, <f32>>, %[[W:.*]]: !tenon.weight<96x64, <bf16>, <16x2>>
// CHECK:       %[[T:.*]] = tensor.dim %[[X]]
// CHECK:       %[[E:.*]] = tensor.empty(%[[T]]) : tensor<?x96xf32>
// CHECK-NEXT:  %[[Y:.*]] = tile.kernel "layer.dense.linear.t8" <rows = {{.*}}> ins(%[[X]], %[[N]], %[[W]] : {{.*}}) outs(%[[E]] : tensor<?x96xf32>) {
// CHECK-NEXT:  ^bb0(%[[A:.*]]: tensor<?x64xf32>, %[[B:.*]]: !tenon.weight<64, <f32>>, %[[C:.*]]: !tenon.weight<96x64, <bf16>, <16x2>>, %{{.*}}: tensor<?x96xf32>):
// CHECK-NEXT:    %[[H:.*]] = tenon.norm rms %[[A]], %[[B]]
// CHECK-NEXT:    %[[R:.*]] = tenon.linear %[[H]], %[[C]]
// CHECK-NEXT:    tile.yield %[[R]]
// CHECK-NEXT:  } -> tensor<?x96xf32>
// CHECK-NEXT:  return %[[Y]]
func.func private @layer.dense.t8(%x: tensor<?x64xf32>, %n: !tenon.weight<64, <f32>>, %w: !tenon.weight<96x64, <bf16>, <16x2>>) -> tensor<?x96xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %h = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  %y = tenon.linear %h, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

/// With many tokens, the norm is a kernel of its own.
// CHECK-LABEL: func private @many.t512(
// CHECK:       tile.kernel "many.rows.t512"
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.norm
// CHECK:       tile.kernel "many.linear.t512"
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.linear
func.func private @many.t512(%x: tensor<?x64xf32>, %n: !tenon.weight<64, <f32>>, %w: !tenon.weight<96x64, <bf16>, <16x2>>) -> tensor<?x96xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  %h = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  %y = tenon.linear %h, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

/// So is a norm with a second user.
// CHECK-LABEL: func private @two_users(
// CHECK:       tile.kernel "two_users.rows.t1"
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.norm
func.func private @two_users(%x: tensor<?x64xf32>, %n: !tenon.weight<64, <f32>>, %w: !tenon.weight<96x64, <bf16>, <16x2>>) -> (tensor<?x96xf32>, tensor<?x64xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %h = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  %y = tenon.linear %h, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
  return %y, %h : tensor<?x96xf32>, tensor<?x64xf32>
}

/// So is a norm outside of the loop that its user is in.
// CHECK-LABEL: func private @norm_outside(
// CHECK:       tile.kernel "norm_outside.rows.t1"
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.norm
// CHECK:       scf.for
// CHECK:         tile.kernel "norm_outside.linear.t1"
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      tenon.linear
func.func private @norm_outside(%x: tensor<?x64xf32>, %n: !tenon.weight<64, <f32>>, %w: !tenon.weight<64x64, <bf16>, <16x2>>, %m: index) -> tensor<?x64xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %h = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  %r = scf.for %i = %m to %m step %m iter_args(%z = %x) -> (tensor<?x64xf32>) {
    %y = tenon.linear %h, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x2>> -> tensor<?x64xf32>
    scf.yield %y : tensor<?x64xf32>
  }
  return %r : tensor<?x64xf32>
}

/// A function without a bucket stays.
// CHECK-LABEL: func @no_bucket
// CHECK-NOT:   tile.kernel
// CHECK:       tenon.norm
func.func @no_bucket(%x: tensor<?x64xf32>, %n: !tenon.weight<64, <f32>>) -> tensor<?x64xf32> {
  %h = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  return %h : tensor<?x64xf32>
}

//===----------------------------------------------------------------------===//
// Residual additions
//===----------------------------------------------------------------------===//

/// A product is added to a residual in its place, whichever comes first.
// CHECK-LABEL: func private @residual(
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>, %[[A:.*]]: tensor<?x32xf32>
// CHECK:       %[[X1:.*]] = tile.kernel {{.*}} ins(%[[A]], {{.*}}) outs(%[[X]] : tensor<?x64xf32>)
// CHECK-NEXT:  ^bb0(%{{.*}}: {{.*}}, %{{.*}}: {{.*}}, %[[O:.*]]: tensor<?x64xf32>):
// CHECK-NEXT:    %[[P:.*]] = tenon.linear
// CHECK-NEXT:    arith.addf %[[O]], %[[P]]
// CHECK:       %[[X2:.*]] = tile.kernel {{.*}} outs(%[[X1]] : tensor<?x64xf32>)
// CHECK-NEXT:  ^bb0(%{{.*}}: {{.*}}, %{{.*}}: {{.*}}, %[[O2:.*]]: tensor<?x64xf32>):
// CHECK-NEXT:    %[[P2:.*]] = tenon.linear
// CHECK-NEXT:    arith.addf %[[P2]], %[[O2]]
// CHECK:       return %[[X2]]
func.func private @residual(%x: tensor<?x64xf32>, %a: tensor<?x32xf32>, %w: !tenon.weight<64x32, <bf16>, <16x2>>) -> tensor<?x64xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %p = tenon.linear %a, %w : tensor<?x32xf32>, !tenon.weight<64x32, <bf16>, <16x2>> -> tensor<?x64xf32>
  %x1 = arith.addf %x, %p : tensor<?x64xf32>
  %q = tenon.linear %a, %w : tensor<?x32xf32>, !tenon.weight<64x32, <bf16>, <16x2>> -> tensor<?x64xf32>
  %x2 = arith.addf %q, %x1 : tensor<?x64xf32>
  return %x2 : tensor<?x64xf32>
}

/// A residual that the caller keeps is not written over: the sum gets a place of its own.
// CHECK-LABEL: func @kept_residual(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x64xf32> {bufferization.writable = false}, {{.*}}, %[[R:[a-z0-9]+]]: tensor<?x64xf32>)
// CHECK:       tile.kernel {{.*}} outs(%[[R]] :
func.func @kept_residual(%x: tensor<?x64xf32> {bufferization.writable = false}, %a: tensor<?x32xf32>, %w: !tenon.weight<64x32, <bf16>, <16x2>>) -> tensor<?x64xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %y = tenon.linear %a, %w : tensor<?x32xf32>, !tenon.weight<64x32, <bf16>, <16x2>> -> tensor<?x64xf32>
  %r = arith.addf %x, %y : tensor<?x64xf32>
  return %r : tensor<?x64xf32>
}

/// A residual that is read later keeps its place: the sum gets one of its own.
// CHECK-LABEL: func private @residual_used_later(
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>,
// CHECK:       %[[E:.*]] = tensor.empty
// CHECK:       %[[S:.*]] = tile.kernel {{.*}} ins(%{{.*}}, %{{.*}}, %[[X]] : {{.*}}) outs(%[[E]] : tensor<?x64xf32>)
// CHECK:       return %[[S]], %[[X]]
func.func private @residual_used_later(%x: tensor<?x64xf32>, %a: tensor<?x32xf32>, %w: !tenon.weight<64x32, <bf16>, <16x2>>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %p = tenon.linear %a, %w : tensor<?x32xf32>, !tenon.weight<64x32, <bf16>, <16x2>> -> tensor<?x64xf32>
  %x1 = arith.addf %x, %p : tensor<?x64xf32>
  return %x1, %x : tensor<?x64xf32>, tensor<?x64xf32>
}

/// The same through a view, and by an op in a group of rows that ends later.
// CHECK-LABEL: func private @view_used_later(
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>,
// CHECK:       %[[E:.*]] = tensor.empty(%{{.*}}) : tensor<?x64xf32>
// CHECK:       tile.kernel "view_used_later.linear.t512" {{.*}} outs(%[[E]] : tensor<?x64xf32>)
// CHECK:       tile.kernel "view_used_later.rows.t512" {{.*}} ins({{.*}}%[[X]]
func.func private @view_used_later(%x: tensor<?x64xf32>, %a: tensor<?x32xf32>, %w: !tenon.weight<64x32, <bf16>, <16x2>>, %n: !tenon.weight<8, <f32>>) -> (tensor<?x64xf32>, tensor<?x8x8xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?x64xf32>
  %v = tensor.expand_shape %x [[0], [1, 2]] output_shape [%t, 8, 8] : tensor<?x64xf32> into tensor<?x8x8xf32>
  %p = tenon.linear %a, %w : tensor<?x32xf32>, !tenon.weight<64x32, <bf16>, <16x2>> -> tensor<?x64xf32>
  %h = tenon.norm rms %v, %n eps 1.0e-6 : tensor<?x8x8xf32>, !tenon.weight<8, <f32>>
  %x1 = arith.addf %x, %p : tensor<?x64xf32>
  %g = tenon.norm rms %h, %n eps 1.0e-6 : tensor<?x8x8xf32>, !tenon.weight<8, <f32>>
  return %x1, %g : tensor<?x64xf32>, tensor<?x8x8xf32>
}

/// A product of the residual itself is not written over it: workers still read it.
// CHECK-LABEL: func private @product_of_residual(
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>, %[[N:.*]]: !tenon.weight<64, <f32>>
// CHECK:       %[[E:.*]] = tensor.empty
// CHECK:       tile.kernel {{.*}} ins(%[[X]], %[[N]], %{{.*}} : {{.*}}) outs(%[[E]] : tensor<?x64xf32>)
// CHECK-NEXT:  ^bb0(%[[A:.*]]: tensor<?x64xf32>, {{.*}}):
// CHECK-NEXT:    tenon.norm rms %[[A]]
// CHECK-NEXT:    tenon.linear
// CHECK-NEXT:    arith.addf %[[A]]
func.func private @product_of_residual(%x: tensor<?x64xf32>, %n: !tenon.weight<64, <f32>>, %w: !tenon.weight<64x64, <bf16>, <16x2>>) -> tensor<?x64xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %h = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  %p = tenon.linear %h, %w : tensor<?x64xf32>, !tenon.weight<64x64, <bf16>, <16x2>> -> tensor<?x64xf32>
  %x1 = arith.addf %x, %p : tensor<?x64xf32>
  return %x1 : tensor<?x64xf32>
}

/// A residual that is made after the product is added in a kernel of its own, and so is a product that is added to itself.
// CHECK-LABEL: func private @late_residual(
// CHECK:       tile.kernel "late_residual.linear.t1"
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.linear
// CHECK-NEXT:    tile.yield
// CHECK:       tile.kernel "late_residual.rows.t1"
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.glu
// CHECK-NEXT:    arith.addf
// CHECK-NEXT:    arith.addf
func.func private @late_residual(%x: tensor<?x64xf32>, %a: tensor<?x32xf32>, %w: !tenon.weight<64x32, <bf16>, <16x2>>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %p = tenon.linear %a, %w : tensor<?x32xf32>, !tenon.weight<64x32, <bf16>, <16x2>> -> tensor<?x64xf32>
  %y = tenon.glu relu %x, %x : tensor<?x64xf32>
  %x1 = arith.addf %y, %p : tensor<?x64xf32>
  %x2 = arith.addf %p, %p : tensor<?x64xf32>
  return %x1, %x2 : tensor<?x64xf32>, tensor<?x64xf32>
}

/// A residual that is made after the product alone, and one of a product that others read, too.
// CHECK-LABEL: func private @later_summand(
// CHECK:       tile.kernel "later_summand.linear.t1"
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.linear
// CHECK-NEXT:    tile.yield
// CHECK-LABEL: func private @read_twice(
// CHECK:       tile.kernel "read_twice.linear.t1"
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.linear
// CHECK-NEXT:    tile.yield
func.func private @later_summand(%x: tensor<?x64xf32>, %a: tensor<?x32xf32>, %w: !tenon.weight<64x32, <bf16>, <16x2>>) -> tensor<?x64xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %p = tenon.linear %a, %w : tensor<?x32xf32>, !tenon.weight<64x32, <bf16>, <16x2>> -> tensor<?x64xf32>
  %y = tenon.glu relu %x, %x : tensor<?x64xf32>
  %s = arith.addf %y, %p : tensor<?x64xf32>
  return %s : tensor<?x64xf32>
}
func.func private @read_twice(%x: tensor<?x64xf32>, %a: tensor<?x32xf32>, %w: !tenon.weight<64x32, <bf16>, <16x2>>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %p = tenon.linear %a, %w : tensor<?x32xf32>, !tenon.weight<64x32, <bf16>, <16x2>> -> tensor<?x64xf32>
  %g = tenon.glu relu %p, %p : tensor<?x64xf32>
  %s = arith.addf %x, %p : tensor<?x64xf32>
  return %g, %s : tensor<?x64xf32>, tensor<?x64xf32>
}

//===----------------------------------------------------------------------===//
// Groups of ops on rows
//===----------------------------------------------------------------------===//

/// Rotations and caches of one step are one kernel; caches are written in place.
/// Views are repeated inside; what shows a result to others follows the kernel.
// CHECK-LABEL: func private @rope_and_caches(
// CHECK-SAME:    %[[M:.*]]: tensor<?x48xf32>, %{{.*}}: tensor<?xi32>, %{{.*}}: tensor<?xi32>, %[[L:.*]]: index, %{{.*}}: !tenon.weight<{{.*}}>, %[[K:.*]]: tensor<2x?x?x16xf32>, %[[V:.*]]: tensor<2x?x?x16xf32>
// CHECK:       %[[R:.*]]:3 = tile.kernel "rope_and_caches.rows.t1" {{.*}} ins(%[[M]], {{.*}}) outs(%{{.*}}, %[[K]], %[[V]] :
// CHECK-NEXT:  ^bb0(%[[A:.*]]: tensor<?x48xf32>,
// CHECK:         tensor.extract_slice %[[A]][0, 0] [%{{.*}}, 16] [1, 1]
// CHECK:         tenon.rope
// CHECK:         tensor.extract_slice %[[A]][0, 16] [%{{.*}}, 16] [1, 1]
// CHECK:         tenon.rope
// CHECK:         tenon.cache_update
// CHECK:         tensor.extract_slice %[[A]][0, 32] [%{{.*}}, 16] [1, 1]
// CHECK:         tenon.cache_update
// CHECK:         tile.yield
// CHECK:       %[[Q:.*]] = tensor.expand_shape %[[R]]#0
// CHECK:       return %[[Q]], %[[R]]#1, %[[R]]#2
func.func private @rope_and_caches(%m: tensor<?x48xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %l: index, %t: !tenon.weight<257x8, <f32>>, %k: tensor<2x?x?x16xf32>, %v: tensor<2x?x?x16xf32>)
    -> (tensor<?x2x8xf32>, tensor<2x?x?x16xf32>, tensor<2x?x?x16xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %m, %c0 : tensor<?x48xf32>
  %q0 = tensor.extract_slice %m[0, 0] [%n, 16] [1, 1] : tensor<?x48xf32> to tensor<?x16xf32>
  %q1 = tenon.rope %q0 at %pos last #rope table %t : !tenon.weight<257x8, <f32>> : tensor<?x16xf32>, tensor<?xi32>
  %qn = tensor.dim %q1, %c0 : tensor<?x16xf32>
  %q2 = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%qn, 2, 8] : tensor<?x16xf32> into tensor<?x2x8xf32>
  %k0 = tensor.extract_slice %m[0, 16] [%n, 16] [1, 1] : tensor<?x48xf32> to tensor<?x16xf32>
  %k1 = tenon.rope %k0 at %pos last #rope table %t : !tenon.weight<257x8, <f32>> : tensor<?x16xf32>, tensor<?xi32>
  %k2 = tenon.cache_update %k1 into %k[%l] at %pos in %slot : tensor<?x16xf32> into tensor<2x?x?x16xf32>, tensor<?xi32>
  %v0 = tensor.extract_slice %m[0, 32] [%n, 16] [1, 1] : tensor<?x48xf32> to tensor<?x16xf32>
  %v1 = tenon.cache_update %v0 into %v[%l] at %pos in %slot : tensor<?x16xf32> into tensor<2x?x?x16xf32>, tensor<?xi32>
  return %q2, %k2, %v1 : tensor<?x2x8xf32>, tensor<2x?x?x16xf32>, tensor<2x?x?x16xf32>
}

/// A view of a result of the group is made inside, after it, and only there.
// CHECK-LABEL: func private @view_inside(
// CHECK:       %[[R:.*]] = tile.kernel {{.*}} outs(%{{[0-9a-z_]+}} : tensor<?x2x4xf32>)
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    %[[A:.*]] = tenon.norm
// CHECK:         %[[B:.*]] = tensor.expand_shape %[[A]]
// CHECK-NEXT:    %[[C:.*]] = tenon.norm rms %[[B]]
// CHECK-NEXT:    tile.yield %[[C]]
// CHECK-NEXT:  }
// CHECK-NEXT:  return %[[R]]
func.func private @view_inside(%x: tensor<?x8xf32>, %n: !tenon.weight<8, <f32>>, %m: !tenon.weight<4, <f32>>) -> tensor<?x2x4xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c0 = arith.constant 0 : index
  %a = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  %t = tensor.dim %a, %c0 : tensor<?x8xf32>
  %b = tensor.expand_shape %a [[0], [1, 2]] output_shape [%t, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
  %c = tenon.norm rms %b, %m eps 1.0e-6 : tensor<?x2x4xf32>, !tenon.weight<4, <f32>>
  return %c : tensor<?x2x4xf32>
}

/// Rows that are gathered are others than those of the tokens, and the op that
/// gathers them reads what all workers made: three kernels.
// CHECK-LABEL: func private @gathered(
// CHECK:       tile.kernel
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.norm
// CHECK-NEXT:    tile.yield
// CHECK:       tile.kernel
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.gather_rows
// CHECK-NEXT:    tenon.norm
// CHECK-NEXT:    tile.yield
// CHECK:       tile.kernel
// CHECK-NEXT:  ^bb0
// CHECK-NEXT:    tenon.glu
// CHECK-NEXT:    tile.yield
func.func private @gathered(%x: tensor<?x8xf32>, %rows: tensor<?xi32>, %n: !tenon.weight<8, <f32>>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %a = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  %b = tenon.gather_rows %a, %rows : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x8xf32>
  %c = tenon.norm rms %b, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  %d = tenon.glu silu %a, %a : tensor<?x8xf32>
  return %c, %d : tensor<?x8xf32>, tensor<?x8xf32>
}

/// Nothing says that two arguments have as many rows: two kernels.
// CHECK-LABEL: func private @unrelated(
// CHECK-COUNT-2: tile.kernel
func.func private @unrelated(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %n: !tenon.weight<8, <f32>>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %a = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  %b = tenon.norm rms %y, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}

/// As many rows as another tensor has columns are no rows of its own: two kernels.
// CHECK-LABEL: func private @rows_of_columns(
// CHECK-COUNT-2: tile.kernel
func.func private @rows_of_columns(%x: tensor<?x8xf32>, %n: !tenon.weight<8, <f32>>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %c1 = arith.constant 1 : index
  %half = arith.constant 0.5 : f32
  %t = tensor.dim %x, %c1 : tensor<?x8xf32>
  %z = tensor.splat %half[%t] : tensor<?x8xf32>
  %a = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  %b = tenon.norm rms %z, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}

/// Two sums over one operand: only the first one is written over it.
// CHECK-LABEL: func private @two_sums(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[Y:.*]]: tensor<?x8xf32>
// CHECK:       %[[E:.*]] = tensor.empty
// CHECK:       tile.kernel {{.*}} outs(%[[X]], %[[E]] :
func.func private @two_sums(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %a = arith.addf %x, %y : tensor<?x8xf32>
  %b = arith.addf %x, %x : tensor<?x8xf32>
  return %a, %b, %y : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

/// Their types may say it: one kernel.
// CHECK-LABEL: func private @equal_sizes(
// CHECK:       tile.kernel
// CHECK-NOT:   tile.kernel
func.func private @equal_sizes(%x: tensor<3x8xf32>, %y: tensor<3x8xf32>, %n: !tenon.weight<8, <f32>>) -> (tensor<3x8xf32>, tensor<3x8xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %a = tenon.norm rms %x, %n eps 1.0e-6 : tensor<3x8xf32>, !tenon.weight<8, <f32>>
  %b = tenon.norm rms %y, %n eps 1.0e-6 : tensor<3x8xf32>, !tenon.weight<8, <f32>>
  return %a, %b : tensor<3x8xf32>, tensor<3x8xf32>
}

/// Two updates of one cache follow each other in two kernels.
// CHECK-LABEL: func private @one_cache_twice(
// CHECK-SAME:    %{{.*}}: tensor<?x8xf32>, %[[C:.*]]: tensor<1x?x?x8xf32>
// CHECK:       %[[C1:.*]] = tile.kernel {{.*}} outs(%[[C]] : tensor<1x?x?x8xf32>)
// CHECK:       %[[C2:.*]] = tile.kernel {{.*}} outs(%[[C1]] : tensor<1x?x?x8xf32>)
// CHECK:       return %[[C2]]
func.func private @one_cache_twice(%x: tensor<?x8xf32>, %c: tensor<1x?x?x8xf32>, %l: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>) -> tensor<1x?x?x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c1 = tenon.cache_update %x into %c[%l] at %pos in %slot : tensor<?x8xf32> into tensor<1x?x?x8xf32>, tensor<?xi32>
  %c2 = tenon.cache_update %x into %c1[%l] at %pos in %slot : tensor<?x8xf32> into tensor<1x?x?x8xf32>, tensor<?xi32>
  return %c2 : tensor<1x?x?x8xf32>
}

/// Arithmetic with a size of a result ends the group.
// CHECK-LABEL: func private @size_of_result(
// CHECK:       tile.kernel
// CHECK:       %[[D:.*]] = tensor.dim
// CHECK:       arith.addi %[[D]]
// CHECK:       tile.kernel
func.func private @size_of_result(%x: tensor<?x8xf32>, %n: !tenon.weight<8, <f32>>) -> (tensor<?x8xf32>, index)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c0 = arith.constant 0 : index
  %a = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  %t = tensor.dim %a, %c0 : tensor<?x8xf32>
  %s = arith.addi %t, %t : index
  %b = tenon.norm rms %a, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  return %b, %s : tensor<?x8xf32>, index
}

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

/// Experts on their own: zeros are made in the kernel that adds to them, and the
/// grouped rows are as many as the choices.
// CHECK-LABEL: func private @experts(
// CHECK-SAME:    %[[H:.*]]: tensor<?x8xf32>, %[[ID:.*]]: tensor<?x2xi32>
// CHECK-DAG:   %[[T:.*]] = tensor.dim %[[ID]]
// CHECK-DAG:   %[[TK:.*]] = arith.muli %[[T]]
// CHECK-DAG:   tensor.empty(%[[TK]]) : tensor<?xi32>
// CHECK:       %[[G:.*]]:3 = tile.kernel "experts.group.t1"
// CHECK:       tile.kernel "experts.linear.t1"
// CHECK:       tile.kernel "experts.linear.t1"
// CHECK:       tile.kernel "experts.rows.t1"
// CHECK:         tenon.glu
// CHECK-NEXT:    tile.yield
// CHECK:       tile.kernel "experts.linear.t1"
// CHECK:       tile.kernel "experts.rows.t1"
// CHECK:         %[[Z:.*]] = tensor.splat
// CHECK-NEXT:    tenon.moe_combine %{{.*}} init %[[Z]]
func.func private @experts(%h: tensor<?x8xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %g: !tenon.weight<3x5x8, <f32>, <16x1>>, %d: !tenon.weight<3x8x5, <f32>, <16x1>>) -> tensor<?x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %t = tensor.dim %h, %c0 : tensor<?x8xf32>
  %z = tensor.splat %zero[%t] : tensor<?x8xf32>
  %order, %place, %offs = tenon.moe_dispatch %id : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<4xi32>
  %a = tenon.grouped_linear %h rows %order : tensor<?xi32> choices 2 of %offs, %g : tensor<?x8xf32>, tensor<4xi32>, !tenon.weight<3x5x8, <f32>, <16x1>> -> tensor<?x5xf32>
  %b = tenon.grouped_linear %h rows %order : tensor<?xi32> choices 2 of %offs, %g : tensor<?x8xf32>, tensor<4xi32>, !tenon.weight<3x5x8, <f32>, <16x1>> -> tensor<?x5xf32>
  %c = tenon.glu silu %a, %b : tensor<?x5xf32>
  %e = tenon.grouped_linear %c of %offs, %d : tensor<?x5xf32>, tensor<4xi32>, !tenon.weight<3x8x5, <f32>, <16x1>> -> tensor<?x8xf32>
  %y = tenon.moe_combine %e, %place, %wt init %z : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

/// All results of a grouping have their place, though one is not read.
// CHECK-LABEL: func private @order_alone(
// CHECK:       %[[G:.*]]:3 = tile.kernel
// CHECK:       return %[[G]]#0
func.func private @order_alone(%id: tensor<?x2xi32>) -> tensor<?xi32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %order, %place, %offs = tenon.moe_dispatch %id : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<4xi32>
  return %order : tensor<?xi32>
}

//===----------------------------------------------------------------------===//
// A view of what is computed is handed out, too: its memory is the caller's.
// CHECK-LABEL: func @public_view(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x8xf32>, %{{.*}}, %[[R:[a-z0-9]+]]: tensor<?x8xf32>)
// CHECK:       %[[Y:.*]] = tile.kernel "public_view.linear.t1" {{.*}} outs(%[[R]] :
// CHECK:       tensor.expand_shape %[[Y]]
func.func @public_view(%x: tensor<?x8xf32>, %w: !tenon.weight<8x8, <f32>, <16x1>>) -> tensor<?x2x4xf32> attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?x8xf32>
  %y = tenon.linear %x, %w : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
  %v = tensor.expand_shape %y [[0], [1, 2]] output_shape [%t, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
  return %v : tensor<?x2x4xf32>
}

// What a public function returns
//===----------------------------------------------------------------------===//

/// A new result becomes an argument; a sum that lies in memory of the step, too; a
/// sum over an argument and a cache do not.
// CHECK-LABEL: func @public(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[C:.*]]: tensor<1x?x?x8xf32>, {{.*}}, %[[R0:[a-z0-9]+]]: tensor<?x8xf32>, %[[R1:[a-z0-9]+]]: tensor<?x8xf32>) ->
// CHECK:       tile.kernel "public.rows.t1" {{.*}} outs(%{{[0-9a-z_]+}}, %[[R0]] :
// CHECK:       tile.kernel "public.linear.t1" {{.*}} outs(%[[R1]] :
// CHECK:       tile.kernel "public.linear.t1" {{.*}} outs(%[[X]] :
// CHECK:       tile.kernel "public.rows.t1" {{.*}} outs(%[[C]] :
func.func @public(%x: tensor<?x8xf32>, %c: tensor<1x?x?x8xf32>, %l: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %n: !tenon.weight<8, <f32>>, %w: !tenon.weight<8x8, <f32>, <16x1>>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<1x?x?x8xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %a = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  %b = tenon.norm rms %a, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  %p = tenon.linear %b, %w : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
  %s = arith.addf %a, %p : tensor<?x8xf32>
  %q = tenon.linear %b, %w : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
  %y = arith.addf %x, %q : tensor<?x8xf32>
  %c1 = tenon.cache_update %b into %c[%l] at %pos in %slot : tensor<?x8xf32> into tensor<1x?x?x8xf32>, tensor<?xi32>
  return %b, %s, %y, %c1 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<1x?x?x8xf32>
}

//===----------------------------------------------------------------------===//
// Blocks, heads, names
//===----------------------------------------------------------------------===//

/// The body of a loop has its own kernels; what comes from outside is not written over.
// CHECK-LABEL: func private @loop(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[Y:.*]]: tensor<?x8xf32>
// CHECK:       scf.for {{.*}} iter_args(%[[Z:.*]] = %[[X]])
// CHECK:         tile.kernel {{.*}} ins(%[[Y]] : {{.*}}) outs(%[[Z]] :
func.func private @loop(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %m: index) -> tensor<?x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %m step %c1 iter_args(%z = %x) -> (tensor<?x8xf32>) {
    %s = arith.addf %y, %z : tensor<?x8xf32>
    scf.yield %s : tensor<?x8xf32>
  }
  return %r : tensor<?x8xf32>
}

/// Linears work on flat rows; heads are views of them.
// CHECK-LABEL: func private @heads(
// CHECK-SAME:    %[[Q:.*]]: tensor<?x3x4xf32>
// CHECK:       %[[K:.*]] = tile.kernel {{.*}} ins(%[[Q]], {{.*}}) outs(%{{[0-9a-z_]+}} : tensor<?x10xf32>)
// CHECK:         tensor.collapse_shape
// CHECK-NEXT:    tenon.linear {{.*}} -> tensor<?x10xf32>
// CHECK:       %[[H:.*]] = tensor.expand_shape %[[K]]
// CHECK:       return %[[H]]
func.func private @heads(%q: tensor<?x3x4xf32>, %w: !tenon.weight<10x12, <f32>, <16x1>>) -> tensor<?x2x5xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %r = tenon.linear %q, %w : tensor<?x3x4xf32>, !tenon.weight<10x12, <f32>, <16x1>> -> tensor<?x2x5xf32>
  return %r : tensor<?x2x5xf32>
}

/// A slice of rows is no view of a kernel's: it stays outside.
// CHECK-LABEL: func private @some_rows(
// CHECK:       %[[S:.*]] = tensor.extract_slice
// CHECK:       tile.kernel {{.*}} ins(%[[S]],
// CHECK-NOT:   tensor.extract_slice
func.func private @some_rows(%x: tensor<5x8xf32>, %n: !tenon.weight<8, <f32>>) -> tensor<3x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 5>} {
  %s = tensor.extract_slice %x[1, 0] [3, 8] [1, 1] : tensor<5x8xf32> to tensor<3x8xf32>
  %a = tenon.norm rms %s, %n eps 1.0e-6 : tensor<3x8xf32>, !tenon.weight<8, <f32>>
  return %a : tensor<3x8xf32>
}

/// Nor is a slice of every second column, one of as many rows as another tensor has,
/// or a reshape that makes rows of heads.
// CHECK-LABEL: func private @some_columns(
// CHECK:       %[[S:.*]] = tensor.extract_slice
// CHECK:       tile.kernel {{.*}} ins(%[[S]],
// CHECK-NOT:   tensor.extract_slice
// CHECK-LABEL: func private @rows_of_another(
// CHECK:       %[[S:.*]] = tensor.extract_slice
// CHECK:       tile.kernel {{.*}} ins(%[[S]],
// CHECK-NOT:   tensor.extract_slice
// CHECK-LABEL: func private @joined_heads(
// CHECK:       %[[S:.*]] = tensor.collapse_shape
// CHECK:       tile.kernel {{.*}} ins(%[[S]],
// CHECK-NOT:   tensor.collapse_shape
func.func private @some_columns(%x: tensor<?x16xf32>, %n: !tenon.weight<8, <f32>>) -> tensor<?x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 5>} {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?x16xf32>
  %s = tensor.extract_slice %x[0, 0] [%t, 8] [1, 2] : tensor<?x16xf32> to tensor<?x8xf32>
  %a = tenon.norm rms %s, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  return %a : tensor<?x8xf32>
}
func.func private @rows_of_another(%x: tensor<?x16xf32>, %y: tensor<?x8xf32>, %n: !tenon.weight<8, <f32>>) -> tensor<?x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 5>} {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %y, %c0 : tensor<?x8xf32>
  %s = tensor.extract_slice %x[0, 0] [%t, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %a = tenon.norm rms %s, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  return %a : tensor<?x8xf32>
}

func.func private @joined_heads(%x: tensor<?x2x8xf32>, %n: !tenon.weight<8, <f32>>) -> tensor<?x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 5>} {
  %s = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x2x8xf32> into tensor<?x8xf32>
  %a = tenon.norm rms %s, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  return %a : tensor<?x8xf32>
}

/// Ops that nobody reads are left alone, and so is a function without tokens.
// CHECK-LABEL: func private @dead(
// CHECK-NOT:   tile.kernel
// CHECK:       return
func.func private @dead(%x: tensor<?x8xf32>, %n: !tenon.weight<8, <f32>>)
    attributes {tile.bucket = #tile.bucket<tokens = 5>} {
  %a = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
  return
}
func.func private @declared(tensor<?x8xf32>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 5>}

/// Kernels are called after their weights.
// CHECK-LABEL: func private @layer.moe.t1(
// CHECK:       tile.kernel "layer.moe.q_k.t1"
// CHECK:       tile.kernel "layer.moe.gates.t1"
tenon.weight @moe.q_k "q" : !tenon.weight<8x8, <f32>, <16x1>>
tenon.weight @gates "g" : !tenon.weight<8x8, <f32>, <16x1>>
func.func private @layer.moe.t1(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %q = tenon.weight_ref @moe.q_k : !tenon.weight<8x8, <f32>, <16x1>>
  %g = tenon.weight_ref @gates : !tenon.weight<8x8, <f32>, <16x1>>
  %a = tenon.linear %x, %q : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
  %b = tenon.linear %x, %g : tensor<?x8xf32>, !tenon.weight<8x8, <f32>, <16x1>> -> tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}

/// The result of a layer lies where its rows were given, over what was written there last, also
/// if it is a norm, which takes over no buffer.
// CHECK-LABEL: func private @post_norm(
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32> {tenon.role = #tenon.role<hidden>}
// CHECK:       %[[SUM:.*]] = tile.kernel "post_norm.linear.t8" {{.*}} outs(%[[X]] :
// CHECK:       %[[NORM:.*]] = tile.kernel "post_norm.rows.t8" {{.*}} ins(%[[N:[^,]*]] : {{.*}}) outs(%[[SUM]] :
// CHECK:       return %[[NORM]]
func.func private @post_norm(%x: tensor<?x64xf32> {tenon.role = #tenon.role<hidden>}, %h: tensor<?x64xf32>, %n: !tenon.weight<64, <f32>>, %w: !tenon.weight<64x64, <f32>, <16x1>>) -> tensor<?x64xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %y = tenon.linear %h, %w : tensor<?x64xf32>, !tenon.weight<64x64, <f32>, <16x1>> -> tensor<?x64xf32>
  %s = arith.addf %y, %x : tensor<?x64xf32>
  %r = tenon.norm layer %s, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  return %r : tensor<?x64xf32>
}

/// Kernels that exist stay.
// CHECK-LABEL: func private @formed(
// CHECK:       tile.kernel "mine"
// CHECK-NOT:   tile.kernel
func.func private @formed(%x: tensor<?x8xf32>) -> tensor<?x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  %y = tile.kernel "mine" <rows = 1> ins() outs(%x : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>):
    %s = arith.addf %a, %a : tensor<?x8xf32>
    tile.yield %s : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

}

// -----

// expected-error @below {{expects machine.target on the module, to choose sizes of tiles}}
module {
  func.func @nothing() {
    return
  }
}

// -----

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
  func.func private @unknown_length(%x: tensor<?x?xf32>, %n: !tenon.weight<8, <f32>>) -> tensor<?x?xf32>
      attributes {tile.bucket = #tile.bucket<tokens = 5>} {
    // expected-error @below {{expects rows of a known, positive length in a function with a bucket, but got operands of 'tensor<?x?xf32>', '!tenon.weight<8, <f32>>'}}
    %a = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x?xf32>, !tenon.weight<8, <f32>>
    return %a : tensor<?x?xf32>
  }
}

// -----

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
  func.func private @empty_rows(%x: tensor<?x0xf32>) -> tensor<?x0xf32>
      attributes {tile.bucket = #tile.bucket<tokens = 5>} {
    // expected-error @below {{expects rows of a known, positive length in a function with a bucket, but got operands of 'tensor<?x0xf32>'}}
    %a = tenon.norm rms %x eps 1.0e-6 : tensor<?x0xf32>
    return %a : tensor<?x0xf32>
  }
}
