// Integers of every width with and without a sign, floats, conversions and maps.
// RUN: tenon-run %s --entry=integers --input=ints:-7 --input=ints:2 --print | FileCheck %s --check-prefix=INT
// RUN: tenon-run %s --entry=narrow --input=ints:200 --input=ints:100 --print | FileCheck %s --check-prefix=NARROW
// RUN: tenon-run %s --entry=floats --input=floats:-2.5 --input=floats:2 --print | FileCheck %s --check-prefix=FLOAT
// RUN: tenon-run %s --entry=maps --input=ints:-7 --input=ints:9 --print | FileCheck %s --check-prefix=MAP
// RUN: tenon-run %s --entry=tensors --input=floats:1,-2,3@3 --input=ints:4,5,6@3 --print | FileCheck %s --check-prefix=TENSOR

// RUN: tenon-run %s --entry=undefined --input=ints:-9223372036854775808 --input=ints:-1 --input=ints:0 --print | FileCheck %s --check-prefix=UNDEFINED

// INT: result 0: i32 = -3
// INT-NEXT: result 1: i32 = -4
// INT-NEXT: result 2: i32 = -3
// INT-NEXT: result 3: i32 = -1
// INT-NEXT: result 4: i32 = 2147483644
// INT-NEXT: result 5: i32 = -4
// INT-NEXT: result 6: i1 = 1
// INT-NEXT: result 7: i1 = 0
// INT-NEXT: result 8: i32 = -28
// INT-NEXT: result 9: i32 = 2
func.func @integers(%a: i32, %b: i32) -> (i32, i32, i32, i32, i32, i32, i1, i1, i32, i32) {
  %0 = arith.divsi %a, %b : i32
  %1 = arith.floordivsi %a, %b : i32
  %2 = arith.ceildivsi %a, %b : i32
  %3 = arith.remsi %a, %b : i32
  %4 = arith.divui %a, %b : i32
  %c1 = arith.constant 1 : i32
  %5 = arith.shrsi %a, %c1 : i32
  %6 = arith.cmpi slt, %a, %b : i32
  %7 = arith.cmpi ult, %a, %b : i32
  %8 = arith.shli %a, %b : i32
  %9 = arith.minui %a, %b : i32
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9 : i32, i32, i32, i32, i32, i32, i1, i1, i32, i32
}

// What has no quotient gives 0 and does not end the program.
// UNDEFINED: result 0: i64 = 0
// UNDEFINED-NEXT: result 1: i64 = 0
// UNDEFINED-NEXT: result 2: i64 = 0
// UNDEFINED-NEXT: result 3: i64 = 0
func.func @undefined(%least: i64, %minus: i64, %zero: i64) -> (i64, i64, i64, i64) {
  %0 = arith.divsi %least, %minus : i64
  %1 = arith.divsi %minus, %zero : i64
  %2 = arith.remsi %least, %minus : i64
  %3 = arith.remsi %minus, %zero : i64
  return %0, %1, %2, %3 : i64, i64, i64, i64
}

// 300 wraps to 44 in i8; 200 is -56 there. A true i1 is 1 without and -1 with a sign.
// NARROW: result 0: i8 = 44
// NARROW-NEXT: result 1: i32 = -56
// NARROW-NEXT: result 2: i32 = 200
// NARROW-NEXT: result 3: i32 = 1
// NARROW-NEXT: result 4: i32 = -1
// NARROW-NEXT: result 5: f32 = -56
// NARROW-NEXT: result 6: i32 = 1065353216
func.func @narrow(%a: i8, %b: i8) -> (i8, i32, i32, i32, i32, f32, i32) {
  %0 = arith.addi %a, %b : i8
  %1 = arith.extsi %a : i8 to i32
  %2 = arith.extui %a : i8 to i32
  %t = arith.cmpi ne, %a, %b : i8
  %3 = arith.extui %t : i1 to i32
  %4 = arith.extsi %t : i1 to i32
  %5 = arith.sitofp %a : i8 to f32
  %one = arith.constant 1.0 : f32
  %6 = arith.bitcast %one : f32 to i32
  return %0, %1, %2, %3, %4, %5, %6 : i8, i32, i32, i32, i32, f32, i32
}

// FLOAT: result 0: f32 = -1.25
// FLOAT-NEXT: result 1: f32 = 2
// FLOAT-NEXT: result 2: i1 = 1
// FLOAT-NEXT: result 3: i32 = -2
// FLOAT-NEXT: result 4: f32 = -2
// FLOAT-NEXT: result 5: f32 = 0.707107
// FLOAT-NEXT: result 6: bf16 = 0.333984
// FLOAT-NEXT: result 7: f32 = nan
// FLOAT-NEXT: result 8: i1 = 1
// FLOAT-NEXT: result 9: f32 = 0.176777
func.func @floats(%a: f32, %b: f32) -> (f32, f32, i1, i32, f32, f32, bf16, f32, i1, f32) {
  %0 = arith.divf %a, %b : f32
  %1 = arith.maximumf %a, %b : f32
  %2 = arith.cmpf olt, %a, %b : f32
  %3 = arith.fptosi %a : f32 to i32
  %4 = math.roundeven %a : f32
  %5 = math.rsqrt %b : f32
  %third = arith.constant 0.3333 : f32
  %6 = arith.truncf %third : f32 to bf16
  %7 = math.sqrt %a : f32
  %8 = arith.cmpf uno, %7, %a : f32
  %9 = math.powf %b, %a : f32
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9 : f32, f32, i1, i32, f32, f32, bf16, f32, i1, f32
}

// MAP: result 0: index = -6
// MAP-NEXT: result 1: index = -7
// MAP-NEXT: result 2: index = 27
func.func @maps(%a: index, %b: index) -> (index, index, index) {
  %0 = affine.apply affine_map<(d0)[s0] -> (d0 floordiv 4 + d0 ceildiv 4 - d0 mod 4 - s0 + 7)>(%a)[%b]
  %1 = affine.min affine_map<(d0)[s0] -> (8, d0, s0 - d0)>(%a)[%b]
  %2 = affine.max affine_map<(d0)[s0] -> (8, d0, s0 * 3)>(%a)[%b]
  return %0, %1, %2 : index, index, index
}

// TENSOR: result 0: 3xf32 = [5, 3, 9]
// TENSOR-NEXT: result 1: 3xf32 = [1, 5, 3]
func.func @tensors(%a: tensor<?xf32>, %b: tensor<?xi32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %f = arith.sitofp %b : tensor<?xi32> to tensor<?xf32>
  %0 = arith.addf %a, %f : tensor<?xf32>
  %z = arith.constant dense<0.0> : tensor<3xf32>
  %zd = tensor.cast %z : tensor<3xf32> to tensor<?xf32>
  %c = arith.cmpf ogt, %a, %zd : tensor<?xf32>
  %1 = arith.select %c, %a, %f : tensor<?xi1>, tensor<?xf32>
  return %0, %1 : tensor<?xf32>, tensor<?xf32>
}
