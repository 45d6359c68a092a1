// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The example of the op's description.
// CHECK-LABEL: func @key_range
// CHECK-SAME:    %[[P:.*]]: index, %[[N:.*]]: index, %[[L:.*]]: index
func.func @key_range(%p: index, %n: index, %len: index) -> (index, index, index, index) {
  // CHECK: tile.key_range <causal, window = 8> at %[[P]] count %[[N]] of %[[L]] step 64
  %lo, %f0, %f1, %hi = tile.key_range <causal, window = 8> at %p count %n of %len step 64
  return %lo, %f0, %f1, %hi : index, index, index, index
}

/// The example of the op's description.
// CHECK-LABEL: func @attend_init
// CHECK-SAME:    %[[X:.*]]: tensor<4x16xf32>, %[[Y:.*]]: tensor<4xf32>, %[[Z:.*]]: tensor<4xf32>
func.func @attend_init(%x: tensor<4x16xf32>, %y: tensor<4xf32>, %z: tensor<4xf32>)
    -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK: tile.attention_init into %[[X]], %[[Y]], %[[Z]] : tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>
  %a, %m, %s = tile.attention_init into %x, %y, %z : tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>
  return %a, %m, %s : tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>
}

/// The example of the op's description.
// CHECK-LABEL: func @attend
// CHECK-SAME:    %[[Q:.*]]: tensor<4x16xf32>, %[[K:.*]]: tensor<3x?x?x2x16xf32>, %[[V:.*]]: tensor<3x?x?x2x16xf32>
func.func @attend(%q: tensor<4x16xf32>, %k: tensor<3x?x?x2x16xf32>, %v: tensor<3x?x?x2x16xf32>, %r: index, %l: index,
                  %s: index, %n: index, %g: index, %c0: index, %c: index, %p: index, %len: index,
                  %a: tensor<4x16xf32>, %m: tensor<4xf32>, %z: tensor<4xf32>)
    -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK: tile.online_attention %[[Q]] rows %{{[^ ]*}}, %[[K]][%{{.*}}] along 2, %[[V]][%{{.*}}] along 2 keys 64 first %{{[^ ]*}} count %{{[^ ]*}} at %{{[^ ]*}} of %{{[^ ]*}} heads 2 scale 2.500000e-01 mask <causal> into %{{.*}} : tensor<4x16xf32>, tensor<3x?x?x2x16xf32>, tensor<3x?x?x2x16xf32> into tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>
  %a1, %m1, %s1 = tile.online_attention %q rows %r, %k[%l, %s, %n, %g, %c0] along 2,
      %v[%l, %s, %n, %g, %c0] along 2 keys 64 first %n count %c at %p of %len
      heads 2 scale 0.25 mask <causal> into %a, %m, %z
      : tensor<4x16xf32>, tensor<3x?x?x2x16xf32>, tensor<3x?x?x2x16xf32> into
        tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>
  return %a1, %m1, %s1 : tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>
}

/// Tiles of keys and values in memory, all of them seen, with a soft cap.
// CHECK-LABEL: func @attend_to_tiles
func.func @attend_to_tiles(%q: memref<3x7xf32>, %k: memref<5x7xf32>, %v: memref<5x2x9xf32>, %i: index,
                           %a: memref<3x9xf32>, %m: memref<3xf32>, %z: memref<3xf32>) {
  // CHECK: tile.online_attention {{.*}} along 0, {{.*}} along 1 keys 5 {{.*}} heads 3 scale 1.000000e+00 softcap 5.000000e+01 into %{{.*}} : memref<3x7xf32>, memref<5x7xf32>, memref<5x2x9xf32> into memref<3x9xf32>, memref<3xf32>, memref<3xf32>{{$}}
  tile.online_attention %q rows %i, %k[%i, %i] along 0, %v[%i, %i, %i] along 1 keys 5 first %i count %i at %i of %i
      heads 3 scale 1.0 softcap 50.0 into %a, %m, %z
      : memref<3x7xf32>, memref<5x7xf32>, memref<5x2x9xf32> into memref<3x9xf32>, memref<3xf32>, memref<3xf32>
  return
}

/// The example of the op's description.
// CHECK-LABEL: func @attend_finish
// CHECK-SAME:    %[[A:.*]]: tensor<4x16xf32>, %[[M:.*]]: tensor<4xf32>, %[[S:.*]]: tensor<4xf32>
func.func @attend_finish(%a: tensor<4x16xf32>, %m: tensor<4xf32>, %s: tensor<4xf32>) -> tensor<4x16xf32> {
  // CHECK: tile.attention_finish %[[M]], %[[S]] heads 2 into %[[A]] : tensor<4xf32>, tensor<4xf32> into tensor<4x16xf32> -> tensor<4x16xf32>
  %o = tile.attention_finish %m, %s heads 2 into %a : tensor<4xf32>, tensor<4xf32> into tensor<4x16xf32> -> tensor<4x16xf32>
  return %o : tensor<4x16xf32>
}

// CHECK-LABEL: func @attend_finish_with_sinks
func.func @attend_finish_with_sinks(%a: memref<3x9xf32>, %m: memref<3xf32>, %s: memref<3xf32>,
                                    %w: !tenon.weight<8, <bf16>>, %h: index) {
  // CHECK: tile.attention_finish %{{[^ ]*}}, %{{[^ ]*}} sinks %{{[^ ]*}} : !tenon.weight<8, <bf16>> from %{{[^ ]*}} heads 3 into %{{.*}} : memref<3xf32>, memref<3xf32> into memref<3x9xf32>{{$}}
  tile.attention_finish %m, %s sinks %w : !tenon.weight<8, <bf16>> from %h heads 3 into %a
      : memref<3xf32>, memref<3xf32> into memref<3x9xf32>
  return
}
