// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
// expected-error@+1 {{expects code f32, f16, bf16, f8E4M3FN, f4E2M1FN, i8 or ui2 to ui8, but got 'f64'}}
func.func private @wide_code() attributes {test.format = #tenon.format<f64>}

// -----

// C1
// expected-error@+1 {{expects code f32, f16, bf16, f8E4M3FN, f4E2M1FN, i8 or ui2 to ui8, but got 'f8E4M3FNUZ'}}
func.func private @other_code_of_eight_bits() attributes {test.format = #tenon.format<f8E4M3FNUZ>}

// -----

// C1
// expected-error@+1 {{expects code f32, f16, bf16, f8E4M3FN, f4E2M1FN, i8 or ui2 to ui8, but got 'ui1'}}
func.func private @code_of_one_bit() attributes {test.format = #tenon.format<ui1, scale f32 per 1x32>}

// -----

// C7
// expected-error@+1 {{expects 4 values for 'ui2', but got 3}}
func.func private @too_few_values() attributes {test.format = #tenon.format<ui2, values [-1, 0, 1], scale f16 per 1x32>}

// -----

// C7
// expected-error@+1 {{expects values beside a code of ui2, ui3 or ui4 without zero, but got 'i8'}}
func.func private @values_of_signed_codes() attributes {test.format = #tenon.format<i8, values [-1, 0, 1, 2], scale f16 per 1x32>}

// -----

// C7
// expected-error@+1 {{expects values beside a code of ui2, ui3 or ui4 without zero, but got 'ui2'}}
func.func private @values_and_zero() attributes {test.format = #tenon.format<ui2, zero 1, values [-1, 0, 1, 2], scale f16 per 1x32>}

// -----

// C2
// expected-error@+1 {{expects factors f32, f16, bf16, f8E8M0FNU, i8 or ui8 per block of at least 1x1, but got 'f64' per 1x32}}
func.func private @scale_of_other_type() attributes {test.format = #tenon.format<i8, scale f64 per 1x32>}

// -----

// C2
// expected-error@+1 {{expects factors f32, f16, bf16, f8E8M0FNU, i8 or ui8 per block of at least 1x1, but got 'f32' per 0x32}}
func.func private @block_without_rows() attributes {test.format = #tenon.format<i8, scale f32 per 0x32>}

// -----

// C2
// expected-error@+1 {{expects factors f32, f16, bf16, f8E8M0FNU, i8 or ui8 per block of at least 1x1, but got 'f32' per 1x0}}
func.func private @block_without_columns() attributes {test.format = #tenon.format<i8, scale f32 per 1x0>}

// -----

// C3
// expected-error@+1 {{expects a scale beside the offset}}
func.func private @offset_without_scale() attributes {test.format = #tenon.format<f8E4M3FN, offset>}

// -----

// C4
// expected-error@+1 {{expects a scale for code 'i8'}}
func.func private @integers_without_scale() attributes {test.format = #tenon.format<i8>}

// -----

// C4
// expected-error@+1 {{expects a scale for code 'f4E2M1FN'}}
func.func private @small_floats_without_scale() attributes {test.format = #tenon.format<f4E2M1FN>}

// -----

// C4
// expected-error@+1 {{expects no scale for code 'bf16'}}
func.func private @floats_with_scale() attributes {test.format = #tenon.format<bf16, scale f32 per 1x32>}

// -----

// C5
// expected-error@+1 {{expects zero to be a number of an unsigned code, but got 16 for 'ui4'}}
func.func private @zero_of_five_bits() attributes {test.format = #tenon.format<ui4, zero 16, scale f16 per 1x32>}

// -----

// C5
// expected-error@+1 {{expects zero to be a number of an unsigned code, but got 1 for 'i8'}}
func.func private @zero_of_signed_codes() attributes {test.format = #tenon.format<i8, zero 1, scale f16 per 1x32>}

// -----

// C5
// expected-error@+1 {{expects zero 128 for code ui8, but got 0}}
func.func private @bytes_beyond_signed_ones() attributes {test.format = #tenon.format<ui8, scale f16 per 1x32, offset>}

// -----

// C6
// expected-error@+1 {{expects columns of factors to divide each other, but got 32 and 48}}
func.func private @blocks_side_by_side() attributes {test.format = #tenon.format<ui4, scale f16 per 1x48, scale ui8 per 1x32>}

// -----

/// A block has two sizes.
// expected-error@+1 {{expects a block of rows x columns, but got 1 sizes}}
func.func private @block_of_one_size() attributes {test.format = #tenon.format<i8, scale f32 per 32>}

// -----

// C1
// expected-error@+1 {{expects a panel of at least 1x1, but got 0x2}}
func.func private @panel_without_rows() attributes {test.panel = #tenon.panel<0x2>}

// -----

// C1
// expected-error@+1 {{expects a panel of at least 1x1, but got 16x0}}
func.func private @panel_without_depth() attributes {test.panel = #tenon.panel<16x0>}

// -----

/// A panel has two sizes.
// expected-error@+1 {{expects a panel of rows x depth, but got 3 sizes}}
func.func private @panel_of_three_sizes() attributes {test.panel = #tenon.panel<16x2x2>}

// -----

// C1
// expected-error@+1 {{expects at least one dimension, and each positive}}
func.func private @weight_without_rows(!tenon.weight<0x64, <bf16>>)

// -----

// C1
// expected-error@+1 {{expects at least one dimension, and each positive}}
func.func private @scalar(!tenon.weight<, <bf16>>)

// -----

// C2
// expected-error@+1 {{expects a matrix for a scale or a panel, but got a vector of 64}}
func.func private @vector_with_scale(!tenon.weight<64, <i8, scale f32 per 1x32>>)

// -----

// C2
// expected-error@+1 {{expects a matrix for a scale or a panel, but got a vector of 64}}
func.func private @vector_in_panels(!tenon.weight<64, <bf16>, <16x2>>)

// -----

// C2
// expected-error@+1 {{expects an even number of rows with pair, but got 15}}
func.func private @odd_pair() attributes {test.panel = #tenon.panel<15x2, pair>}

// -----

// C3: 2^64 elements of 16 bits.
// expected-error@+1 {{expects quantized values of less than 2^56 bits}}
func.func private @overflow(!tenon.weight<4294967296x4294967296, <bf16>>)

// -----

// C3: the first size that is too large.
// expected-error@+1 {{expects quantized values of less than 2^56 bits}}
func.func private @large(!tenon.weight<1048576x4294967296, <bf16>>)

// -----

// C4: four bytes of a row hold eight columns, which a block of 12 does not end with.
// expected-error@+1 {{expects columns that lie together in a panel to share their scales, but got blocks of 12 columns}}
func.func private @split_scales(!tenon.weight<32x9, <ui4, zero 8, scale f16 per 1x12>, <16x4>>)
