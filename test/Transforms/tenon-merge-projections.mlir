// RUN: tenon-opt %s --tenon-merge-projections --split-input-file | FileCheck %s
// RUN: tenon-opt %s --tenon-merge-projections --split-input-file --remarks-filter=tenon-merge-projections 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// What was joined, and why the others were not.
// REMARK: remark: [Passed] MergeProjection | Category:tenon-merge-projections | Function=heads_and_rows | Projections=3, Rows=135, Weight=q_k_v
// REMARK: remark: [Missed] MergeProjection | Category:tenon-merge-projections | Function=two_formats | Reason="has a weight of another format", With=a
// REMARK-COUNT-2: remark: [Missed] MergeProjection | Category:tenon-merge-projections | Function=biases | Reason="has a bias, glu or a weight without a name"
// REMARK: remark: [Missed] MergeProjection | Category:tenon-merge-projections | Function=first_returned | Reason="has a user that cannot read a slice of rows"
// REMARK: remark: [Missed] MergeProjection | Category:tenon-merge-projections | Function=second_returned | Reason="has a user that cannot read a slice of rows", With=a
// REMARK: remark: [Missed] MergeProjection | Category:tenon-merge-projections | Function=token_counts | Reason="has another number of rows", With=a
// REMARK: remark: [Missed] MergeProjection | Category:tenon-merge-projections | Function=element_types | Reason="has a result of another element type", With=a
// REMARK: remark: [Missed] MergeProjection | Category:tenon-merge-projections | Function=cut_blocks | Reason="has rows that do not fall on whole blocks of scales", With=a

/// The example of the pass's description; a third projection has no heads.
// CHECK-DAG: tenon.derive @q_k_v = concat_rows [@q, @k, @v] : !tenon.weight<3x135x64, <bf16>>
// CHECK-LABEL: func @heads_and_rows
// CHECK-SAME:    %[[H:.*]]: tensor<?x64xf32>, %[[L:.*]]: index, %[[P:.*]]: tensor<?xi32>
// CHECK:       %[[W:.*]] = tenon.weight_ref @q_k_v[%[[L]]] : <135x64, <bf16>>
// CHECK-NEXT:  %[[M:.*]] = tenon.linear %[[H]], %[[W]] : tensor<?x64xf32>, <135x64, <bf16>> -> tensor<?x135xf32>
// CHECK:       %[[T:.*]] = tensor.dim %[[M]]
// CHECK-NEXT:  %[[Q2:.*]] = tensor.extract_slice %[[M]][0, 0] [%[[T]], 96] [1, 1] : tensor<?x135xf32> to tensor<?x96xf32>
// CHECK-NEXT:  %[[Q:.*]] = tensor.expand_shape %[[Q2]] {{\[\[}}0], [1, 2]] output_shape [%[[T]], 6, 16]
// CHECK:       %[[K2:.*]] = tensor.extract_slice %[[M]][0, 96] [%{{.*}}, 32] [1, 1]
// CHECK-NEXT:  %[[K:.*]] = tensor.expand_shape %[[K2]] {{.*}} into tensor<?x2x16xf32>
// CHECK:       %[[V:.*]] = tensor.extract_slice %[[M]][0, 128] [%{{.*}}, 7] [1, 1]
// CHECK-NOT:   tenon.linear
// CHECK:       tenon.rope %[[Q]]
// CHECK:       tenon.rope %[[K]]
// CHECK:       tenon.norm rms %[[V]]
tenon.weight @q "q.{l}" layers [0, 1, 2] : !tenon.weight<3x96x64, <bf16>>
tenon.weight @k "k.{l}" layers [0, 1, 2] : !tenon.weight<3x32x64, <bf16>>
tenon.weight @v "v.{l}" layers [0, 1, 2] : !tenon.weight<3x7x64, <bf16>>
tenon.weight @n "n" : !tenon.weight<7, <f32>>
func.func @heads_and_rows(%h: tensor<?x64xf32>, %l: index, %pos: tensor<?xi32>) -> (tensor<?x6x16xf32>, tensor<?x2x16xf32>, tensor<?x7xf32>) {
  %wq = tenon.weight_ref @q[%l] : !tenon.weight<96x64, <bf16>>
  %wk = tenon.weight_ref @k[%l] : !tenon.weight<32x64, <bf16>>
  %wv = tenon.weight_ref @v[%l] : !tenon.weight<7x64, <bf16>>
  %wn = tenon.weight_ref @n : !tenon.weight<7, <f32>>
  %q = tenon.linear %h, %wq : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x6x16xf32>
  %k = tenon.linear %h, %wk : tensor<?x64xf32>, !tenon.weight<32x64, <bf16>> -> tensor<?x2x16xf32>
  %v = tenon.linear %h, %wv : tensor<?x64xf32>, !tenon.weight<7x64, <bf16>> -> tensor<?x7xf32>
  %qr = tenon.rope %q at %pos last <dims = 8, pairing = half, theta = 1.0e4 : f64> : tensor<?x6x16xf32>, tensor<?xi32>
  %kr = tenon.rope %k at %pos last <dims = 8, pairing = half, theta = 1.0e4 : f64> : tensor<?x2x16xf32>, tensor<?xi32>
  %vn = tenon.norm rms %v, %wn eps 1.0e-6 : tensor<?x7xf32>, !tenon.weight<7, <f32>>
  return %qr, %kr, %vn : tensor<?x6x16xf32>, tensor<?x2x16xf32>, tensor<?x7xf32>
}

