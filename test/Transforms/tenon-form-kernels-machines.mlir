// RUN: tenon-opt %s --tenon-specialize-buckets=buckets=1,2,8,9,16,17,32,33,64,65,144,145 --tenon-form-kernels --split-input-file | FileCheck %s

// Sizes of tiles that a machine chooses, on both sides of each bound.

/// A panel takes two registers of each row, and four panels make eight chains, which hide the latency of a product.
// CHECK: tile.kernel "v3.linear.t1" <panels = 4> ins
// CHECK: tile.kernel "v3.linear.t2" <rows = 2, panels = 6> ins
// CHECK: tile.kernel "v3.attention.t2" <rows = 2, block = 2, split = ticket> ins
// CHECK: tile.kernel "v3.linear.t8" <rows = 8, panels = 6> ins
// CHECK: tile.kernel "v3.linear.t9" <rows = 9, panels = 6> ins
// CHECK: tile.kernel "v3.attention.t32" <rows = 32, block = 32, split = ticket> ins
// CHECK: tile.kernel "v3.attention.t33" <rows = 32, block = 32, split = ticket> ins
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
  func.func @v3(%x: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %q: tensor<?x2x8xf32>, %k: tensor<1x?x?x8xf32>, %l: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> (tensor<?x96xf32>, tensor<?x2x8xf32>) {
    %y = tenon.linear %x, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
    %a = tenon.attention %q, %k[%l] at %pos in %slot blocks %b scale 0.25 mask <causal> value_first 8
        : tensor<?x2x8xf32>, tensor<1x?x?x8xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x8xf32>
    return %y, %a : tensor<?x96xf32>, tensor<?x2x8xf32>
  }
}

// -----

