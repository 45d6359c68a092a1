// Constants, inputs and steps of impossible size: one line.
// RUN: not tenon-run %s --entry=constant 2>&1 | FileCheck %s --check-prefix=CONSTANT
// RUN: not tenon-run %s --entry=integers 2>&1 | FileCheck %s --check-prefix=CONSTANT
// RUN: not tenon-run %s --entry=poison 2>&1 | FileCheck %s --check-prefix=POISON
// RUN: not tenon-run %s --entry=empty --input=ints:9000000000000000000 --input=ints:7 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not tenon-run %s --entry=empty --input=ints:16385 --input=ints:16384 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not tenon-run %s --entry=empty --input=ints:-1 --input=ints:1 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not tenon-run %s --entry=slice --input=floats:1,2 --input=ints:99999999999 2>&1 | FileCheck %s --check-prefix=SLICE
// RUN: not tenon-run %s --entry=constant --exact 2>&1 | FileCheck %s --check-prefix=CONSTANT

// RUN: not tenon-run %s --entry=input --input=zeros@16777216x16777216 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not tenon-run %s --entry=input --input=seed:1@16777216x17 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not tenon-run %s --entry=input --input=unwritten --dims=99999999999,99999999999 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not tenon-run %s --entry=input --input=fill:2 --dims=-1 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not tenon-run %s --entry=wide --input=zeros 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not tenon-run %s --entry=cache --step=tokens:1,slots:16777216,context:16777216 --input=cache 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not tenon-run %s --entry=input --input=zeros --step=tokens:9223372036854775807+9223372036854775807 2>&1 | FileCheck %s --check-prefix=STEP
// RUN: not tenon-run %s --entry=input --input=zeros --step=tokens:1,context:99999999999 2>&1 | FileCheck %s --check-prefix=STEP

// The largest dimensions that are allowed hold nothing here.
// RUN: tenon-run %s --entry=input --input=zeros@16777216x0 --print | FileCheck %s --check-prefix=NOTHING

// CONSTANT: error: {{.*}}expects dimensions that are not negative, and at most 2^28 elements, but got the shape [99999999, 99999999]
func.func @constant() -> tensor<99999999x99999999xf32> {
  %0 = arith.constant dense<1.0> : tensor<99999999x99999999xf32>
  return %0 : tensor<99999999x99999999xf32>
}

func.func @integers() -> tensor<99999999x99999999xi32> {
  %0 = arith.constant dense<1> : tensor<99999999x99999999xi32>
  return %0 : tensor<99999999x99999999xi32>
}

// POISON: at most 2^28 elements, but got the shape [268435457]
func.func @poison() -> tensor<268435457xf32> {
  %0 = ub.poison : tensor<268435457xf32>
  return %0 : tensor<268435457xf32>
}

// EMPTY: at most 2^28 elements, but got the shape [
func.func @empty(%n: index, %m: index) -> tensor<?x?xf32> {
  %0 = tensor.empty(%n, %m) : tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// A step of 0 takes the same element as often as it is asked for.
// SLICE: expects a slice of at most 2^28 elements, but got 99999999999 in dimension 0
func.func @slice(%x: tensor<2xf32>, %n: index) -> tensor<?xf32> {
  %0 = tensor.extract_slice %x[0] [%n] [0] : tensor<2xf32> to tensor<?xf32>
  return %0 : tensor<?xf32>
}

// INPUT: error: expects an input of at most 2^28 elements, but got the shape {{-?[0-9]+x-?[0-9]+}}
// STEP: error: cannot read '{{.*}}' of a step; known keys: {{.*}}; numbers are at most 2^24
// NOTHING: result 0: 16777216x0xf32 = []
func.func @input(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  return %x : tensor<?x?xf32>
}

func.func @wide(%x: tensor<1048576x1048576xf32>) -> tensor<1048576x1048576xf32> {
  return %x : tensor<1048576x1048576xf32>
}

func.func @cache(%x: tensor<2x?x?x8xf32>) -> tensor<2x?x?x8xf32> {
  return %x : tensor<2x?x?x8xf32>
}
