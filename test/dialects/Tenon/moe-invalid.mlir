// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
func.func @router_with_uneven_groups(%lg: tensor<?x8xf32>) {
  // expected-error@+1 {{expects the number of experts to be a multiple of groups, but got 8 and 3}}
  %id, %wt = tenon.router softmax %lg groups 3 top 1 scale 1.0
      : tensor<?x8xf32> -> tensor<?x1xi32>, tensor<?x1xf32>
  return
}

// -----

// C1
func.func @router_without_groups(%lg: tensor<?x8xf32>) {
  // expected-error@+1 {{expects the number of experts to be a multiple of groups, but got 8 and 0}}
  %id, %wt = tenon.router softmax %lg groups 0 top 1 scale 1.0
      : tensor<?x8xf32> -> tensor<?x1xi32>, tensor<?x1xf32>
  return
}

// -----

// C1
func.func @router_with_lonely_experts(%lg: tensor<?x8xf32>) {
  // expected-error@+1 {{expects groups of at least two experts for top2sum, but got 1}}
  %id, %wt = tenon.router softmax %lg groups 8 by top2sum top 1 scale 1.0
      : tensor<?x8xf32> -> tensor<?x1xi32>, tensor<?x1xf32>
  return
}

// -----

// C2
func.func @router_that_keeps_too_much(%lg: tensor<?x8xf32>) {
  // expected-error@+1 {{expects keep to lie between 1 and groups, but got 5 and 4}}
  %id, %wt = tenon.router softmax %lg groups 4 keep 5 top 1 scale 1.0
      : tensor<?x8xf32> -> tensor<?x1xi32>, tensor<?x1xf32>
  return
}

// -----

// C2
func.func @router_that_keeps_nothing(%lg: tensor<?x8xf32>) {
  // expected-error@+1 {{expects keep to lie between 1 and groups, but got 0 and 4}}
  %id, %wt = tenon.router softmax %lg groups 4 keep 0 top 1 scale 1.0
      : tensor<?x8xf32> -> tensor<?x1xi32>, tensor<?x1xf32>
  return
}

// -----

// C3
func.func @router_that_chooses_too_many(%lg: tensor<?x8xf32>) {
  // expected-error@+1 {{expects top to lie between 1 and the number of experts kept, but got 5 and 4}}
  %id, %wt = tenon.router softmax %lg groups 4 keep 2 top 5 scale 1.0
      : tensor<?x8xf32> -> tensor<?x5xi32>, tensor<?x5xf32>
  return
}

// -----

// C3
func.func @router_that_chooses_none(%lg: tensor<?x8xf32>) {
  // expected-error@+1 {{expects top to lie between 1 and the number of experts kept, but got 0 and 8}}
  %id, %wt = tenon.router softmax %lg top 0 scale 1.0
      : tensor<?x8xf32> -> tensor<?x0xi32>, tensor<?x0xf32>
  return
}

// -----

// C3
func.func @router_with_other_columns(%lg: tensor<?x8xf32>) {
  // expected-error@+1 {{expects top and a result to agree on choices of a token, but got 3 and 2}}
  %id, %wt = tenon.router softmax %lg top 3 scale 1.0
      : tensor<?x8xf32> -> tensor<?x3xi32>, tensor<?x2xf32>
  return
}

// -----

// C4
func.func @router_with_bias_of_other_length(%lg: tensor<?x8xf32>, %b: !tenon.weight<7, <f32>>) {
  // expected-error@+1 {{expects logits and bias to agree on number of experts, but got 8 and 7}}
  %id, %wt = tenon.router softmax %lg bias %b : !tenon.weight<7, <f32>> top 1 scale 1.0
      : tensor<?x8xf32> -> tensor<?x1xi32>, tensor<?x1xf32>
  return
}

// -----

// C5
func.func @router_with_other_tokens(%lg: tensor<2x8xf32>) {
  // expected-error@+1 {{expects logits and a result to agree on number of tokens, but got 2 and 3}}
  %id, %wt = tenon.router softmax %lg top 1 scale 1.0
      : tensor<2x8xf32> -> tensor<3x1xi32>, tensor<2x1xf32>
  return
}

