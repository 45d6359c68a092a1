// Graphs that no model has, in odd sizes: what passes make of them computes the
// same. New results of a public function are arguments after the others.
// DEFINE: %{run} = tenon-run %s --compare=interpret --pipeline="builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=9 positions=64},tenon-tile-pipeline)"
// DEFINE: %{x} = --input=seed:1@5x7 --input=seed:2@5x7

// RUN: %{run} --entry=residuals.t9 --before-entry=residuals %{x} --input=unwritten@5x7 --input=unwritten@5x7 --input=unwritten@5x7 | FileCheck %s --check-prefix=THREE
// RUN: %{run} --entry=product_of_residual.t9 --before-entry=product_of_residual %{x} --input=unwritten@5x7 | FileCheck %s --check-prefix=ONE
// RUN: %{run} --entry=orders.t9 --before-entry=orders %{x} --input=unwritten@5x7 | FileCheck %s --check-prefix=ONE
// RUN: %{run} --entry=gathered.t9 --before-entry=gathered %{x} --input=ints:4,0,4 --input=unwritten@5x7 --input=unwritten@3x7 | FileCheck %s --check-prefix=TWO
// RUN: %{run} --entry=gathered.t9 --before-entry=gathered --input=seed:1@2x7 --input=seed:2@2x7 --input=ints:1,0,1,1,0 --input=unwritten@2x7 --input=unwritten@5x7 | FileCheck %s --check-prefix=TWO
// RUN: %{run} --entry=cache_twice.t9 --before-entry=cache_twice %{x} --input=cache --input=positions --input=slots --step=tokens:3+2,start:4+0,slots:3 | FileCheck %s --check-prefix=ONE
// RUN: %{run} --entry=heads.t9 --before-entry=heads %{x} --input=unwritten@5x21 | FileCheck %s --check-prefix=ONE
// RUN: %{run} --entry=one_weight_in_two_orders.t9 --before-entry=one_weight_in_two_orders %{x} --input=ints:13,0,1,7,13 --input=unwritten@5x7 --input=unwritten@5x14 --input=unwritten@5x7 | FileCheck %s --check-prefix=THREE
// RUN: %{run} --entry=merged.t9 --before-entry=merged %{x} --input=unwritten@5x3 --input=unwritten@5x20 | FileCheck %s --check-prefix=TWO
// RUN: %{run} --entry=experts.t9 --before-entry=experts %{x} --input=unwritten@5x7 --input=unwritten@5x7 | FileCheck %s --check-prefix=TWO
// RUN: %{run} --entry=experts.t9 --before-entry=experts --input=seed:1@0x7 --input=seed:2@0x7 --input=unwritten@0x7 --input=unwritten@0x7 | FileCheck %s --check-prefix=TWO
// RUN: %{run} --entry=experts.t9 --before-entry=experts --input=seed:1@1x7 --input=seed:2@1x7 --input=unwritten@1x7 --input=unwritten@1x7 | FileCheck %s --check-prefix=TWO
// RUN: %{run} --entry=experts_apart.t9 --before-entry=experts_apart %{x} --input=unwritten@5x7 | FileCheck %s --check-prefix=ONE
// RUN: %{run} --entry=zeros.t9 --before-entry=zeros %{x} | FileCheck %s --check-prefix=ONE
// RUN: %{run} --entry=loop.t9 --before-entry=loop %{x} --input=ints:3 | FileCheck %s --check-prefix=ONE
// RUN: %{run} --entry=five_heads.t9 --before-entry=five_heads --input=seed:1@5x5x4 --input=cache --input=positions --input=slots --input=blocks --step=tokens:3+2,start:4+0,block:2 --input=unwritten@5x5x4 | FileCheck %s --check-prefix=ONE

// ONE:       result 0: error {{.*}} allowed
// TWO-COUNT-2: error {{.*}} allowed
// THREE-COUNT-3: error {{.*}} allowed

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
tenon.weight @w "w" : !tenon.weight<7x7, <bf16>>
tenon.weight @v "v" : !tenon.weight<7x7, <bf16>>
tenon.weight @n "n" : !tenon.weight<7, <bf16>>
tenon.weight @wide "wide" : !tenon.weight<21x7, <f32>>
tenon.weight @m "m" : !tenon.weight<5, <f32>>
tenon.weight @t "t" : !tenon.weight<14x7, <f16>>
tenon.weight @a "a" factors ["a.scale"] : !tenon.weight<3x7, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @b "b" factors ["b.scale"] : !tenon.weight<20x7, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @router "r" : !tenon.weight<3x7, <f32>>
tenon.weight @gate "g.{e}" factors ["g.{e}.scale"] : !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 5x4>>
tenon.weight @up "u.{e}" factors ["u.{e}.scale"] : !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 5x4>>
tenon.weight @gate2 "g2.{e}" factors ["g2.{e}.scale"] : !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @up2 "u2.{e}" factors ["u2.{e}.scale"] : !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 4x4>>
tenon.weight @down "d.{e}" : !tenon.weight<3x7x5, <bf16>>

