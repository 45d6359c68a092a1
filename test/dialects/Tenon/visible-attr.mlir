// RUN: tenon-opt %s --test-visible --split-input-file --verify-diagnostics

// The dimensions of a set are p, n, len; those of a range are first, last, len.

/// Without a limit, every query sees every key.
// expected-remark@+3 {{affine_set<(d0, d1, d2) : (d1 >= 0, d2 - d1 - 1 >= 0)>}}
// expected-remark@+2 {{keys seen by some: affine_map<(d0, d1, d2) -> (0)> to affine_map<(d0, d1, d2) -> (d2)>}}
// expected-remark@+1 {{keys seen by all: affine_map<(d0, d1, d2) -> (0)> to affine_map<(d0, d1, d2) -> (d2)>}}
func.func private @all() attributes {test.visible = #tenon.visible<all>}

// -----

/// The last query sees most.
// expected-remark@+3 {{affine_set<(d0, d1, d2) : (d1 >= 0, d2 - d1 - 1 >= 0, d0 - d1 >= 0)>}}
// expected-remark@+2 {{keys seen by some: affine_map<(d0, d1, d2) -> (0)> to affine_map<(d0, d1, d2) -> (d2, d1 + 1)>}}
// expected-remark@+1 {{keys seen by all: affine_map<(d0, d1, d2) -> (0)> to affine_map<(d0, d1, d2) -> (d2, d0 + 1)>}}
func.func private @causal() attributes {test.visible = #tenon.visible<causal>}

// -----

/// The example of the attribute: the first query sees farthest back.
// expected-remark@+3 {{affine_set<(d0, d1, d2) : (d1 >= 0, d2 - d1 - 1 >= 0, d0 - d1 >= 0, d1 - d0 + 511 >= 0)>}}
// expected-remark@+2 {{keys seen by some: affine_map<(d0, d1, d2) -> (0, d0 - 511)> to affine_map<(d0, d1, d2) -> (d2, d1 + 1)>}}
// expected-remark@+1 {{keys seen by all: affine_map<(d0, d1, d2) -> (0, d1 - 511)> to affine_map<(d0, d1, d2) -> (d2, d0 + 1)>}}
func.func private @window() attributes {test.visible = #tenon.visible<causal, window = 512>}
