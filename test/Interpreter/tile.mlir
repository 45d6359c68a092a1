// Tile ops, with numbers that can be checked by hand.
// RUN: tenon-run %s --entry=contract --input=iota:6 --input=ints:5,0,2 --weight=w:1,2,3,4,5,6 --weight=stack:1,1,2,2 --print | FileCheck %s --check-prefix=CONTRACT
// RUN: tenon-run %s --entry=paired --input=floats:1 --print | FileCheck %s --check-prefix=PAIR
// RUN: tenon-run %s --entry=glu --input=iota:32 --print | FileCheck %s --check-prefix=GLU
// RUN: tenon-run %s --entry=ranges --input=ints:5 --input=ints:3 --input=ints:20 --print | FileCheck %s --check-prefix=RANGE
// RUN: tenon-run %s --entry=ranges --input=ints:0 --input=ints:1 --input=ints:1 --print | FileCheck %s --check-prefix=FIRST
// RUN: tenon-run %s --entry=rows --input=floats:3,4 --weight=one:1,1 --weight=table:1,2,3,4 --print | FileCheck %s --check-prefix=ROW
// RUN: tenon-run %s --entry=convert --input=floats:1.00390625,1.01171875,3.5 --print | FileCheck %s --check-prefix=CONVERT
// RUN: tenon-run %s --entry=experts --input=floats:1,2,2 --input=ints:1,0,1,1 --input=floats:1,2,3,4,5,6,7,8@4x2 --input=floats:0.5,2,1,1@2x2 --print | FileCheck %s --check-prefix=EXPERTS
// RUN: tenon-run %s --entry=empty --weight=sinks:0.5,1,1.5 --print | FileCheck %s --check-prefix=EMPTY

tenon.weight @w "w" : !tenon.weight<3x2, <f32>, <16x1>>
tenon.weight @stack "stack" : !tenon.weight<2x1x2, <bf16>, <16x2>>
tenon.weight @pair "pair" : !tenon.weight<20x1, <f32>, <16x1, pair>>
tenon.weight @bias "bias" : !tenon.weight<20, <f32>>
tenon.weight @one "one" : !tenon.weight<2, <f32>>
tenon.weight @table "table" : !tenon.weight<2x2, <f32>, <16x1>>
tenon.weight @sinks "sinks" : !tenon.weight<3, <f32>>

// Rows 0 and 1 of [[0, 1], [2, 3], [4, 5]] times [[1, 2], [3, 4], [5, 6]], no third row, columns of no row 0;
// then rows 5 / 2 = 2 and 0, by order, times [2, 2] of the second matrix.
// CONTRACT: result 0: 3x16xf32 = {{\[\[}}2, 4, 6, 0, {{.*}}0], [8, 18, 28, 0, {{.*}}0], [nan, {{.*}}nan]]
// CONTRACT: result 1: 2x16xf32 = {{\[\[}}18, 0, {{.*}}0], [2, 0, {{.*}}0]]
func.func @contract(%f: tensor<6xf32>, %order: tensor<3xi32>) -> (tensor<3x16xf32>, tensor<2x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %x = tensor.expand_shape %f [[0, 1]] output_shape [3, 2] : tensor<6xf32> into tensor<3x2xf32>
  %w = tenon.weight_ref @w : !tenon.weight<3x2, <f32>, <16x1>>
  %s = tenon.weight_ref @stack : !tenon.weight<2x1x2, <bf16>, <16x2>>
  %e = tensor.empty() : tensor<3x16xf32>
  %0 = tile.contract %x[%c0, %c0] along 0 count %c2, %w panel %c0 into %e : tensor<3x2xf32>, !tenon.weight<3x2, <f32>, <16x1>> into tensor<3x16xf32> -> tensor<3x16xf32>
  %g = tensor.empty() : tensor<2x16xf32>
  %1 = tile.contract %x[%c0, %c0] along 0 count %c2 rows %order : tensor<3xi32> choices 2, %s[%c1] panel %c0 into %g
      : tensor<3x2xf32>, !tenon.weight<2x1x2, <bf16>, <16x2>> into tensor<2x16xf32> -> tensor<2x16xf32>
  return %0, %1 : tensor<3x16xf32>, tensor<2x16xf32>
}

