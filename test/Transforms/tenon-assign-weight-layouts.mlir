// RUN: tenon-opt %s --tenon-assign-weight-layouts --split-input-file --verify-diagnostics | FileCheck %s
// RUN: not tenon-opt %s --tenon-assign-weight-layouts --split-input-file --remarks-filter=tenon-assign-weight-layouts 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// What each weight is packed as, and one that is packed twice.
// REMARK: remark: [Analysis] PlaceWeight | Category:tenon-assign-weight-layouts | Bytes=12288, Offset=0, Type="!tenon.weight<96x64, <bf16>, <16x2>>", Weight=w
// REMARK: remark: [Missed] ShareLayout | Category:tenon-assign-weight-layouts | Reason="is needed with rows in pairs and in order", Weight=w
// REMARK: remark: [Analysis] PlaceWeight | Category:tenon-assign-weight-layouts | Bytes=192, Offset=4096, Type="!tenon.weight<10x5, <bf16>, <16x2, pair>>", Weight=w.pair

/// The example of the pass's description, with a vector and a table. What is not used has no place.
// CHECK-DAG: tenon.weight @w "w" : !tenon.weight<96x64, <bf16>, <16x2>> at 0{{$}}
// CHECK-DAG: tenon.weight @unused "x" : !tenon.weight<96x64, <bf16>>{{$}}
// CHECK-DAG: tenon.weight @n "n" : !tenon.weight<64, <bf16>>{{$}}
// CHECK-DAG: tenon.weight @m "m" : !tenon.weight<64, <f32>> at 12288{{$}}
// CHECK-DAG: tenon.rope_table @rope {{.*}} : !tenon.weight<257x8, <f32>> at 16384{{$}}
// CHECK-DAG: tenon.derive @n.f32 = cast [@n] : !tenon.weight<64, <f32>> at 28672{{$}}
// CHECK-LABEL: func @kinds
// CHECK:       tenon.weight_ref @w : <96x64, <bf16>, <16x2>>
// CHECK:       tenon.weight_ref @n.f32 : <64, <f32>>
// CHECK:       tenon.weight_ref @m : <64, <f32>>
// CHECK:       tenon.weight_ref @rope : <257x8, <f32>>
// CHECK:       tenon.linear %{{.*}} : tensor<?x64xf32>, <96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
tenon.weight @w "w" : !tenon.weight<96x64, <bf16>>
tenon.weight @unused "x" : !tenon.weight<96x64, <bf16>>
tenon.weight @n "n" : !tenon.weight<64, <bf16>>
tenon.weight @m "m" : !tenon.weight<64, <f32>>
tenon.rope_table @rope #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64> positions 9 : !tenon.weight<257x8, <f32>>
func.func @kinds(%x: tensor<?x64xf32>, %pos: tensor<?xi32>) -> tensor<?x96xf32> {
  %w = tenon.weight_ref @w : !tenon.weight<96x64, <bf16>>
  %n = tenon.weight_ref @n : !tenon.weight<64, <bf16>>
  %m = tenon.weight_ref @m : !tenon.weight<64, <f32>>
  %t = tenon.weight_ref @rope : !tenon.weight<257x8, <f32>>
  %a = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <bf16>>
  %b = tenon.norm rms %a, %m eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
  %r = tenon.rope %b at %pos first <dims = 8, pairing = half, theta = 1.0e4 : f64> table %t : !tenon.weight<257x8, <f32>> : tensor<?x64xf32>, tensor<?xi32>
  %y = tenon.linear %r, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

/// Biases of experts are read as they are, like vectors, whatever their products pair.
// CHECK-DAG: tenon.weight @gu "gu" : !tenon.weight<3x14x5, <f16>, <16x2, pair>> at 0{{$}}
// CHECK-DAG: tenon.weight @b "b" : !tenon.weight<3x14x1, <bf16>>{{$}}
// CHECK-DAG: tenon.derive @b.f32 = cast [@b] : !tenon.weight<3x14x1, <f32>> at 4096{{$}}
// CHECK-LABEL: func @biases
// CHECK:       tenon.weight_ref @b.f32 : <3x14x1, <f32>>
tenon.weight @gu "gu" : !tenon.weight<3x14x5, <f16>>
tenon.weight @b "b" : !tenon.weight<3x14x1, <bf16>>
func.func @biases(%x: tensor<?x5xf32>, %offs: tensor<4xi32>) -> tensor<?x7xf32> {
  %gu = tenon.weight_ref @gu : !tenon.weight<3x14x5, <f16>>
  %b = tenon.weight_ref @b : !tenon.weight<3x14x1, <bf16>>
  %a = tenon.grouped_linear %x of %offs, %gu bias %b : !tenon.weight<3x14x1, <bf16>> glu silu : tensor<?x5xf32>, tensor<4xi32>, !tenon.weight<3x14x5, <f16>> -> tensor<?x7xf32>
  return %a : tensor<?x7xf32>
}

// -----

/// Stacks keep their front dimensions; gates are paired; columns of `f32`, `f16` and bytes.
// CHECK-DAG: tenon.weight @gu "gu.{l}.{e}" layers [0, 1] : !tenon.weight<2x3x14x5, <f16>, <16x2, pair>> at 0{{$}}
// CHECK-DAG: tenon.weight @down "d.{l}.{e}" layers [0, 1] : !tenon.weight<2x3x5x7, <f32>, <16x1>> at 4096{{$}}
// CHECK-DAG: tenon.weight @heads "h" : !tenon.weight<4x9x8, <f8E4M3FN>, <16x4>> at 8192{{$}}
// CHECK-LABEL: func @stacks
// CHECK:       tenon.weight_ref @gu[%{{.*}}] : <3x14x5, <f16>, <16x2, pair>>
tenon.weight @gu "gu.{l}.{e}" layers [0, 1] : !tenon.weight<2x3x14x5, <f16>>
tenon.weight @down "d.{l}.{e}" layers [0, 1] : !tenon.weight<2x3x5x7, <f32>>
tenon.weight @heads "h" : !tenon.weight<4x9x8, <f8E4M3FN>>
func.func @stacks(%x: tensor<?x5xf32>, %q: tensor<?x4x8xf32>, %order: tensor<?xi32>, %offs: tensor<4xi32>, %l: index) -> (tensor<?x5xf32>, tensor<?x4x9xf32>) {
  %gu = tenon.weight_ref @gu[%l] : !tenon.weight<3x14x5, <f16>>
  %d = tenon.weight_ref @down[%l] : !tenon.weight<3x5x7, <f32>>
  %h = tenon.weight_ref @heads : !tenon.weight<4x9x8, <f8E4M3FN>>
  %a = tenon.grouped_linear %x rows %order : tensor<?xi32> choices 2 of %offs, %gu glu silu : tensor<?x5xf32>, tensor<4xi32>, !tenon.weight<3x14x5, <f16>> -> tensor<?x7xf32>
  %b = tenon.grouped_linear %a of %offs, %d : tensor<?x7xf32>, tensor<4xi32>, !tenon.weight<3x5x7, <f32>> -> tensor<?x5xf32>
  %c = tenon.head_linear %q, %h : tensor<?x4x8xf32>, !tenon.weight<4x9x8, <f8E4M3FN>> -> tensor<?x4x9xf32>
  return %b, %c : tensor<?x5xf32>, tensor<?x4x9xf32>
}

// -----

/// One matrix in pairs and in order is packed twice, even if one use has both users.
// CHECK-DAG: tenon.weight @w "w" : !tenon.weight<10x5, <bf16>, <16x2>> at 0{{$}}
// CHECK-DAG: tenon.derive @w.pair = concat_rows [@w] : !tenon.weight<10x5, <bf16>, <16x2, pair>> at 4096{{$}}
// CHECK-LABEL: func @both_orders
// CHECK-DAG:   %[[P:.*]] = tenon.weight_ref @w.pair : <10x5, <bf16>, <16x2, pair>>
// CHECK-DAG:   %[[W:.*]] = tenon.weight_ref @w : <10x5, <bf16>, <16x2>>
// CHECK:       tenon.linear %{{.*}}, %[[P]] glu silu
// CHECK:       tenon.linear %{{.*}}, %[[W]] : tensor<?x5xf32>
// CHECK:       tenon.embedding %{{.*}}, %[[W]]
tenon.weight @w "w" : !tenon.weight<10x5, <bf16>>
func.func @both_orders(%x: tensor<?x5xf32>, %tok: tensor<?xi32>) -> (tensor<?x5xf32>, tensor<?x10xf32>, tensor<?x5xf32>) {
  %w = tenon.weight_ref @w : !tenon.weight<10x5, <bf16>>
  %a = tenon.linear %x, %w glu silu : tensor<?x5xf32>, !tenon.weight<10x5, <bf16>> -> tensor<?x5xf32>
  %b = tenon.linear %x, %w : tensor<?x5xf32>, !tenon.weight<10x5, <bf16>> -> tensor<?x10xf32>
  %e = tenon.embedding %tok, %w : tensor<?xi32>, !tenon.weight<10x5, <bf16>> -> tensor<?x5xf32>
  return %a, %b, %e : tensor<?x5xf32>, tensor<?x10xf32>, tensor<?x5xf32>
}

// -----

/// The bias of a gate is a vector, and not in pairs.
// CHECK-DAG: tenon.weight @b "b" : !tenon.weight<10, <f32>> at {{[0-9]+$}}
// CHECK-LABEL: func @bias_of_gate
tenon.weight @w "w" : !tenon.weight<10x5, <bf16>>
tenon.weight @b "b" : !tenon.weight<10, <f32>>
func.func @bias_of_gate(%x: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %w = tenon.weight_ref @w : !tenon.weight<10x5, <bf16>>
  %b = tenon.weight_ref @b : !tenon.weight<10, <f32>>
  %a = tenon.linear %x, %w bias %b glu silu : tensor<?x5xf32>, !tenon.weight<10x5, <bf16>>, !tenon.weight<10, <f32>> -> tensor<?x5xf32>
  return %a : tensor<?x5xf32>
}

// -----

/// Large weights begin on large pages.
// CHECK-DAG: tenon.weight @small "s" : !tenon.weight<3x3, <f32>, <16x1>> at 0{{$}}
// CHECK-DAG: tenon.weight @large "l" : !tenon.weight<4096x1024, <bf16>, <16x2>> at 2097152{{$}}
// CHECK-DAG: tenon.weight @behind "b" : !tenon.weight<3x3, <f32>, <16x1>> at 10485760{{$}}
tenon.weight @small "s" : !tenon.weight<3x3, <f32>>
tenon.weight @large "l" : !tenon.weight<4096x1024, <bf16>>
tenon.weight @behind "b" : !tenon.weight<3x3, <f32>>
func.func @pages(%x: tensor<?x3xf32>, %y: tensor<?x1024xf32>) -> (tensor<?x3xf32>, tensor<?x4096xf32>, tensor<?x3xf32>) {
  %s = tenon.weight_ref @small : !tenon.weight<3x3, <f32>>
  %l = tenon.weight_ref @large : !tenon.weight<4096x1024, <bf16>>
  %b = tenon.weight_ref @behind : !tenon.weight<3x3, <f32>>
  %0 = tenon.linear %x, %s : tensor<?x3xf32>, !tenon.weight<3x3, <f32>> -> tensor<?x3xf32>
  %1 = tenon.linear %y, %l : tensor<?x1024xf32>, !tenon.weight<4096x1024, <bf16>> -> tensor<?x4096xf32>
  %2 = tenon.linear %x, %b : tensor<?x3xf32>, !tenon.weight<3x3, <f32>> -> tensor<?x3xf32>
  return %0, %1, %2 : tensor<?x3xf32>, tensor<?x4096xf32>, tensor<?x3xf32>
}

// -----

// expected-error @below {{expects columns that lie together in a panel to share their scales, but got blocks of 6 columns; cast the weight}}
tenon.weight @w "w" : !tenon.weight<8x12, <i8, scale f32 per 1x6>>
func.func @cut_depth(%x: tensor<?x12xf32>) -> tensor<?x8xf32> {
  %w = tenon.weight_ref @w : !tenon.weight<8x12, <i8, scale f32 per 1x6>>
  %y = tenon.linear %x, %w : tensor<?x12xf32>, !tenon.weight<8x12, <i8, scale f32 per 1x6>> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

/// A single block over all columns may have any number of them.
// CHECK-DAG: tenon.weight @w "w" : !tenon.weight<8x6, <i8, scale f32 per 1x6>, <16x4>> at 0{{$}}
tenon.weight @w "w" : !tenon.weight<8x6, <i8, scale f32 per 1x6>>
func.func @one_block(%x: tensor<?x6xf32>) -> tensor<?x8xf32> {
  %w = tenon.weight_ref @w : !tenon.weight<8x6, <i8, scale f32 per 1x6>>
  %y = tenon.linear %x, %w : tensor<?x6xf32>, !tenon.weight<8x6, <i8, scale f32 per 1x6>> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
