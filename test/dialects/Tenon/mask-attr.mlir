// RUN: tenon-opt %s --test-mask --split-input-file --verify-diagnostics

// The dimensions of a set are p, n, len; those of a range are first, last, len. The pass
// also compares the ranges with the set, key by key.

/// Without a limit, every query sees every key.
// expected-remark@+3 {{affine_set<(d0, d1, d2) : (d1 >= 0, d2 - d1 - 1 >= 0)>}}
// expected-remark@+2 {{keys seen by some: affine_map<(d0, d1, d2) -> (0)> to affine_map<(d0, d1, d2) -> (d2)>}}
// expected-remark@+1 {{keys seen by all: affine_map<(d0, d1, d2) -> (0)> to affine_map<(d0, d1, d2) -> (d2)>}}
func.func private @all() attributes {test.mask = #tenon.mask<full>}

// -----

/// The last query sees most.
// expected-remark@+3 {{affine_set<(d0, d1, d2) : (d1 >= 0, d2 - d1 - 1 >= 0, d0 - d1 >= 0)>}}
// expected-remark@+2 {{keys seen by some: affine_map<(d0, d1, d2) -> (0)> to affine_map<(d0, d1, d2) -> (d2, d1 + 1)>}}
// expected-remark@+1 {{keys seen by all: affine_map<(d0, d1, d2) -> (0)> to affine_map<(d0, d1, d2) -> (d2, d0 + 1)>}}
func.func private @causal() attributes {test.mask = #tenon.mask<causal>}

// -----

/// The example of the attribute: the first query sees farthest back.
// expected-remark@+3 {{affine_set<(d0, d1, d2) : (d1 >= 0, d2 - d1 - 1 >= 0, d0 - d1 >= 0, d1 - d0 + 511 >= 0)>}}
// expected-remark@+2 {{keys seen by some: affine_map<(d0, d1, d2) -> (0, d0 - 511)> to affine_map<(d0, d1, d2) -> (d2, d1 + 1)>}}
// expected-remark@+1 {{keys seen by all: affine_map<(d0, d1, d2) -> (0, d1 - 511)> to affine_map<(d0, d1, d2) -> (d2, d0 + 1)>}}
func.func private @window() attributes {test.mask = #tenon.mask<causal, window = 512>}

// -----

/// The second example: the first query's chunk begins first, and no query sees keys of
/// another chunk.
// expected-remark@+3 {{affine_set<(d0, d1, d2) : (d1 >= 0, d2 - d1 - 1 >= 0, d0 - d1 >= 0, d1 - (d0 floordiv 8192) * 8192 >= 0)>}}
// expected-remark@+2 {{keys seen by some: affine_map<(d0, d1, d2) -> (0, (d0 floordiv 8192) * 8192)> to affine_map<(d0, d1, d2) -> (d2, d1 + 1)>}}
// expected-remark@+1 {{keys seen by all: affine_map<(d0, d1, d2) -> (0, (d1 floordiv 8192) * 8192)> to affine_map<(d0, d1, d2) -> (d2, d0 + 1)>}}
func.func private @chunk() attributes {test.mask = #tenon.mask<causal, chunk = 8192>}

// -----

/// Limits may be combined; a chunk of one key is the key itself.
// expected-remark@+3 {{affine_set<(d0, d1, d2) : (d1 >= 0, d2 - d1 - 1 >= 0, d1 - d0 + 6 >= 0, d1 - d0 >= 0)>}}
// expected-remark@+2 {{keys seen by some: affine_map<(d0, d1, d2) -> (0, d0 - 6, d0)> to affine_map<(d0, d1, d2) -> (d2)>}}
// expected-remark@+1 {{keys seen by all: affine_map<(d0, d1, d2) -> (0, d1 - 6, d1)> to affine_map<(d0, d1, d2) -> (d2)>}}
func.func private @window_and_chunk() attributes {test.mask = #tenon.mask<full, window = 7, chunk = 1>}

// -----

/// Short enough that a run of a few queries has several chunks.
// expected-remark@+3 {{affine_set<(d0, d1, d2) : (d1 >= 0, d2 - d1 - 1 >= 0, d0 - d1 >= 0, d1 - d0 + 2 >= 0, d1 - (d0 floordiv 5) * 5 >= 0)>}}
// expected-remark@+2 {{keys seen by some: affine_map<(d0, d1, d2) -> (0, d0 - 2, (d0 floordiv 5) * 5)> to affine_map<(d0, d1, d2) -> (d2, d1 + 1)>}}
// expected-remark@+1 {{keys seen by all: affine_map<(d0, d1, d2) -> (0, d1 - 2, (d1 floordiv 5) * 5)> to affine_map<(d0, d1, d2) -> (d2, d0 + 1)>}}
func.func private @short_chunks() attributes {test.mask = #tenon.mask<causal, window = 3, chunk = 5>}