// -----

tenon.weight @a "a" : !tenon.weight<8x5, <bf16>>
tenon.weight @b "b" : !tenon.weight<9x5, <bf16>>
tenon.weight @c "c" : !tenon.weight<10x5, <f32>>
tenon.weight @d "d" : !tenon.weight<11x5, <f32>>
tenon.weight @bias "bias" : !tenon.weight<9, <f32>>

/// Formats that differ make two groups; results are used between the linears.
// CHECK-DAG: tenon.derive @a_b
// CHECK-DAG: tenon.derive @c_d
// CHECK-LABEL: func @two_formats
// CHECK:       tenon.weight_ref @a_b
// CHECK:       tenon.glu
// CHECK:       tenon.weight_ref @c_d
func.func @two_formats(%h: tensor<?x5xf32>) -> (tensor<?x8xf32>, tensor<?x9xf32>, tensor<?x10xf32>, tensor<?x11xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %a = tenon.linear %h, %wa : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x8xf32>
  %wc = tenon.weight_ref @c : !tenon.weight<10x5, <f32>>
  %c = tenon.linear %h, %wc : tensor<?x5xf32>, !tenon.weight<10x5, <f32>> -> tensor<?x10xf32>
  %cc = tenon.glu relu %c, %c : tensor<?x10xf32>
  %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
  %b = tenon.linear %h, %wb : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>> -> tensor<?x9xf32>
  %bb = tenon.glu relu %b, %b : tensor<?x9xf32>
  %wd = tenon.weight_ref @d : !tenon.weight<11x5, <f32>>
  %d = tenon.linear %h, %wd : tensor<?x5xf32>, !tenon.weight<11x5, <f32>> -> tensor<?x11xf32>
  %dd = tenon.glu relu %d, %d : tensor<?x11xf32>
  return %aa, %bb, %cc, %dd : tensor<?x8xf32>, tensor<?x9xf32>, tensor<?x10xf32>, tensor<?x11xf32>
}

/// Nothing happens: one has a bias, the other a gate.
// CHECK-LABEL: func @bias_and_gate
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
func.func @bias_and_gate(%h: tensor<?x5xf32>) -> (tensor<?x9xf32>, tensor<?x4xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
  %wbias = tenon.weight_ref @bias : !tenon.weight<9, <f32>>
  %b = tenon.linear %h, %wb bias %wbias : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>>, !tenon.weight<9, <f32>> -> tensor<?x9xf32>
  %a = tenon.linear %h, %wa glu silu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x4xf32>
  %bb = tenon.glu relu %b, %b : tensor<?x9xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x4xf32>
  return %bb, %aa : tensor<?x9xf32>, tensor<?x4xf32>
}

