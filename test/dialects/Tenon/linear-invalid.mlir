// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
func.func @embedding_of_other_width(%tok: tensor<?xi32>, %w: !tenon.weight<100x64, <bf16>>) {
  // expected-error@+1 {{expects table and result to agree on row length, but got 64 and 65}}
  %x = tenon.embedding %tok, %w : tensor<?xi32>, !tenon.weight<100x64, <bf16>> -> tensor<?x65xf32>
  return
}

// -----

// C2
func.func @embedding_of_other_tokens(%tok: tensor<3xi32>, %w: !tenon.weight<100x64, <bf16>>) {
  // expected-error@+1 {{expects tokens and result to agree on number of tokens, but got 3 and 4}}
  %x = tenon.embedding %tok, %w : tensor<3xi32>, !tenon.weight<100x64, <bf16>> -> tensor<4x64xf32>
  return
}

// -----

// C1
func.func @linear_with_input_of_other_length(%h: tensor<?x4x15xf32>, %w: !tenon.weight<96x64, <bf16>>) {
  // expected-error@+1 {{expects input and weight to agree on row length, but got 60 and 64}}
  %y = tenon.linear %h, %w : tensor<?x4x15xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x96xf32>
  return
}

// -----

// C2
func.func @linear_with_result_of_other_length(%h: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>>) {
  // expected-error@+1 {{expects weight and result to agree on number of outputs, but got 96 and 80}}
  %y = tenon.linear %h, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x5x16xf32>
  return
}

// -----

// C2
func.func @linear_with_result_of_both_halves(%h: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>>) {
  // expected-error@+1 {{expects weight and result to agree on number of outputs, but got 48 and 96}}
  %y = tenon.linear %h, %w glu silu : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x96xf32>
  return
}

// -----

// C2
func.func @linear_with_odd_rows_and_glu(%h: tensor<?x64xf32>, %w: !tenon.weight<97x64, <bf16>>) {
  // expected-error@+1 {{expects an even number of weight rows with glu, but got 97}}
  %y = tenon.linear %h, %w glu silu : tensor<?x64xf32>, !tenon.weight<97x64, <bf16>> -> tensor<?x48xf32>
  return
}

// -----

// C3
func.func @linear_with_bias_of_other_length(%h: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>>,
                                            %b: !tenon.weight<48, <f32>>) {
  // expected-error@+1 {{expects weight and bias to agree on number of outputs, but got 96 and 48}}
  %y = tenon.linear %h, %w bias %b glu silu
     : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>>, !tenon.weight<48, <f32>> -> tensor<?x48xf32>
  return
}

// -----

// C4
func.func @linear_with_other_tokens(%h: tensor<1x64xf32>, %w: !tenon.weight<96x64, <bf16>>) {
  // expected-error@+1 {{expects input and result to agree on number of tokens, but got 1 and 2}}
  %y = tenon.linear %h, %w : tensor<1x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<2x96xf32>
  return
}

// -----

/// What a weight is, is held by the definition of the op.
func.func @linear_with_stack(%h: tensor<?x64xf32>, %w: !tenon.weight<2x96x64, <bf16>>) {
  // expected-error@+1 {{operand #1 must be weight matrix, but got '!tenon.weight<2x96x64, <bf16>>'}}
  %y = tenon.linear %h, %w : tensor<?x64xf32>, !tenon.weight<2x96x64, <bf16>> -> tensor<?x96xf32>
  return
}

// -----

// C1
func.func @head_linear_with_heads_of_input(%q: tensor<?x5x16xf32>, %w: !tenon.weight<4x32x16, <bf16>>) {
  // expected-error@+1 {{expects weight and its operands to agree on head count, but got 4 and 5}}
  %a = tenon.head_linear %q, %w : tensor<?x5x16xf32>, !tenon.weight<4x32x16, <bf16>> -> tensor<?x4x32xf32>
  return
}

// -----

// C1
func.func @head_linear_with_heads_of_result(%q: tensor<?x4x16xf32>, %w: !tenon.weight<4x32x16, <bf16>>) {
  // expected-error@+1 {{expects weight and its operands to agree on head count, but got 4 and 3}}
  %a = tenon.head_linear %q, %w : tensor<?x4x16xf32>, !tenon.weight<4x32x16, <bf16>> -> tensor<?x3x32xf32>
  return
}

// -----

// C2
func.func @head_linear_that_keeps_nothing(%q: tensor<?x4x24xf32>, %w: !tenon.weight<4x32x16, <bf16>>) {
  // expected-error@+1 {{expects a head of input to have 16 elements, but got 24}}
  %a = tenon.head_linear %q, %w : tensor<?x4x24xf32>, !tenon.weight<4x32x16, <bf16>> -> tensor<?x4x32xf32>
  return
}

// -----

// C2
func.func @head_linear_with_short_heads(%q: tensor<?x4x15xf32>, %w: !tenon.weight<4x32x16, <bf16>>) {
  // expected-error@+1 {{expects a head of input to have at least 16 elements, but got 15}}
  %a = tenon.head_linear %q, %w keep : tensor<?x4x15xf32>, !tenon.weight<4x32x16, <bf16>> -> tensor<?x4x31xf32>
  return
}

// -----