// Panel 0 holds rows 0 to 7 and 10 to 17, panel 1 rows 8, 9, 18 and 19; values are those of the vector beside it.
// PAIR: result 0: i1 = 1
func.func @paired(%f: f32) -> i1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %true = arith.constant true
  %x = tensor.from_elements %f : tensor<1x1xf32>
  %w = tenon.weight_ref @pair : !tenon.weight<20x1, <f32>, <16x1, pair>>
  %e = tensor.empty() : tensor<1x32xf32>
  %p = tile.contract %x[%c0, %c0] along 0 count %c1, %w panel %c0 into %e : tensor<1x1xf32>, !tenon.weight<20x1, <f32>, <16x1, pair>> into tensor<1x32xf32> -> tensor<1x32xf32>
  %order = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 8, 9, -1, -1, -1, -1, -1, -1, 18, 19, -1, -1, -1, -1, -1, -1]> : tensor<32xindex>
  %flat = tenon.weight_ref @pair : !tenon.weight<20x1, <f32>, <16x1, pair>>
  %rows = tenon.linear %x, %flat : tensor<1x1xf32>, !tenon.weight<20x1, <f32>, <16x1, pair>> -> tensor<1x20xf32>
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0.0 : f32
  %ok = scf.for %i = %c0 to %c32 step %c1 iter_args(%a = %true) -> (i1) {
    %r = tensor.extract %order[%i] : tensor<32xindex>
    %none = arith.cmpi slt, %r, %c0 : index
    %value = scf.if %none -> f32 {
      scf.yield %zero : f32
    } else {
      %v = tensor.extract %rows[%c0, %r] : tensor<1x20xf32>
      scf.yield %v : f32
    }
    %got = tensor.extract %p[%c0, %i] : tensor<1x32xf32>
    %same = arith.cmpf oeq, %got, %value : f32
    %b = arith.andi %a, %same : i1
    scf.yield %b : i1
  }
  return %ok : i1
}

// GLU: result 0: 1x16xf32 = {{\[\[}}0, 9, 20, 33, 48, 65, 84, 105, 384, 425, 468, 513, 560, 609, 660, 713]]
// GLU: result 1: 1x16xf32 = {{\[\[}}0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121, 144, 169, 196, 225]]
// GLU: result 2: 1x16xf32 = {{\[\[}}0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30]]
func.func @glu(%f: tensor<32xf32>) -> (tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>) {
  %x = tensor.expand_shape %f [[0, 1]] output_shape [1, 32] : tensor<32xf32> into tensor<1x32xf32>
  %e = tensor.empty() : tensor<1x16xf32>
  %0 = tile.glu_pairs relu %x into %e : tensor<1x32xf32> into tensor<1x16xf32> -> tensor<1x16xf32>
  %h = tensor.extract_slice %x[0, 0] [1, 16] [1, 1] : tensor<1x32xf32> to tensor<1x16xf32>
  %1 = tile.glu relu %h, %h into %e : tensor<1x16xf32>, tensor<1x16xf32> into tensor<1x16xf32> -> tensor<1x16xf32>
  %2 = tile.add %h into %h : tensor<1x16xf32> into tensor<1x16xf32> -> tensor<1x16xf32>
  return %0, %1, %2 : tensor<1x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>
}

// Positions 5, 6, 7 of 20: all see keys 0 to 5 and some up to 7; with a window of 3 some see 3 to 7 and all 5.
// RANGE: result 0: index = 0
// RANGE-NEXT: result 1: index = 0
// RANGE-NEXT: result 2: index = 4
// RANGE-NEXT: result 3: index = 8
// RANGE-NEXT: result 4: index = 2
// RANGE-NEXT: result 5: index = 6
// RANGE-NEXT: result 6: index = 6
// RANGE-NEXT: result 7: index = 8
// FIRST: result 0: index = 0
// FIRST-NEXT: result 1: index = 0
// FIRST-NEXT: result 2: index = 0
// FIRST-NEXT: result 3: index = 1
func.func @ranges(%p: index, %n: index, %len: index) -> (index, index, index, index, index, index, index, index) {
  %0, %1, %2, %3 = tile.key_range <causal> at %p count %n of %len step 4
  %4, %5, %6, %7 = tile.key_range <causal, window = 3> at %p count %n of %len step 2
  return %0, %1, %2, %3, %4, %5, %6, %7 : index, index, index, index, index, index, index, index
}

// 3 and 4 divided by sqrt(12.5 + 0.5); row 1 of the table, times 0.5.
// ROW: result 0: 1x2xf32 = {{\[\[}}0.83205, 1.1094]]
// ROW: result 1: 1x2xf32 = {{\[\[}}1.5, 2]]
// ROW: result 2: 1x2xf32 = {{\[\[}}4, 5]]
// ROW: result 3: 1x2xf32 = {{\[\[}}-1.5, -1.5]]
func.func @rows(%f: tensor<2xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tensor.expand_shape %f [[0, 1]] output_shape [1, 2] : tensor<2xf32> into tensor<1x2xf32>
  %o = tenon.weight_ref @one : !tenon.weight<2, <f32>>
  %t = tenon.weight_ref @table : !tenon.weight<2x2, <f32>, <16x1>>
  %e = tensor.empty() : tensor<1x2xf32>
  %0 = tile.norm rms %x, %o eps 5.0e-1 into %e : tensor<1x2xf32>, !tenon.weight<2, <f32>> into tensor<1x2xf32> -> tensor<1x2xf32>
  %1 = tile.embed %c1, %t scale 0.5 into %e : !tenon.weight<2x2, <f32>, <16x1>> into tensor<1x2xf32> -> tensor<1x2xf32>
  %2 = tile.add_bias %o[%c0] into %x : !tenon.weight<2, <f32>> into tensor<1x2xf32> -> tensor<1x2xf32>
  %v = arith.constant -1.5 : f32
  %3 = tile.fill %v into %e : f32 into tensor<1x2xf32> -> tensor<1x2xf32>
  return %0, %1, %2, %3 : tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>
}

