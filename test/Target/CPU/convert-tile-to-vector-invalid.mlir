// RUN: tenon-opt %s --convert-tile-to-vector --split-input-file -verify-diagnostics

// expected-error @+1 {{expects the module to name a CPU as machine.target, which says how many lanes a vector has; give it #machine.cpu}}
func.func @no_machine(%a: memref<1x8xf32>) {
  tile.add %a into %a : memref<1x8xf32> into memref<1x8xf32>
  return
}

// -----

/// Nothing to expand needs no machine.
func.func @no_tiles(%a: memref<1x8xf32>, %t: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %r = tile.add %t into %t : tensor<1x8xf32> into tensor<1x8xf32> -> tensor<1x8xf32>
  return %r : tensor<1x8xf32>
}

// -----

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
func.func @wide_line(%x: memref<1x8xf32>, %w: !tenon.weight<16x8, <f32>, <16x2>>, %acc: memref<1x16xf32>, %p: index) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{expects panels of 16 rows and 4 bytes of columns, but got '!tenon.weight<16x8, <f32>, <16x2>>'; lay the weight out as tenon-assign-weight-layouts does}}
  tile.contract %x[%c0, %c0] along 0 count %p, %w panel %p into %acc
      : memref<1x8xf32>, !tenon.weight<16x8, <f32>, <16x2>> into memref<1x16xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
func.func @strided_tile(%x: memref<1x8xf32>, %w: !tenon.weight<16x8, <f32>, <16x1>>, %acc: memref<1x16xf32, strided<[32, 2]>>, %p: index) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{expects outs to have contiguous rows, but got 'memref<1x16xf32, strided<[32, 2]>>'; write to a tile and copy it}}
  tile.contract %x[%c0, %c0] along 0 count %p, %w panel %p into %acc
      : memref<1x8xf32>, !tenon.weight<16x8, <f32>, <16x1>> into memref<1x16xf32, strided<[32, 2]>>
  return
}
}

// -----

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
func.func @narrow_vector(%x: memref<1x8xf32>, %w: !tenon.weight<8, <f8E4M3FN>>) {
  // expected-error @+1 {{expects a row-major weight of f32, f16 or bf16, but got '!tenon.weight<8, <f8E4M3FN>>'; run tenon-assign-weight-layouts before}}
  tile.norm rms %x, %w eps 1.0e-6 into %x : memref<1x8xf32>, !tenon.weight<8, <f8E4M3FN>> into memref<1x8xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
func.func @paired_table(%w: !tenon.weight<32x8, <f32>, <16x1, pair>>, %o: memref<1x8xf32>, %t: index) {
  // expected-error @+1 {{expects a table in plain panels, but got '!tenon.weight<32x8, <f32>, <16x1, pair>>'; keep it apart from paired gates}}
  tile.embed %t, %w into %o : !tenon.weight<32x8, <f32>, <16x1, pair>> into memref<1x8xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
func.func @strided_key(%q: memref<1x8xf32>, %k: memref<64x8xf32, strided<[16, 2]>>, %acc: memref<1x8xf32>, %m: memref<1xf32>, %s: memref<1xf32>, %p: index) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{expects query, key, value and acc to have contiguous rows; copy them to tiles}}
  tile.online_attention %q rows %p, %k[%c0, %c0] along 0, %k[%c0, %c0] along 0 keys 64 first %c0 count %p at %p of %p
      heads 1 scale 1.0 into %acc, %m, %s : memref<1x8xf32>, memref<64x8xf32, strided<[16, 2]>>, memref<64x8xf32, strided<[16, 2]>>
      into memref<1x8xf32>, memref<1xf32>, memref<1xf32>
  return
}
}
