// Norms: kinds, orders of rounding, rows that are longer than the weight, rows of zeros.
// RUN: tenon-run %s --entry=kinds --input=floats:1,2,3,4,0,0,0,9@2x4 --weight=w:1,2,0.5 --weight=b:10,0,-1 --print | FileCheck %s
// RUN: tenon-run %s --entry=orders --input=floats:1.203125,-3.015625@1x2 --weight=v:1.0625,0.0078125 --print --digits=9 | FileCheck %s --check-prefix=ORDER
// RUN: tenon-run %s --entry=kinds --input=zeros@0x4 --print | FileCheck %s --check-prefix=NONE

tenon.weight @w "w" : !tenon.weight<3, <f32>>
tenon.weight @b "b" : !tenon.weight<3, <f32>>
tenon.weight @v "v" : !tenon.weight<2, <f32>>

// With f = 1 / sqrt(14 / 3 + 0.01): f, 4 f, 1.5 f; with f = 1 / sqrt(2 / 3 + 0.01): 10 - f, 0, 0.5 f - 1.
// CHECK: result 0: 2x4xf32 = {{\[\[}}0.462415, 1.84966, 0.693622, 4], [0, 0, 0, 9]]
// CHECK: result 1: 2x4xf32 = {{\[\[}}8.78434, 0, -0.392169, 4], [10, 0, -1, 9]]
// CHECK: result 2: 2x4xf32 = {{\[\[}}0.92483, 2.77449, 2.08087, 4], [0, 0, 0, 9]]
// NONE: result 0: 0x4xf32 = []
// NONE: result 1: 0x4xf32 = []
func.func @kinds(%x: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %w = tenon.weight_ref @w : !tenon.weight<3, <f32>>
  %b = tenon.weight_ref @b : !tenon.weight<3, <f32>>
  %0 = tenon.norm rms %x, %w eps 1.0e-2 : tensor<?x4xf32>, !tenon.weight<3, <f32>>
  %1 = tenon.norm layer %x, %w bias %b eps 1.0e-2 : tensor<?x4xf32>, !tenon.weight<3, <f32>>, !tenon.weight<3, <f32>>
  %2 = tenon.norm rms %x, %w eps 1.0e-2 order one_plus : tensor<?x4xf32>, !tenon.weight<3, <f32>>
  return %0, %1, %2 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// Rounded to bf16 before the weight, after it, and after the weight plus 1.
// ORDER: result 0: 1x2xbf16 = {{\[\[}}0.5546875, -0.0102539062]]
// ORDER: result 1: 1x2xbf16 = {{\[\[}}0.55859375, -0.0102539062]]
// ORDER: result 2: 1x2xbf16 = {{\[\[}}1.078125, -1.3203125]]
func.func @orders(%x: tensor<?x2xbf16>) -> (tensor<?x2xbf16>, tensor<?x2xbf16>, tensor<?x2xbf16>) {
  %w = tenon.weight_ref @v : !tenon.weight<2, <f32>>
  %0 = tenon.norm rms %x, %w eps 1.0e-6 order cast_then_scale : tensor<?x2xbf16>, !tenon.weight<2, <f32>>
  %1 = tenon.norm rms %x, %w eps 1.0e-6 : tensor<?x2xbf16>, !tenon.weight<2, <f32>>
  %2 = tenon.norm rms %x, %w eps 1.0e-6 order one_plus : tensor<?x2xbf16>, !tenon.weight<2, <f32>>
  return %0, %1, %2 : tensor<?x2xbf16>, tensor<?x2xbf16>, tensor<?x2xbf16>
}
