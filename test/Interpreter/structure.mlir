// Loops, branches, calls, kernels, schedules, and parallel loops that are none.
// RUN: tenon-run %s --entry=control --input=ints:5 --print | FileCheck %s
// RUN: tenon-run %s --entry=parallel --input=iota:7 --print --shuffle=3 | FileCheck %s --check-prefix=PARALLEL
// RUN: not tenon-run %s --entry=conflict --input=iota:7 2>&1 | FileCheck %s --check-prefix=CONFLICT
// RUN: not tenon-run %s --entry=chained --input=zeros@40 --before=%s --before-entry=sequential --compare=interpret | FileCheck %s --check-prefix=CHAIN

// The kinds are 0, 1, 1, 0, 1 and the ordinals 0, 0, 1, 1, 2; kind 0 adds 1: the digits 1, 0, 1, 2, 2.
// CHECK: result 0: index = 102122
// CHECK: result 1: 2xf32 = [6, 8]
func.func @control(%n: index) -> (index, tensor<2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %x = arith.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %s = scf.for %i = %c0 to %n step %c1 iter_args(%a = %c0) -> (index) {
    %k = tenon.kind %i in <0 x 1, 1 x 2, 0 x 1, 1 x 1>
    %o = tenon.ordinal %i in <0 x 1, 1 x 2, 0 x 1, 1 x 1>
    %shifted = arith.muli %a, %c10 : index
    %next = scf.index_switch %k -> index
    case 0 {
      %r = func.call @one_more(%o) : (index) -> index
      scf.yield %r : index
    }
    default {
      scf.yield %o : index
    }
    %b = arith.addi %shifted, %next : index
    scf.yield %b : index
  }
  %big = arith.cmpi sgt, %s, %c10 : index
  %y = scf.if %big -> tensor<2xf32> {
    %k = tile.kernel "add" <rows = 1> ins(%x : tensor<2xf32>) outs(%x : tensor<2xf32>) {
    ^bb0(%in: tensor<2xf32>, %out: tensor<2xf32>):
      %sum = arith.addf %in, %out : tensor<2xf32>
      tile.yield %sum : tensor<2xf32>
    } -> tensor<2xf32>
    scf.yield %k : tensor<2xf32>
  } else {
    scf.yield %x : tensor<2xf32>
  }
  %more = arith.constant 92000 : index
  %t = arith.addi %s, %more : index
  return %t, %y : index, tensor<2xf32>
}
func.func private @one_more(%i: index) -> index {
  %c1 = arith.constant 1 : index
  %r = arith.addi %i, %c1 : index
  return %r : index
}

// Each iteration writes a slice of its own; a part that none writes is not a number.
// PARALLEL: result 0: 7xf32 = [nan, 1, 4, 9, 16, 25, nan]
func.func @parallel(%x: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = scf.forall (%i) = (1) to (6) step (1) shared_outs(%o = %e) -> (tensor<?xf32>) {
    %s = tensor.extract_slice %x[%i] [1] [1] : tensor<?xf32> to tensor<1xf32>
    %q = arith.mulf %s, %s : tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %q into %o[%i] [1] [1] : tensor<1xf32> into tensor<?xf32>
    }
  }
  return %y : tensor<?xf32>
}

// CONFLICT: error: {{.*}}structure.mlir":[[# @LINE + 8]]{{.*}}writes another value to element 0 than another iteration of the loop did
func.func @conflict(%x: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = scf.forall (%i) in (%n) shared_outs(%o = %e) -> (tensor<?xf32>) {
    %s = tensor.extract_slice %x[%i] [1] [1] : tensor<?xf32> to tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[0] [1] [1] : tensor<1xf32> into tensor<?xf32>
    }
  }
  return %y : tensor<?xf32>
}

// A loop whose iterations read what the one before wrote is not parallel.
// CHAIN: result 0: error {{[0-9]+}} of 0.000325 allowed
func.func @chained(%x: tensor<40xf32>) -> tensor<40xf32> {
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %y = scf.forall (%i) = (1) to (40) step (1) shared_outs(%o = %x) -> (tensor<40xf32>) {
    %p = affine.apply affine_map<(d0) -> (d0 - 1)>(%i)
    %s = tensor.extract_slice %o[%p] [1] [1] : tensor<40xf32> to tensor<1xf32>
    %q = arith.addf %s, %one : tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %q into %o[%i] [1] [1] : tensor<1xf32> into tensor<40xf32>
    }
  }
  return %y : tensor<40xf32>
}
func.func @sequential(%x: tensor<40xf32>) -> tensor<40xf32> {
  %c1 = arith.constant 1 : index
  %c40 = arith.constant 40 : index
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %y = scf.for %i = %c1 to %c40 step %c1 iter_args(%o = %x) -> (tensor<40xf32>) {
    %p = affine.apply affine_map<(d0) -> (d0 - 1)>(%i)
    %s = tensor.extract_slice %o[%p] [1] [1] : tensor<40xf32> to tensor<1xf32>
    %q = arith.addf %s, %one : tensor<1xf32>
    %z = tensor.insert_slice %q into %o[%i] [1] [1] : tensor<1xf32> into tensor<40xf32>
    scf.yield %z : tensor<40xf32>
  }
  return %y : tensor<40xf32>
}
