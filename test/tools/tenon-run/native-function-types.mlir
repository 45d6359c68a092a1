// Whole functions as native code: sizes that are known, results of bf16, and a number.
// REQUIRES: avx2

// DEFINE: %{known} = tenon-run %s --entry=known --input=seed:1 --input=seed:2
// RUN: %{known} --engine=native --workers=2 --output=%t.npy && %{known} --other=%t.npy | FileCheck %s
// DEFINE: %{rounded} = tenon-run %s --entry=rounded --input=seed:1@5x16 --input=seed:2@5x16
// RUN: %{rounded} --engine=native --output=%t.npy && %{rounded} --other=%t.npy | FileCheck %s
// DEFINE: %{layer} = tenon-run %s --entry=layer --input=seed:1@5x4 --input=ints:2 --input=positions --input=slots --input=cache --step=tokens:3+2,start:4+0,slots:2,context:16
// RUN: %{layer} --engine=native --output=%t.npy && %{layer} --other=%t.npy | FileCheck %s
// CHECK: result 0: error {{.*}} allowed

func.func @known(%x: tensor<65x7xf32>, %y: tensor<65x7xf32>) -> tensor<65x7xf32> {
  %0 = tenon.norm rms %x eps 1.0e-5 : tensor<65x7xf32>
  %1 = arith.addf %0, %y : tensor<65x7xf32>
  return %1 : tensor<65x7xf32>
}
func.func @rounded(%x: tensor<?x16xf32>, %y: tensor<?x16xf32>) -> tensor<?x16xbf16> {
  %0 = tenon.glu silu %x, %y : tensor<?x16xf32>
  %1 = arith.truncf %0 : tensor<?x16xf32> to tensor<?x16xbf16>
  return %1 : tensor<?x16xbf16>
}
func.func @layer(%x: tensor<?x4xf32>, %l: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %c: tensor<3x?x?x4xf32>) -> tensor<3x?x?x4xf32> {
  %r = tenon.norm rms %x eps 1.0e-5 : tensor<?x4xf32>
  %d = tenon.cache_update %r into %c[%l] at %pos in %slot : tensor<?x4xf32> into tensor<3x?x?x4xf32>, tensor<?xi32>
  return %d : tensor<3x?x?x4xf32>
}
