// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
// expected-error@+1 {{expects a role that 'tensor<?xf32>' can have, but got #tenon.role<tokens>}}
func.func private @tokens_that_are_floats(tensor<?xf32> {tenon.role = #tenon.role<tokens>})

// -----

// C1
// expected-error@+1 {{expects a role that 'tensor<2x?x?xf32>' can have, but got #tenon.role<cache>}}
func.func private @cache_without_rows(tensor<2x?x?xf32> {tenon.role = #tenon.role<cache>})

// -----

// C1
// expected-error@+1 {{expects a role that 'tensor<2x?x?x4xf64>' can have, but got #tenon.role<cache>}}
func.func private @cache_of_doubles(tensor<2x?x?x4xf64> {tenon.role = #tenon.role<cache>})

// -----

// C1
// expected-error@+1 {{expects a role that 'vector<4xi32>' can have, but got #tenon.role<tokens>}}
func.func private @tokens_in_a_vector(vector<4xi32> {tenon.role = #tenon.role<tokens>})

// -----

// C1
// expected-error@+1 {{expects a role that 'tensor<?x9xbf16>' can have, but got #tenon.role<logits>}}
func.func private @logits_that_are_rounded() -> (tensor<?x9xbf16> {tenon.role = #tenon.role<logits>})

// -----

// C1
// expected-error@+1 {{expects a role that 'memref<?xi32>' can have, but got #tenon.role<arena>}}
func.func private @arena_of_integers(memref<?xi32> {tenon.role = #tenon.role<arena>})

// -----

// C1
// expected-error@+1 {{expects a role that 'i32' can have, but got #tenon.role<worker>}}
func.func private @worker_that_is_no_index(i32 {tenon.role = #tenon.role<worker>})

// -----

// C1
// expected-error@+1 {{expects a role that 'tensor<?x4x4xi32>' can have, but got #tenon.role<blocks>}}
func.func private @blocks_of_another_rank(tensor<?x4x4xi32> {tenon.role = #tenon.role<blocks>})

// -----

// C1
// expected-error@+1 {{expects a role that 'memref<?xi8>' can have, but got #tenon.role<context>}}
func.func private @context_that_is_memory(memref<?xi8> {tenon.role = #tenon.role<context>})

// -----

// C1, as a result
// expected-error@+1 {{expects a role that 'tensor<?xi32>' can have, but got #tenon.role<logits>}}
func.func private @logits_that_are_tokens() -> (tensor<?xi32> {tenon.role = #tenon.role<logits>})

// -----

// C1
// expected-error@+1 {{expects a role that 'index' can have, but got 3 : i64}}
func.func private @number_as_role(index {tenon.role = 3})

// -----

// C2
// expected-error@+1 {{expects one argument with the role positions, but got 0 and 2}}
func.func private @positions_twice(tensor<?xi32> {tenon.role = #tenon.role<positions>}, tensor<?xi32>, tensor<?xi32> {tenon.role = #tenon.role<positions>})

// -----

/// A model has as many caches as it needs.
func.func private @caches(tensor<2x?x?x4xf32> {tenon.role = #tenon.role<cache>}, tensor<2x?x?x4x2xbf16> {tenon.role = #tenon.role<cache>})

// -----

// C2
// expected-error@+1 {{expects one result with the role logits, but got 0 and 1}}
func.func private @logits_twice() -> (tensor<?x9xf32> {tenon.role = #tenon.role<logits>}, tensor<?x9xf32> {tenon.role = #tenon.role<logits>})

// -----

/// The dialect verifies where its attributes are.
// expected-error@+1 {{has unknown attribute "tenon.rule"; the dialect knows tenon.role}}
func.func private @unknown_argument(index {tenon.rule = #tenon.role<layer>})

// -----

// expected-error@+1 {{has unknown attribute "tenon.kind"; the dialect knows tenon.model}}
module attributes {tenon.kind = 3} {}

// -----

// expected-error@+1 {{expects tenon.model to describe a model, on a module, but got {context = 3 : i64}}}
module attributes {tenon.model = {context = 3}} {}

// -----

// C1
// expected-error@+1 {{expects context_length to be positive, but got 0}}
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 0>} {}