/// Nothing happens: both have a bias, then both have a gate.
// CHECK-LABEL: func @biases
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
func.func @biases(%h: tensor<?x5xf32>) -> (tensor<?x9xf32>, tensor<?x9xf32>) {
  %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
  %wbias = tenon.weight_ref @bias : !tenon.weight<9, <f32>>
  %a = tenon.linear %h, %wb bias %wbias : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>>, !tenon.weight<9, <f32>> -> tensor<?x9xf32>
  %b = tenon.linear %h, %wb bias %wbias : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>>, !tenon.weight<9, <f32>> -> tensor<?x9xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x9xf32>
  %bb = tenon.glu relu %b, %b : tensor<?x9xf32>
  return %aa, %bb : tensor<?x9xf32>, tensor<?x9xf32>
}

// CHECK-LABEL: func @gates
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
func.func @gates(%h: tensor<?x5xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %a = tenon.linear %h, %wa glu silu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x4xf32>
  %b = tenon.linear %h, %wa glu silu : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x4xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x4xf32>
  %bb = tenon.glu relu %b, %b : tensor<?x4xf32>
  return %aa, %bb : tensor<?x4xf32>, tensor<?x4xf32>
}

/// Nothing happens: the inputs differ.
// CHECK-LABEL: func @inputs
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
func.func @inputs(%h: tensor<?x5xf32>, %k: tensor<?x5xf32>) -> (tensor<?x8xf32>, tensor<?x9xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
  %a = tenon.linear %h, %wa : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %b = tenon.linear %k, %wb : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>> -> tensor<?x9xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x8xf32>
  %bb = tenon.glu relu %b, %b : tensor<?x9xf32>
  return %aa, %bb : tensor<?x8xf32>, tensor<?x9xf32>
}

/// Nothing happens: one of the results is returned, the first and then the second.
// CHECK-LABEL: func @first_returned
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
// CHECK-LABEL: func @second_returned
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
func.func @first_returned(%h: tensor<?x5xf32>) -> (tensor<?x8xf32>, tensor<?x9xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
  %a = tenon.linear %h, %wa : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %b = tenon.linear %h, %wb : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>> -> tensor<?x9xf32>
  %bb = tenon.glu relu %b, %b : tensor<?x9xf32>
  return %a, %bb : tensor<?x8xf32>, tensor<?x9xf32>
}
func.func @second_returned(%h: tensor<?x5xf32>) -> (tensor<?x8xf32>, tensor<?x9xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
  %a = tenon.linear %h, %wa : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %b = tenon.linear %h, %wb : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>> -> tensor<?x9xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x8xf32>
  return %aa, %b : tensor<?x8xf32>, tensor<?x9xf32>
}

/// Nothing happens: a result is read in a block inside.
// CHECK-LABEL: func @read_inside
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
func.func @read_inside(%h: tensor<?x5xf32>, %n: index, %x: tensor<?x9xf32>) -> (tensor<?x8xf32>, tensor<?x9xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
  %a = tenon.linear %h, %wa : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %b = tenon.linear %h, %wb : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>> -> tensor<?x9xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x8xf32>
  %y = scf.for %i = %n to %n step %n iter_args(%z = %x) -> (tensor<?x9xf32>) {
    %s = arith.addf %z, %b : tensor<?x9xf32>
    scf.yield %s : tensor<?x9xf32>
  }
  return %aa, %y : tensor<?x8xf32>, tensor<?x9xf32>
}

/// Nothing happens: only one of the types says how many tokens there are.
// CHECK-LABEL: func @token_counts
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
func.func @token_counts(%h: tensor<?x5xf32>) -> (tensor<?x8xf32>, tensor<3x9xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
  %a = tenon.linear %h, %wa : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %b = tenon.linear %h, %wb : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>> -> tensor<3x9xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x8xf32>
  %bb = tenon.glu relu %b, %b : tensor<3x9xf32>
  return %aa, %bb : tensor<?x8xf32>, tensor<3x9xf32>
}

