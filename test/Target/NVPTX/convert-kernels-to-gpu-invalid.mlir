// RUN: tenon-opt %s --convert-kernels-to-gpu --split-input-file --verify-diagnostics | FileCheck %s
// RUN: not tenon-opt %s --convert-kernels-to-gpu --split-input-file --remarks-filter=convert-kernels-to-gpu 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK: remark: [Missed] RefuseKernel | Category:convert-kernels-to-gpu | Function=other_kind | Kernel=other.kind, Reason="its configuration is of another kind of kernel: #nvptx.rows<warps = 4>"

/// Configurations that cannot be obeyed are refused with the reason.
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
// CHECK: tile.kernel "other.kind"{{.*}} attributes {nvptx.refused = "its configuration is of another kind of kernel: #nvptx.rows<warps = 4>"}
func.func @other_kind(%x: tensor<?x90xf32>, %w: !tenon.weight<100x90, <bf16>, <16x2>>, %y: tensor<?x100xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "other.kind" #nvptx.rows<warps = 4> ins(%x, %w : tensor<?x90xf32>, !tenon.weight<100x90, <bf16>, <16x2>>) outs(%y : tensor<?x100xf32>) {
  ^bb0(%ax: tensor<?x90xf32>, %aw: !tenon.weight<100x90, <bf16>, <16x2>>, %ay: tensor<?x100xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x90xf32>, !tenon.weight<100x90, <bf16>, <16x2>> -> tensor<?x100xf32>
    %s = arith.addf %ay, %l : tensor<?x100xf32>
    tile.yield %s : tensor<?x100xf32>
  } -> tensor<?x100xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
// CHECK: tile.kernel "too.large"{{.*}} attributes {nvptx.refused = "it needs {{[0-9]+}} bytes of shared memory, but a block has 166912"}
func.func @too_large(%x: tensor<?x90xf32>, %w: !tenon.weight<100x90, <bf16>, <16x2>>, %y: tensor<?x100xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "too.large" #nvptx.contraction<tokens = 8, panels = 2, stages = 16, parts = 16, columns = split, warps = 16> ins(%x, %w : tensor<?x90xf32>, !tenon.weight<100x90, <bf16>, <16x2>>) outs(%y : tensor<?x100xf32>) {
  ^bb0(%ax: tensor<?x90xf32>, %aw: !tenon.weight<100x90, <bf16>, <16x2>>, %ay: tensor<?x100xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x90xf32>, !tenon.weight<100x90, <bf16>, <16x2>> -> tensor<?x100xf32>
    %s = arith.addf %ay, %l : tensor<?x100xf32>
    tile.yield %s : tensor<?x100xf32>
  } -> tensor<?x100xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
// CHECK: tile.kernel "uneven"{{.*}} attributes {nvptx.refused = "128 threads do not load 8 rows of 32 columns evenly"}
func.func @uneven(%x: tensor<?x61xf32>, %w: !tenon.weight<17x61, <f32>, <16x1>>, %y: tensor<?x17xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "uneven" #nvptx.contraction<tokens = 8, panels = 8, stages = 3, parts = 8, columns = whole, warps = 4> ins(%x, %w : tensor<?x61xf32>, !tenon.weight<17x61, <f32>, <16x1>>) outs(%y : tensor<?x17xf32>) {
  ^bb0(%ax: tensor<?x61xf32>, %aw: !tenon.weight<17x61, <f32>, <16x1>>, %ay: tensor<?x17xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x61xf32>, !tenon.weight<17x61, <f32>, <16x1>> -> tensor<?x17xf32>
    tile.yield %l : tensor<?x17xf32>
  } -> tensor<?x17xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
// CHECK: tile.kernel "no.columns"{{.*}} attributes {nvptx.refused = "4 warps do not share 64 keys and 32 columns of values"}
func.func @no_columns(%q: tensor<?x6x32xf32>, %k: tensor<2x?x?x2x32xf32>, %v: tensor<2x?x?x2x32xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %y: tensor<?x6x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "no.columns" #nvptx.attention<tokens = 8, rows = 16, keys = 64, splits = 4> ins(%q, %k, %v, %l, %p, %s, %b : tensor<?x6x32xf32>, tensor<2x?x?x2x32xf32>, tensor<2x?x?x2x32xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x6x32xf32>) {
  ^bb0(%aq: tensor<?x6x32xf32>, %ak: tensor<2x?x?x2x32xf32>, %av: tensor<2x?x?x2x32xf32>, %al: index, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ab: tensor<?x4xi32>, %ay: tensor<?x6x32xf32>):
    %o = tenon.attention %aq, %ak, %av[%al] at %ap in %as blocks %ab scale 0.176777 mask <causal> : tensor<?x6x32xf32>, tensor<2x?x?x2x32xf32> and tensor<2x?x?x2x32xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x6x32xf32>
    tile.yield %o : tensor<?x6x32xf32>
  } -> tensor<?x6x32xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
// CHECK: tile.kernel "no.registers"{{.*}} attributes {nvptx.refused = "the sums of 272 columns of values and the powers of 64 keys do not fit into the registers of 1 warps"}
func.func @no_registers(%q: tensor<?x32x288xf32>, %k: tensor<2x?x?x288xbf16>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %y: tensor<?x32x272xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "no.registers" #nvptx.attention<tokens = 8, rows = 16, keys = 64, splits = 1> ins(%q, %k, %l, %p, %s, %b : tensor<?x32x288xf32>, tensor<2x?x?x288xbf16>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x32x272xf32>) {
  ^bb0(%aq: tensor<?x32x288xf32>, %ak: tensor<2x?x?x288xbf16>, %al: index, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ab: tensor<?x4xi32>, %ay: tensor<?x32x272xf32>):
    %o = tenon.attention %aq, %ak[%al] at %ap in %as blocks %ab scale 0.058926 mask <causal> value_first 272 : tensor<?x32x288xf32>, tensor<2x?x?x288xbf16>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x32x272xf32>
    tile.yield %o : tensor<?x32x272xf32>
  } -> tensor<?x32x272xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 70000, registers = 65536>} {
// CHECK: tile.kernel "large.tiles"{{.*}} attributes {nvptx.refused = "it needs {{[0-9]+}} bytes of shared memory, but a block has 70000"}
func.func @large_tiles(%q: tensor<?x4x32xf32>, %k: tensor<2x?x?x2x32xf32>, %v: tensor<2x?x?x2x32xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %y: tensor<?x4x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  %r = tile.kernel "large.tiles" #nvptx.attention<tokens = 64, rows = 512, keys = 64, splits = 1> ins(%q, %k, %v, %l, %p, %s, %b : tensor<?x4x32xf32>, tensor<2x?x?x2x32xf32>, tensor<2x?x?x2x32xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x4x32xf32>) {
  ^bb0(%aq: tensor<?x4x32xf32>, %ak: tensor<2x?x?x2x32xf32>, %av: tensor<2x?x?x2x32xf32>, %al: index, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ab: tensor<?x4xi32>, %ay: tensor<?x4x32xf32>):
    %o = tenon.attention %aq, %ak, %av[%al] at %ap in %as blocks %ab scale 0.176777 mask <causal> : tensor<?x4x32xf32>, tensor<2x?x?x2x32xf32> and tensor<2x?x?x2x32xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x32xf32>
    tile.yield %o : tensor<?x4x32xf32>
  } -> tensor<?x4x32xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
// CHECK: tile.kernel "router"{{.*}} attributes {nvptx.refused = "a router is the work of one warp for each token"}
func.func @router(%x: tensor<?x37xf32>, %i: tensor<?x4xi32>, %w: tensor<?x4xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r:2 = tile.kernel "router" #nvptx.rows<warps = 2> ins(%x : tensor<?x37xf32>) outs(%i, %w : tensor<?x4xi32>, tensor<?x4xf32>) {
  ^bb0(%ax: tensor<?x37xf32>, %ai: tensor<?x4xi32>, %aw: tensor<?x4xf32>):
    %ri, %rw = tenon.router softmax %ax groups 1 keep 1 by max top 4 scale 2.5 : tensor<?x37xf32> -> tensor<?x4xi32>, tensor<?x4xf32>
    tile.yield %ri, %rw : tensor<?x4xi32>, tensor<?x4xf32>
  } -> tensor<?x4xi32>, tensor<?x4xf32>
  return
}
}

// -----

/// What the passes before it do, did not happen.
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
func.func @norms(%x: tensor<?x1000xf32>, %w: !tenon.weight<1000, <f32>>, %v: !tenon.weight<1000, <f32>>, %c: !tenon.weight<1000, <f32>>, %y: tensor<?x1000xf32>, %z: tensor<?x1000xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  // expected-error@+1 {{expects a configuration of a GPU; run nvptx-configure-kernels}}
  %r:2 = tile.kernel "norms" ins(%x, %w, %v, %c : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>) outs(%y, %z : tensor<?x1000xf32>, tensor<?x1000xf32>) {
  ^bb0(%ax: tensor<?x1000xf32>, %aw: !tenon.weight<1000, <f32>>, %av: !tenon.weight<1000, <f32>>, %ac: !tenon.weight<1000, <f32>>, %ay: tensor<?x1000xf32>, %az: tensor<?x1000xf32>):
    %n = tenon.norm rms %ax, %aw eps 1.0e-6 order one_plus : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>
    %s = arith.addf %ay, %n : tensor<?x1000xf32>
    %l = tenon.norm layer %s, %av bias %ac eps 1.0e-5 : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>
    tile.yield %s, %l : tensor<?x1000xf32>, tensor<?x1000xf32>
  } -> tensor<?x1000xf32>, tensor<?x1000xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
func.func @norms(%x: tensor<?x1000xf32>, %w: !tenon.weight<1000, <f32>>, %v: !tenon.weight<1000, <f32>>, %c: !tenon.weight<1000, <f32>>, %y: tensor<?x1000xf32>, %z: tensor<?x1000xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  // expected-error@+1 {{expects a configuration of a GPU; run nvptx-configure-kernels}}
  %r:2 = tile.kernel "norms" <rows = 4> ins(%x, %w, %v, %c : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>) outs(%y, %z : tensor<?x1000xf32>, tensor<?x1000xf32>) {
  ^bb0(%ax: tensor<?x1000xf32>, %aw: !tenon.weight<1000, <f32>>, %av: !tenon.weight<1000, <f32>>, %ac: !tenon.weight<1000, <f32>>, %ay: tensor<?x1000xf32>, %az: tensor<?x1000xf32>):
    %n = tenon.norm rms %ax, %aw eps 1.0e-6 order one_plus : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>
    %s = arith.addf %ay, %n : tensor<?x1000xf32>
    %l = tenon.norm layer %s, %av bias %ac eps 1.0e-5 : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>
    tile.yield %s, %l : tensor<?x1000xf32>, tensor<?x1000xf32>
  } -> tensor<?x1000xf32>, tensor<?x1000xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
func.func @norms(%x: tensor<?x1000xf32>, %w: !tenon.weight<1000, <f32>>, %v: !tenon.weight<1000, <f32>>, %c: !tenon.weight<1000, <f32>>, %y: tensor<?x1000xf32>, %z: tensor<?x1000xf32>) {
  // expected-error@+1 {{expects its function to have a bucket}}
  %r:2 = tile.kernel "norms" #nvptx.rows<warps = 4> ins(%x, %w, %v, %c : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>) outs(%y, %z : tensor<?x1000xf32>, tensor<?x1000xf32>) {
  ^bb0(%ax: tensor<?x1000xf32>, %aw: !tenon.weight<1000, <f32>>, %av: !tenon.weight<1000, <f32>>, %ac: !tenon.weight<1000, <f32>>, %ay: tensor<?x1000xf32>, %az: tensor<?x1000xf32>):
    %n = tenon.norm rms %ax, %aw eps 1.0e-6 order one_plus : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>
    %s = arith.addf %ay, %n : tensor<?x1000xf32>
    %l = tenon.norm layer %s, %av bias %ac eps 1.0e-5 : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>
    tile.yield %s, %l : tensor<?x1000xf32>, tensor<?x1000xf32>
  } -> tensor<?x1000xf32>, tensor<?x1000xf32>
  return
}
}

// -----

// expected-error@+1 {{expects machine.target to be a #machine.gpu; set it on the module}}
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {}

// -----

// expected-error@+1 {{expects no symbol 'kernels', which device functions are put into}}
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
func.func private @kernels()
}
