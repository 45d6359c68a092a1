// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
// expected-error@+1 {{expects window to be positive, but got 0}}
func.func private @window_of_no_key() attributes {test.mask = #tenon.mask<causal, window = 0>}

// -----

// C1
// expected-error@+1 {{expects window to be positive, but got -8}}
func.func private @negative_window() attributes {test.mask = #tenon.mask<full, window = -8>}

// -----

// C2
// expected-error@+1 {{expects chunk to be positive, but got 0}}
func.func private @chunk_of_no_key() attributes {test.mask = #tenon.mask<causal, chunk = 0>}
