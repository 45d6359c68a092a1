// Chunks of a sequence: which keys a query sees, and that tiles of keys see the same.
// RUN: tenon-run %s --entry=seen --step=tokens:8,block:3,context:8 --input=zeros@8x1x1 --input=zeros@1x1x8x1 --input=floats:0,1,2,3,4,5,6,7@1x1x8x1 --input=positions --input=slots --input=blocks --print | FileCheck %s
// RUN: tenon-run %s --entry=tiles --step=tokens:40+9,start:90+197,slots:2,block:32,context:256 --input=seed:1@49x2x8 --input=cache:3 --input=cache:4 --input=positions --input=slots --input=blocks --input=zeros@49x2x8 --pipeline='builtin.module(tenon-tile-pipeline)' --compare=interpret | FileCheck %s --check-prefix=NEAR

// Equal scores give the mean of what is seen: value n is n, chunks begin at 0, 3 and 6.
// CHECK: result 0: 8x1x1xf32 = {{\[\[\[}}0]], {{\[\[}}0.5]], {{\[\[}}1]], {{\[\[}}3]], {{\[\[}}3.5]], {{\[\[}}4]], {{\[\[}}6]], {{\[\[}}6.5]]]
func.func @seen(%q: tensor<?x1x1xf32>, %k: tensor<1x?x?x1xf32>, %v: tensor<1x?x?x1xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>) -> tensor<?x1x1xf32> {
  %c0 = arith.constant 0 : index
  %0 = tenon.attention %q, %k, %v[%c0] at %pos in %slot blocks %blocks scale 1.0 mask <causal, chunk = 3> : tensor<?x1x1xf32>, tensor<1x?x?x1xf32> and tensor<1x?x?x1xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x1x1xf32>
  return %0 : tensor<?x1x1xf32>
}

// Queries at 90 to 129 cross into the second chunk within a block, and tiles of 64 keys
// lie across its beginning; the other sequence enters the third one.
// NEAR: result 0: error {{.*}} ratio 0.
func.func @tiles(%q: tensor<?x2x8xf32>, %k: tensor<1x?x?x8xf32>, %v: tensor<1x?x?x8xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %out: tensor<?x2x8xf32>) -> tensor<?x2x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 64>} {
  %c0 = arith.constant 0 : index
  %0 = tile.kernel "attention" <rows = 32, block = 32> ins(%q, %k, %v, %c0, %pos, %slot, %blocks : tensor<?x2x8xf32>, tensor<1x?x?x8xf32>, tensor<1x?x?x8xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%out : tensor<?x2x8xf32>) {
  ^bb0(%a: tensor<?x2x8xf32>, %b: tensor<1x?x?x8xf32>, %c: tensor<1x?x?x8xf32>, %l: index, %p: tensor<?xi32>, %s: tensor<?xi32>, %n: tensor<?x4xi32>, %o: tensor<?x2x8xf32>):
    %1 = tenon.attention %a, %b, %c[%l] at %p in %s blocks %n scale 0.25 mask <causal, chunk = 100> : tensor<?x2x8xf32>, tensor<1x?x?x8xf32> and tensor<1x?x?x8xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x2x8xf32>
    tile.yield %1 : tensor<?x2x8xf32>
  } -> tensor<?x2x8xf32>
  return %0 : tensor<?x2x8xf32>
}
