// RUN: tenon-opt %s --convert-tile-to-llvm | FileCheck %s

/// Functions and arithmetic on vectors are those of LLVM.
// CHECK-LABEL: llvm.func @scale(
// CHECK:         %[[PRODUCT:.*]] = llvm.fmul %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK-NEXT:    llvm.return %[[PRODUCT]]
func.func @scale(%a: vector<8xf32>, %b: vector<8xf32>) -> vector<8xf32> {
  %0 = arith.mulf %a, %b : vector<8xf32>
  return %0 : vector<8xf32>
}