/// A panel takes one register of each row.
// CHECK: tile.kernel "v4.linear.t1" <panels = 8> ins
// CHECK: tile.kernel "v4.linear.t2" <rows = 2, panels = 6> ins
// CHECK: tile.kernel "v4.linear.t8" <rows = 8, panels = 6> ins
// CHECK: tile.kernel "v4.linear.t9" <rows = 9, panels = 6> ins
// CHECK: tile.kernel "v4.attention.t32" <rows = 32, block = 32, split = ticket> ins
// CHECK: tile.kernel "v4.attention.t33" <rows = 32, block = 32, split = ticket> ins
module attributes {machine.target = #machine.cpu<name = "x86-64-v4", lanes = 16, registers = 32>} {
  func.func @v4(%x: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %q: tensor<?x2x8xf32>, %k: tensor<1x?x?x8xf32>, %l: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> (tensor<?x96xf32>, tensor<?x2x8xf32>) {
    %y = tenon.linear %x, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
    %a = tenon.attention %q, %k[%l] at %pos in %slot blocks %b scale 0.25 mask <causal> value_first 8
        : tensor<?x2x8xf32>, tensor<1x?x?x8xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x8xf32>
    return %y, %a : tensor<?x96xf32>, tensor<?x2x8xf32>
  }
}

// -----

/// What fits into registers is the expansion's concern; a block of many rows is what stays in caches.
// CHECK: tile.kernel "few_registers.linear.t1" <panels = 8> ins
// CHECK: tile.kernel "few_registers.linear.t8" <rows = 8, panels = 6> ins
// CHECK: tile.kernel "few_registers.linear.t144" <rows = 144, panels = 6> ins
// CHECK: tile.kernel "few_registers.linear.t145" <rows = 144, panels = 6> ins
module attributes {machine.target = #machine.cpu<name = "x86-64-v4", lanes = 16, registers = 8>} {
  func.func @few_registers(%x: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %q: tensor<?x2x8xf32>, %k: tensor<1x?x?x8xf32>, %l: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> (tensor<?x96xf32>, tensor<?x2x8xf32>) {
    %y = tenon.linear %x, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
    %a = tenon.attention %q, %k[%l] at %pos in %slot blocks %b scale 0.25 mask <causal> value_first 8
        : tensor<?x2x8xf32>, tensor<1x?x?x8xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x8xf32>
    return %y, %a : tensor<?x96xf32>, tensor<?x2x8xf32>
  }
}

// -----

/// A panel takes four registers of four lanes.
// CHECK: tile.kernel "four_lanes.linear.t1" <panels = 2> ins
// CHECK: tile.kernel "four_lanes.linear.t2" <rows = 2, panels = 6> ins
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 4, registers = 8>} {
  func.func @four_lanes(%x: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %q: tensor<?x2x8xf32>, %k: tensor<1x?x?x8xf32>, %l: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> (tensor<?x96xf32>, tensor<?x2x8xf32>) {
    %y = tenon.linear %x, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
    %a = tenon.attention %q, %k[%l] at %pos in %slot blocks %b scale 0.25 mask <causal> value_first 8
        : tensor<?x2x8xf32>, tensor<1x?x?x8xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x8xf32>
    return %y, %a : tensor<?x96xf32>, tensor<?x2x8xf32>
  }
}

// -----

/// Kernels of a graphics processor are not made of loops over tiles: its back end configures them.
// CHECK: tile.kernel "sm_90a.linear.t1" ins
// CHECK: tile.kernel "sm_90a.linear.t17" ins
// CHECK: tile.kernel "sm_90a.attention.t64" ins
module attributes {machine.target = #machine.gpu<name = "sm_90a", shared = 232448, registers = 65536>} {
  func.func @sm_90a(%x: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %q: tensor<?x2x8xf32>, %k: tensor<1x?x?x8xf32>, %l: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>) -> (tensor<?x96xf32>, tensor<?x2x8xf32>) {
    %y = tenon.linear %x, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
    %a = tenon.attention %q, %k[%l] at %pos in %slot blocks %b scale 0.25 mask <causal> value_first 8
        : tensor<?x2x8xf32>, tensor<1x?x?x8xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x8xf32>
    return %y, %a : tensor<?x96xf32>, tensor<?x2x8xf32>
  }
}

// -----

/// A router joins other ops on rows on a CPU.
// CHECK-LABEL: func.func @joined
// CHECK:       tile.kernel
// CHECK:         tenon.pointwise
// CHECK-NEXT:    tenon.router
// CHECK-NEXT:    tenon.pointwise
// CHECK-NOT:   tile.kernel
// CHECK:       return
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
  func.func @joined(%x: tensor<6x8xf32>, %lg: tensor<6x4xf32>) -> (tensor<6x8xf32>, tensor<6x2xi32>, tensor<6x2xf32>)
      attributes {tile.bucket = #tile.bucket<tokens = 6>} {
    %0 = tenon.pointwise scale %x by 2.0 : tensor<6x8xf32>
    %1:2 = tenon.router softmax %lg top 2 scale 1.0 : tensor<6x4xf32> -> tensor<6x2xi32>, tensor<6x2xf32>
    %2 = tenon.pointwise scale %0 by 3.0 : tensor<6x8xf32>
    return %2, %1#0, %1#1 : tensor<6x8xf32>, tensor<6x2xi32>, tensor<6x2xf32>
  }
}

// -----

/// It has a kernel of its own where other threads share the work.
// CHECK-LABEL: func.func @apart
// CHECK:       tile.kernel
// CHECK:         tenon.pointwise
// CHECK-NEXT:    tile.yield
// CHECK:       tile.kernel
// CHECK:         tenon.router
// CHECK-NEXT:    tile.yield
// CHECK:       tile.kernel
// CHECK:         tenon.pointwise
// CHECK-NEXT:    tile.yield
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
  func.func @apart(%x: tensor<6x8xf32>, %lg: tensor<6x4xf32>) -> (tensor<6x8xf32>, tensor<6x2xi32>, tensor<6x2xf32>)
      attributes {tile.bucket = #tile.bucket<tokens = 6>} {
    %0 = tenon.pointwise scale %x by 2.0 : tensor<6x8xf32>
    %1:2 = tenon.router softmax %lg top 2 scale 1.0 : tensor<6x4xf32> -> tensor<6x2xi32>, tensor<6x2xf32>
    %2 = tenon.pointwise scale %0 by 3.0 : tensor<6x8xf32>
    return %2, %1#0, %1#1 : tensor<6x8xf32>, tensor<6x2xi32>, tensor<6x2xf32>
  }
}