// The middle between two numbers goes to the even one: 1 + 2^-8 to 1, 1 + 3 * 2^-8 up.
// CONVERT: result 0: 3xf32 = [1, 1.01562, 3.5]
func.func @convert(%f: tensor<3xf32>) -> tensor<3xf32> {
  %n = tensor.empty() : tensor<3xbf16>
  %0 = tile.convert %f into %n : tensor<3xf32> into tensor<3xbf16> -> tensor<3xbf16>
  %w = tensor.empty() : tensor<3xf32>
  %1 = tile.convert %0 into %w : tensor<3xbf16> into tensor<3xf32> -> tensor<3xf32>
  return %1 : tensor<3xf32>
}

// Experts 1 and 2 have equal logits; token 1 adds 1 * row 3 and 1 * row 1 to 100.
// EXPERTS: result 0: 1x2xi32 = {{\[\[}}1, 2]]
// EXPERTS: result 1: 1x2xf32 = {{\[\[}}0.5, 0.5]]
// EXPERTS: result 2: 4xi32 = [1, 0, 2, 3]
// EXPERTS: result 3: 2x2xi32 = {{\[\[}}1, 0], [2, 3]]
// EXPERTS: result 4: 3xi32 = [0, 1, 4]
// EXPERTS: result 5: 1x2xf32 = {{\[\[}}112, 114]]
func.func @experts(%l: tensor<3xf32>, %c: tensor<4xi32>, %rows: tensor<4x2xf32>, %w: tensor<2x2xf32>)
    -> (tensor<1x2xi32>, tensor<1x2xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<3xi32>, tensor<1x2xf32>) {
  %c1 = arith.constant 1 : index
  %logits = tensor.expand_shape %l [[0, 1]] output_shape [1, 3] : tensor<3xf32> into tensor<1x3xf32>
  %choice = tensor.expand_shape %c [[0, 1]] output_shape [2, 2] : tensor<4xi32> into tensor<2x2xi32>
  %ei = tensor.empty() : tensor<1x2xi32>
  %ew = tensor.empty() : tensor<1x2xf32>
  %0:2 = tile.route softmax %logits top 2 renorm 1.0e-20 scale 1.0 into %ei, %ew : tensor<1x3xf32> into tensor<1x2xi32>, tensor<1x2xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  %eo = tensor.empty() : tensor<4xi32>
  %ep = tensor.empty() : tensor<2x2xi32>
  %ef = tensor.empty() : tensor<3xi32>
  %1:3 = tile.moe_dispatch %choice into %eo, %ep, %ef : tensor<2x2xi32> into tensor<4xi32>, tensor<2x2xi32>, tensor<3xi32> -> tensor<4xi32>, tensor<2x2xi32>, tensor<3xi32>
  %hundred = arith.constant dense<100.0> : tensor<1x2xf32>
  %2 = tile.moe_combine %rows, %1#1, %w of %c1 into %hundred : tensor<4x2xf32>, tensor<2x2xi32>, tensor<2x2xf32> into tensor<1x2xf32> -> tensor<1x2xf32>
  return %0#0, %0#1, %1#0, %1#1, %1#2, %2 : tensor<1x2xi32>, tensor<1x2xf32>, tensor<4xi32>, tensor<2x2xi32>, tensor<3xi32>, tensor<1x2xf32>
}

// A row that saw no key is zero, with and without sinks.
// EMPTY: result 0: 2x2xf32 = {{\[\[}}0, 0], [0, 0]]
// EMPTY: result 1: 2x2xf32 = {{\[\[}}0, 0], [0, 0]]
func.func @empty() -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %c1 = arith.constant 1 : index
  %s = tenon.weight_ref @sinks : !tenon.weight<3, <f32>>
  %a = tensor.empty() : tensor<2x2xf32>
  %m = tensor.empty() : tensor<2xf32>
  %i:3 = tile.attention_init into %a, %m, %m : tensor<2x2xf32>, tensor<2xf32>, tensor<2xf32> -> tensor<2x2xf32>, tensor<2xf32>, tensor<2xf32>
  %0 = tile.attention_finish %i#1, %i#2 heads 2 into %i#0 : tensor<2xf32>, tensor<2xf32> into tensor<2x2xf32> -> tensor<2x2xf32>
  %1 = tile.attention_finish %i#1, %i#2 sinks %s : !tenon.weight<3, <f32>> from %c1 heads 2 into %i#0 : tensor<2xf32>, tensor<2xf32> into tensor<2x2xf32> -> tensor<2x2xf32>
  return %0, %1 : tensor<2x2xf32>, tensor<2x2xf32>
}
