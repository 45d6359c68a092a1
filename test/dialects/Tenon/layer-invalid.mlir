// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
// expected-error@+1 {{expects at least one layer}}
func.func private @no_layer() attributes {test.schedule = #tenon.schedule<>}

// -----

// C1
// expected-error@+1 {{expects kinds not to be negative, but got -1}}
func.func private @negative_kind() attributes {test.schedule = #tenon.schedule<0 x 1, -1 x 2>}

// -----

// C1
// expected-error@+1 {{expects each kind up to 2 to occur, but kind 1 does not}}
func.func private @missing_kind() attributes {test.schedule = #tenon.schedule<0 x 1, 2 x 2>}

// -----

/// A run is expanded, so its length is bounded by the syntax.
// expected-error@+1 {{expects a run of 1 to 65536 layers, but got 0}}
func.func private @empty_run() attributes {test.schedule = #tenon.schedule<0 x 0>}

// -----

// expected-error@+1 {{expects a run of 1 to 65536 layers, but got 65537}}
func.func private @endless_run() attributes {test.schedule = #tenon.schedule<0 x 65537>}
