// Slices with strides and dropped dimensions, shapes, single elements, and linalg.
// RUN: tenon-run %s --entry=slices --input=floats:0,1,2,3,4,5,6,7,8,9,10,11@3x4 --print | FileCheck %s --check-prefix=SLICE
// RUN: tenon-run %s --entry=shapes --input=iota:6 --print | FileCheck %s --check-prefix=SHAPE
// RUN: tenon-run %s --entry=matmul --input=floats:1,2,3,4,5,6@2x3 --input=floats:1,0,0,1,1,1@3x2 --print | FileCheck %s --check-prefix=MATMUL
// RUN: tenon-run %s --entry=matmul --input=zeros@0x3 --input=zeros@3x2 --print | FileCheck %s --check-prefix=NONE
// RUN: tenon-run %s --entry=unwritten --print | FileCheck %s --check-prefix=UNWRITTEN

// SLICE: result 0: 2xf32 = [5, 7]
// SLICE-NEXT: result 1: 3x4xf32 = {{\[\[}}0, 1, 2, 3], [4, 5, 6, 5], [8, 9, 10, 7]]
// SLICE-NEXT: result 2: 0x4xf32 = []
func.func @slices(%x: tensor<?x4xf32>) -> (tensor<2xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %0 = tensor.extract_slice %x[1, 1] [1, 2] [1, 2] : tensor<?x4xf32> to tensor<2xf32>
  %1 = tensor.insert_slice %0 into %x[1, 3] [2, 1] [1, 1] : tensor<2xf32> into tensor<?x4xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %2 = tensor.extract_slice %x[%n, 0] [%c0, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
  return %0, %1, %2 : tensor<2xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// SHAPE: result 0: 3x2xf32 = {{\[\[}}0, 1], [2, 3], [4, 5]]
// SHAPE-NEXT: result 1: 6xf32 = [0, 1, 2, 9, 4, 5]
// SHAPE-NEXT: result 2: 2xf32 = [3, 9]
func.func @shapes(%x: tensor<?xf32>) -> (tensor<?x2xf32>, tensor<?xf32>, tensor<2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %h = arith.divui %n, %c2 : index
  %0 = tensor.expand_shape %x [[0, 1]] output_shape [%h, 2] : tensor<?xf32> into tensor<?x2xf32>
  %nine = arith.constant 9.0 : f32
  %i = tensor.insert %nine into %0[%c1, %c1] : tensor<?x2xf32>
  %1 = tensor.collapse_shape %i [[0, 1]] : tensor<?x2xf32> into tensor<?xf32>
  %e = tensor.extract %0[%c1, %c1] : tensor<?x2xf32>
  %2 = tensor.from_elements %e, %nine : tensor<2xf32>
  return %0, %1, %2 : tensor<?x2xf32>, tensor<?xf32>, tensor<2xf32>
}

// MATMUL: result 0: 2x2xf32 = {{\[\[}}4, 5], [10, 11]]
// MATMUL-NEXT: result 1: 2x2xf32 = {{\[\[}}4, 6], [11, 13]]
// NONE: result 0: 0x2xf32 = []
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @matmul(%x: tensor<?x3xf32>, %y: tensor<3x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x3xf32>
  %e = tensor.empty(%m) : tensor<?x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %p = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %y : tensor<?x3xf32>, tensor<3x2xf32>) outs(%f : tensor<?x2xf32>) {
  ^bb0(%u: f32, %v: f32, %w: f32):
    %q = arith.mulf %u, %v : f32
    %s = arith.addf %w, %q : f32
    linalg.yield %s : f32
  } -> tensor<?x2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      outs(%p : tensor<?x2xf32>) {
  ^bb0(%w: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %ij = arith.addi %i, %j : index
    %k = arith.index_cast %ij : index to i32
    %g = arith.sitofp %k : i32 to f32
    %s = arith.addf %w, %g : f32
    linalg.yield %s : f32
  } -> tensor<?x2xf32>
  return %p, %r : tensor<?x2xf32>, tensor<?x2xf32>
}

// UNWRITTEN: result 0: 2xf32 = [nan, nan]
// UNWRITTEN-NEXT: result 1: 2xi32 = [-559038737, -559038737]
// UNWRITTEN-NEXT: result 2: index = -559038737
func.func @unwritten() -> (tensor<2xf32>, tensor<2xi32>, index) {
  %0 = tensor.empty() : tensor<2xf32>
  %1 = tensor.empty() : tensor<2xi32>
  %2 = ub.poison : index
  return %0, %1, %2 : tensor<2xf32>, tensor<2xi32>, index
}
