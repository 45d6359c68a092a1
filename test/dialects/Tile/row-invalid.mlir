// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
func.func @norm_into_other_shape(%x: memref<1x64xf32>, %w: !tenon.weight<64, <f32>>, %o: memref<2x64xf32>) {
  // expected-error@+1 {{expects input and outs to have the same shape, with a static last dimension, but got 'memref<1x64xf32>' and 'memref<2x64xf32>'}}
  tile.norm rms %x, %w eps 1.0e-6 into %o
      : memref<1x64xf32>, !tenon.weight<64, <f32>> into memref<2x64xf32>
  return
}

// -----

// C1
func.func @norm_of_dynamic_rows(%x: memref<1x?xf32>, %w: !tenon.weight<64, <f32>>, %o: memref<1x?xf32>) {
  // expected-error@+1 {{expects input and outs to have the same shape, with a static last dimension, but got 'memref<1x?xf32>' and 'memref<1x?xf32>'}}
  tile.norm rms %x, %w eps 1.0e-6 into %o
      : memref<1x?xf32>, !tenon.weight<64, <f32>> into memref<1x?xf32>
  return
}

// -----

// C1
func.func @norm_of_a_scalar(%x: memref<f32>, %w: !tenon.weight<64, <f32>>, %o: memref<f32>) {
  // expected-error@+1 {{expects input and outs to have the same shape, with a static last dimension, but got 'memref<f32>' and 'memref<f32>'}}
  tile.norm rms %x, %w eps 1.0e-6 into %o
      : memref<f32>, !tenon.weight<64, <f32>> into memref<f32>
  return
}

// -----

// C2
func.func @norm_with_weight_longer_than_row(%x: memref<1x64xf32>, %w: !tenon.weight<65, <f32>>, %o: memref<1x64xf32>) {
  // expected-error@+1 {{expects weight to be no longer than a row, but got 65 and 64}}
  tile.norm rms %x, %w eps 1.0e-6 into %o
      : memref<1x64xf32>, !tenon.weight<65, <f32>> into memref<1x64xf32>
  return
}

// -----

// C3
func.func @norm_with_bias_of_other_length(%x: memref<1x64xf32>, %w: !tenon.weight<64, <f32>>, %o: memref<1x64xf32>, %b: !tenon.weight<63, <f32>>) {
  // expected-error@+1 {{expects bias to be as long as weight, and none with order cast_then_scale, but got 63 and 64 with order scale_then_cast}}
  tile.norm rms %x, %w bias %b : !tenon.weight<63, <f32>> eps 1.0e-6 into %o
      : memref<1x64xf32>, !tenon.weight<64, <f32>> into memref<1x64xf32>
  return
}

// -----

// C3
func.func @norm_with_bias_after_cast(%x: memref<1x64xf32>, %w: !tenon.weight<64, <f32>>, %o: memref<1x64xf32>, %b: !tenon.weight<64, <f32>>) {
  // expected-error@+1 {{expects bias to be as long as weight, and none with order cast_then_scale, but got 64 and 64 with order cast_then_scale}}
  tile.norm rms %x, %w bias %b : !tenon.weight<64, <f32>> eps 1.0e-6 order cast_then_scale into %o
      : memref<1x64xf32>, !tenon.weight<64, <f32>> into memref<1x64xf32>
  return
}

// -----

// C1
func.func @rope_into_other_shape(%q: memref<1x4x24xf32>, %p: index, %t: !tenon.weight<257x8, <f32>>, %o: memref<1x3x24xf32>) {
  // expected-error@+1 {{expects input and outs to have the same static shape, with rows, but got 'memref<1x4x24xf32>' and 'memref<1x3x24xf32>'}}
  tile.rope %q at %p last <dims = 8, pairing = half, theta = 1.0e4 : f64>, %t into %o
      : memref<1x4x24xf32>, !tenon.weight<257x8, <f32>> into memref<1x3x24xf32>
  return
}

// -----

// C1
func.func @rope_of_dynamic_heads(%q: memref<1x?x24xf32>, %p: index, %t: !tenon.weight<257x8, <f32>>, %o: memref<1x?x24xf32>) {
  // expected-error@+1 {{expects input and outs to have the same static shape, with rows, but got 'memref<1x?x24xf32>' and 'memref<1x?x24xf32>'}}
  tile.rope %q at %p last <dims = 8, pairing = half, theta = 1.0e4 : f64>, %t into %o
      : memref<1x?x24xf32>, !tenon.weight<257x8, <f32>> into memref<1x?x24xf32>
  return
}

// -----

// C1
func.func @rope_of_a_scalar(%q: memref<f32>, %p: index, %t: !tenon.weight<257x8, <f32>>, %o: memref<f32>) {
  // expected-error@+1 {{expects input and outs to have the same static shape, with rows, but got 'memref<f32>' and 'memref<f32>'}}
  tile.rope %q at %p last <dims = 8, pairing = half, theta = 1.0e4 : f64>, %t into %o
      : memref<f32>, !tenon.weight<257x8, <f32>> into memref<f32>
  return
}