// -----

// C1
func.func @experts_with_other_up(%x: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
    %g: !tenon.weight<8x24x64, <bf16>>, %u: !tenon.weight<8x25x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>) {
  // expected-error@+1 {{expects gate and up to agree on shape, but got '!tenon.weight<8x24x64, <bf16>>' and '!tenon.weight<8x25x64, <bf16>>'}}
  %y = tenon.experts silu %x, %id, %wt, %g, %u, %d
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>,
       !tenon.weight<8x25x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return
}

// -----

// C2
func.func @experts_with_down_not_swapped(%x: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
    %g: !tenon.weight<8x24x64, <bf16>>, %u: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x24x64, <bf16>>) {
  // expected-error@+1 {{expects down to have the shape of gate with its last dimensions swapped, but got '!tenon.weight<8x24x64, <bf16>>' and '!tenon.weight<8x24x64, <bf16>>'}}
  %y = tenon.experts silu %x, %id, %wt, %g, %u, %d
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>,
       !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>
  return
}

// -----

// C3
func.func @experts_with_input_of_other_length(%x: tensor<?x63xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
    %g: !tenon.weight<8x24x64, <bf16>>, %u: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>) {
  // expected-error@+1 {{expects input and gate to agree on row length, but got 63 and 64}}
  %y = tenon.experts silu %x, %id, %wt, %g, %u, %d
     : tensor<?x63xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>,
       !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return
}

// -----

// C4
func.func @experts_with_other_choices(%x: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x3xf32>,
    %g: !tenon.weight<8x24x64, <bf16>>, %u: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>) {
  // expected-error@+1 {{expects choice and weights to agree on choices of a token, but got 2 and 3}}
  %y = tenon.experts silu %x, %id, %wt, %g, %u, %d
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x3xf32>, !tenon.weight<8x24x64, <bf16>>,
       !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return
}

// -----

// C4
func.func @experts_with_other_tokens(%x: tensor<5x64xf32>, %id: tensor<5x2xi32>, %wt: tensor<6x2xf32>,
    %g: !tenon.weight<8x24x64, <bf16>>, %u: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>) {
  // expected-error@+1 {{expects input, choice and weights to agree on number of tokens, but got 5 and 6}}
  %y = tenon.experts silu %x, %id, %wt, %g, %u, %d
     : tensor<5x64xf32>, tensor<5x2xi32>, tensor<6x2xf32>, !tenon.weight<8x24x64, <bf16>>,
       !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return
}

// -----

// C1
func.func @group_with_other_places(%id: tensor<?x2xi32>) {
  // expected-error@+1 {{expects choice and place to agree on shape, but got 2 and 3}}
  %order, %place, %offs = tenon.moe_dispatch %id
      : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x3xi32>, tensor<9xi32>
  return
}

// -----

// C1
func.func @group_with_places_of_other_tokens(%id: tensor<4x2xi32>) {
  // expected-error@+1 {{expects choice and place to agree on shape, but got 4 and 8}}
  %order, %place, %offs = tenon.moe_dispatch %id
      : tensor<4x2xi32> -> tensor<8xi32>, tensor<8x2xi32>, tensor<9xi32>
  return
}

// -----

// C2
func.func @group_without_experts(%id: tensor<?x2xi32>) {
  // expected-error@+1 {{expects offsets to have at least two elements, but got 1}}
  %order, %place, %offs = tenon.moe_dispatch %id
      : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<1xi32>
  return
}

// -----

// C1
func.func @grouped_linear_with_input_of_other_length(%x: tensor<?x65xf32>, %offs: tensor<9xi32>,
                                                     %w: !tenon.weight<8x48x64, <bf16>>) {
  // expected-error@+1 {{expects input and weight to agree on row length, but got 65 and 64}}
  %a = tenon.grouped_linear %x of %offs, %w
      : tensor<?x65xf32>, tensor<9xi32>, !tenon.weight<8x48x64, <bf16>> -> tensor<?x48xf32>
  return
}

