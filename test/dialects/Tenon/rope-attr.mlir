// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --test-rope -o %t 2>&1 | %python %S/Inputs/check_rope.py

// Names are keys of the configurations in check_rope.py, which computes the same
// frequencies in decimal arithmetic.

/// The example of the attribute: what is the default is not printed.
// CHECK: @default
// CHECK-SAME: #tenon.rope<dims = 64, pairing = interleaved, theta = 1.000000e+04 : f64>
func.func private @default() attributes {
  test.rope = #tenon.rope<dims = 64, pairing = interleaved, theta = 1.0e4 : f64,
                          scaling = none, truncate = true>}

/// The smallest rotation, and a theta that turns every pair alike.
// CHECK: @single_pair
func.func private @single_pair() attributes {
  test.rope = #tenon.rope<dims = 2, pairing = half, theta = 1.0 : f64>}

/// Gemma 3 4B, its global layers.
// CHECK: @linear
// CHECK-SAME: scaling = linear, factor = 8.000000e+00 : f64
func.func private @linear() attributes {
  test.rope = #tenon.rope<dims = 256, pairing = half, theta = 1.0e6 : f64,
                          scaling = linear, factor = 8.0 : f64>}

/// Llama 3.1 8B: low, high and original are what they are without mention.
// CHECK: @llama3
func.func private @llama3() attributes {
  test.rope = #tenon.rope<dims = 128, pairing = half, theta = 5.0e5 : f64,
                          scaling = llama3, factor = 8.0 : f64>}

/// Llama 3.2 1B, with all of it said.
// CHECK: @llama3_of_small_heads
// CHECK-SAME: scaling = llama3, factor = 3.200000e+01 : f64, original = 8.192000e+03 : f64, low = 1.000000e+00 : f64, high = 4.000000e+00 : f64
func.func private @llama3_of_small_heads() attributes {
  test.rope = #tenon.rope<dims = 64, pairing = half, theta = 5.0e5 : f64,
                          scaling = llama3, factor = 32.0 : f64, original = 8192.0 : f64,
                          low = 1.0 : f64, high = 4.0 : f64>}

/// DeepSeek-V3.
// CHECK: @yarn
func.func private @yarn() attributes {
  test.rope = #tenon.rope<dims = 64, pairing = interleaved, theta = 1.0e4 : f64,
                          scaling = yarn, factor = 40.0 : f64, original = 4096.0 : f64,
                          low = 1.0 : f64, high = 32.0 : f64, attention = 1.0 : f64>}

/// gpt-oss: bounds between two pairs, and a factor of cosine and sine.
// CHECK: @yarn_without_truncation
// CHECK-SAME: truncate = false, attention = 1.3465735902799727 : f64
func.func private @yarn_without_truncation() attributes {
  test.rope = #tenon.rope<dims = 64, pairing = half, theta = 1.5e5 : f64,
                          scaling = yarn, factor = 32.0 : f64, original = 4096.0 : f64,
                          truncate = false, attention = 1.3465735902799727 : f64>}

/// Kimi K2: both bounds are one, so the ramp is a step.
// CHECK: @yarn_with_a_step
func.func private @yarn_with_a_step() attributes {
  test.rope = #tenon.rope<dims = 64, pairing = interleaved, theta = 5.0e4 : f64,
                          scaling = yarn, factor = 32.0 : f64, original = 4096.0 : f64,
                          low = 1.0 : f64, high = 1.0 : f64>}

/// Both bounds are equal when they are not rounded: a ramp of a thousandth.
// CHECK: @yarn_with_equal_bounds
func.func private @yarn_with_equal_bounds() attributes {
  test.rope = #tenon.rope<dims = 6, pairing = half, theta = 1.0e4 : f64,
                          scaling = yarn, factor = 4.0 : f64, original = 64.0 : f64,
                          low = 8.0 : f64, high = 8.0 : f64, truncate = false>}

/// A context so short, and one so long, that a bound meets the first and the last pair.
// CHECK: @yarn_at_the_first_pair
func.func private @yarn_at_the_first_pair() attributes {
  test.rope = #tenon.rope<dims = 14, pairing = half, theta = 1.0e4 : f64,
                          scaling = yarn, factor = 4.0 : f64, original = 64.0 : f64>}
// CHECK: @yarn_at_the_last_pair
func.func private @yarn_at_the_last_pair() attributes {
  test.rope = #tenon.rope<dims = 14, pairing = half, theta = 3.0 : f64,
                          scaling = yarn, factor = 4.0 : f64, original = 4096.0 : f64>}

/// A slow theta: the ramp would end after the last element of a row.
// CHECK: @yarn_beyond_the_last_pair
func.func private @yarn_beyond_the_last_pair() attributes {
  test.rope = #tenon.rope<dims = 14, pairing = half, theta = 2.0 : f64,
                          scaling = yarn, factor = 4.0 : f64, original = 100.0 : f64>}

/// A divisor for each pair, as one of the lists of LongRoPE has them.
// CHECK: @divided
// CHECK-SAME: scaling = divided, attention = 1.190000e+00 : f64, divisors = [1.080000e+00, 2.500000e+00, 4.075000e+01]
func.func private @divided() attributes {
  test.rope = #tenon.rope<dims = 6, pairing = half, theta = 1.0e4 : f64, scaling = divided,
                          attention = 1.19 : f64, divisors = [1.08, 2.5, 40.75]>}