/// A residual that is read later, one that is made later, and a product that is added to itself.
func.func @residuals(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>) -> (tensor<?x7xf32>, tensor<?x7xf32>, tensor<?x7xf32>) {
  %w = tenon.weight_ref @w : !tenon.weight<7x7, <bf16>>
  %p = tenon.linear %y, %w : tensor<?x7xf32>, !tenon.weight<7x7, <bf16>> -> tensor<?x7xf32>
  %a = arith.addf %x, %p : tensor<?x7xf32>
  %g = tenon.glu silu %x, %a : tensor<?x7xf32>
  %q = tenon.linear %a, %w : tensor<?x7xf32>, !tenon.weight<7x7, <bf16>> -> tensor<?x7xf32>
  %h = tenon.glu relu %y, %g : tensor<?x7xf32>
  %b = arith.addf %q, %h : tensor<?x7xf32>
  %r = tenon.linear %g, %w : tensor<?x7xf32>, !tenon.weight<7x7, <bf16>> -> tensor<?x7xf32>
  %c = arith.addf %r, %r : tensor<?x7xf32>
  return %a, %b, %c : tensor<?x7xf32>, tensor<?x7xf32>, tensor<?x7xf32>
}

/// Workers read the residual while others write the sum.
func.func @product_of_residual(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %w = tenon.weight_ref @w : !tenon.weight<7x7, <bf16>>
  %n = tenon.weight_ref @n : !tenon.weight<7, <bf16>>
  %h = tenon.norm rms %x, %n eps 1.0e-5 : tensor<?x7xf32>, !tenon.weight<7, <bf16>>
  %p = tenon.linear %h, %w : tensor<?x7xf32>, !tenon.weight<7x7, <bf16>> -> tensor<?x7xf32>
  %a = arith.addf %p, %x : tensor<?x7xf32>
  %q = tenon.linear %a, %w : tensor<?x7xf32>, !tenon.weight<7x7, <bf16>> -> tensor<?x7xf32>
  %b = arith.addf %a, %q : tensor<?x7xf32>
  return %b : tensor<?x7xf32>
}

/// The residual is either summand, and is written in place: the result is an argument.
func.func @orders(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %w = tenon.weight_ref @w : !tenon.weight<7x7, <bf16>>
  %p = tenon.linear %y, %w : tensor<?x7xf32>, !tenon.weight<7x7, <bf16>> -> tensor<?x7xf32>
  %a = arith.addf %x, %p : tensor<?x7xf32>
  %q = tenon.linear %y, %w : tensor<?x7xf32>, !tenon.weight<7x7, <bf16>> -> tensor<?x7xf32>
  %b = arith.addf %q, %a : tensor<?x7xf32>
  %c = arith.addf %y, %b : tensor<?x7xf32>
  %d = arith.addf %c, %c : tensor<?x7xf32>
  return %d : tensor<?x7xf32>
}

/// Some rows, all rows and rows of rows.
func.func @gathered(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>, %rows: tensor<?xi32>) -> (tensor<?x7xf32>, tensor<?x7xf32>) {
  %n = tenon.weight_ref @n : !tenon.weight<7, <bf16>>
  %a = arith.addf %x, %y : tensor<?x7xf32>
  %b = tenon.gather_rows %a, %rows : tensor<?x7xf32>, tensor<?xi32> -> tensor<?x7xf32>
  %c = tenon.norm rms %a, %n eps 1.0e-5 : tensor<?x7xf32>, !tenon.weight<7, <bf16>>
  %d = tenon.gather_rows %c, %rows : tensor<?x7xf32>, tensor<?xi32> -> tensor<?x7xf32>
  %e = arith.addf %b, %d : tensor<?x7xf32>
  %f = tenon.glu gelu %e, %b : tensor<?x7xf32>
  return %f, %c : tensor<?x7xf32>, tensor<?x7xf32>
}