// -----

// C2
func.func @grouped_linear_with_result_of_both_halves(%x: tensor<?x64xf32>, %offs: tensor<9xi32>,
                                                     %w: !tenon.weight<8x48x64, <bf16>>) {
  // expected-error@+1 {{expects weight and result to agree on number of outputs, but got 24 and 48}}
  %a = tenon.grouped_linear %x of %offs, %w glu relu
      : tensor<?x64xf32>, tensor<9xi32>, !tenon.weight<8x48x64, <bf16>> -> tensor<?x48xf32>
  return
}

// -----

// C2
func.func @grouped_linear_with_odd_rows_and_glu(%x: tensor<?x64xf32>, %offs: tensor<9xi32>,
                                                %w: !tenon.weight<8x47x64, <bf16>>) {
  // expected-error@+1 {{expects an even number of weight rows with glu, but got 47}}
  %a = tenon.grouped_linear %x of %offs, %w glu relu
      : tensor<?x64xf32>, tensor<9xi32>, !tenon.weight<8x47x64, <bf16>> -> tensor<?x23xf32>
  return
}

// -----

// C3
func.func @grouped_linear_with_other_experts(%x: tensor<?x64xf32>, %offs: tensor<8xi32>,
                                             %w: !tenon.weight<8x48x64, <bf16>>) {
  // expected-error@+1 {{expects weight and offsets to agree on number of experts and one more, but got 9 and 8}}
  %a = tenon.grouped_linear %x of %offs, %w
      : tensor<?x64xf32>, tensor<8xi32>, !tenon.weight<8x48x64, <bf16>> -> tensor<?x48xf32>
  return
}

// -----

// C4
func.func @grouped_linear_with_no_choices(%x: tensor<?x64xf32>, %order: tensor<?xi32>, %offs: tensor<9xi32>,
                                          %w: !tenon.weight<8x48x64, <bf16>>) {
  // expected-error@+1 {{expects choices to be positive with order and absent without, but got 0}}
  %a = tenon.grouped_linear %x rows %order : tensor<?xi32> choices 0 of %offs, %w
      : tensor<?x64xf32>, tensor<9xi32>, !tenon.weight<8x48x64, <bf16>> -> tensor<?x48xf32>
  return
}

// -----

// C4
/// The syntax of tenon.grouped_linear has no choices without an order.
func.func @choices_without_order(%x: tensor<?x64xf32>, %offs: tensor<9xi32>, %w: !tenon.weight<8x48x64, <bf16>>) {
  // expected-error@+1 {{expects choices to be positive with order and absent without, but got -2}}
  %a = "tenon.grouped_linear"(%x, %offs, %w) <{choices = -2 : i64, operandSegmentSizes = array<i32: 1, 0, 1, 1, 0>}>
      : (tensor<?x64xf32>, tensor<9xi32>, !tenon.weight<8x48x64, <bf16>>) -> tensor<?x48xf32>
  return
}

// -----

// C5
func.func @grouped_linear_with_short_bias(%x: tensor<?x64xf32>, %offs: tensor<9xi32>,
                                          %w: !tenon.weight<8x48x64, <bf16>>, %b: !tenon.weight<8x24x1, <f32>>) {
  // expected-error@+1 {{expects a bias with the shape of weight, but one column, but got '!tenon.weight<8x24x1, <f32>>' and '!tenon.weight<8x48x64, <bf16>>'}}
  %a = tenon.grouped_linear %x of %offs, %w bias %b : !tenon.weight<8x24x1, <f32>> glu silu
      : tensor<?x64xf32>, tensor<9xi32>, !tenon.weight<8x48x64, <bf16>> -> tensor<?x24xf32>
  return
}

// -----

