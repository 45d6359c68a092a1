// One library has code of several levels, of which the best one that the CPU runs is
// called.
// REQUIRES: avx512
// RUN: rm -rf %t && mkdir %t
// RUN: %tenon compile %s --entry=smooth --target=cpu:x86-64-v4,cpu:x86-64-v3 -o %t/functions.so
// RUN: %cc -I %t -xc -std=c11 %S/Inputs/call.c -xnone %t/functions.so -Wl,-rpath,%t -pthread -o %t/call
// RUN: %t/call 65 3 %t/both.npy
// RUN: %tenon compile %s --entry=smooth --target=cpu:x86-64-v4 -o %t/functions.so
// RUN: %t/call 65 1 %t/v4.npy && cmp %t/both.npy %t/v4.npy
// RUN: %tenon compile %s --entry=smooth --target=cpu:x86-64-v3 -o %t/functions.so
// RUN: %t/call 65 1 %t/v3.npy && not cmp -s %t/both.npy %t/v3.npy
// RUN: tenon-run %s --entry=smooth --input=iota:4875@65x75 --input=fill:0.5@65x75 --other=%t/v4.npy | FileCheck %s
// CHECK: result 0: error {{.*}} allowed

func.func @smooth(%x: tensor<?x75xf32>, %y: tensor<?x75xf32>) -> tensor<?x75xf32> {
  %h = tenon.norm rms %x eps 1.0e-5 : tensor<?x75xf32>
  %s = arith.addf %h, %y : tensor<?x75xf32>
  %g = tenon.glu silu %s, %x : tensor<?x75xf32>
  return %g : tensor<?x75xf32>
}
