// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
// expected-error@+1 {{expects {l} in the source exactly if there are layers, but got source 'layers.{l}.q' and 0 layers}}
tenon.weight @weight_without_layers "layers.{l}.q" : !tenon.weight<2x24x64, <bf16>>

// -----

// C1
// expected-error@+1 {{expects {l} in the source exactly if there are layers, but got source 'layers.0.q' and 1 layers}}
tenon.weight @weight_without_place_for_layers "layers.0.q" layers [0] : !tenon.weight<1x24x64, <bf16>>

// -----

// C2
// expected-error@+1 {{expects the first dimension of the type to be the number of layers, but got 2 and 3}}
tenon.weight @weight_of_other_layers "{l}.q" layers [0, 1, 5] : !tenon.weight<2x24x64, <bf16>>

// -----

// C3
// expected-error@+1 {{expects a name for each of the 1 factors of the format, but got 2}}
tenon.weight @weight_of_two_scales "a" factors ["s", "t"] : !tenon.weight<24x64, <f8E4M3FN, scale f32 per 8x8>>

// -----

// C3
// expected-error@+1 {{expects a name for each of the 0 factors of the format, but got 1}}
tenon.weight @weight_without_scale "a" factors ["s"] : !tenon.weight<24x64, <bf16>>

// -----

// C4
// expected-error@+1 {{expects {l} in the name of factors exactly if it is in the source, but got "s" and '{l}.q'}}
tenon.weight @scale_of_all_layers "{l}.q" factors ["s"] layers [0] : !tenon.weight<1x24x64, <f8E4M3FN, scale f32 per 8x8>>

// -----

// C4
// expected-error@+1 {{expects {e} in the name of factors exactly if it is in the source, but got "s.{e}" and 'q'}}
tenon.weight @scale_of_each_expert "q" factors ["s.{e}"] : !tenon.weight<2x24x64, <f8E4M3FN, scale f32 per 8x8>>

// -----

// C1
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects one weight, or several for concat_rows, but got 2}}
tenon.derive @cast_of_two = cast [@a, @a] : !tenon.weight<7x3, <bf16>>

// -----

// C1
// expected-error@+1 {{expects one weight, or several for concat_rows, but got 0}}
tenon.derive @concat_of_nothing = concat_rows [] : !tenon.weight<7x3, <bf16>>

// -----

// C1
// expected-error@+1 {{expects @a to name a tenon.weight or a tenon.derive}}
tenon.derive @cast_of_nothing = cast [@a] : !tenon.weight<7x3, <bf16>>

// -----

// C1
tenon.rope_table @a <dims = 8, pairing = half, theta = 1.0e4 : f64> positions 1 : !tenon.weight<257x8, <f32>>
// expected-error@+1 {{expects @a to name a tenon.weight or a tenon.derive}}
tenon.derive @cast_of_table = cast [@a] : !tenon.weight<257x8, <bf16>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that concat_rows gives, but got '!tenon.weight<13x3, <f32>>' from '!tenon.weight<7x3, <f32>>', '!tenon.weight<7x3, <f32>>'}}
tenon.derive @concat_of_other_rows = concat_rows [@a, @a] : !tenon.weight<13x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
tenon.weight @b "b" : !tenon.weight<7x4, <f32>>
// expected-error@+1 {{expects a result that concat_rows gives, but got '!tenon.weight<14x3, <f32>>' from '!tenon.weight<7x3, <f32>>', '!tenon.weight<7x4, <f32>>'}}
tenon.derive @concat_of_other_columns = concat_rows [@a, @b] : !tenon.weight<14x3, <f32>>

// -----

