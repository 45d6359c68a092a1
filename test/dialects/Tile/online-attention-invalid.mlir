// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
func.func @key_range_of_no_key(%i: index) {
  // expected-error@+1 {{expects step to be positive, but got 0}}
  %lo, %f0, %f1, %hi = tile.key_range <causal> at %i count %i of %i step 0
  return
}

// -----

// C1
func.func @key_range_of_negative_step(%i: index) {
  // expected-error@+1 {{expects step to be positive, but got -64}}
  %lo, %f0, %f1, %hi = tile.key_range <causal> at %i count %i of %i step -64
  return
}

// -----

// C1
func.func @attend_init_of_two_outs(%a: memref<4x16xf32>, %b: memref<4xf32>) {
  // expected-error@+1 {{expects three static outs with the same number of rows, but got 'memref<4x16xf32>', 'memref<4xf32>'}}
  tile.attention_init into %a, %b : memref<4x16xf32>, memref<4xf32>
  return
}

// -----

// C1
func.func @attend_init_of_other_rows(%a: memref<4x16xf32>, %b: memref<4xf32>, %c: memref<3xf32>) {
  // expected-error@+1 {{expects three static outs with the same number of rows, but got 'memref<4x16xf32>', 'memref<4xf32>', 'memref<3xf32>'}}
  tile.attention_init into %a, %b, %c : memref<4x16xf32>, memref<4xf32>, memref<3xf32>
  return
}

// -----

// C1
func.func @attend_init_of_dynamic_rows(%a: memref<?x16xf32>, %b: memref<?xf32>, %c: memref<?xf32>) {
  // expected-error@+1 {{expects three static outs with the same number of rows, but got 'memref<?x16xf32>', 'memref<?xf32>', 'memref<?xf32>'}}
  tile.attention_init into %a, %b, %c : memref<?x16xf32>, memref<?xf32>, memref<?xf32>
  return
}

// -----

// C1
func.func @attend_init_of_rows_of_rank_2(%a: memref<4x16xf32>, %b: memref<4x1xf32>, %c: memref<4x1xf32>) {
  // expected-error@+1 {{expects three static outs with the same number of rows, but got 'memref<4x16xf32>', 'memref<4x1xf32>', 'memref<4x1xf32>'}}
  tile.attention_init into %a, %b, %c : memref<4x16xf32>, memref<4x1xf32>, memref<4x1xf32>
  return
}

// -----

