// Functions that C cannot call, and options that do not go together: one error, and no file.
// RUN: rm -rf %t && split-file %s %t
// DEFINE: %{compile} = %tenon compile %t/x.mlir --target=cpu:x86-64-v3 -o %t/x.so
// RUN: not %{compile} --entry=other 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: '{{.*}}x.mlir': the module has no function 'other' with a body; its functions: f64, as_it_is, returns, int, _init, twice, reshaped, halves, loop, looped
// RUN: not %{compile} --entry=index_array 2>&1 | FileCheck %s --check-prefix=ABSENT
// ABSENT: error: '{{.*}}x.mlir': the module has no function 'index_array' with a body
// RUN: not %{compile} --entry=f64 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: error: '{{.*}}x.mlir': function 'f64' has an argument or a result of type tensor<?x7xi1>, which C does not have; use tensors of f32, bf16, f16 or integers of 8 to 64 bits, and index
// RUN: not %{compile} --entry=as_it_is 2>&1 | FileCheck %s --check-prefix=ASITIS
// ASITIS: error: '{{.*}}x.mlir': function 'as_it_is' returns argument 0 as it is; leave out result 1
// RUN: not %{compile} --entry=returns 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: error: '{{.*}}x.mlir': function 'returns' has no result; return what it computes
// RUN: not %{compile} --entry=int 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: '{{.*}}x.mlir': function 'int' has a name that C functions cannot have; rename it
// RUN: not %{compile} --entry=_init 2>&1 | FileCheck %s --check-prefix=LOADER
// LOADER: error: '{{.*}}x.mlir': function '_init' has a name that C functions cannot have; rename it
// RUN: not %{compile} --entry=twice 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: function 'twice': 'result0' would be the same array as another result or as an argument; return it once
// RUN: not %{compile} --entry=reshaped 2>&1 | FileCheck %s --check-prefix=RESHAPED
// RESHAPED: error: function 'reshaped': 'x' would be the same array as another result or as an argument; return it once
// RUN: not %{compile} --entry=looped 2>&1 | FileCheck %s --check-prefix=PART
// PART: error: code generation for x86-64-v3: {{.*}}expects result 0 to be all that some op computes, since the caller says where it goes
// RUN: not %{compile} --entry=halves 2>&1 | FileCheck %s --check-prefix=COPY
// RUN: not %{compile} --entry=loop 2>&1 | FileCheck %s --check-prefix=COPY
// COPY: error: code generation for x86-64-v3: {{.*}}expects to be in a kernel, for workers would not wait for it
// RUN: not ls %t/x.so %t/x.h

// RUN: not %tenon compile %t/x.mlir --entry=loop -o %t/x.tenon 2>&1 | FileCheck %s --check-prefix=SUFFIX
// SUFFIX: error: --entry makes a library, whose name ends in .so, but got '{{.*}}x.tenon'; write -o OUT.so
// RUN: not %tenon compile %t --entry=loop -o %t/x.so 2>&1 | FileCheck %s --check-prefix=MODEL
// MODEL: error: --entry names functions of a .mlir file, but got
// RUN: not %tenon compile %t/x.mlir --header=%t/x.h -o %t/x.so 2>&1 | FileCheck %s --check-prefix=HEADER
// HEADER: error: --header is written for functions; name them with --entry
// RUN: not %tenon compile %t/x.mlir --entry=loop --header=%t/x.h --emit=asm 2>&1 | FileCheck %s --check-prefix=EMIT
// EMIT: error: --header is written beside a library; leave out --emit and --stop-after, or --header

// No file is written over another one.
// RUN: not %tenon compile %t/x.mlir --entry=loop --header=%t/x.mlir -o %t/x.so 2>&1 | FileCheck %s --check-prefix=OVER
// RUN: not %tenon compile %t/x.mlir --entry=loop --header=%t/x.so -o %t/x.so 2>&1 | FileCheck %s --check-prefix=OVER
// RUN: cd %t && not %tenon compile x.mlir --entry=loop --header=./x.so -o x.so 2>&1 | FileCheck %s --check-prefix=OVER
// RUN: not %tenon compile %t/x.mlir --entry=loop --model=%t/x.weights -o %t/x.so 2>&1 | FileCheck %s --check-prefix=OVER
// OVER: error: '{{.*}}' would be written over another file of the command; choose another name with -o or --header

//--- x.mlir
func.func private @index_array(%x: tensor<?xindex>)
func.func @f64(%x: tensor<?x7xf32>, %y: tensor<?x7xi1>) -> tensor<?x7xf32> {
  %0 = tenon.norm rms %x eps 1.0e-5 : tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}
func.func @as_it_is(%x: tensor<?x7xf32>) -> (tensor<?x7xf32>, tensor<?x7xf32>) {
  %0 = tenon.norm rms %x eps 1.0e-5 : tensor<?x7xf32>
  return %0, %x : tensor<?x7xf32>, tensor<?x7xf32>
}
func.func @returns(%x: tensor<?x7xf32>) {
  return
}
func.func @int(%x: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %0 = tenon.norm rms %x eps 1.0e-5 : tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}
func.func @_init(%x: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %0 = tenon.norm rms %x eps 1.0e-5 : tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}
func.func @twice(%x: tensor<?x7xf32>) -> (tensor<?x7xf32>, tensor<?x7xf32>) {
  %0 = tenon.norm rms %x eps 1.0e-5 : tensor<?x7xf32>
  return %0, %0 : tensor<?x7xf32>, tensor<?x7xf32>
}
func.func @reshaped(%x: tensor<?x8xf32>) -> tensor<?x2x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %0 = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
  return %0 : tensor<?x2x4xf32>
}
func.func @halves(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %0 = tenon.norm rms %x eps 1.0e-5 : tensor<?x8xf32>
  %1 = tensor.extract_slice %0[0, 4] [%n, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}
func.func @loop(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>, %count: index) -> tensor<?x7xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %count step %c1 iter_args(%z = %x) -> (tensor<?x7xf32>) {
    %a = arith.addf %y, %z : tensor<?x7xf32>
    scf.yield %a : tensor<?x7xf32>
  }
  return %r : tensor<?x7xf32>
}
func.func @looped(%x: tensor<?x7xf32>, %y: tensor<?x7xf32>, %count: index) -> tensor<?x7xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = tenon.norm rms %x eps 1.0e-5 : tensor<?x7xf32>
  %r = scf.for %i = %c0 to %count step %c1 iter_args(%z = %0) -> (tensor<?x7xf32>) {
    %a = arith.addf %y, %z : tensor<?x7xf32>
    scf.yield %a : tensor<?x7xf32>
  }
  return %r : tensor<?x7xf32>
}