// C5
func.func @experts_with_biases_of_two_columns(%x: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
    %g: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>,
    %gb: !tenon.weight<8x24x1, <f32>>, %db: !tenon.weight<8x64x2, <f32>>) {
  // expected-error@+1 {{expects a bias with the shape of its projection, but one column, but got '!tenon.weight<8x64x2, <f32>>' and '!tenon.weight<8x64x24, <bf16>>'}}
  %y = tenon.experts silu %x, %id, %wt, %g, %g, %d
       bias %gb : !tenon.weight<8x24x1, <f32>>, %gb : !tenon.weight<8x24x1, <f32>>, %db : !tenon.weight<8x64x2, <f32>>
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>,
       !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return
}

// -----

// C5
func.func @experts_with_one_bias(%x: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
    %g: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>, %db: !tenon.weight<8x64x1, <f32>>) {
  // expected-error@+1 {{expects biases of all projections or of none}}
  %y = "tenon.experts"(%x, %id, %wt, %g, %g, %d, %db) <{
      activation = [0 : i32, 1.0 : f32, 0.0 : f32, 0x7f800000 : f32],
      operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 0, 1>}>
      : (tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<8x24x64, <bf16>>,
         !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>, !tenon.weight<8x64x1, <f32>>)
      -> tensor<?x64xf32>
  return
}

// -----

// C1
func.func @combine_with_rows_of_other_length(%dn: tensor<?x64xf32>, %place: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
                                             %x: tensor<?x63xf32>) {
  // expected-error@+1 {{expects input and init to agree on row length, but got 64 and 63}}
  %y = tenon.moe_combine %dn, %place, %wt init %x
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x63xf32>
  return
}

// -----

// C2
func.func @combine_with_other_choices(%dn: tensor<?x64xf32>, %place: tensor<?x2xi32>, %wt: tensor<?x1xf32>,
                                      %x: tensor<?x64xf32>) {
  // expected-error@+1 {{expects place and weights to agree on shape, but got 2 and 1}}
  %y = tenon.moe_combine %dn, %place, %wt init %x
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x1xf32>, tensor<?x64xf32>
  return
}

// -----

// C2
func.func @combine_with_other_tokens(%dn: tensor<?x64xf32>, %place: tensor<3x2xi32>, %wt: tensor<3x2xf32>,
                                     %x: tensor<4x64xf32>) {
  // expected-error@+1 {{expects place and init to agree on number of tokens, but got 3 and 4}}
  %y = tenon.moe_combine %dn, %place, %wt init %x
     : tensor<?x64xf32>, tensor<3x2xi32>, tensor<3x2xf32>, tensor<4x64xf32>
  return
}

// -----

// Weights of experts are stacks of matrices, one for each expert.
func.func @experts_with_one_matrix(%x: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
    %g: !tenon.weight<24x64, <bf16>>, %u: !tenon.weight<24x64, <bf16>>, %d: !tenon.weight<64x24, <bf16>>) {
  // expected-error@+1 {{operand #3 must be stack of weight matrices}}
  %y = tenon.experts silu %x, %id, %wt, %g, %u, %d
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<24x64, <bf16>>,
       !tenon.weight<24x64, <bf16>>, !tenon.weight<64x24, <bf16>>
  return
}

// -----

func.func @grouped_linear_with_one_matrix(%x: tensor<?x64xf32>, %offs: tensor<9xi32>,
                                          %w: !tenon.weight<48x64, <bf16>>) {
  // expected-error@+1 {{operand #2 must be stack of weight matrices}}
  %a = tenon.grouped_linear %x of %offs, %w
      : tensor<?x64xf32>, tensor<9xi32>, !tenon.weight<48x64, <bf16>> -> tensor<?x48xf32>
  return
}

// -----

// C6
func.func @scaled_input_of_two_experts(%x: tensor<?x64xf32>, %id: tensor<?x2xi32>, %wt: tensor<?x2xf32>,
                                       %g: !tenon.weight<8x24x64, <bf16>>, %d: !tenon.weight<8x64x24, <bf16>>) {
  // expected-error@+1 {{expects one expert of each token with scale_input, but got 2}}
  %y = tenon.experts silu %x, %id, %wt, %g, %g, %d scale_input
     : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32>,
       !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x24x64, <bf16>>, !tenon.weight<8x64x24, <bf16>>
  return
}