// -----

// C2
func.func @rope_with_table_of_other_width(%q: memref<1x4x24xf32>, %p: index, %t: !tenon.weight<257x6, <f32>>, %o: memref<1x4x24xf32>) {
  // expected-error@+1 {{expects a table of 8 columns and rows no shorter, but got '!tenon.weight<257x6, <f32>>' and 'memref<1x4x24xf32>'}}
  tile.rope %q at %p last <dims = 8, pairing = half, theta = 1.0e4 : f64>, %t into %o
      : memref<1x4x24xf32>, !tenon.weight<257x6, <f32>> into memref<1x4x24xf32>
  return
}

// -----

// C2
func.func @rope_of_short_rows(%q: memref<1x4x7xf32>, %p: index, %t: !tenon.weight<257x8, <f32>>, %o: memref<1x4x7xf32>) {
  // expected-error@+1 {{expects a table of 8 columns and rows no shorter, but got '!tenon.weight<257x8, <f32>>' and 'memref<1x4x7xf32>'}}
  tile.rope %q at %p last <dims = 8, pairing = half, theta = 1.0e4 : f64>, %t into %o
      : memref<1x4x7xf32>, !tenon.weight<257x8, <f32>> into memref<1x4x7xf32>
  return
}

// -----

// C1
func.func @embed_into_other_width(%t: index, %w: !tenon.weight<100x64, <bf16>>, %o: memref<1x63xf32>) {
  // expected-error@+1 {{expects a static row of 64 columns, but got 'memref<1x63xf32>'}}
  tile.embed %t, %w into %o : !tenon.weight<100x64, <bf16>> into memref<1x63xf32>
  return
}

// -----

// C1
func.func @embed_into_two_rows(%t: index, %w: !tenon.weight<100x64, <bf16>>, %o: memref<2x64xf32>) {
  // expected-error@+1 {{expects a static row of 64 columns, but got 'memref<2x64xf32>'}}
  tile.embed %t, %w into %o : !tenon.weight<100x64, <bf16>> into memref<2x64xf32>
  return
}

// -----

// C1
func.func @embed_into_dynamic_rows(%t: index, %w: !tenon.weight<100x64, <bf16>>, %o: memref<?x64xf32>) {
  // expected-error@+1 {{expects a static row of 64 columns, but got 'memref<?x64xf32>'}}
  tile.embed %t, %w into %o : !tenon.weight<100x64, <bf16>> into memref<?x64xf32>
  return
}

// -----

// C1
func.func @embed_into_a_vector(%t: index, %w: !tenon.weight<100x64, <bf16>>, %o: memref<64xf32>) {
  // expected-error@+1 {{expects a static row of 64 columns, but got 'memref<64xf32>'}}
  tile.embed %t, %w into %o : !tenon.weight<100x64, <bf16>> into memref<64xf32>
  return
}

// -----

// C1
func.func @route_with_two_rows(%l: memref<2x8xf32>, %i: memref<1x3xi32>, %w: memref<1x3xf32>) {
  // expected-error@+1 {{expects a static row of logits and two outs of 1x3, but got 'memref<2x8xf32>' and 'memref<1x3xi32>', 'memref<1x3xf32>'}}
  tile.route softmax %l top 3 scale 1.0 into %i, %w : memref<2x8xf32> into memref<1x3xi32>, memref<1x3xf32>
  return
}

// -----

// C1
func.func @route_with_dynamic_logits(%l: memref<1x?xf32>, %i: memref<1x3xi32>, %w: memref<1x3xf32>) {
  // expected-error@+1 {{expects a static row of logits and two outs of 1x3, but got 'memref<1x?xf32>' and 'memref<1x3xi32>', 'memref<1x3xf32>'}}
  tile.route softmax %l top 3 scale 1.0 into %i, %w : memref<1x?xf32> into memref<1x3xi32>, memref<1x3xf32>
  return
}

// -----

// C1
func.func @route_with_other_choices(%l: memref<1x8xf32>, %i: memref<1x2xi32>, %w: memref<1x3xf32>) {
  // expected-error@+1 {{expects a static row of logits and two outs of 1x3, but got 'memref<1x8xf32>' and 'memref<1x2xi32>', 'memref<1x3xf32>'}}
  tile.route softmax %l top 3 scale 1.0 into %i, %w : memref<1x8xf32> into memref<1x2xi32>, memref<1x3xf32>
  return
}

// -----

// C1
func.func @route_with_other_weights(%l: memref<1x8xf32>, %i: memref<1x3xi32>, %w: memref<3xf32>) {
  // expected-error@+1 {{expects a static row of logits and two outs of 1x3, but got 'memref<1x8xf32>' and 'memref<1x3xi32>', 'memref<3xf32>'}}
  tile.route softmax %l top 3 scale 1.0 into %i, %w : memref<1x8xf32> into memref<1x3xi32>, memref<3xf32>
  return
}

