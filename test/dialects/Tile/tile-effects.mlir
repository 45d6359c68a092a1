// RUN: tenon-opt %s --cse --canonicalize | FileCheck %s

/// An op on buffers reads its operands and writes its outs: it stays, and what was loaded before is loaded again.
// CHECK-LABEL: func @buffers
// CHECK-SAME:    %[[X:.*]]: memref<1x64xf32>, %[[O:.*]]: memref<1x64xf32>
// CHECK:       %[[A:.*]] = memref.load %[[O]]
// CHECK:       tile.add %[[X]] into %[[O]]
// CHECK:       %[[B:.*]] = memref.load %[[O]]
// CHECK:       return %[[A]], %[[B]]
func.func @buffers(%x: memref<1x64xf32>, %o: memref<1x64xf32>) -> (f32, f32) {
  %c0 = arith.constant 0 : index
  %a = memref.load %o[%c0, %c0] : memref<1x64xf32>
  tile.add %x into %o : memref<1x64xf32> into memref<1x64xf32>
  %b = memref.load %o[%c0, %c0] : memref<1x64xf32>
  return %a, %b : f32, f32
}

/// An op on tensors has no effect: without a reader it goes.
// CHECK-LABEL: func @tensors
// CHECK-NEXT:  return
func.func @tensors(%x: tensor<1x64xf32>, %o: tensor<1x64xf32>) {
  %a = tile.add %x into %o : tensor<1x64xf32> into tensor<1x64xf32> -> tensor<1x64xf32>
  return
}