func.func @cache_twice(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>, %c: tensor<2x?x?x7xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>) -> tensor<2x?x?x7xf32> {
  %l0 = arith.constant 0 : index
  %l1 = arith.constant 1 : index
  %a = tenon.cache_update %x into %c[%l1] at %pos in %slot : tensor<?x7xf32> into tensor<2x?x?x7xf32>, tensor<?xi32>
  %b = tenon.cache_update %y into %a[%l0] at %pos in %slot : tensor<?x7xf32> into tensor<2x?x?x7xf32>, tensor<?xi32>
  %s = arith.addf %x, %y : tensor<?x7xf32>
  %d = tenon.cache_update %s into %b[%l1] at %pos in %slot : tensor<?x7xf32> into tensor<2x?x?x7xf32>, tensor<?xi32>
  return %d : tensor<2x?x?x7xf32>
}

/// Sums and norms of heads, which other products take flat.
func.func @heads(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>) -> tensor<?x21xf32> {
  %w = tenon.weight_ref @wide : !tenon.weight<21x7, <f32>>
  %m = tenon.weight_ref @m : !tenon.weight<5, <f32>>
  %t = tenon.weight_ref @t : !tenon.weight<14x7, <f16>>
  %a = tenon.linear %x, %w : tensor<?x7xf32>, !tenon.weight<21x7, <f32>> -> tensor<?x3x7xf32>
  %b = tenon.norm layer %a, %m eps 1.0e-5 : tensor<?x3x7xf32>, !tenon.weight<5, <f32>>
  %c = arith.addf %a, %b : tensor<?x3x7xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %c, %c0 : tensor<?x3x7xf32>
  %f = tensor.collapse_shape %c [[0], [1, 2]] : tensor<?x3x7xf32> into tensor<?x21xf32>
  %s = tensor.extract_slice %f[0, 3] [%n, 7] [1, 1] : tensor<?x21xf32> to tensor<?x7xf32>
  %p = tenon.linear %s, %w : tensor<?x7xf32>, !tenon.weight<21x7, <f32>> -> tensor<?x21xf32>
  %r = tenon.glu silu %p, %p : tensor<?x21xf32>
  return %r : tensor<?x21xf32>
}

/// One matrix as a gate, as a product and as a table.
func.func @one_weight_in_two_orders(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>, %tok: tensor<?xi32>) -> (tensor<?x7xf32>, tensor<?x14xf32>, tensor<?x7xf32>) {
  %t = tenon.weight_ref @t : !tenon.weight<14x7, <f16>>
  %a = tenon.linear %x, %t glu silu : tensor<?x7xf32>, !tenon.weight<14x7, <f16>> -> tensor<?x7xf32>
  %b = tenon.linear %y, %t : tensor<?x7xf32>, !tenon.weight<14x7, <f16>> -> tensor<?x14xf32>
  %e = tenon.embedding %tok, %t scale 3.0 : tensor<?xi32>, !tenon.weight<14x7, <f16>> -> tensor<?x7xf32>
  %s = arith.addf %x, %a : tensor<?x7xf32>
  return %s, %b, %e : tensor<?x7xf32>, tensor<?x14xf32>, tensor<?x7xf32>
}

/// A weight whose last block of scales is cut off comes last; results leave as they are.
func.func @merged(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>) -> (tensor<?x3xf32>, tensor<?x20xf32>) {
  %a = tenon.weight_ref @a : !tenon.weight<3x7, <f8E4M3FN, scale f32 per 4x4>>
  %b = tenon.weight_ref @b : !tenon.weight<20x7, <f8E4M3FN, scale f32 per 4x4>>
  %q = tenon.linear %x, %b : tensor<?x7xf32>, !tenon.weight<20x7, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x20xf32>
  %p = tenon.linear %x, %a : tensor<?x7xf32>, !tenon.weight<3x7, <f8E4M3FN, scale f32 per 4x4>> -> tensor<?x3xf32>
  %r = tenon.glu silu %p, %p : tensor<?x3xf32>
  %s = tenon.glu silu %q, %q : tensor<?x20xf32>
  return %r, %s : tensor<?x3xf32>, tensor<?x20xf32>
}