/// Nothing happens: what is returned would have to be copied out of the merged result.
// CHECK-LABEL: func @returned
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
func.func @returned(%h: tensor<?x5xf32>) -> (tensor<?x8xf32>, tensor<?x9xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
  %a = tenon.linear %h, %wa : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %b = tenon.linear %h, %wb : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>> -> tensor<?x9xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x9xf32>
}

/// Nothing happens: the element types of the results differ.
// CHECK-LABEL: func @element_types
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
func.func @element_types(%h: tensor<?x5xf32>) -> (tensor<?x8xf32>, tensor<?x9xbf16>) {
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
  %a = tenon.linear %h, %wa : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %b = tenon.linear %h, %wb : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>> -> tensor<?x9xbf16>
  %aa = tenon.glu relu %a, %a : tensor<?x8xf32>
  %bb = tenon.glu relu %b, %b : tensor<?x9xbf16>
  return %aa, %bb : tensor<?x8xf32>, tensor<?x9xbf16>
}

/// Nothing happens: one of the linears belongs to another block.
// CHECK-LABEL: func @other_block
// CHECK-COUNT-2: tenon.linear
// CHECK-NOT:   tensor.extract_slice
func.func @other_block(%h: tensor<?x5xf32>, %n: index, %x: tensor<?x9xf32>) -> (tensor<?x8xf32>, tensor<?x9xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %wa = tenon.weight_ref @a : !tenon.weight<8x5, <bf16>>
  %a = tenon.linear %h, %wa : tensor<?x5xf32>, !tenon.weight<8x5, <bf16>> -> tensor<?x8xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x8xf32>
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%z = %x) -> (tensor<?x9xf32>) {
    %wb = tenon.weight_ref @b : !tenon.weight<9x5, <bf16>>
    %b = tenon.linear %h, %wb : tensor<?x5xf32>, !tenon.weight<9x5, <bf16>> -> tensor<?x9xf32>
    %s = arith.addf %z, %b : tensor<?x9xf32>
    scf.yield %s : tensor<?x9xf32>
  }
  return %aa, %y : tensor<?x8xf32>, tensor<?x9xf32>
}

// -----

/// A weight whose last block of scales is cut off can only come last: the first
/// linear stays alone, and those after it meet.
// CHECK-DAG: tenon.derive @b_c = concat_rows [@b, @c] : !tenon.weight<7x8, <f8E4M3FN, scale f32 per 4x4>>
// CHECK-LABEL: func @cut_blocks
// CHECK:       %[[A:.*]] = tenon.linear %{{.*}} -> tensor<?x3xf32>
// CHECK:       tenon.glu relu %[[A]], %[[A]]
// CHECK:       %[[M:.*]] = tenon.linear %{{.*}} -> tensor<?x7xf32>
// CHECK:       tensor.extract_slice %[[M]][0, 0] [%{{.*}}, 4]
// CHECK:       tensor.extract_slice %[[M]][0, 4] [%{{.*}}, 3]
tenon.weight @a "a" : !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @b "b" : !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @c "c" : !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>>
func.func @cut_blocks(%h: tensor<?x8xf32>) -> (tensor<?x3xf32>, tensor<?x4xf32>, tensor<?x3xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>>
  %wb = tenon.weight_ref @b : !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>>
  %wc = tenon.weight_ref @c : !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>>
  %a = tenon.linear %h, %wa : tensor<?x8xf32>, !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x3xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x3xf32>
  %b = tenon.linear %h, %wb : tensor<?x8xf32>, !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x4xf32>
  %bb = tenon.glu relu %b, %b : tensor<?x4xf32>
  %c = tenon.linear %h, %wc : tensor<?x8xf32>, !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x3xf32>
  %cc = tenon.glu relu %c, %c : tensor<?x3xf32>
  return %aa, %bb, %cc : tensor<?x3xf32>, tensor<?x4xf32>, tensor<?x3xf32>
}

// -----

