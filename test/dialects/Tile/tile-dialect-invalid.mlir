// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
// expected-error@+1 {{expects room for 1 to 1048576 tokens, but got 0}}
func.func private @step_of_no_token() attributes {tile.bucket = #tile.bucket<tokens = 0>}

// -----

// C1
// expected-error@+1 {{expects room for 1 to 1048576 tokens, but got 1048577}}
func.func private @step_of_most_tokens() attributes {tile.bucket = #tile.bucket<tokens = 1048577>}

// -----

/// The dialect verifies where its attribute is.
// expected-error@+1 {{to be a bucket, on a function, but got 8 : i64}}
func.func private @number_as_bucket() attributes {tile.bucket = 8}

// -----

// expected-error@+1 {{to be a bucket, on a function, but got #tile.bucket<tokens = 8>}}
module attributes {tile.bucket = #tile.bucket<tokens = 8>} {}

// -----

// expected-error@+1 {{has unknown attribute "tile.tokens"; the dialect knows tile.bucket}}
func.func private @unknown_attribute() attributes {tile.tokens = 8}

// -----

// C1
// expected-error@+1 {{expects sizes to be positive, but got rows 0, panels 1 and keys 64}}
func.func private @no_rows() attributes {test.config = #tile.config<rows = 0>}

// -----

// C1
// expected-error@+1 {{expects sizes to be positive, but got rows 1, panels -1 and keys 64}}
func.func private @negative_panels() attributes {test.config = #tile.config<panels = -1>}

// -----

// C1
// expected-error@+1 {{expects sizes to be positive, but got rows 1, panels 1 and keys 0}}
func.func private @no_keys() attributes {test.config = #tile.config<keys = 0>}

// -----

// C2
// expected-error@+1 {{expects block to be a multiple of rows, but got 5 and 2}}
func.func private @block_of_half_a_tile() attributes {test.config = #tile.config<rows = 2, block = 5>}

// -----

// C2
// expected-error@+1 {{expects block to be a multiple of rows, but got -2 and 2}}
func.func private @negative_block() attributes {test.config = #tile.config<rows = 2, block = -2>}

// -----

// C1
// expected-error@+1 {{expects sizes not to be negative, but got arena -1 and scratch 512}}
func.func private @negative_arena() attributes {tile.memory = #tile.memory<arena = -1, scratch = 512>}

// -----

// C1
// expected-error@+1 {{expects sizes not to be negative, but got arena 0 and scratch -64}}
func.func private @negative_scratch() attributes {tile.memory = #tile.memory<arena = 0, scratch = -64>}

// -----

// expected-error@+1 {{to be a memory, on a function, but got #tile.bucket<tokens = 8>}}
func.func private @bucket_as_memory() attributes {tile.memory = #tile.bucket<tokens = 8>}

// -----

// expected-error@+1 {{to be a config, on a function, but got 8 : i64}}
func.func private @number_as_config() attributes {tile.kernel = 8}
