// Sizes of results follow from operands, without the op: ReifyRankedShapedTypeOpInterface.
// RUN: tenon-opt %s --resolve-ranked-shaped-type-result-dims --cse | FileCheck %s

// CHECK-LABEL: func @tokens
// CHECK-SAME: %[[TOKENS:[a-z0-9]+]]: tensor<?xi32>
func.func @tokens(%tokens: tensor<?xi32>, %table: !tenon.weight<100x64, <bf16>>, %w: !tenon.weight<96x64, <f32>>, %n: !tenon.weight<64, <f32>>) -> index {
  %c0 = arith.constant 0 : index
  %x = tenon.embedding %tokens, %table : tensor<?xi32>, !tenon.weight<100x64, <bf16>> -> tensor<?x64xf32>
  %h = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  %s = tenon.activate gelu %h : tensor<?x64xf32>
  %y = tenon.linear %s, %w : tensor<?x64xf32>, !tenon.weight<96x64, <f32>> -> tensor<?x6x16xf32>
  // CHECK: %[[T:.*]] = tensor.dim %[[TOKENS]], %c0 : tensor<?xi32>
  // CHECK: return %[[T]]
  %size = tensor.dim %y, %c0 : tensor<?x6x16xf32>
  return %size : index
}

// Rows that are gathered may be more or fewer than there are tokens.
// CHECK-LABEL: func @gathered
// CHECK-SAME: %[[ROWS:[a-z0-9]+]]: tensor<?xi32>
func.func @gathered(%x: tensor<?x64xf32>, %rows: tensor<?xi32>) -> index {
  %c0 = arith.constant 0 : index
  %h = tenon.gather_rows %x, %rows : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  // CHECK: %[[R:.*]] = tensor.dim %[[ROWS]], %c0 : tensor<?xi32>
  // CHECK: return %[[R]]
  %size = tensor.dim %h, %c0 : tensor<?x64xf32>
  return %size : index
}

// A choice of an expert is a row.
// CHECK-LABEL: func @choices
// CHECK-SAME: %[[CHOICE:[a-z0-9]+]]: tensor<?x2xi32>
func.func @choices(%x: tensor<?x64xf32>, %choice: tensor<?x2xi32>, %w: !tenon.weight<8x48x64, <bf16>>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %order, %place, %offsets = tenon.moe_dispatch %choice : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<9xi32>
  %y = tenon.grouped_linear %x rows %order : tensor<?xi32> choices 2 of %offsets, %w glu silu
      : tensor<?x64xf32>, tensor<9xi32>, !tenon.weight<8x48x64, <bf16>> -> tensor<?x24xf32>
  // CHECK: %[[T:.*]] = tensor.dim %[[CHOICE]], %c0 : tensor<?x2xi32>
  // CHECK: %[[ALL:.*]] = arith.muli %[[T]], %c2
  // CHECK: return %[[ALL]], %[[T]]
  %rows = tensor.dim %y, %c0 : tensor<?x24xf32>
  %tokens = tensor.dim %place, %c0 : tensor<?x2xi32>
  return %rows, %tokens : index, index
}

// A cache stays as long as it is.
// CHECK-LABEL: func @cache
// CHECK-SAME: %[[CACHE:[a-z0-9]+]]: tensor<3x?x?x2x16xf32>
func.func @cache(%k: tensor<?x2x16xf32>, %cache: tensor<3x?x?x2x16xf32>, %layer: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>) -> index {
  %c2 = arith.constant 2 : index
  %new = tenon.cache_update %k into %cache[%layer] at %pos in %slot : tensor<?x2x16xf32> into tensor<3x?x?x2x16xf32>, tensor<?xi32>
  // CHECK: %[[LENGTH:.*]] = tensor.dim %[[CACHE]], %c2 : tensor<3x?x?x2x16xf32>
  // CHECK: return %[[LENGTH]]
  %length = tensor.dim %new, %c2 : tensor<3x?x?x2x16xf32>
  return %length : index
}

// Only the rows follow from the first row tensor: no other size that is not static does.
// CHECK-LABEL: func @columns
func.func @columns(%tokens: tensor<?xi32>, %table: !tenon.weight<100x64, <bf16>>) -> index {
  %c1 = arith.constant 1 : index
  // CHECK: %[[X:.*]] = tenon.embedding
  %x = tenon.embedding %tokens, %table : tensor<?xi32>, !tenon.weight<100x64, <bf16>> -> tensor<?x?xf32>
  // CHECK: tensor.dim %[[X]], %c1
  %size = tensor.dim %x, %c1 : tensor<?x?xf32>
  return %size : index
}
