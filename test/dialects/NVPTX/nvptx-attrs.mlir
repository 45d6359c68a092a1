// RUN: tenon-opt %s --split-input-file | tenon-opt --split-input-file | FileCheck %s

/// The examples of the attributes' descriptions, where they are used.
// CHECK-LABEL: func.func @configurations
func.func @configurations(%x: tensor<?x8xf32>) {
  // CHECK: tile.kernel "split" #nvptx.contraction<tokens = 8, panels = 2, stages = 3, parts = 8, columns = split, warps = 8> ins() outs(
  %0 = tile.kernel "split" #nvptx.contraction<tokens = 8, panels = 2, stages = 3, parts = 8, columns = split, warps = 8> ins() outs(%x : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>):
    tile.yield %a : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  // CHECK: tile.kernel "whole" #nvptx.contraction<tokens = 64, panels = 8, stages = 3, parts = 8, columns = whole, warps = 8>
  %1 = tile.kernel "whole" #nvptx.contraction<tokens = 64, panels = 8, stages = 3, parts = 8, columns = whole, warps = 8> ins() outs(%x : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>):
    tile.yield %a : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  // CHECK: tile.kernel "attention" #nvptx.attention<tokens = 8, rows = 16, keys = 64, splits = 4>
  %2 = tile.kernel "attention" #nvptx.attention<tokens = 8, rows = 16, keys = 64, splits = 4> ins() outs(%x : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>):
    tile.yield %a : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  // CHECK: tile.kernel "dispatch" #nvptx.dispatch<warps = 32>
  %3 = tile.kernel "dispatch" #nvptx.dispatch<warps = 32> ins() outs(%x : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>):
    tile.yield %a : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  // CHECK: tile.kernel "selection" #nvptx.selection<keys = 2048, warps = 8>
  %4 = tile.kernel "selection" #nvptx.selection<keys = 2048, warps = 8> ins() outs(%x : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>):
    tile.yield %a : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return
}

// -----

// CHECK-LABEL: func.func @launches
func.func @launches(%x: tensor<?x8xf32>) {
  // CHECK: tile.kernel "norm" #nvptx.rows<warps = 4>
  // CHECK-SAME: attributes {nvptx.launch = #nvptx.launch<@kernels::@layer$norm, blocks = 8>}
  %0 = tile.kernel "norm" #nvptx.rows<warps = 4> ins() outs(%x : tensor<?x8xf32>) attributes {nvptx.launch = #nvptx.launch<@kernels::@layer$norm, blocks = 8>} {
  ^bb0(%a: tensor<?x8xf32>):
    tile.yield %a : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  // CHECK: tile.kernel "odd" ins(
  // CHECK-SAME: nvptx.refused = "rows are not f32"
  %1 = tile.kernel "odd" ins() outs(%x : tensor<?x8xf32>) attributes {nvptx.refused = "rows are not f32"} {
  ^bb0(%a: tensor<?x8xf32>):
    tile.yield %a : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return
}
// CHECK: nvptx.shared_bytes = 144 : i64
gpu.module @kernels {
  gpu.func @layer$norm() kernel attributes {nvptx.shared_bytes = 144 : i64} {
    gpu.return
  }
}