/// One whose last block is cut off ends a join in the middle of the row, too.
// CHECK-DAG: tenon.derive @a_b = concat_rows [@a, @b] : !tenon.weight<7x8, <f8E4M3FN, scale f32 per 4x4>>
// CHECK-LABEL: func @cut_off_block_amid
// CHECK:       tenon.linear %{{.*}} -> tensor<?x7xf32>
// CHECK:       tenon.linear %{{.*}} -> tensor<?x4xf32>
// CHECK-NOT:   tenon.linear
tenon.weight @a "a" : !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @b "b" : !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @c "c" : !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>>
func.func @cut_off_block_amid(%h: tensor<?x8xf32>) -> (tensor<?x4xf32>, tensor<?x3xf32>, tensor<?x4xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>>
  %wb = tenon.weight_ref @b : !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>>
  %wc = tenon.weight_ref @c : !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>>
  %a = tenon.linear %h, %wa : tensor<?x8xf32>, !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x4xf32>
  %b = tenon.linear %h, %wb : tensor<?x8xf32>, !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x3xf32>
  %c = tenon.linear %h, %wc : tensor<?x8xf32>, !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x4xf32>
  %aa = tenon.glu relu %a, %a : tensor<?x4xf32>
  %bb = tenon.glu relu %b, %b : tensor<?x3xf32>
  %cc = tenon.glu relu %c, %c : tensor<?x4xf32>
  return %aa, %bb, %cc : tensor<?x4xf32>, tensor<?x3xf32>, tensor<?x4xf32>
}

// -----

/// What only sums read is merged; a linear that stayed alone is not joined by later
/// ones, which come after it.
// CHECK-DAG: tenon.derive @b_c = concat_rows [@b, @c] : !tenon.weight<8x8, <f8E4M3FN, scale f32 per 4x4>>
// CHECK-LABEL: func @alone_before
// CHECK:       tenon.linear %{{.*}} -> tensor<?x3xf32>
// CHECK:       tenon.linear %{{.*}} -> tensor<?x8xf32>
// CHECK-NOT:   tenon.linear
tenon.weight @a "a" : !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @b "b" : !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @c "c" : !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>>
func.func @alone_before(%h: tensor<?x8xf32>) -> (tensor<?x3xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>>
  %wb = tenon.weight_ref @b : !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>>
  %wc = tenon.weight_ref @c : !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>>
  %a = tenon.linear %h, %wa : tensor<?x8xf32>, !tenon.weight<3x8, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x3xf32>
  %aa = arith.addf %a, %a : tensor<?x3xf32>
  %b = tenon.linear %h, %wb : tensor<?x8xf32>, !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x4xf32>
  %bb = arith.addf %b, %b : tensor<?x4xf32>
  %c = tenon.linear %h, %wc : tensor<?x8xf32>, !tenon.weight<4x8, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x4xf32>
  %cc = arith.addf %c, %c : tensor<?x4xf32>
  return %aa, %bb, %cc : tensor<?x3xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

/// Another op in the same block may read what it likes, but no slice of rows.
// CHECK-LABEL: func @other_user
// CHECK-COUNT-2: tenon.linear
tenon.weight @a "a" : !tenon.weight<96x64, <bf16>>
tenon.weight @b "b" : !tenon.weight<32x64, <bf16>>
func.func @other_user(%h: tensor<?x64xf32>) -> (tensor<?x96xf32>, tensor<?x32xf32>) {
  %wa = tenon.weight_ref @a : !tenon.weight<96x64, <bf16>>
  %wb = tenon.weight_ref @b : !tenon.weight<32x64, <bf16>>
  %a = tenon.linear %h, %wa : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x96xf32>
  %b = tenon.linear %h, %wb : tensor<?x64xf32>, !tenon.weight<32x64, <bf16>> -> tensor<?x32xf32>
  %ea = math.exp %a : tensor<?x96xf32>
  %eb = math.exp %b : tensor<?x32xf32>
  return %ea, %eb : tensor<?x96xf32>, tensor<?x32xf32>
}
