// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
func.func @contract_with_too_few_indices(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x16xf32>) {
  // expected-error@+1 {{expects one index for each dimension of input, and rows along one before the last, but got 1 indices along 0 for rank 2}}
  tile.contract %x[%i] along 0 count %i, %w panel %i into %z
      : memref<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> into memref<4x16xf32>
  return
}

// -----

// C1
func.func @contract_along_the_last_dimension(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x16xf32>) {
  // expected-error@+1 {{expects one index for each dimension of input, and rows along one before the last, but got 2 indices along 1 for rank 2}}
  tile.contract %x[%i, %i] along 1 count %i, %w panel %i into %z
      : memref<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> into memref<4x16xf32>
  return
}

// -----

// C1
func.func @contract_along_no_dimension(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x16xf32>) {
  // expected-error@+1 {{expects one index for each dimension of input, and rows along one before the last, but got 2 indices along -1 for rank 2}}
  tile.contract %x[%i, %i] along -1 count %i, %w panel %i into %z
      : memref<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> into memref<4x16xf32>
  return
}

// -----

// C1
func.func @contract_of_a_scalar(%x: memref<f32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x16xf32>) {
  // expected-error@+1 {{expects one index for each dimension of input, and rows along one before the last, but got 0 indices along 0 for rank 0}}
  tile.contract %x[] along 0 count %i, %w panel %i into %z
      : memref<f32>, !tenon.weight<96x64, <bf16>, <16x2>> into memref<4x16xf32>
  return
}

// -----

// C2
func.func @contract_into_part_of_a_panel(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x24xf32>) {
  // expected-error@+1 {{expects a static tile with a multiple of 16 columns, but got 'memref<4x24xf32>'}}
  tile.contract %x[%i, %i] along 0 count %i, %w panel %i into %z
      : memref<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> into memref<4x24xf32>
  return
}

// -----

// C2
func.func @contract_into_dynamic_rows(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %i: index, %z: memref<?x16xf32>) {
  // expected-error@+1 {{expects a static tile with a multiple of 16 columns, but got 'memref<?x16xf32>'}}
  tile.contract %x[%i, %i] along 0 count %i, %w panel %i into %z
      : memref<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> into memref<?x16xf32>
  return
}

// -----

// C3
func.func @contract_without_panels(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <bf16>>, %i: index, %z: memref<4x16xf32>) {
  // expected-error@+1 {{expects weight to have panels of 16 rows, but got '!tenon.weight<96x64, <bf16>>'}}
  tile.contract %x[%i, %i] along 0 count %i, %w panel %i into %z
      : memref<?x64xf32>, !tenon.weight<96x64, <bf16>> into memref<4x16xf32>
  return
}

// -----

// C3
func.func @contract_with_short_panels(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <8x2>>, %i: index, %z: memref<4x16xf32>) {
  // expected-error@+1 {{expects weight to have panels of 16 rows, but got '!tenon.weight<96x64, <bf16>, <8x2>>'}}
  tile.contract %x[%i, %i] along 0 count %i, %w panel %i into %z
      : memref<?x64xf32>, !tenon.weight<96x64, <bf16>, <8x2>> into memref<4x16xf32>
  return
}

// -----

// C4
func.func @contract_with_stack_as_matrix(%x: memref<?x64xf32>, %w: !tenon.weight<8x96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x16xf32>) {
  // expected-error@+1 {{expects a matrix index for a stack of matrices and none for a matrix, but got '!tenon.weight<8x96x64, <bf16>, <16x2>>'}}
  tile.contract %x[%i, %i] along 0 count %i, %w panel %i into %z
      : memref<?x64xf32>, !tenon.weight<8x96x64, <bf16>, <16x2>> into memref<4x16xf32>
  return
}

// -----

// C4
func.func @contract_with_matrix_as_stack(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x16xf32>) {
  // expected-error@+1 {{expects a matrix index for a stack of matrices and none for a matrix, but got '!tenon.weight<96x64, <bf16>, <16x2>>'}}
  tile.contract %x[%i, %i] along 0 count %i, %w[%i] panel %i into %z
      : memref<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> into memref<4x16xf32>
  return
}

// -----