/// More choices than tokens, experts that nobody chooses, and a sum that is read twice.
func.func @experts(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>) -> (tensor<?x7xf32>, tensor<?x7xf32>) {
  %w = tenon.weight_ref @router : !tenon.weight<3x7, <f32>>
  %g = tenon.weight_ref @gate : !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 5x4>>
  %u = tenon.weight_ref @up : !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 5x4>>
  %d = tenon.weight_ref @down : !tenon.weight<3x7x5, <bf16>>
  %l = tenon.linear %x, %w : tensor<?x7xf32>, !tenon.weight<3x7, <f32>> -> tensor<?x3xf32>
  %id, %wt = tenon.router softmax %l top 2 renorm 1.0e-20 scale 1.5 : tensor<?x3xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %e = tenon.experts silu %x, %id, %wt, %g, %u, %d : tensor<?x7xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 5x4>>, !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 5x4>>, !tenon.weight<3x7x5, <bf16>>
  %a = arith.addf %e, %y : tensor<?x7xf32>
  %f = tenon.experts relu %y, %id, %wt, %g, %u, %d : tensor<?x7xf32>, tensor<?x2xi32>, tensor<?x2xf32>, !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 5x4>>, !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 5x4>>, !tenon.weight<3x7x5, <bf16>>
  %b = arith.addf %f, %f : tensor<?x7xf32>
  return %a, %b : tensor<?x7xf32>, tensor<?x7xf32>
}

/// Gates and projections that cannot be joined; one choice.
func.func @experts_apart(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %w = tenon.weight_ref @router : !tenon.weight<3x7, <f32>>
  %g = tenon.weight_ref @gate2 : !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 4x4>>
  %u = tenon.weight_ref @up2 : !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 4x4>>
  %d = tenon.weight_ref @down : !tenon.weight<3x7x5, <bf16>>
  %l = tenon.linear %x, %w : tensor<?x7xf32>, !tenon.weight<3x7, <f32>> -> tensor<?x3xf32>
  %id, %wt = tenon.router sigmoid %l top 1 scale 1.5 : tensor<?x3xf32> -> tensor<?x1xi32>, tensor<?x1xf32>
  %e = tenon.experts silu %y, %id, %wt, %g, %u, %d : tensor<?x7xf32>, tensor<?x1xi32>, tensor<?x1xf32>, !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 4x4>>, !tenon.weight<3x5x7, <f8E4M3FN, scale f32 per 4x4>>, !tenon.weight<3x7x5, <bf16>>
  return %e : tensor<?x7xf32>
}

/// A value everywhere is either summand of a row, and of a product.
func.func @zeros(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %c0 = arith.constant 0 : index
  %half = arith.constant 0.5 : f32
  %w = tenon.weight_ref @w : !tenon.weight<7x7, <bf16>>
  %n = tensor.dim %x, %c0 : tensor<?x7xf32>
  %z = tensor.splat %half[%n] : tensor<?x7xf32>
  %p = tenon.linear %y, %w : tensor<?x7xf32>, !tenon.weight<7x7, <bf16>> -> tensor<?x7xf32>
  %a = arith.addf %z, %p : tensor<?x7xf32>
  %b = arith.addf %a, %z : tensor<?x7xf32>
  %c = arith.addf %z, %z : tensor<?x7xf32>
  %d = arith.addf %b, %c : tensor<?x7xf32>
  %e = arith.addf %x, %d : tensor<?x7xf32>
  return %e : tensor<?x7xf32>
}

/// As many heads of a group as would share a tile do not divide it.
func.func @five_heads(%q: tensor<?x5x4xf32>, %c: tensor<1x?x?x1x4xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) -> tensor<?x5x4xf32> {
  %l = arith.constant 0 : index
  %r = tenon.attention %q, %c, %c[%l] at %pos in %slot blocks %blocks scale 0.5 mask <causal>
      : tensor<?x5x4xf32>, tensor<1x?x?x1x4xf32> and tensor<1x?x?x1x4xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x5x4xf32>
  return %r : tensor<?x5x4xf32>
}

/// Ops in a loop, of which one reads what comes from outside in each iteration.
func.func @loop(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>, %count: index) -> tensor<?x7xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %w = tenon.weight_ref @w : !tenon.weight<7x7, <bf16>>
  %r = scf.for %i = %c0 to %count step %c1 iter_args(%z = %x) -> (tensor<?x7xf32>) {
    %p = tenon.linear %y, %w : tensor<?x7xf32>, !tenon.weight<7x7, <bf16>> -> tensor<?x7xf32>
    %a = arith.addf %p, %z : tensor<?x7xf32>
    %b = arith.addf %y, %a : tensor<?x7xf32>
    scf.yield %b : tensor<?x7xf32>
  }
  return %r : tensor<?x7xf32>
}
}
