// Functions of single elements as native code: vectors and the rest of a row.
// REQUIRES: avx2
// RUN: tenon-run %s --entry=f --engine=native --compare=interpret --input=seed:1@5x75 --input=seed:2@5x75 --input=unwritten@5x75 \
// RUN:   --pipeline='builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=8 positions=64},tenon-tile-pipeline)' | FileCheck %s
// CHECK: ratio 0
// RUN: tenon-run %s --entry=tokens --engine=native --compare=interpret --input=ints:0,5,6,7,130@5 --input=seed:1@5x3x10 --input=seed:2@5x29 --input=seed:3@5x1 --input=unwritten@5x3x10 --input=unwritten@5x29 \
// RUN:   --pipeline='builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=8 positions=64},tenon-tile-pipeline)' | FileCheck %s
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
func.func @f(%x: tensor<?x75xf32>, %y: tensor<?x75xf32>) -> tensor<?x75xf32> {
  %0 = tenon.pointwise softcap %x by 0.5 : tensor<?x75xf32>
  %1 = tenon.pointwise clamp %y by 0.75 : tensor<?x75xf32>
  %2 = arith.addf %0, %1 : tensor<?x75xf32>
  %3 = tenon.pointwise scale %2 by 0.22 : tensor<?x75xf32>
  return %3 : tensor<?x75xf32>
}

// What a token multiplies: norms without weights, temperatures at both sides of an
// interval, a factor of each row.
func.func @tokens(%pos: tensor<?xi32>, %q: tensor<?x3x10xf32>, %x: tensor<?x29xf32>, %f: tensor<?x1xf32>) -> (tensor<?x3x10xf32>, tensor<?x29xf32>) {
  %0 = tenon.norm rms %q eps 1.0e-5 : tensor<?x3x10xf32>
  %1 = tenon.temper_rows %0 at %pos interval 7 slope 0.3 : tensor<?x3x10xf32>, tensor<?xi32>
  %2 = tenon.scale_rows %x by %f : tensor<?x29xf32>, tensor<?x1xf32>
  return %1, %2 : tensor<?x3x10xf32>, tensor<?x29xf32>
}
}
