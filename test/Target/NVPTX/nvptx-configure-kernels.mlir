// RUN: tenon-opt %s --nvptx-configure-kernels --split-input-file --verify-diagnostics | FileCheck %s
// RUN: not tenon-opt %s --nvptx-configure-kernels --split-input-file --remarks-filter=nvptx-configure-kernels 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK: remark: [Passed] ConfigureKernel | Category:nvptx-configure-kernels | Function=linear_t8 | Config="#nvptx.contraction<tokens = 8, panels = 2, stages = 3, parts = 8, columns = split, warps = 8>", Kernel=linear.t8
// REMARK: remark: [Missed] RefuseKernel | Category:nvptx-configure-kernels | Function=naive | Kernel=naive, Reason="there is no device code for tenon.mla_attention"
// REMARK: remark: [Missed] RefuseKernel | Category:nvptx-configure-kernels | Function=no_bucket | Kernel=free, Reason="its function has no bucket"

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
/// Few rows share a pass over the matrix: each warp sums a part of the columns.
// CHECK: tile.kernel "linear.t8" #nvptx.contraction<tokens = 8, panels = 2, stages = 3, parts = 8, columns = split, warps = 8> ins
func.func @linear_t8(%x: tensor<?x90xf32>, %w: !tenon.weight<100x90, <bf16>, <16x2>>, %y: tensor<?x100xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "linear.t8" ins(%x, %w : tensor<?x90xf32>, !tenon.weight<100x90, <bf16>, <16x2>>) outs(%y : tensor<?x100xf32>) {
  ^bb0(%ax: tensor<?x90xf32>, %aw: !tenon.weight<100x90, <bf16>, <16x2>>, %ay: tensor<?x100xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x90xf32>, !tenon.weight<100x90, <bf16>, <16x2>> -> tensor<?x100xf32>
    %s = arith.addf %ay, %l : tensor<?x100xf32>
    tile.yield %s : tensor<?x100xf32>
  } -> tensor<?x100xf32>
  return
}
/// Many rows: warps share the tile, and columns are summed in the same parts.
// CHECK: tile.kernel "linear.t512" #nvptx.contraction<tokens = 64, panels = 8, stages = 3, parts = 8, columns = whole, warps = 8> ins
func.func @linear_t512(%x: tensor<?x90xf32>, %w: !tenon.weight<100x90, <bf16>, <16x2>>, %y: tensor<?x100xf32>) attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  %r = tile.kernel "linear.t512" ins(%x, %w : tensor<?x90xf32>, !tenon.weight<100x90, <bf16>, <16x2>>) outs(%y : tensor<?x100xf32>) {
  ^bb0(%ax: tensor<?x90xf32>, %aw: !tenon.weight<100x90, <bf16>, <16x2>>, %ay: tensor<?x100xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x90xf32>, !tenon.weight<100x90, <bf16>, <16x2>> -> tensor<?x100xf32>
    %s = arith.addf %ay, %l : tensor<?x100xf32>
    tile.yield %s : tensor<?x100xf32>
  } -> tensor<?x100xf32>
  return
}
/// Offsets of groups take registers, too.
// CHECK: tile.kernel "linear.offsets" #nvptx.contraction<tokens = 32, panels = 8, stages = 3, parts = 8, columns = whole, warps = 8> ins
func.func @linear_offsets(%x: tensor<?x330xf32>, %w: !tenon.weight<70x330, <i8, scale f32 per 1x32, offset>, <16x4>>, %y: tensor<?x70xf32>) attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  %r = tile.kernel "linear.offsets" ins(%x, %w : tensor<?x330xf32>, !tenon.weight<70x330, <i8, scale f32 per 1x32, offset>, <16x4>>) outs(%y : tensor<?x70xf32>) {
  ^bb0(%ax: tensor<?x330xf32>, %aw: !tenon.weight<70x330, <i8, scale f32 per 1x32, offset>, <16x4>>, %ay: tensor<?x70xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x330xf32>, !tenon.weight<70x330, <i8, scale f32 per 1x32, offset>, <16x4>> -> tensor<?x70xf32>
    tile.yield %l : tensor<?x70xf32>
  } -> tensor<?x70xf32>
  return
}
/// Heads that share keys are rows of one tile; few rows of warps split keys and columns.
// CHECK: tile.kernel "attention.t8" #nvptx.attention<tokens = 8, rows = 16, keys = 64, splits = 2> ins
func.func @attention_t8(%q: tensor<?x6x32xf32>, %k: tensor<2x?x?x2x32xf32>, %v: tensor<2x?x?x2x32xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %y: tensor<?x6x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "attention.t8" ins(%q, %k, %v, %l, %p, %s, %b : tensor<?x6x32xf32>, tensor<2x?x?x2x32xf32>, tensor<2x?x?x2x32xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x6x32xf32>) {
  ^bb0(%aq: tensor<?x6x32xf32>, %ak: tensor<2x?x?x2x32xf32>, %av: tensor<2x?x?x2x32xf32>, %al: index, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ab: tensor<?x4xi32>, %ay: tensor<?x6x32xf32>):
    %o = tenon.attention %aq, %ak, %av[%al] at %ap in %as blocks %ab scale 0.176777 mask <causal> : tensor<?x6x32xf32>, tensor<2x?x?x2x32xf32> and tensor<2x?x?x2x32xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x6x32xf32>
    tile.yield %o : tensor<?x6x32xf32>
  } -> tensor<?x6x32xf32>
  return
}
/// Keys that a token has selected are its own: its heads are all rows of a tile, in any bucket.
// CHECK: tile.kernel "attention.selected" #nvptx.attention<tokens = 1, rows = 32, keys = 64, splits = 2> ins
func.func @attention_selected(%q: tensor<?x20x80xf32>, %k: tensor<2x?x?x80xf32>, %l: index, %z: tensor<?x24xi32>, %p: tensor<?xi32>, %s: tensor<?xi32>, %y: tensor<?x20x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  %r = tile.kernel "attention.selected" ins(%q, %k, %l, %z, %p, %s : tensor<?x20x80xf32>, tensor<2x?x?x80xf32>, index, tensor<?x24xi32>, tensor<?xi32>, tensor<?xi32>) outs(%y : tensor<?x20x64xf32>) {
  ^bb0(%aq: tensor<?x20x80xf32>, %ak: tensor<2x?x?x80xf32>, %al: index, %az: tensor<?x24xi32>, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ay: tensor<?x20x64xf32>):
    %o = tenon.selected_attention %aq, %ak[%al] of %az at %ap in %as scale 0.111803 : tensor<?x20x80xf32>, tensor<2x?x?x80xf32>, tensor<?x24xi32>, tensor<?xi32> -> tensor<?x20x64xf32>
    tile.yield %o : tensor<?x20x64xf32>
  } -> tensor<?x20x64xf32>
  return
}
/// As many keys between two selections as are kept.
// CHECK: tile.kernel "selection" #nvptx.selection<keys = 2048, warps = 8> ins
func.func @selection(%q: tensor<?x64x128xf32>, %k: tensor<2x?x?x128xbf16>, %l: index, %w: tensor<?x64xf32>, %p: tensor<?xi32>, %s: tensor<?xi32>, %y: tensor<?x2048xi32>) attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  %r = tile.kernel "selection" ins(%q, %k, %l, %w, %p, %s : tensor<?x64x128xf32>, tensor<2x?x?x128xbf16>, index, tensor<?x64xf32>, tensor<?xi32>, tensor<?xi32>) outs(%y : tensor<?x2048xi32>) {
  ^bb0(%aq: tensor<?x64x128xf32>, %ak: tensor<2x?x?x128xbf16>, %al: index, %aw: tensor<?x64xf32>, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ay: tensor<?x2048xi32>):
    %i = tenon.index_topk %aq, %ak[%al] weights %aw at %ap in %as of 163840 scale 0.25 : tensor<?x64x128xf32>, tensor<2x?x?x128xbf16>, tensor<?x64xf32>, tensor<?xi32> -> tensor<?x2048xi32>
    tile.yield %i : tensor<?x2048xi32>
  } -> tensor<?x2048xi32>
  return
}
/// Fewer, where so many do not fit into shared memory.
// CHECK: tile.kernel "selection.large" #nvptx.selection<keys = 1024, warps = 8> ins
func.func @selection_large(%q: tensor<?x64x128xf32>, %k: tensor<2x?x?x128xbf16>, %l: index, %w: tensor<?x64xf32>, %p: tensor<?xi32>, %s: tensor<?xi32>, %y: tensor<?x4000xi32>) attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  %r = tile.kernel "selection.large" ins(%q, %k, %l, %w, %p, %s : tensor<?x64x128xf32>, tensor<2x?x?x128xbf16>, index, tensor<?x64xf32>, tensor<?xi32>, tensor<?xi32>) outs(%y : tensor<?x4000xi32>) {
  ^bb0(%aq: tensor<?x64x128xf32>, %ak: tensor<2x?x?x128xbf16>, %al: index, %aw: tensor<?x64xf32>, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ay: tensor<?x4000xi32>):
    %i = tenon.index_topk %aq, %ak[%al] weights %aw at %ap in %as of 163840 scale 0.25 : tensor<?x64x128xf32>, tensor<2x?x?x128xbf16>, tensor<?x64xf32>, tensor<?xi32> -> tensor<?x4000xi32>
    tile.yield %i : tensor<?x4000xi32>
  } -> tensor<?x4000xi32>
  return
}
/// The tile of keys is the same in a large bucket.
// CHECK: tile.kernel "attention.t512" #nvptx.attention<tokens = 64, rows = 64, keys = 64, splits = 1> ins
func.func @attention_t512(%q: tensor<?x6x32xf32>, %k: tensor<2x?x?x2x32xf32>, %v: tensor<2x?x?x2x32xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %y: tensor<?x6x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 512>} {
  %r = tile.kernel "attention.t512" ins(%q, %k, %v, %l, %p, %s, %b : tensor<?x6x32xf32>, tensor<2x?x?x2x32xf32>, tensor<2x?x?x2x32xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x6x32xf32>) {
  ^bb0(%aq: tensor<?x6x32xf32>, %ak: tensor<2x?x?x2x32xf32>, %av: tensor<2x?x?x2x32xf32>, %al: index, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ab: tensor<?x4xi32>, %ay: tensor<?x6x32xf32>):
    %o = tenon.attention %aq, %ak, %av[%al] at %ap in %as blocks %ab scale 0.176777 mask <causal> : tensor<?x6x32xf32>, tensor<2x?x?x2x32xf32> and tensor<2x?x?x2x32xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x6x32xf32>
    tile.yield %o : tensor<?x6x32xf32>
  } -> tensor<?x6x32xf32>
  return
}
/// The length of the rows alone decides.
// CHECK: tile.kernel "norms" #nvptx.rows<warps = {{[0-9]+}}> ins
func.func @norms(%x: tensor<?x1000xf32>, %w: !tenon.weight<1000, <f32>>, %v: !tenon.weight<1000, <f32>>, %c: !tenon.weight<1000, <f32>>, %y: tensor<?x1000xf32>, %z: tensor<?x1000xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r:2 = tile.kernel "norms" ins(%x, %w, %v, %c : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>) outs(%y, %z : tensor<?x1000xf32>, tensor<?x1000xf32>) {
  ^bb0(%ax: tensor<?x1000xf32>, %aw: !tenon.weight<1000, <f32>>, %av: !tenon.weight<1000, <f32>>, %ac: !tenon.weight<1000, <f32>>, %ay: tensor<?x1000xf32>, %az: tensor<?x1000xf32>):
    %n = tenon.norm rms %ax, %aw eps 1.0e-6 order one_plus : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>
    %s = arith.addf %ay, %n : tensor<?x1000xf32>
    %l = tenon.norm layer %s, %av bias %ac eps 1.0e-5 : tensor<?x1000xf32>, !tenon.weight<1000, <f32>>, !tenon.weight<1000, <f32>>
    tile.yield %s, %l : tensor<?x1000xf32>, tensor<?x1000xf32>
  } -> tensor<?x1000xf32>, tensor<?x1000xf32>
  return
}
/// A warp for each token.
// CHECK: tile.kernel "router" #nvptx.rows<warps = 1> ins
func.func @router(%x: tensor<?x37xf32>, %i: tensor<?x4xi32>, %w: tensor<?x4xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r:2 = tile.kernel "router" ins(%x : tensor<?x37xf32>) outs(%i, %w : tensor<?x4xi32>, tensor<?x4xf32>) {
  ^bb0(%ax: tensor<?x37xf32>, %ai: tensor<?x4xi32>, %aw: tensor<?x4xf32>):
    %ri, %rw = tenon.router softmax %ax groups 1 keep 1 by max top 4 scale 2.5 : tensor<?x37xf32> -> tensor<?x4xi32>, tensor<?x4xf32>
    tile.yield %ri, %rw : tensor<?x4xi32>, tensor<?x4xf32>
  } -> tensor<?x4xi32>, tensor<?x4xf32>
  return
}
/// One block for all tokens.
// CHECK: tile.kernel "dispatch" #nvptx.dispatch<warps = 32> ins
func.func @dispatch(%c: tensor<?x3xi32>, %o: tensor<?xi32>, %p: tensor<?x3xi32>, %f: tensor<42xi32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r:3 = tile.kernel "dispatch" ins(%c : tensor<?x3xi32>) outs(%o, %p, %f : tensor<?xi32>, tensor<?x3xi32>, tensor<42xi32>) {
  ^bb0(%ac: tensor<?x3xi32>, %ao: tensor<?xi32>, %ap: tensor<?x3xi32>, %af: tensor<42xi32>):
    %ro, %rp, %rf = tenon.moe_dispatch %ac : tensor<?x3xi32> -> tensor<?xi32>, tensor<?x3xi32>, tensor<42xi32>
    tile.yield %ro, %rp, %rf : tensor<?xi32>, tensor<?x3xi32>, tensor<42xi32>
  } -> tensor<?xi32>, tensor<?x3xi32>, tensor<42xi32>
  return
}
/// What is chosen already, stays.
// CHECK: tile.kernel "edited" #nvptx.contraction<tokens = 16, panels = 2, stages = 4, parts = 4, columns = split, warps = 4> ins
func.func @edited(%x: tensor<?x90xf32>, %w: !tenon.weight<100x90, <bf16>, <16x2>>, %y: tensor<?x100xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "edited" #nvptx.contraction<tokens = 16, panels = 2, stages = 4, parts = 4, columns = split, warps = 4> ins(%x, %w : tensor<?x90xf32>, !tenon.weight<100x90, <bf16>, <16x2>>) outs(%y : tensor<?x100xf32>) {
  ^bb0(%ax: tensor<?x90xf32>, %aw: !tenon.weight<100x90, <bf16>, <16x2>>, %ay: tensor<?x100xf32>):
    %l = tenon.linear %ax, %aw : tensor<?x90xf32>, !tenon.weight<100x90, <bf16>, <16x2>> -> tensor<?x100xf32>
    %s = arith.addf %ay, %l : tensor<?x100xf32>
    tile.yield %s : tensor<?x100xf32>
  } -> tensor<?x100xf32>
  return
}
/// There is no device code, and the module says why.
// CHECK: tile.kernel "naive" ins({{.*}} attributes {nvptx.refused = "there is no device code for tenon.mla_attention"}
func.func @naive(%q: tensor<?x2x12xf32>, %c: tensor<1x?x?x12xf32>, %l: index, %p: tensor<?xi32>, %b: tensor<?x4xi32>, %e: !tenon.weight<24x8, <bf16>, <16x2>>, %o: tensor<?x2x4xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "naive" ins(%q, %c, %l, %e, %p, %b : tensor<?x2x12xf32>, tensor<1x?x?x12xf32>, index, !tenon.weight<24x8, <bf16>, <16x2>>, tensor<?xi32>, tensor<?x4xi32>) outs(%o : tensor<?x2x4xf32>) {
  ^bb0(%a0: tensor<?x2x12xf32>, %a1: tensor<1x?x?x12xf32>, %a2: index, %a3: !tenon.weight<24x8, <bf16>, <16x2>>, %a4: tensor<?xi32>, %a5: tensor<?x4xi32>, %a6: tensor<?x2x4xf32>):
    %m = tenon.mla_attention %a0, %a1[%a2], %a3 at %a4 in %a4 blocks %a5 nope 8 scale 0.2 mask <causal> : tensor<?x2x12xf32>, tensor<1x?x?x12xf32>, <24x8, <bf16>, <16x2>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x4xf32>
    tile.yield %m : tensor<?x2x4xf32>
  } -> tensor<?x2x4xf32>
  return
}
/// No bucket, no number of tokens.
// CHECK: nvptx.refused = "its function has no bucket"
func.func @no_bucket(%x: tensor<?x64xf32>) {
  %r = tile.kernel "free" ins() outs(%x : tensor<?x64xf32>) {
  ^bb0(%a: tensor<?x64xf32>):
    %s = arith.addf %a, %a : tensor<?x64xf32>
    tile.yield %s : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
}

// -----

/// Less shared memory: fewer keys and rows at a time.
// CHECK: tile.kernel "attention.wide" #nvptx.attention<tokens = 8, rows = 16, keys = 16, splits = 1> ins
module attributes {machine.target = #machine.gpu<name = "small", shared = 98304, registers = 65536>} {
func.func @attention_wide(%q: tensor<?x4x256xf32>, %k: tensor<2x?x?x2x256xf32>, %v: tensor<2x?x?x2x256xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %y: tensor<?x4x256xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "attention.wide" ins(%q, %k, %v, %l, %p, %s, %b : tensor<?x4x256xf32>, tensor<2x?x?x2x256xf32>, tensor<2x?x?x2x256xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x4x256xf32>) {
  ^bb0(%aq: tensor<?x4x256xf32>, %ak: tensor<2x?x?x2x256xf32>, %av: tensor<2x?x?x2x256xf32>, %al: index, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ab: tensor<?x4xi32>, %ay: tensor<?x4x256xf32>):
    %o = tenon.attention %aq, %ak, %av[%al] at %ap in %as blocks %ab scale 0.176777 mask <causal> : tensor<?x4x256xf32>, tensor<2x?x?x2x256xf32> and tensor<2x?x?x2x256xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x256xf32>
    tile.yield %o : tensor<?x4x256xf32>
  } -> tensor<?x4x256xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.gpu<name = "tiny", shared = 8192, registers = 65536>} {
// CHECK: nvptx.refused = "no tile of keys fits into shared memory"
func.func @attention_none(%q: tensor<?x4x32xf32>, %k: tensor<2x?x?x2x32xf32>, %v: tensor<2x?x?x2x32xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %b: tensor<?x4xi32>, %y: tensor<?x4x32xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %r = tile.kernel "attention.none" ins(%q, %k, %v, %l, %p, %s, %b : tensor<?x4x32xf32>, tensor<2x?x?x2x32xf32>, tensor<2x?x?x2x32xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%y : tensor<?x4x32xf32>) {
  ^bb0(%aq: tensor<?x4x32xf32>, %ak: tensor<2x?x?x2x32xf32>, %av: tensor<2x?x?x2x32xf32>, %al: index, %ap: tensor<?xi32>, %as: tensor<?xi32>, %ab: tensor<?x4xi32>, %ay: tensor<?x4x32xf32>):
    %o = tenon.attention %aq, %ak, %av[%al] at %ap in %as blocks %ab scale 0.176777 mask <causal> : tensor<?x4x32xf32>, tensor<2x?x?x2x32xf32> and tensor<2x?x?x2x32xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x32xf32>
    tile.yield %o : tensor<?x4x32xf32>
  } -> tensor<?x4x32xf32>
  return
}
}

// -----

// expected-error@+1 {{expects machine.target to be a #machine.gpu; set it on the module}}
module {}