// C1
func.func @attend_with_too_few_indices_of_key(%q: memref<4x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<4xf32>) {
  // expected-error@+1 {{expects one index for each dimension of key and value, and steps along one before the last, but got 1 and 2 indices}}
  tile.online_attention %q rows %i, %k[%i] along 0, %v[%i, %i] along 0 keys 64 first %i count %i at %i of %i
      heads 2 scale 0.25 into %a, %m, %s
      : memref<4x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

// C1
func.func @attend_with_too_many_indices_of_value(%q: memref<4x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<4xf32>) {
  // expected-error@+1 {{expects one index for each dimension of key and value, and steps along one before the last, but got 2 and 3 indices}}
  tile.online_attention %q rows %i, %k[%i, %i] along 0, %v[%i, %i, %i] along 0 keys 64 first %i count %i at %i of %i
      heads 2 scale 0.25 into %a, %m, %s
      : memref<4x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

// C1
func.func @attend_along_elements_of_keys(%q: memref<4x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<4xf32>) {
  // expected-error@+1 {{expects one index for each dimension of key and value, and steps along one before the last, but got 2 and 2 indices}}
  tile.online_attention %q rows %i, %k[%i, %i] along 1, %v[%i, %i] along 0 keys 64 first %i count %i at %i of %i
      heads 2 scale 0.25 into %a, %m, %s
      : memref<4x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

// C1
func.func @attend_along_elements_of_values(%q: memref<4x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<4xf32>) {
  // expected-error@+1 {{expects one index for each dimension of key and value, and steps along one before the last, but got 2 and 2 indices}}
  tile.online_attention %q rows %i, %k[%i, %i] along 0, %v[%i, %i] along 1 keys 64 first %i count %i at %i of %i
      heads 2 scale 0.25 into %a, %m, %s
      : memref<4x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

// C1
func.func @attend_along_no_dimension(%q: memref<4x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<4xf32>) {
  // expected-error@+1 {{expects one index for each dimension of key and value, and steps along one before the last, but got 2 and 2 indices}}
  tile.online_attention %q rows %i, %k[%i, %i] along 0, %v[%i, %i] along -1 keys 64 first %i count %i at %i of %i
      heads 2 scale 0.25 into %a, %m, %s
      : memref<4x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

// C2
func.func @attend_with_query_of_other_rows(%q: memref<6x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<4xf32>) {
  // expected-error@+1 {{expects query and outs to be static and to agree on their rows, but got 'memref<6x16xf32>' and 'memref<4x16xf32>', 'memref<4xf32>', 'memref<4xf32>'}}
  tile.online_attention %q rows %i, %k[%i, %i] along 0, %v[%i, %i] along 0 keys 64 first %i count %i at %i of %i
      heads 2 scale 0.25 into %a, %m, %s
      : memref<6x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

// C2
func.func @attend_with_dynamic_query(%q: memref<?x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<4xf32>) {
  // expected-error@+1 {{expects query and outs to be static and to agree on their rows, but got 'memref<?x16xf32>' and 'memref<4x16xf32>', 'memref<4xf32>', 'memref<4xf32>'}}
  tile.online_attention %q rows %i, %k[%i, %i] along 0, %v[%i, %i] along 0 keys 64 first %i count %i at %i of %i
      heads 2 scale 0.25 into %a, %m, %s
      : memref<?x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

// C2
func.func @attend_with_state_of_other_rows(%q: memref<4x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<5xf32>) {
  // expected-error@+1 {{expects query and outs to be static and to agree on their rows, but got 'memref<4x16xf32>' and 'memref<4x16xf32>', 'memref<4xf32>', 'memref<5xf32>'}}
  tile.online_attention %q rows %i, %k[%i, %i] along 0, %v[%i, %i] along 0 keys 64 first %i count %i at %i of %i
      heads 2 scale 0.25 into %a, %m, %s
      : memref<4x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<5xf32>
  return
}

// -----

// C3
func.func @attend_to_no_key(%q: memref<4x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<4xf32>) {
  // expected-error@+1 {{expects keys to be positive and heads to divide the rows of query, but got 0 and 2}}
  tile.online_attention %q rows %i, %k[%i, %i] along 0, %v[%i, %i] along 0 keys 0 first %i count %i at %i of %i
      heads 2 scale 0.25 into %a, %m, %s
      : memref<4x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

// C3
func.func @attend_with_uneven_heads(%q: memref<4x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<4xf32>) {
  // expected-error@+1 {{expects keys to be positive and heads to divide the rows of query, but got 64 and 3}}
  tile.online_attention %q rows %i, %k[%i, %i] along 0, %v[%i, %i] along 0 keys 64 first %i count %i at %i of %i
      heads 3 scale 0.25 into %a, %m, %s
      : memref<4x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

// C3
func.func @attend_without_heads(%q: memref<4x16xf32>, %k: memref<?x16xf32>, %v: memref<?x16xf32>, %i: index,
    %a: memref<4x16xf32>, %m: memref<4xf32>, %s: memref<4xf32>) {
  // expected-error@+1 {{expects keys to be positive and heads to divide the rows of query, but got 64 and 0}}
  tile.online_attention %q rows %i, %k[%i, %i] along 0, %v[%i, %i] along 0 keys 64 first %i count %i at %i of %i
      heads 0 scale 0.25 into %a, %m, %s
      : memref<4x16xf32>, memref<?x16xf32>, memref<?x16xf32> into memref<4x16xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

// C1
func.func @attend_finish_with_other_sums(%m: memref<4xf32>, %s: memref<5xf32>, %a: memref<4x16xf32>) {
  // expected-error@+1 {{expects maximum, sum and outs to be static and to agree on their rows, but got 'memref<4xf32>', 'memref<5xf32>' and 'memref<4x16xf32>'}}
  tile.attention_finish %m, %s heads 2 into %a : memref<4xf32>, memref<5xf32> into memref<4x16xf32>
  return
}

// -----

// C1
func.func @attend_finish_with_dynamic_rows(%m: memref<?xf32>, %s: memref<?xf32>, %a: memref<?x16xf32>) {
  // expected-error@+1 {{expects maximum, sum and outs to be static and to agree on their rows, but got 'memref<?xf32>', 'memref<?xf32>' and 'memref<?x16xf32>'}}
  tile.attention_finish %m, %s heads 2 into %a : memref<?xf32>, memref<?xf32> into memref<?x16xf32>
  return
}

// -----

// C1
func.func @attend_finish_with_maximum_of_rank_2(%m: memref<4x1xf32>, %s: memref<4xf32>, %a: memref<4x16xf32>) {
  // expected-error@+1 {{expects maximum, sum and outs to be static and to agree on their rows, but got 'memref<4x1xf32>', 'memref<4xf32>' and 'memref<4x16xf32>'}}
  tile.attention_finish %m, %s heads 2 into %a : memref<4x1xf32>, memref<4xf32> into memref<4x16xf32>
  return
}

// -----

// C2
func.func @attend_finish_with_head_alone(%m: memref<4xf32>, %a: memref<4x16xf32>, %h: index) {
  // expected-error@+1 {{expects a head exactly with sinks}}
  tile.attention_finish %m, %m from %h heads 2 into %a : memref<4xf32>, memref<4xf32> into memref<4x16xf32>
  return
}

// -----

// C2
func.func @attend_finish_with_sinks_alone(%m: memref<4xf32>, %a: memref<4x16xf32>, %w: !tenon.weight<8, <f32>>) {
  // expected-error@+1 {{expects a head exactly with sinks}}
  tile.attention_finish %m, %m sinks %w : !tenon.weight<8, <f32>> heads 2 into %a : memref<4xf32>, memref<4xf32> into memref<4x16xf32>
  return
}

// -----

// C1
func.func @index_scores_with_one_index(%q: memref<1x4x16xf32>, %w: memref<1x4xf32>, %k: memref<3x?x?x16xf32>, %o: memref<1x128xf32>, %i: index) {
  // expected-error@+1 {{expects key to have four dimensions, with one index for each, but got 1 and 'memref<3x?x?x16xf32>'}}
  tile.index_scores %q weights %w, %k[%i] count %i scale 0.25 into %o
      : memref<1x4x16xf32>, memref<1x4xf32>, memref<3x?x?x16xf32> into memref<1x128xf32>
  return
}

// -----

// C2
func.func @index_scores_with_three_weights(%q: memref<1x4x16xf32>, %w: memref<1x3xf32>, %k: memref<3x?x?x16xf32>, %o: memref<1x128xf32>, %i: index) {
  // expected-error@+1 {{expects query to be the static heads of one token, with a weight for each, but got 'memref<1x4x16xf32>' and 'memref<1x3xf32>'}}
  tile.index_scores %q weights %w, %k[%i, %i, %i, %i] count %i scale 0.25 into %o
      : memref<1x4x16xf32>, memref<1x3xf32>, memref<3x?x?x16xf32> into memref<1x128xf32>
  return
}

// -----

// C3
func.func @index_scores_of_unknown_count(%q: memref<1x4x16xf32>, %w: memref<1x4xf32>, %k: memref<3x?x?x16xf32>, %o: memref<1x?xf32>, %i: index) {
  // expected-error@+1 {{expects outs to be a static row, but got 'memref<1x?xf32>'}}
  tile.index_scores %q weights %w, %k[%i, %i, %i, %i] count %i scale 0.25 into %o
      : memref<1x4x16xf32>, memref<1x4xf32>, memref<3x?x?x16xf32> into memref<1x?xf32>
  return
}

// -----

// C1
func.func @select_top_of_integers(%s: memref<1x128xi32>, %o: memref<1x24xi32>, %i: index) {
  // expected-error@+1 {{expects static rows of f32 and of i32, but got 'memref<1x128xi32>' and 'memref<1x24xi32>'}}
  tile.select_top %s count %i into %o : memref<1x128xi32> into memref<1x24xi32>
  return
}
