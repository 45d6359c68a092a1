// Functions of single elements as native code: vectors and the rest of a row.
// REQUIRES: avx2
// RUN: tenon-run %s --entry=f --engine=native --compare=interpret --input=seed:1@5x75 --input=seed:2@5x75 --input=unwritten@5x75 \
// RUN:   --pipeline='builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=8 positions=64},tenon-tile-pipeline)' | FileCheck %s
// CHECK: ratio 0
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
func.func @f(%x: tensor<?x75xf32>, %y: tensor<?x75xf32>) -> tensor<?x75xf32> {
  %0 = tenon.pointwise softcap %x by 0.5 : tensor<?x75xf32>
  %1 = tenon.pointwise clamp %y by 0.75 : tensor<?x75xf32>
  %2 = arith.addf %0, %1 : tensor<?x75xf32>
  %3 = tenon.pointwise scale %2 by 0.22 : tensor<?x75xf32>
  return %3 : tensor<?x75xf32>
}
}