// C4
func.func @contract_with_stack_of_stacks(%x: memref<?x64xf32>, %w: !tenon.weight<2x8x96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x16xf32>) {
  // expected-error@+1 {{expects a matrix index for a stack of matrices and none for a matrix, but got '!tenon.weight<2x8x96x64, <bf16>, <16x2>>'}}
  tile.contract %x[%i, %i] along 0 count %i, %w[%i] panel %i into %z
      : memref<?x64xf32>, !tenon.weight<2x8x96x64, <bf16>, <16x2>> into memref<4x16xf32>
  return
}

// -----

// C5
func.func @contract_with_order_of_no_choices(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x16xf32>, %o: memref<?xi32>) {
  // expected-error@+1 {{expects choices to be positive with order, on an input of rank 2, and 0 without, but got 0 on rank 2}}
  tile.contract %x[%i, %i] along 0 count %i rows %o : memref<?xi32> choices 0, %w panel %i into %z
      : memref<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> into memref<4x16xf32>
  return
}

// -----

// C5
func.func @contract_with_order_of_heads(%x: memref<?x4x16xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x16xf32>, %o: memref<?xi32>) {
  // expected-error@+1 {{expects choices to be positive with order, on an input of rank 2, and 0 without, but got 2 on rank 3}}
  tile.contract %x[%i, %i, %i] along 0 count %i rows %o : memref<?xi32> choices 2, %w panel %i into %z
      : memref<?x4x16xf32>, !tenon.weight<96x64, <bf16>, <16x2>> into memref<4x16xf32>
  return
}

// -----

// C5
/// The syntax of tile.contract has no choices without an order.
func.func @choices_without_order(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %i: index, %z: memref<4x16xf32>) {
  // expected-error@+1 {{expects choices to be positive with order, on an input of rank 2, and 0 without, but got -2 on rank 2}}
  "tile.contract"(%x, %i, %i, %i, %w, %i, %z) <{along = 0 : i64, choices = -2 : i64,
      operandSegmentSizes = array<i32: 1, 2, 1, 0, 1, 0, 1, 1>}>
      : (memref<?x64xf32>, index, index, index, !tenon.weight<96x64, <bf16>, <16x2>>, index, memref<4x16xf32>) -> ()
  return
}

// -----

// C1
func.func @add_of_other_shape(%a: memref<1x64xf32>, %b: memref<1x32xf32>) {
  // expected-error@+1 {{expects input and outs to have the same shape, but got 'memref<1x64xf32>' and 'memref<1x32xf32>'}}
  tile.add %a into %b : memref<1x64xf32> into memref<1x32xf32>
  return
}

// -----

// C1
func.func @add_of_other_rank(%a: memref<64xf32>, %b: memref<1x64xf32>) {
  // expected-error@+1 {{expects input and outs to have the same shape, but got 'memref<64xf32>' and 'memref<1x64xf32>'}}
  tile.add %a into %b : memref<64xf32> into memref<1x64xf32>
  return
}

// -----

// C1
func.func @add_bias_to_dynamic_rows(%b: !tenon.weight<96, <f32>>, %n: index, %a: memref<?x32xf32>) {
  // expected-error@+1 {{expects a static tile of rank 2, but got 'memref<?x32xf32>'}}
  tile.add_bias %b[%n] into %a : !tenon.weight<96, <f32>> into memref<?x32xf32>
  return
}

// -----

// C1
func.func @add_bias_to_one_row_without_its_dimension(%b: !tenon.weight<96, <f32>>, %n: index, %a: memref<32xf32>) {
  // expected-error@+1 {{expects a static tile of rank 2, but got 'memref<32xf32>'}}
  tile.add_bias %b[%n] into %a : !tenon.weight<96, <f32>> into memref<32xf32>
  return
}

// -----

// C2
func.func @add_column_without_its_number(%b: !tenon.weight<5x40x1, <f32>>, %n: index, %a: memref<4x32xf32>) {
  // expected-error@+1 {{expects a bias that is a vector, or a stack of columns with matrix, but got '!tenon.weight<5x40x1, <f32>>'}}
  tile.add_bias %b[%n] into %a : !tenon.weight<5x40x1, <f32>> into memref<4x32xf32>
  return
}

// -----

