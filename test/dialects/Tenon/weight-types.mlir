// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The examples of the descriptions.
// CHECK-LABEL: func private @examples
// CHECK-SAME:    #tenon.format<bf16>, #tenon.format<f8E4M3FN, scale f32 per 128x128>, #tenon.format<ui5, zero 16, scale f16 per 1x32>, #tenon.format<f4E2M1FN, scale f8E8M0FNU per 1x32>, #tenon.format<ui4, scale f16 per 1x256, scale ui8 per 1x32, offset>, #tenon.format<ui2, values [-3, -1, 1, 3], scale f16 per 1x32>, #tenon.panel<16x2>, #tenon.panel<16x4, pair>, !tenon.weight<58x1536x7168, <bf16>, <16x2>>
func.func private @examples() attributes {test.list = [
  #tenon.format<bf16>, #tenon.format<f8E4M3FN, scale f32 per 128x128>,
  #tenon.format<ui5, zero 16, scale f16 per 1x32>, #tenon.format<f4E2M1FN, scale f8E8M0FNU per 1x32>,
  #tenon.format<ui4, scale f16 per 1x256, scale ui8 per 1x32, offset>,
  #tenon.format<ui2, values [-3, -1, 1, 3], scale f16 per 1x32>, #tenon.panel<16x2>,
  #tenon.panel<16x4, pair>, !tenon.weight<58x1536x7168, <bf16>, <16x2>>
]}

/// Every code, a scale or none for the finite format of 8 bits.
// CHECK-LABEL: func private @codes
// CHECK-SAME:    <f32>, #tenon.format<f16>, #tenon.format<f8E4M3FN>, #tenon.format<f8E4M3FN, scale f32 per 1x1, offset>
func.func private @codes() attributes {test.list = [
  #tenon.format<f32>, #tenon.format<f16>, #tenon.format<f8E4M3FN>,
  #tenon.format<f8E4M3FN, offset, scale f32 per 1x1>
]}

/// Offsets that are not like scales are written out.
// CHECK-LABEL: func private @factors
// CHECK-SAME:    #tenon.format<i8, scale f32 per 1x32, offset>, #tenon.format<ui8, zero 128, scale bf16 per 2x8, offset f32 per 1x4>, #tenon.format<ui4, scale f16 per 1x64, scale i8 per 1x32, offset f16 per 1x64>
func.func private @factors() attributes {test.list = [
  #tenon.format<i8, scale f32 per 1x32, offset f32 per 1x32>,
  #tenon.format<ui8, zero 128, scale bf16 per 2x8, offset f32 per 1x4>,
  #tenon.format<ui4, scale f16 per 1x64, offset f16 per 1x64, scale i8 per 1x32>
]}

/// From a vector of one element to a stack of stacks.
// CHECK-LABEL: func private @ranks
// CHECK-SAME:    (!tenon.weight<1, <f32>>, !tenon.weight<1x1, <i8, scale f32 per 3x5>, <1x1>>, !tenon.weight<61x256x7x3, <f16>>)
func.func private @ranks(!tenon.weight<1, <f32>>, !tenon.weight<1x1, <i8, scale f32 per 3x5>, <1x1>>,
                         !tenon.weight<61x256x7x3, <f16>>)