// C2
tenon.weight @a "{l}.a" layers [0, 1] : !tenon.weight<2x7x3, <f32>>
tenon.weight @b "{l}.b" layers [0] : !tenon.weight<1x7x3, <f32>>
// expected-error@+1 {{expects a result that concat_rows gives, but got '!tenon.weight<2x14x3, <f32>>' from}}
tenon.derive @concat_of_other_stacks = concat_rows [@a, @b] : !tenon.weight<2x14x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
tenon.weight @b "b" : !tenon.weight<3, <f32>>
// expected-error@+1 {{expects a result that concat_rows gives, but got '!tenon.weight<8x3, <f32>>' from}}
tenon.derive @concat_of_matrix_and_vector = concat_rows [@a, @b] : !tenon.weight<8x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7, <f32>>
// expected-error@+1 {{expects a result that transpose gives, but got '!tenon.weight<7, <f32>>' from}}
tenon.derive @transpose_of_vector = transpose [@a] : !tenon.weight<7, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that transpose gives, but got '!tenon.weight<7x3, <f32>>' from}}
tenon.derive @transpose_not_swapped = transpose [@a] : !tenon.weight<7x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that split_rows gives, but got '!tenon.weight<3x2x3, <f32>>' from}}
tenon.derive @split_with_rest = split_rows [@a] count 2 : !tenon.weight<3x2x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that split_rows gives, but got '!tenon.weight<7x1x3, <f32>>' from}}
tenon.derive @split_without_count = split_rows [@a] : !tenon.weight<7x1x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that slice_rows gives, but got '!tenon.weight<4x3, <f32>>' from}}
tenon.derive @slice_beyond_the_end = slice_rows [@a] first 4 : !tenon.weight<4x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that slice_rows gives, but got '!tenon.weight<4x3, <f32>>' from}}
tenon.derive @slice_far_beyond_the_end = slice_rows [@a] first 9223372036854775807 : !tenon.weight<4x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that slice_rows gives, but got '!tenon.weight<4x3, <f32>>' from}}
tenon.derive @slice_before_the_start = slice_rows [@a] first -1 : !tenon.weight<4x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that slice_rows gives, but got '!tenon.weight<3x3, <f32>>' from}}
tenon.derive @steps_beyond_the_end = slice_rows [@a] first 3 step 2 : !tenon.weight<3x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that slice_rows gives, but got '!tenon.weight<2x3, <f32>>' from}}
tenon.derive @steps_far_beyond_the_end = slice_rows [@a] step 9223372036854775807 : !tenon.weight<2x3, <f32>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that slice_rows gives, but got '!tenon.weight<2x3, <f32>>' from}}
tenon.derive @steps_nowhere = slice_rows [@a] step 0 : !tenon.weight<2x3, <f32>>

// -----

// C4
tenon.weight @a "a" : !tenon.weight<256x200, <f8E4M3FN, scale f32 per 128x128>>
// expected-error@+1 {{expects blocks of scales of one row for a slice with a step, but got 128 rows}}
tenon.derive @steps_through_blocks = slice_rows [@a] step 2 : !tenon.weight<128x200, <f8E4M3FN, scale f32 per 128x128>>

// -----

// C2
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects a result that cast gives, but got '!tenon.weight<3x7, <bf16>>' from}}
tenon.derive @cast_of_other_shape = cast [@a] : !tenon.weight<3x7, <bf16>>

// -----

// C3
tenon.weight @a "a" : !tenon.weight<7x3, <f32>>
// expected-error@+1 {{expects the format #tenon.format<bf16> to be kept, but got #tenon.format<f32>; cast it first}}
tenon.derive @slice_that_rounds = slice_rows [@a] : !tenon.weight<4x3, <bf16>>

// -----

// C3
tenon.weight @a "a" : !tenon.weight<7x64, <i8, scale f32 per 1x32>>
// expected-error@+1 {{expects a format without a scale or with a square block, but got #tenon.format<i8, scale f32 per 1x32>}}
tenon.derive @transpose_of_flat_blocks = transpose [@a] : !tenon.weight<64x7, <i8, scale f32 per 1x32>>

// -----

// C4
tenon.weight @a "a" : !tenon.weight<72x200, <f8E4M3FN, scale f32 per 128x128>>
// expected-error@+1 {{expects rows to be joined at a multiple of the scale's block of 128, but got 72}}
tenon.derive @concat_inside_a_block = concat_rows [@a, @a]
    : !tenon.weight<144x200, <f8E4M3FN, scale f32 per 128x128>>

// -----

// C4
tenon.weight @a "a" : !tenon.weight<256x200, <f8E4M3FN, scale f32 per 128x128>>
// expected-error@+1 {{expects rows to be cut at a multiple of the scale's block of 128, but got 64}}
tenon.derive @slice_inside_a_block = slice_rows [@a] first 64
    : !tenon.weight<192x200, <f8E4M3FN, scale f32 per 128x128>>

// -----

// C4
tenon.weight @a "a" : !tenon.weight<256x200, <f8E4M3FN, scale f32 per 128x128>>
// expected-error@+1 {{expects rows to be cut at a multiple of the scale's block of 128, but got 64}}
tenon.derive @split_inside_a_block = split_rows [@a] count 64
    : !tenon.weight<4x64x200, <f8E4M3FN, scale f32 per 128x128>>

