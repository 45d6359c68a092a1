// RUN: tenon-opt %s --pass-pipeline='builtin.module(gpu.module(nvptx-set-launch-bounds))' | FileCheck %s

gpu.module @kernels {
  // CHECK: llvm.func @norm() attributes {nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 64, 1, 1>}
  llvm.func @norm() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 64, 1, 1>} {
    llvm.return
  }
  /// No kernel.
  // CHECK: llvm.func @callee() {
  llvm.func @callee() {
    llvm.return
  }
}
