// RUN: tenon-opt %s --tenon-widen-weights=always | FileCheck %s
// RUN: tenon-opt %s --tenon-widen-weights | FileCheck %s --check-prefix=SAME
// RUN: sed -e 's/^module {/module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {/' %s > %t.gpu.mlir
// RUN: tenon-opt %t.gpu.mlir --tenon-widen-weights | FileCheck %s
// RUN: sed -e 's/^module {/module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {/' %s > %t.cpu.mlir
// RUN: tenon-opt %t.cpu.mlir --tenon-widen-weights | FileCheck %s --check-prefix=SAME
// RUN: tenon-opt %s --tenon-widen-weights=always --split-input-file --remarks-filter=tenon-widen-weights 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// Each weight that becomes wider.
// REMARK: remark: [Analysis] WidenWeight | Category:tenon-widen-weights | From="#tenon.format<ui4, zero 8, scale f16 per 1x32>", To="#tenon.format<i8, scale f32 per 1x32>", Weight=a

module {
/// Blocks with one scale, with two levels of scales and offsets, of 16 columns.
// CHECK:      tenon.weight @a "a" : !tenon.weight<96x64, <i8, scale f32 per 1x32>>
// CHECK-NEXT: tenon.weight @b {{.*}} : !tenon.weight<2x8x256, <i8, scale f32 per 1x32, offset>>
// CHECK-NEXT: tenon.weight @c "c" : !tenon.weight<8x256, <i8, scale f32 per 1x16>>
// CHECK-NEXT: tenon.derive @d = slice_rows [@c] first 3 : !tenon.weight<4x256, <i8, scale f32 per 1x16>>
// CHECK-NEXT: tenon.weight @g "g" : !tenon.weight<8x256, <f8E4M3FN, scale f32 per 1x32>>
// CHECK-NEXT: tenon.weight @h "h" : !tenon.weight<8x256, <i8, scale f32 per 1x32>>
/// Nothing else changes.
// CHECK-NEXT: tenon.weight @e "e" : !tenon.weight<8x256, <f8E4M3FN, scale f32 per 128x128>>
// CHECK-NEXT: tenon.weight @f "f" : !tenon.weight<8x256, <bf16>>
// SAME:       tenon.weight @a "a" : !tenon.weight<96x64, <ui4, zero 8, scale f16 per 1x32>>
tenon.weight @a "a" : !tenon.weight<96x64, <ui4, zero 8, scale f16 per 1x32>>
tenon.weight @b "b.{l}" layers [0, 1] : !tenon.weight<2x8x256, <ui5, scale f16 per 1x256, scale ui8 per 1x32, offset>>
tenon.weight @c "c" : !tenon.weight<8x256, <ui6, zero 32, scale f16 per 1x256, scale i8 per 1x16>>
tenon.derive @d = slice_rows [@c] first 3 : !tenon.weight<4x256, <ui6, zero 32, scale f16 per 1x256, scale i8 per 1x16>>
tenon.weight @g "g" : !tenon.weight<8x256, <f4E2M1FN, scale f8E8M0FNU per 1x32>>
tenon.weight @h "h" : !tenon.weight<8x256, <ui2, values [-3, -1, 1, 3], scale f16 per 1x32>>
tenon.weight @e "e" : !tenon.weight<8x256, <f8E4M3FN, scale f32 per 128x128>>
tenon.weight @f "f" : !tenon.weight<8x256, <bf16>>

/// Values, and what reads them.
// CHECK:      tenon.weight_ref @a : <96x64, <i8, scale f32 per 1x32>>
// CHECK-NEXT: tenon.linear %{{.*}}, %{{.*}} : tensor<?x64xf32>, <96x64, <i8, scale f32 per 1x32>> -> tensor<?x96xf32>
// SAME:       tenon.weight_ref @a : <96x64, <ui4, zero 8, scale f16 per 1x32>>
func.func @use(%x: tensor<?x64xf32>) -> tensor<?x96xf32> {
  %w = tenon.weight_ref @a : !tenon.weight<96x64, <ui4, zero 8, scale f16 per 1x32>>
  %y = tenon.linear %x, %w : tensor<?x64xf32>, !tenon.weight<96x64, <ui4, zero 8, scale f16 per 1x32>> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}
}
