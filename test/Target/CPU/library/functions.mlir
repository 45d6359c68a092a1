// A C program calls a function of a library: what it gets is what the interpreter computes,
// with no row, one, some, and more than a smaller bucket has, by one worker and by three.
// REQUIRES: avx2

// DEFINE: %{rows} = 7
// DEFINE: %{count} = 525
// DEFINE: %{compare} = tenon-run %s --entry=smooth --input=iota:%{count}@%{rows}x75 --input=fill:0.5@%{rows}x75 --other=%t/result.npy

// RUN: rm -rf %t && mkdir %t
// RUN: %tenon compile %s --entry=smooth --target=cpu:x86-64-v3 -o %t/functions.so
// RUN: %cc -I %t -xc -std=c11 %S/Inputs/call.c -xnone %t/functions.so -Wl,-rpath,%t -pthread -o %t/call
// REDEFINE: %{count} = 0
// REDEFINE: %{rows} = 0
// RUN: %t/call 0 3 %t/result.npy && %{compare} | FileCheck %s
// REDEFINE: %{count} = 75
// REDEFINE: %{rows} = 1
// RUN: %t/call 1 1 %t/result.npy && %{compare} | FileCheck %s
// REDEFINE: %{count} = 525
// REDEFINE: %{rows} = 7
// RUN: %t/call 7 3 %t/result.npy && %{compare} | FileCheck %s
// REDEFINE: %{count} = 4875
// REDEFINE: %{rows} = 65
// RUN: %t/call 65 3 %t/result.npy && %{compare} | FileCheck %s
// CHECK: result 0: error {{.*}} allowed

// More rows than the largest bucket has are refused, and so are fewer than none.
// RUN: not %t/call 1025 1 %t/result.npy
// RUN: not %t/call -1 1 %t/result.npy

// The header documents each argument, and C++ takes it.
// RUN: FileCheck %s --check-prefix=HEADER --input-file=%t/functions.h
// RUN: %cc -xc++ -std=c++17 -fsyntax-only %t/functions.h
// HEADER:      x_rows: a size from 0 to 1024
// HEADER-NEXT: x[x_rows][75]: tensor<?x75xf32>, is read
// HEADER-NEXT: y[x_rows][75]: tensor<?x75xf32>, is read
// HEADER-NEXT: result[x_rows][75]: tensor<?x75xf32>, is written
// HEADER:      int smooth(const struct tenon_workers *workers,
// HEADER-NEXT:     int64_t x_rows,
// HEADER-NEXT:     const float *x,
// HEADER-NEXT:     const float *y,
// HEADER-NEXT:     float *result);

// It needs no other library, and offers nothing else.
// RUN: llvm-readelf -d %t/functions.so | FileCheck %s --check-prefix=ALONE
// ALONE-NOT: NEEDED
// RUN: llvm-nm -D %t/functions.so | FileCheck %s --check-prefix=NAMES
// NAMES:      T functions_memory_bytes
// NAMES-NEXT: T smooth
// NAMES-NOT:  {{.}}

// --header says where the header goes.
// RUN: %tenon compile %s --entry=smooth --target=cpu:x86-64-v3 --buckets=4 -o %t/other.so --header=%t/include.h
// RUN: FileCheck %s --check-prefix=OTHER --input-file=%t/include.h
// RUN: not ls %t/other.h
// OTHER: int64_t other_memory_bytes(int64_t count);
// OTHER: x_rows: a size from 0 to 4{{$}}

func.func @smooth(%x: tensor<?x75xf32>, %y: tensor<?x75xf32>) -> tensor<?x75xf32> {
  %h = tenon.norm rms %x eps 1.0e-5 : tensor<?x75xf32>
  %s = arith.addf %h, %y : tensor<?x75xf32>
  %g = tenon.glu silu %s, %x : tensor<?x75xf32>
  return %g : tensor<?x75xf32>
}
