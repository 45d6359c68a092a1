// RUN: tenon-opt %s --tile-create-step-entries=suffix=.v3 --split-input-file --verify-diagnostics | FileCheck %s

/// A kernel is one for every bucket: nothing that tells it from others is left, but that it is a kernel.
// CHECK:       func.func private @kernel.v3(%{{.*}}: memref<?xi8>) attributes {tile.kernel}
func.func private @kernel(%arena: memref<?xi8> {tenon.role = #tenon.role<arena>})
    attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.kernel = #tile.config<rows = 6>, tile.memory = #tile.memory<arena = 64, scratch = 0>} {
  return
}

/// Arguments are found by their roles, in whatever order they are; the second cache is the second state.
// CHECK-LABEL: func.func private @step.t8.v3(
// CHECK-SAME:    %{{.*}}: memref<?xi32>, %{{.*}}: index, %{{.*}}: memref<2x?x?x4xf32>, %{{.*}}: !tile.context, %{{.*}}: memref<?xi8>, %{{.*}}: memref<2x?x?x5xf32>, %{{.*}}: index) {
// CHECK-LABEL: func.func @entry.step.t8.v3(
// CHECK-SAME:    %[[CTX:.*]]: !tile.context, %[[WORKER:.*]]: index) attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 64, scratch = 0>}
// CHECK:         %[[ROWS:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<?xi32>
// CHECK:         %[[WORKERS:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK:         %[[STATES:.*]] = llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK:         llvm.getelementptr %[[STATES]][0] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
// CHECK:         %[[FIRST:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<2x?x?x4xf32>
// CHECK:         %[[ARENA:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<?xi8>
// CHECK:         %[[AGAIN:.*]] = llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK:         llvm.getelementptr %[[AGAIN]][1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
// CHECK:         %[[SECOND:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<2x?x?x5xf32>
// CHECK:         call @step.t8.v3(%[[ROWS]], %[[WORKERS]], %[[FIRST]], %[[CTX]], %[[ARENA]], %[[SECOND]], %[[WORKER]])
func.func @step.t8(%rows: memref<?xi32> {tenon.role = #tenon.role<rows>}, %n: index {tenon.role = #tenon.role<workers>},
                   %a: memref<2x?x?x4xf32> {tenon.role = #tenon.role<cache>}, %ctx: !tile.context {tenon.role = #tenon.role<context>},
                   %arena: memref<?xi8> {tenon.role = #tenon.role<arena>}, %b: memref<2x?x?x5xf32> {tenon.role = #tenon.role<cache>},
                   %w: index {tenon.role = #tenon.role<worker>})
    attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 64, scratch = 0>} {
  return
}

// -----

/// What the context does not have cannot be given.
// expected-error@+1 {{expects argument 1 to have the role of an operand of a step; see tenon.role}}
func.func @no_role(%t: memref<?xi32> {tenon.role = #tenon.role<tokens>}, %x: memref<?xi32>) attributes {tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

// expected-error@+1 {{expects argument 0 to have the role of an operand of a step; see tenon.role}}
func.func @role_of_a_layer(%l: index {tenon.role = #tenon.role<layer>}) attributes {tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

// expected-error@+1 {{expects argument 0 to be a memref without strides, but got 'tensor<?xi32>'; run tenon-bufferize-pipeline before}}
func.func @tensors(%t: tensor<?xi32> {tenon.role = #tenon.role<tokens>}) attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

// expected-error@+1 {{expects argument 0 to be a memref without strides, but got 'memref<?xi32, strided<[2]>>'}}
func.func @strides(%t: memref<?xi32, strided<[2]>> {tenon.role = #tenon.role<tokens>}) attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

// expected-error@+1 {{expects argument 0, tokens, to have dynamic sizes where the runtime counts, in dimension 0 alone, but got 'memref<8xi32>'}}
func.func @static_tokens(%t: memref<8xi32> {tenon.role = #tenon.role<tokens>}) attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

// expected-error@+1 {{expects argument 0, cache, to have dynamic sizes where the runtime counts, in dimensions 1 and 2 alone, but got 'memref<2x?x64x4xf32>'}}
func.func @static_positions(%c: memref<2x?x64x4xf32> {tenon.role = #tenon.role<cache>}) attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

// expected-error@+1 {{expects argument 0, logits, to have dynamic sizes where the runtime counts, in dimension 0 alone, but got 'memref<?x?xf32>'}}
func.func @dynamic_vocabulary(%l: memref<?x?xf32> {tenon.role = #tenon.role<logits>}) attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

// expected-error@+1 {{expects blocks to have 4 numbers each, but got 'memref<?x3xi32>'}}
func.func @short_blocks(%b: memref<?x3xi32> {tenon.role = #tenon.role<blocks>}) attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

// expected-error@+1 {{expects argument 0, context, to be a !tile.context, but got 'i64'}}
func.func @other_context(%c: i64 {tenon.role = #tenon.role<context>}) attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

// expected-error@+1 {{expects tile.bucket on a step, by which the runtime chooses it}}
func.func @no_bucket(%t: memref<?xi32> {tenon.role = #tenon.role<tokens>}) attributes {tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

func.func @one() attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}
// expected-error@+1 {{expects one step for 8 tokens, but got @one as well}}
func.func @another() attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}

// -----

func.func @with_cache(%c: memref<2x?x?x4xf32> {tenon.role = #tenon.role<cache>}) attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}
// expected-error@+1 {{expects the caches of @with_cache, because steps share their states}}
func.func @other_cache(%c: memref<2x?x?x5xf32> {tenon.role = #tenon.role<cache>}) attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
  return
}