// -----

// C1
func.func @route_into_one_out(%l: memref<1x8xf32>, %i: memref<1x3xi32>) {
  // expected-error@+1 {{expects a static row of logits and two outs of 1x3, but got 'memref<1x8xf32>' and 'memref<1x3xi32>'}}
  tile.route softmax %l top 3 scale 1.0 into %i : memref<1x8xf32> into memref<1x3xi32>
  return
}

// -----

// C1
func.func @group_into_two_outs(%id: memref<?x2xi32>, %a: memref<?xi32>, %b: memref<?x2xi32>) {
  // expected-error@+1 {{expects three outs, the last of them static, but got 'memref<?xi32>', 'memref<?x2xi32>'}}
  tile.moe_dispatch %id into %a, %b : memref<?x2xi32> into memref<?xi32>, memref<?x2xi32>
  return
}

// -----

// C1
func.func @group_with_dynamic_offsets(%id: memref<?x2xi32>, %a: memref<?xi32>, %b: memref<?x2xi32>) {
  // expected-error@+1 {{expects three outs, the last of them static, but got 'memref<?xi32>', 'memref<?x2xi32>', 'memref<?xi32>'}}
  tile.moe_dispatch %id into %a, %b, %a : memref<?x2xi32> into memref<?xi32>, memref<?x2xi32>, memref<?xi32>
  return
}

// -----

// C1
func.func @combine_into_other_width(%d: memref<?x64xf32>, %p: memref<?x2xi32>, %w: memref<?x2xf32>, %t: index, %x: memref<1x63xf32>) {
  // expected-error@+1 {{expects a static row with as many columns as input, but got 'memref<1x63xf32>' and 'memref<?x64xf32>'}}
  tile.moe_combine %d, %p, %w of %t into %x : memref<?x64xf32>, memref<?x2xi32>, memref<?x2xf32> into memref<1x63xf32>
  return
}

// -----

// C1
func.func @combine_into_two_rows(%d: memref<?x64xf32>, %p: memref<?x2xi32>, %w: memref<?x2xf32>, %t: index, %x: memref<2x64xf32>) {
  // expected-error@+1 {{expects a static row with as many columns as input, but got 'memref<2x64xf32>' and 'memref<?x64xf32>'}}
  tile.moe_combine %d, %p, %w of %t into %x : memref<?x64xf32>, memref<?x2xi32>, memref<?x2xf32> into memref<2x64xf32>
  return
}

// -----

// C1
func.func @combine_into_dynamic_width(%d: memref<?x64xf32>, %p: memref<?x2xi32>, %w: memref<?x2xf32>, %t: index, %x: memref<1x?xf32>) {
  // expected-error@+1 {{expects a static row with as many columns as input, but got 'memref<1x?xf32>' and 'memref<?x64xf32>'}}
  tile.moe_combine %d, %p, %w of %t into %x : memref<?x64xf32>, memref<?x2xi32>, memref<?x2xf32> into memref<1x?xf32>
  return
}

// -----

// C1
func.func @combine_into_width_of_a_scalar(%d: memref<f32>, %p: memref<?x2xi32>, %w: memref<?x2xf32>, %t: index, %x: memref<1x64xf32>) {
  // expected-error@+1 {{expects a static row with as many columns as input, but got 'memref<1x64xf32>' and 'memref<f32>'}}
  tile.moe_combine %d, %p, %w of %t into %x : memref<f32>, memref<?x2xi32>, memref<?x2xf32> into memref<1x64xf32>
  return
}

// -----

// C1
func.func @fill_with_another_type(%v: f16, %o: memref<1x64xf32>) {
  // expected-error@+1 {{expects value to have the element type of outs, but got 'f16' and 'f32'}}
  tile.fill %v into %o : f16 into memref<1x64xf32>
  return
}

// -----

// C1
func.func @convert_to_the_same(%x: memref<1x64xf32>, %o: memref<1x64xf32>) {
  // expected-error@+1 {{expects input and outs to have the same shape, and floats of different types, but got 'memref<1x64xf32>' and 'memref<1x64xf32>'}}
  tile.convert %x into %o : memref<1x64xf32> into memref<1x64xf32>
  return
}

// -----

// C1
func.func @convert_another_shape(%x: memref<1x64xf32>, %o: memref<64xbf16>) {
  // expected-error@+1 {{expects input and outs to have the same shape, and floats of different types, but got 'memref<1x64xf32>' and 'memref<64xbf16>'}}
  tile.convert %x into %o : memref<1x64xf32> into memref<64xbf16>
  return
}

// -----

// C1
func.func @convert_integers(%x: memref<1x64xi32>, %o: memref<1x64xf32>) {
  // expected-error@+1 {{expects input and outs to have the same shape, and floats of different types, but got 'memref<1x64xi32>' and 'memref<1x64xf32>'}}
  tile.convert %x into %o : memref<1x64xi32> into memref<1x64xf32>
  return
}