// C2
func.func @add_bias_of_two_columns(%b: !tenon.weight<5x40x2, <f32>>, %n: index, %a: memref<4x32xf32>) {
  // expected-error@+1 {{expects a bias that is a vector, or a stack of columns with matrix, but got '!tenon.weight<5x40x2, <f32>>'}}
  tile.add_bias %b[%n] of %n into %a : !tenon.weight<5x40x2, <f32>> into memref<4x32xf32>
  return
}

// -----

// C1
func.func @glu_pairs_with_dynamic_tile(%s: memref<?x32xf32>, %e: memref<4x16xf32>) {
  // expected-error@+1 {{expects static tiles, with a multiple of 16 columns and half of them, but got 'memref<?x32xf32>' and 'memref<4x16xf32>'}}
  tile.glu_pairs silu %s into %e : memref<?x32xf32> into memref<4x16xf32>
  return
}

// -----

// C1
func.func @glu_pairs_with_half_a_panel(%s: memref<4x8xf32>, %e: memref<4x4xf32>) {
  // expected-error@+1 {{expects static tiles, with a multiple of 16 columns and half of them, but got 'memref<4x8xf32>' and 'memref<4x4xf32>'}}
  tile.glu_pairs silu %s into %e : memref<4x8xf32> into memref<4x4xf32>
  return
}

// -----

// C1
func.func @glu_pairs_with_all_columns(%s: memref<4x32xf32>, %e: memref<4x32xf32>) {
  // expected-error@+1 {{expects static tiles, with a multiple of 16 columns and half of them, but got 'memref<4x32xf32>' and 'memref<4x32xf32>'}}
  tile.glu_pairs silu %s into %e : memref<4x32xf32> into memref<4x32xf32>
  return
}

// -----

// C1
func.func @glu_pairs_with_other_rows(%s: memref<4x32xf32>, %e: memref<3x16xf32>) {
  // expected-error@+1 {{expects static tiles, with a multiple of 16 columns and half of them, but got 'memref<4x32xf32>' and 'memref<3x16xf32>'}}
  tile.glu_pairs silu %s into %e : memref<4x32xf32> into memref<3x16xf32>
  return
}

// -----

// C1
func.func @glu_with_other_up(%g: memref<1x96xf32>, %u: memref<1x95xf32>, %o: memref<1x96xf32>) {
  // expected-error@+1 {{expects gate, up and outs to have the same shape, but got 'memref<1x96xf32>', 'memref<1x95xf32>' and 'memref<1x96xf32>'}}
  tile.glu silu %g, %u into %o : memref<1x96xf32>, memref<1x95xf32> into memref<1x96xf32>
  return
}

// -----

// C1
func.func @glu_with_other_outs(%g: memref<1x96xf32>, %u: memref<1x96xf32>, %o: memref<2x96xf32>) {
  // expected-error@+1 {{expects gate, up and outs to have the same shape, but got 'memref<1x96xf32>', 'memref<1x96xf32>' and 'memref<2x96xf32>'}}
  tile.glu silu %g, %u into %o : memref<1x96xf32>, memref<1x96xf32> into memref<2x96xf32>
  return
}

// -----

// C1
func.func @pointwise_into_other_shape(%x: memref<1x96xf32>, %o: memref<1x95xf32>) {
  // expected-error@+1 {{expects input and outs to have the same shape, but got 'memref<1x96xf32>' and 'memref<1x95xf32>'}}
  tile.pointwise scale %x by 2.0 into %o : memref<1x96xf32> into memref<1x95xf32>
  return
}

// -----

/// The interface of destinations holds how many results there are.
func.func @add_without_result(%a: tensor<1x64xf32>) {
  // expected-error@+1 {{expected the number of tensor results (0) to be equal to the number of output tensors (1)}}
  tile.add %a into %a : tensor<1x64xf32> into tensor<1x64xf32>
  return
}

// -----

// C1
func.func @temperature_without_an_interval(%p: index) {
  // expected-error@+1 {{expects interval to be positive, but got 0}}
  %f = tile.temperature at %p interval 0 slope 0.1
  return
}

// -----

// C1
func.func @scale_into_other_shape(%x: memref<1x96xf32>, %f: f32, %o: memref<1x95xf32>) {
  // expected-error@+1 {{expects input and outs to have the same shape, but got 'memref<1x96xf32>' and 'memref<1x95xf32>'}}
  tile.scale %x by %f into %o : memref<1x96xf32> into memref<1x95xf32>
  return
}
