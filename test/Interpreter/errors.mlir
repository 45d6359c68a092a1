// What goes wrong while a module is interpreted is one line that names the place and the rule.
// RUN: not tenon-run %s --entry=unknown 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not tenon-run %s --entry=embed --input=ints:0,7 2>&1 | FileCheck %s --check-prefix=TOKEN
// RUN: not tenon-run %s --entry=slice --input=iota:3 2>&1 | FileCheck %s --check-prefix=SLICE
// RUN: not tenon-run %s --entry=attend --input=ints:0,1 --input=ints:0,0 --input=ints:0,1,0,0@1x4 --input=zeros@2x1x1 --input=zeros@1x1x2x1 2>&1 | FileCheck %s --check-prefix=BLOCKS
// RUN: not tenon-run %s --entry=recursive --input=ints:1 2>&1 | FileCheck %s --check-prefix=DEEP
// RUN: not tenon-run %s --entry=cast --input=iota:3 2>&1 | FileCheck %s --check-prefix=CAST
// RUN: not tenon-run %s --entry=add --input=iota:3 --input=iota:2 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: not tenon-run %s --entry=nowhere 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not tenon-run %s --entry=embed 2>&1 | FileCheck %s --check-prefix=INPUTS
// RUN: not tenon-run %s --entry=embed --input=seed:1 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not tenon-run %s --entry=embed --input=ints:0 --weight=t:1,2,3 2>&1 | FileCheck %s --check-prefix=VALUES
// RUN: not tenon-run %s --entry=embed --input=ints:2 --weight=t:1,2,3,4,5,6.001 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not tenon-run %s --entry=embed --input=ints:0 --compare=interpret 2>&1 | FileCheck %s --check-prefix=NOTHING

// UNKNOWN: error: {{.*}}errors.mlir":[[# @LINE + 2]]{{.*}}: 'memref.alloc' op is unknown to the interpreter, which runs tensors down to the tile dialect; interpret the module before it is lowered further
func.func @unknown() {
  %m = memref.alloc() : memref<2xf32>
  return
}

tenon.weight @t "t" : !tenon.weight<3x2, <bf16>>
// TOKEN: expects a token from 0 to 2, but got 7
// INPUTS: error: expects 1 inputs for 'embed', but got 0; give one --input for each, or --step
// INPUT: error: cannot make an input of type tensor<?xi32> from 'seed:1'; known kinds: seed:N (floats)
// VALUES: expects 6 values for @t, but got 3
// FORMAT: expects values of @t to be numbers of its format, but got 6.001
// NOTHING: error: nothing to compare: the interpreter would run the same module twice; give --pipeline or --before
func.func @embed(%tok: tensor<?xi32>) -> tensor<?x2xf32> {
  %w = tenon.weight_ref @t : !tenon.weight<3x2, <bf16>>
  %y = tenon.embedding %tok, %w : tensor<?xi32>, !tenon.weight<3x2, <bf16>> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// SLICE: expects a slice inside of dimension 0 of 3, but got 2 from 2 by 1
func.func @slice(%x: tensor<?xf32>) -> tensor<2xf32> {
  %y = tensor.extract_slice %x[2] [2] [1] : tensor<?xf32> to tensor<2xf32>
  return %y : tensor<2xf32>
}

// BLOCKS: expects blocks to cover every row
func.func @attend(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %q: tensor<?x1x1xf32>, %c: tensor<1x?x?x1xf32>) -> tensor<?x1x1xf32> {
  %l = arith.constant 0 : index
  %0 = tenon.attention %q, %c[%l] at %pos in %slot blocks %blocks scale 1.0 mask <causal> value_first 1
      : tensor<?x1x1xf32>, tensor<1x?x?x1xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x1x1xf32>
  return %0 : tensor<?x1x1xf32>
}

// DEEP: calls deeper than 200 functions; is it recursive?
func.func @recursive(%i: index) -> index {
  %r = func.call @recursive(%i) : (index) -> index
  return %r : index
}

// CAST: gives 'tensor<2xf32>', but its value has the shape [3]
func.func @cast(%x: tensor<?xf32>) -> tensor<2xf32> {
  %y = tensor.cast %x : tensor<?xf32> to tensor<2xf32>
  return %y : tensor<2xf32>
}

// SHAPE: expects operands to agree on their shape
func.func @add(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %z = arith.addf %x, %y : tensor<?xf32>
  return %z : tensor<?xf32>
}

// ENTRY: error: '{{.*}}errors.mlir' has no function 'nowhere'; name one with --entry