// -----

// C1
// expected-error@+1 {{expects an f32 matrix of 272x64, but got '!tenon.weight<16x64, <f32>>'}}
tenon.rope_table @table_of_other_shape <dims = 64, pairing = half, theta = 1.0e4 : f64>
    positions 4096 : !tenon.weight<16x64, <f32>>

// -----

// C1
// expected-error@+1 {{expects an f32 matrix of 272x64, but got '!tenon.weight<272x64, <bf16>>'}}
tenon.rope_table @table_of_other_format <dims = 64, pairing = half, theta = 1.0e4 : f64>
    positions 4096 : !tenon.weight<272x64, <bf16>>

// -----

// C1
// expected-error@+1 {{expects an f32 matrix of 272x64, but got '!tenon.weight<272x64, <f32>, <16x1>>'}}
tenon.rope_table @table_in_panels <dims = 64, pairing = half, theta = 1.0e4 : f64>
    positions 4096 : !tenon.weight<272x64, <f32>, <16x1>>

// -----

// C2
// expected-error@+1 {{expects positions to be positive, but got 0}}
tenon.rope_table @table_of_no_position <dims = 64, pairing = half, theta = 1.0e4 : f64>
    positions 0 : !tenon.weight<256x64, <f32>>

// -----

// C1
func.func private @f()
func.func @use_of_function() {
  // expected-error@+1 {{expects @f to name a tenon.weight, tenon.derive or tenon.rope_table}}
  %w = tenon.weight_ref @f : !tenon.weight<7, <f32>>
  return
}

// -----

// C1
func.func @use_of_nothing() {
  // expected-error@+1 {{expects @w to name a tenon.weight, tenon.derive or tenon.rope_table}}
  %w = tenon.weight_ref @w : !tenon.weight<7, <f32>>
  return
}

// -----

// C2
tenon.weight @w "{l}.w" layers [0, 1] : !tenon.weight<2x7x3, <f32>>
func.func @use_without_index() {
  // expected-error@+1 {{expects the type of @w, '!tenon.weight<2x7x3, <f32>>', but got '!tenon.weight<7x3, <f32>>'}}
  %w = tenon.weight_ref @w : !tenon.weight<7x3, <f32>>
  return
}

// -----

// C2
tenon.weight @w "{l}.w" layers [0, 1] : !tenon.weight<2x7x3, <f32>>
func.func @use_of_other_format(%l: index) {
  // expected-error@+1 {{expects the type of @w without its first dimension, '!tenon.weight<2x7x3, <f32>>', but got '!tenon.weight<7x3, <bf16>>'}}
  %w = tenon.weight_ref @w[%l] : !tenon.weight<7x3, <bf16>>
  return
}

// -----

// C2
tenon.weight @w "w" : !tenon.weight<7, <f32>>
func.func @use_of_one_element(%l: index) {
  // expected-error@+1 {{expects the type of @w without its first dimension, '!tenon.weight<7, <f32>>', but got '!tenon.weight<7, <f32>>'}}
  %w = tenon.weight_ref @w[%l] : !tenon.weight<7, <f32>>
  return
}

// -----

// C2
/// One row of panels is no type of its own.
tenon.weight @w "w" : !tenon.weight<7x3, <f32>, <16x1>>
func.func @use_of_one_row_of_panels(%l: index) {
  // expected-error@+1 {{expects the type of @w without its first dimension, '!tenon.weight<7x3, <f32>, <16x1>>', but got '!tenon.weight<3, <f32>>'}}
  %w = tenon.weight_ref @w[%l] : !tenon.weight<3, <f32>>
  return
}

// -----

// C5
// expected-error@+1 {{expects not to be derived from itself}}
tenon.derive @cast_of_itself = cast [@cast_of_itself] : !tenon.weight<7x3, <bf16>>

// -----

// C5
tenon.weight @a "a" : !tenon.weight<7x3, <bf16>>
tenon.derive @outside = concat_rows [@a, @circle_of_two] : !tenon.weight<14x3, <bf16>>
// expected-error@+1 {{expects not to be derived from itself}}
tenon.derive @circle_of_two = cast [@other_half] : !tenon.weight<7x3, <bf16>>
tenon.derive @other_half = cast [@circle_of_two] : !tenon.weight<7x3, <bf16>>
