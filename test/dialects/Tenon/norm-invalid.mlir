// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
func.func @weight_longer_than_row(%x: tensor<?x512xf32>, %w: !tenon.weight<640, <f32>>) {
  // expected-error@+1 {{expects weight to be no longer than a row of input, but got 640 and 512}}
  %h = tenon.norm rms %x, %w eps 1.0e-6 : tensor<?x512xf32>, !tenon.weight<640, <f32>>
  return
}

// -----

// C2
func.func @bias_of_other_length(%x: tensor<?x640xf32>, %w: !tenon.weight<640, <f32>>,
                                %b: !tenon.weight<1, <f32>>) {
  // expected-error@+1 {{expects weight and bias to agree on length, but got 640 and 1}}
  %h = tenon.norm layer %x, %w bias %b eps 1.0e-6
     : tensor<?x640xf32>, !tenon.weight<640, <f32>>, !tenon.weight<1, <f32>>
  return
}

// -----

// C3
func.func @bias_after_cast(%x: tensor<?x640xf16>, %w: !tenon.weight<640, <f16>>,
                           %b: !tenon.weight<640, <f16>>) {
  // expected-error@+1 {{expects no bias with order cast_then_scale; add it to the result instead}}
  %h = tenon.norm layer %x, %w bias %b eps 1.0e-6 order cast_then_scale
     : tensor<?x640xf16>, !tenon.weight<640, <f16>>, !tenon.weight<640, <f16>>
  return
}

// -----

/// Rank, element type, eps and the kind of weight are held by the definition.
func.func @list_of_scalars(%x: tensor<?xf32>, %w: !tenon.weight<7, <f32>>) {
  // expected-error@+1 {{operand #0 must be 2D/3D tensor of 16-bit float or bfloat16 type or 32-bit float values, but got 'tensor<?xf32>'}}
  %h = tenon.norm rms %x, %w eps 1.0e-6 : tensor<?xf32>, !tenon.weight<7, <f32>>
  return
}

// -----

func.func @matrix_as_weight(%x: tensor<?x7xf32>, %w: !tenon.weight<7x7, <f32>>) {
  // expected-error@+1 {{operand #1 must be weight vector, but got '!tenon.weight<7x7, <f32>>'}}
  %h = tenon.norm rms %x, %w eps 1.0e-6 : tensor<?x7xf32>, !tenon.weight<7x7, <f32>>
  return
}

// -----

func.func @eps_is_zero(%x: tensor<?x640xf32>, %w: !tenon.weight<640, <f32>>) {
  // expected-error@+1 {{attribute 'eps' failed to satisfy constraint: 32-bit float attribute whose value is positive and normal}}
  %h = tenon.norm rms %x, %w eps 0.0 : tensor<?x640xf32>, !tenon.weight<640, <f32>>
  return
}

// -----

// C2
func.func @bias_without_weight(%x: tensor<?x7xf32>, %b: !tenon.weight<7, <f32>>) {
  // expected-error@+1 {{expects a weight together with bias}}
  %h = "tenon.norm"(%x, %b) <{kind = 1 : i32, eps = 1.0e-6 : f32, operandSegmentSizes = array<i32: 1, 0, 1>}>
     : (tensor<?x7xf32>, !tenon.weight<7, <f32>>) -> tensor<?x7xf32>
  return
}

// -----

// C4
func.func @order_without_weight(%x: tensor<?x7xf32>) {
  // expected-error@+1 {{expects order scale_then_cast without weight, but got one_plus}}
  %h = tenon.norm rms %x eps 1.0e-6 order one_plus : tensor<?x7xf32>
  return
}
