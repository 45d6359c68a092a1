// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
func.func @argument_of_other_type(%x: tensor<?x8xf32>, %o: tensor<?x8xf32>) {
  // expected-error@+1 {{expects a block argument of the same type for each operand, but got 'tensor<?x7xf32>', 'tensor<?x8xf32>' for 'tensor<?x8xf32>', 'tensor<?x8xf32>'}}
  %y = tile.kernel "add" <> ins(%x : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x7xf32>, %b: tensor<?x8xf32>):
    tile.yield %b : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return
}

// -----

// C1
func.func @missing_argument(%o: tensor<?x8xf32>, %i: index) {
  // expected-error@+1 {{expects a block argument of the same type for each operand, but got 'tensor<?x8xf32>' for 'index', 'tensor<?x8xf32>'}}
  %y = tile.kernel "add" <> ins(%i : index) outs(%o : tensor<?x8xf32>) {
  ^bb0(%b: tensor<?x8xf32>):
    tile.yield %b : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return
}

// -----

// C2
func.func @yield_of_other_type(%x: tensor<?x7xf32>, %o: tensor<?x8xf32>) {
  // expected-error@+1 {{expects outs, yielded values and results to agree on their types, but got 'tensor<?x8xf32>', 'tensor<?x7xf32>' and 'tensor<?x8xf32>'}}
  %y = tile.kernel "add" <> ins(%x : tensor<?x7xf32>) outs(%o : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x7xf32>, %b: tensor<?x8xf32>):
    tile.yield %a : tensor<?x7xf32>
  } -> tensor<?x8xf32>
  return
}

// -----

// C2
func.func @nothing_yielded(%o: tensor<?x8xf32>) {
  // expected-error@+1 {{expects outs, yielded values and results to agree on their types, but got 'tensor<?x8xf32>',  and 'tensor<?x8xf32>'}}
  %y = tile.kernel "add" <> ins() outs(%o : tensor<?x8xf32>) {
  ^bb0(%b: tensor<?x8xf32>):
  } -> tensor<?x8xf32>
  return
}

// -----

// C3
func.func @no_name(%o: tensor<?x8xf32>) {
  // expected-error@+1 {{expects a name}}
  %y = tile.kernel "" <> ins() outs(%o : tensor<?x8xf32>) {
  ^bb0(%b: tensor<?x8xf32>):
    tile.yield %b : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return
}

// -----

/// Traits hold how a region ends, what it may use, and how many results there are.
func.func @end_of_other_kind() {
  // expected-error@+2 {{expects regions to end with 'tile.yield', found 'ub.unreachable'}}
  // expected-note@+1 {{in custom textual format, the absence of terminator implies 'tile.yield'}}
  tile.kernel "wrong" <> ins() outs() {
    ub.unreachable
  }
  return
}

// -----

func.func @no_block() {
  // expected-error@+1 {{region #0 ('body') failed to verify constraint: region with 1 blocks}}
  "tile.kernel"() <{name = "wrong", config = #tile.config<>, operandSegmentSizes = array<i32: 0, 0>}> ({
  }) : () -> ()
  return
}

// -----

func.func @value_from_outside(%o: tensor<?x8xf32>) {
  // expected-note@+1 {{required by region isolation constraints}}
  %y = tile.kernel "leak" <> ins() outs(%o : tensor<?x8xf32>) {
  ^bb0(%b: tensor<?x8xf32>):
    // expected-error@+1 {{using value defined outside the region}}
    tile.yield %o : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return
}

// -----

func.func @yield_outside_of_a_kernel() {
  // expected-error@+1 {{expects parent op 'tile.kernel'}}
  tile.yield
}

// -----

// C1
func.func @view_of_every_other_row(%w: !tenon.weight<96x64, <bf16>, <16x2>>, %o: index) {
  // expected-error@+1 {{expects a result with the identity layout, but got 'memref<16x16xi32, strided<[32, 1]>>'}}
  %v = tile.weight_view %w at %o : !tenon.weight<96x64, <bf16>, <16x2>> to memref<16x16xi32, strided<[32, 1]>>
  return
}

// -----

// C1
/// That the result of a tile.weight_view is static is held by the definition of the op.
func.func @view_of_some_rows(%w: !tenon.weight<96x64, <bf16>, <16x2>>, %o: index) {
  // expected-error@+1 {{result #0 must be statically shaped memref of any type values, but got 'memref<?x16xi32>'}}
  %v = tile.weight_view %w at %o : !tenon.weight<96x64, <bf16>, <16x2>> to memref<?x16xi32>
  return
}

// -----

func.func @no_configuration_of_a_kernel(%o: tensor<?x8xf32>) {
  // expected-error@+1 {{expects a configuration of a kernel, but got #tile.bucket<tokens = 8>}}
  %y = tile.kernel "add" #tile.bucket<tokens = 8> ins() outs(%o : tensor<?x8xf32>) {
  ^bb0(%b: tensor<?x8xf32>):
    tile.yield %b : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return
}
