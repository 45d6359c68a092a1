// Names of device functions: PTX has letters, digits, _ and $, no leading digit, and no _ alone;
// "shared" is the memory of the module.
// RUN: tenon-opt %s --nvptx-configure-kernels --convert-kernels-to-gpu | FileCheck %s

module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {
// CHECK-DAG: gpu.func @"$$5F"(
// CHECK-DAG: gpu.func @"$$32$steps"(
// CHECK-DAG: gpu.func @a$$2Db_2(
// CHECK-DAG: llvm.mlir.global external @shared()
// CHECK-DAG: gpu.func @"$$73hared"(
func.func @names(%x: tensor<?x64xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %a = tile.kernel "_" ins() outs(%x : tensor<?x64xf32>) {
  ^bb0(%o: tensor<?x64xf32>):
    %s = arith.addf %o, %o : tensor<?x64xf32>
    tile.yield %s : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  %b = tile.kernel "2.steps" ins() outs(%a : tensor<?x64xf32>) {
  ^bb0(%o: tensor<?x64xf32>):
    %s = arith.addf %o, %o : tensor<?x64xf32>
    tile.yield %s : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  %c = tile.kernel "a-b_2" ins() outs(%b : tensor<?x64xf32>) {
  ^bb0(%o: tensor<?x64xf32>):
    %s = arith.addf %o, %o : tensor<?x64xf32>
    tile.yield %s : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  %d = tile.kernel "shared" ins() outs(%c : tensor<?x64xf32>) {
  ^bb0(%o: tensor<?x64xf32>):
    %s = arith.addf %o, %o : tensor<?x64xf32>
    tile.yield %s : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
}
