// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
// expected-error@+1 {{expects dims to be even and positive, but got 7}}
func.func private @odd_dims() attributes {test.rope = #tenon.rope<dims = 7, pairing = half, theta = 1.0e4 : f64>}

// -----

// C1
// expected-error@+1 {{expects dims to be even and positive, but got 0}}
func.func private @no_dims() attributes {test.rope = #tenon.rope<dims = 0, pairing = half, theta = 1.0e4 : f64>}

// -----

// C1
// expected-error@+1 {{expects theta to be at least 1, but got 5.000000e-01}}
func.func private @small_theta() attributes {test.rope = #tenon.rope<dims = 8, pairing = half, theta = 0.5 : f64>}

// -----

// C1
// expected-error@+2 {{expects theta to be at least 1, but got nan}}
func.func private @no_number_as_theta() attributes {
  test.rope = #tenon.rope<dims = 8, pairing = half, theta = 0x7FF8000000000000 : f64>}

// -----

// C2
// expected-error@+2 {{expects factor, original, low, high and attention to be positive and finite, but got 0.000000e+00}}
func.func private @factor_of_zero() attributes {
  test.rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64, scaling = linear, factor = 0.0 : f64>}

// -----

// C2
// expected-error@+2 {{expects factor, original, low, high and attention to be positive and finite, but got INF}}
func.func private @endless_context() attributes {
  test.rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64, scaling = yarn,
                          original = 0x7FF0000000000000 : f64>}

// -----

// C2
// expected-error@+2 {{expects factor, original, low, high and attention to be positive and finite, but got -1.000000e+00}}
func.func private @negative_attention() attributes {
  test.rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64, attention = -1.0 : f64>}

// -----

// C3
// expected-error@+2 {{expects low to be at most high for llama3, but got 5.000000e+00 and 4.000000e+00}}
func.func private @nothing_between_low_and_high() attributes {
  test.rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64, scaling = llama3, low = 5.0 : f64>}

// -----

// C3
// expected-error@+2 {{expects theta to be above 1 for yarn, but got 1}}
func.func private @yarn_of_equal_frequencies() attributes {
  test.rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0 : f64, scaling = yarn>}

// -----

// C4
// expected-error@+2 {{expects 4 divisors for this scaling, but got 3}}
func.func private @divisors_of_three_pairs() attributes {
  test.rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64, scaling = divided, divisors = [1.0, 2.0, 3.0]>}

// -----

// C4
// expected-error@+2 {{expects 0 divisors for this scaling, but got 1}}
func.func private @divisors_of_a_factor() attributes {
  test.rope = #tenon.rope<dims = 2, pairing = half, theta = 1.0e4 : f64, scaling = linear, divisors = [1.0]>}

// -----

// C4
// expected-error@+2 {{expects divisors to be positive and finite, but got 0.000000e+00}}
func.func private @divisor_of_zero() attributes {
  test.rope = #tenon.rope<dims = 2, pairing = half, theta = 1.0e4 : f64, scaling = divided, divisors = [0.0]>}