// C3
func.func @head_linear_with_other_size(%q: tensor<?x4x24xf32>, %w: !tenon.weight<4x32x16, <bf16>>) {
  // expected-error@+1 {{expects weight and result to agree on head size, but got 40 and 32}}
  %a = tenon.head_linear %q, %w keep : tensor<?x4x24xf32>, !tenon.weight<4x32x16, <bf16>> -> tensor<?x4x32xf32>
  return
}

// -----

// C4
func.func @head_linear_with_other_tokens(%q: tensor<5x4x16xf32>, %w: !tenon.weight<4x32x16, <bf16>>) {
  // expected-error@+1 {{expects input and result to agree on number of tokens, but got 5 and 7}}
  %a = tenon.head_linear %q, %w : tensor<5x4x16xf32>, !tenon.weight<4x32x16, <bf16>> -> tensor<7x4x32xf32>
  return
}

// -----

// C1
func.func @gather_rows_of_other_length(%x: tensor<?x64xf32>, %rows: tensor<?xi32>) {
  // expected-error@+1 {{expects input and result to agree on row length, but got 64 and 32}}
  %h = tenon.gather_rows %x, %rows : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return
}

// -----

// C2
func.func @gather_rows_of_other_number(%x: tensor<?x64xf32>, %rows: tensor<2xi32>) {
  // expected-error@+1 {{expects rows and result to agree on number of rows, but got 2 and 3}}
  %h = tenon.gather_rows %x, %rows : tensor<?x64xf32>, tensor<2xi32> -> tensor<3x64xf32>
  return
}

// -----

/// The definition holds what a parameter may be.
func.func @pointwise_by_a_negative_number(%x: tensor<?x64xf32>) {
  // expected-error@+1 {{attribute 'parameter' failed to satisfy constraint: 32-bit float attribute whose value is positive and normal}}
  %y = tenon.pointwise clamp %x by -8.0 : tensor<?x64xf32>
  return
}

// -----

// A matrix for each head is a stack of them.
func.func @head_linear_with_one_matrix(%q: tensor<?x4x16xf32>, %w: !tenon.weight<32x16, <bf16>>) {
  // expected-error@+1 {{operand #1 must be stack of weight matrices}}
  %a = tenon.head_linear %q, %w : tensor<?x4x16xf32>, !tenon.weight<32x16, <bf16>> -> tensor<?x4x32xf32>
  return
}

// -----

func.func @glu_of_nothing(%g: tensor<?x96xf32>) {
  // expected-error@+2 {{expected an activation function}}
  // expected-error@+1 {{invalid value for property activation, expected gated activation with a positive alpha and a positive limit}}
  %a = tenon.glu %g, %g : tensor<?x96xf32>
  return
}

// -----

func.func @glu_with_unknown_parameter(%g: tensor<?x96xf32>) {
  // expected-error@+2 {{expected alpha, beta or limit}}
  // expected-error@+1 {{invalid value for property activation, expected gated activation with a positive alpha and a positive limit}}
  %a = tenon.glu silu<gamma = 1.0> %g, %g : tensor<?x96xf32>
  return
}

// -----

func.func @glu_with_no_limit(%g: tensor<?x96xf32>) {
  // expected-error@+1 {{gated activation with a positive alpha and a positive limit}}
  %a = tenon.glu silu<limit = 0.0> %g, %g : tensor<?x96xf32>
  return
}

// -----

func.func @linear_with_negative_alpha(%h: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>>) {
  // expected-error@+1 {{gated activation with a positive alpha and a positive limit}}
  %y = tenon.linear %h, %w glu silu<alpha = -1.0> : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x48xf32>
  return
}

// -----

func.func @glu_of_other_attribute(%g: tensor<?x96xf32>) {
  // expected-error@+1 {{expected an activation function, alpha, beta and limit, but got [9 : i32]}}
  %a = "tenon.glu"(%g, %g) <{activation = [9 : i32]}> : (tensor<?x96xf32>, tensor<?x96xf32>) -> tensor<?x96xf32>
  return
}

// -----

// C1
func.func @scale_rows_by_two_factors(%x: tensor<?x96xf32>, %f: tensor<?x2xf32>) {
  // expected-error@+1 {{expects factors to have one column, but got 2}}
  %y = tenon.scale_rows %x by %f : tensor<?x96xf32>, tensor<?x2xf32>
  return
}

// -----

// C2
func.func @scale_rows_of_other_tokens(%x: tensor<3x96xf32>, %f: tensor<4x1xf32>) {
  // expected-error@+1 {{expects input and factors to agree on number of tokens, but got 3 and 4}}
  %y = tenon.scale_rows %x by %f : tensor<3x96xf32>, tensor<4x1xf32>
  return
}

// -----

// C1
func.func @temper_rows_at_no_interval(%q: tensor<?x4x16xf32>, %pos: tensor<?xi32>) {
  // expected-error@+1 {{expects interval to be positive, but got 0}}
  %r = tenon.temper_rows %q at %pos interval 0 slope 0.1 : tensor<?x4x16xf32>, tensor<?xi32>
  return
}

// -----

// C2
func.func @temper_rows_at_other_positions(%q: tensor<3x4x16xf32>, %pos: tensor<4xi32>) {
  // expected-error@+1 {{expects input and positions to agree on number of tokens, but got 3 and 4}}
  %r = tenon.temper_rows %q at %pos interval 8 slope 0.1 : tensor<3x4x16xf32>, tensor<4xi32>
  return
}
