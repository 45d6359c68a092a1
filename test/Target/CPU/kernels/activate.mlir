// Activations as native code: vectors and the rest of a row, and a sum in the same kernel.
// REQUIRES: avx2
// RUN: tenon-run %s --entry=f --engine=native --compare=interpret --input=seed:1@5x75 --input=seed:2@5x75 --input=unwritten@5x75 \
// RUN:   --pipeline='builtin.module(tenon-simplify-pipeline,tenon-form-pipeline{buckets=8 positions=64},tenon-tile-pipeline)' | FileCheck %s
// CHECK: ratio 0
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
func.func @f(%x: tensor<?x75xf32>, %y: tensor<?x75xf32>) -> tensor<?x75xf32> {
  %0 = tenon.activate gelu %x : tensor<?x75xf32>
  %1 = tenon.activate gelu_tanh %y : tensor<?x75xf32>
  %2 = arith.addf %0, %1 : tensor<?x75xf32>
  return %2 : tensor<?x75xf32>
}
}
