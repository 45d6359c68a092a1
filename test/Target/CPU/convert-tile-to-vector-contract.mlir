// RUN: tenon-opt %s --convert-tile-to-vector --canonicalize --cse --split-input-file | FileCheck %s
// RUN: tenon-opt %s --convert-tile-to-vector --mlir-disable-threading --split-input-file --remarks-filter=convert-tile-to-vector 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// The register tile of each product.
// REMARK: remark: [Analysis] ChooseRegisterTile | Category:convert-tile-to-vector | Function=one_row | ColumnsPerBlock=64, DecodesBefore=false, Panels=4, PanelsAtATime=4, Rows=1
// REMARK: remark: [Analysis] ChooseRegisterTile | Category:convert-tile-to-vector | Function=turns | ColumnsPerBlock=64, DecodesBefore=false, Panels=2, PanelsAtATime=1, Rows=1

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {

/// One row beside four panels: eight chains of multiply-adds, four columns at a time,
/// and no memory but reads of the row and of the panels inside the loop.
// CHECK-LABEL: func @one_row
// CHECK-SAME:    %[[X:.*]]: memref<1x64xf32>, %[[W:.*]]: !tenon.weight
func.func @one_row(%x: memref<1x64xf32>, %w: !tenon.weight<96x64, <f32>, <16x1>>, %acc: memref<1x64xf32>, %p: index) {
  // CHECK-COUNT-4: tile.weight_view %[[W]] at %{{.*}} to memref<64x16xi32>
  // CHECK:         scf.for %[[K:.*]] = %{{.*}} to %c64 step %c4 iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
  // CHECK-NEXT:      %[[E:.*]] = memref.load %[[X]][%c0, %[[K]]]
  // CHECK-NEXT:      vector.broadcast %[[E]] : f32 to vector<8xf32>
  // CHECK-NOT:       store
  // CHECK-COUNT-32:  vector.fma
  // CHECK-NOT:       {{store|vector.fma}}
  // CHECK:           scf.yield
  // CHECK-COUNT-8: vector.store
  // CHECK-NOT:     vector.store
  // CHECK:         return
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  tile.contract %x[%c0, %c0] along 0 count %c1, %w panel %p into %acc
      : memref<1x64xf32>, !tenon.weight<96x64, <f32>, <16x1>> into memref<1x64xf32>
  return
}

/// Six rows beside one panel; fewer rows than that take a smaller tile. A row that is
/// not there repeats the last one.
// CHECK-LABEL: func @six_rows
// CHECK-SAME:    %[[N:[a-z0-9]+]]: index, %{{[a-z0-9]+}}: index)
func.func @six_rows(%x: memref<?x64xf32>, %w: !tenon.weight<96x64, <f32>, <16x1>>, %acc: memref<6x16xf32>, %n: index, %p: index) {
  // CHECK:          %[[LAST:.*]] = arith.subi %[[N]], %c1
  // CHECK:          arith.minsi %{{.*}}, %[[LAST]]
  // CHECK:          scf.for {{.*}} step %c1 iter_args
  // CHECK-COUNT-12: vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK:          scf.if
  // CHECK:          scf.for {{.*}} step %c1 iter_args
  // CHECK-COUNT-8:  vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK:          scf.for {{.*}} step %c1 iter_args
  // CHECK-COUNT-4:  vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK:          scf.for {{.*}} step %c4 iter_args
  // CHECK-COUNT-8:  vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK:          return
  %c0 = arith.constant 0 : index
  tile.contract %x[%c0, %c0] along 0 count %n, %w panel %p into %acc
      : memref<?x64xf32>, !tenon.weight<96x64, <f32>, <16x1>> into memref<6x16xf32>
  return
}

/// bf16: the first of two columns is shifted up, the second one cut out.
// CHECK-LABEL: func @bf16
func.func @bf16(%x: memref<1x6xf32>, %w: !tenon.weight<16x6, <bf16>, <16x2>>, %acc: memref<1x16xf32>) {
  // CHECK-DAG: %[[UP:.*]] = arith.constant dense<16> : vector<8xi32>
  // CHECK-DAG: %[[KEEP:.*]] = arith.constant dense<-65536> : vector<8xi32>
  // CHECK:     %[[L:.*]] = vector.load %{{.*}} : memref<3x16xi32>, vector<8xi32>
  // CHECK:     %[[S:.*]] = arith.shli %[[L]], %[[UP]]
  // CHECK:     arith.bitcast %[[S]] : vector<8xi32> to vector<8xf32>
  // CHECK:     %[[M:.*]] = arith.andi %[[L]], %[[KEEP]]
  // CHECK:     arith.bitcast %[[M]] : vector<8xi32> to vector<8xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  tile.contract %x[%c0, %c0] along 0 count %c1, %w panel %c0 into %acc
      : memref<1x6xf32>, !tenon.weight<16x6, <bf16>, <16x2>> into memref<1x16xf32>
  return
}

/// f16: columns are sorted, then each half of the register is widened.
// CHECK-LABEL: func @f16
func.func @f16(%x: memref<1x2xf32>, %w: !tenon.weight<16x2, <f16>, <16x2>>, %acc: memref<1x16xf32>) {
  // CHECK: %[[S:.*]] = vector.shuffle %{{.*}} [0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15] : vector<16xi16>, vector<16xi16>
  // CHECK: %[[H:.*]] = vector.bitcast %{{.*}} to vector<16xf16>
  // CHECK: %[[A:.*]] = vector.shuffle %[[H]], %[[H]] [0, 1, 2, 3, 4, 5, 6, 7]
  // CHECK: arith.extf %[[A]] : vector<8xf16> to vector<8xf32>
  // CHECK: %[[B:.*]] = vector.shuffle %[[H]], %[[H]] [8, 9, 10, 11, 12, 13, 14, 15]
  // CHECK: arith.extf %[[B]] : vector<8xf16> to vector<8xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  tile.contract %x[%c0, %c0] along 0 count %c1, %w panel %c0 into %acc
      : memref<1x2xf32>, !tenon.weight<16x2, <f16>, <16x2>> into memref<1x16xf32>
  return
}

/// i8 with offsets: the factors of a group of 32 columns are before its codes, 128 bytes
/// of a group's 640; the scale takes up the place of a code, and the offset enters by one rounding.
/// The last group has three columns.
// CHECK-LABEL: func @i8
func.func @i8(%x: memref<1x67xf32>, %w: !tenon.weight<16x67, <i8, scale f32 per 1x32, offset>, <16x4>>, %acc: memref<1x16xf32>) {
  // CHECK-DAG:   %[[SMALL:.*]] = arith.constant dense<5.96046448E-8> : vector<8xf32>
  // CHECK:       %[[V:.*]] = tile.weight_view %{{.*}} to memref<23x16xi32>
  // CHECK:       %[[S:.*]] = tile.weight_view %{{.*}} to memref<368xf32>
  // CHECK:       scf.for %[[G:.*]] = %c0 to %c2 step %c1 iter_args
  // CHECK:         %[[FIRST:.*]] = arith.muli %[[G]], %c160
  // CHECK:         vector.load %[[S]][%[[FIRST]]]
  // CHECK:         %[[SECOND:.*]] = arith.addi %[[FIRST]], %c16
  // CHECK:         vector.load %[[S]][%[[SECOND]]]
  // CHECK:         arith.mulf %{{.*}}, %[[SMALL]]
  // CHECK:         scf.for %{{.*}} = %c0 to %c8 step %c1 iter_args
  // CHECK:           arith.sitofp %{{.*}} : vector<8xi32> to vector<8xf32>
  // CHECK-COUNT-16:  vector.fma
  // CHECK-NOT:       vector.fma
  // CHECK:       vector.load %[[S]][%c320]
  // CHECK:       vector.load %[[V]][%c22, %c0]
  // CHECK-COUNT-12: vector.fma
  // CHECK-NOT:   vector.fma
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  tile.contract %x[%c0, %c0] along 0 count %c1, %w panel %c0 into %acc
      : memref<1x67xf32>, !tenon.weight<16x67, <i8, scale f32 per 1x32, offset>, <16x4>> into memref<1x16xf32>
  return
}

/// With scales and offsets of two panels 16 registers are not enough beside four sums: in
/// each group the panels take turns.
// CHECK-LABEL: func @turns
func.func @turns(%x: memref<1x64xf32>, %w: !tenon.weight<64x64, <i8, scale f32 per 1x32, offset>, <16x4>>, %acc: memref<1x32xf32>) {
  // CHECK:           scf.for %{{.*}} = %c0 to %c2 step %c1 iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
  // CHECK:             scf.for %{{.*}} = %c0 to %c8 step %c1 iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>) {
  // CHECK-COUNT-16:      vector.fma
  // CHECK-NOT:           vector.fma
  // CHECK:             scf.for %{{.*}} = %c0 to %c8 step %c1 iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>) {
  // CHECK-COUNT-16:      vector.fma
  // CHECK-NOT:           vector.fma
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  tile.contract %x[%c0, %c0] along 0 count %c1, %w panel %c0 into %acc
      : memref<1x64xf32>, !tenon.weight<64x64, <i8, scale f32 per 1x32, offset>, <16x4>> into memref<1x32xf32>
  return
}

/// f8: sign, exponent and mantissa move to their places, and the difference of the
/// biases goes into the scale.
// CHECK-LABEL: func @f8
func.func @f8(%x: memref<1x4xf32>, %w: !tenon.weight<16x4, <f8E4M3FN, scale f32 per 128x128>, <16x4>>, %acc: memref<1x16xf32>) {
  // CHECK-DAG: %[[BIAS:.*]] = arith.constant dense<1.329228E+36> : vector<8xf32>
  // CHECK-DAG: %[[PARTS:.*]] = arith.constant dense<-2014314496> : vector<8xi32>
  // CHECK-DAG: %[[FOUR:.*]] = arith.constant dense<4> : vector<8xi32>
  // CHECK:     %[[SCALE:.*]] = arith.mulf %{{.*}}, %[[BIAS]]
  // CHECK:     %[[SHIFT:.*]] = arith.shrsi %{{.*}}, %[[FOUR]]
  // CHECK:     %[[CUT:.*]] = arith.andi %[[SHIFT]], %[[PARTS]]
  // CHECK:     %[[CODE:.*]] = arith.bitcast %[[CUT]] : vector<8xi32> to vector<8xf32>
  // CHECK:     arith.mulf %[[CODE]], %[[SCALE]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  tile.contract %x[%c0, %c0] along 0 count %c1, %w panel %c0 into %acc
      : memref<1x4xf32>, !tenon.weight<16x4, <f8E4M3FN, scale f32 per 128x128>, <16x4>> into memref<1x16xf32>
  return
}

/// Codes of 4 bits: a line has eight columns, of which four at a time become bytes; two
/// levels of factors are multiplied once for a group. The bytes are signed after the zero.
// CHECK-LABEL: func @u4
func.func @u4(%x: memref<1x512xf32>, %w: !tenon.weight<16x512, <ui4, zero 8, scale f16 per 1x256, scale ui8 per 1x32>, <16x4>>, %acc: memref<1x16xf32>) {
  // CHECK-DAG:   %[[LOW:.*]] = arith.constant dense<252645135> : vector<8xi32>
  // CHECK-DAG:   %[[ZERO:.*]] = arith.constant dense<8> : vector<32xi8>
  // CHECK-DAG:   %[[FOUR:.*]] = arith.constant dense<4> : vector<8xi32>
  // CHECK:       %[[V:.*]] = tile.weight_view %{{.*}} to memref<69x16xi32>
  // CHECK:       %[[SUPER:.*]] = tile.weight_view %{{.*}} to memref<2208xf16>
  // CHECK:       %[[SUB:.*]] = tile.weight_view %{{.*}} to memref<4416xi8>
  // CHECK:       scf.for %[[G:.*]] = %c0 to %c16 step %c1 iter_args
  // CHECK:         arith.divui %[[G]], %c8
  // CHECK:         vector.load %[[SUPER]]{{.*}} vector<8xf16>
  // CHECK:         arith.remui %[[G]], %c16
  // CHECK:         vector.load %[[SUB]]{{.*}} vector<8xi8>
  // CHECK:         arith.extui
  // CHECK:         scf.for %{{.*}} = %c0 to %c4 step %c1 iter_args
  // CHECK:           %[[L:.*]] = vector.load %[[V]]{{.*}} vector<8xi32>
  // CHECK:           %[[FIRST:.*]] = arith.andi %[[L]], %[[LOW]]
  // CHECK:           %[[BYTES:.*]] = vector.bitcast %[[FIRST]]
  // CHECK:           arith.subi %[[BYTES]], %[[ZERO]]
  // CHECK:           %[[HIGH:.*]] = arith.shrsi %[[L]], %[[FOUR]]
  // CHECK:           arith.andi %[[HIGH]], %[[LOW]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  tile.contract %x[%c0, %c0] along 0 count %c1, %w panel %c0 into %acc
      : memref<1x512xf32>, !tenon.weight<16x512, <ui4, zero 8, scale f16 per 1x256, scale ui8 per 1x32>, <16x4>> into memref<1x16xf32>
  return
}

/// The fifth bits of 32 columns share a line, which is shifted to the columns of a line of
/// the lowest bits; then they go to their places in the bytes.
// CHECK-LABEL: func @u5
func.func @u5(%x: memref<1x64xf32>, %w: !tenon.weight<16x64, <ui5, zero 16, scale f16 per 1x32>, <16x4>>, %acc: memref<1x16xf32>) {
  // CHECK-DAG: %[[FIFTH:.*]] = arith.constant dense<269488144> : vector<8xi32>
  // CHECK-DAG: %[[LOW:.*]] = arith.constant dense<252645135> : vector<8xi32>
  // CHECK-DAG: %[[FOUR:.*]] = arith.constant dense<4> : vector<8xi32>
  // CHECK-DAG: %[[THREE:.*]] = arith.constant dense<3> : vector<8xi32>
  // CHECK:     scf.for %{{.*}} = %c0 to %c2 step %c1 iter_args
  // CHECK:       scf.for %[[LINE:.*]] = %c0 to %c4 step %c1 iter_args
  // CHECK:         %[[H:.*]] = vector.load {{.*}} vector<8xi32>
  // CHECK:         %[[PLANE:.*]] = arith.shrsi %[[H]], %{{.*}}
  // CHECK:         %[[L:.*]] = vector.load {{.*}} vector<8xi32>
  // CHECK:         %[[UP:.*]] = arith.shli %[[PLANE]], %[[FOUR]]
  // CHECK:         %[[BIT:.*]] = arith.andi %[[UP]], %[[FIFTH]]
  // CHECK:         %[[BITS:.*]] = arith.andi %[[L]], %[[LOW]]
  // CHECK:         arith.ori %[[BIT]], %[[BITS]]
  // CHECK:         arith.shli %[[PLANE]], %[[THREE]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  tile.contract %x[%c0, %c0] along 0 count %c1, %w panel %c0 into %acc
      : memref<1x64xf32>, !tenon.weight<16x64, <ui5, zero 16, scale f16 per 1x32>, <16x4>> into memref<1x16xf32>
  return
}

/// Floats of 4 bits: three bits are an index into their magnitudes, the fourth is the
/// sign. A scale is an exponent, and at least the half of the smallest normal number.
// CHECK-LABEL: func @f4
func.func @f4(%x: memref<1x256xf32>, %w: !tenon.weight<16x256, <f4E2M1FN, scale f8E8M0FNU per 1x32>, <16x4>>, %acc: memref<1x16xf32>) {
  // CHECK-DAG:   %[[TABLE:.*]] = arith.constant dense<[0.000000e+00, 5.000000e-01, 1.000000e+00, 1.500000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 6.000000e+00]> : vector<8xf32>
  // CHECK-DAG:   %[[SIGN:.*]] = arith.constant dense<-2147483648> : vector<8xi32>
  // CHECK-DAG:   %[[LEAST:.*]] = arith.constant dense<4194304> : vector<8xi32>
  // CHECK:       %[[V:.*]] = tile.weight_view %{{.*}} to memref<34x16xi32>
  // CHECK:       %[[SCALES:.*]] = tile.weight_view %{{.*}} to memref<2176xi8>
  // CHECK:       scf.for %[[G:.*]] = %c0 to %c8 step %c1 iter_args
  // CHECK:         arith.remui %[[G]], %c4
  // CHECK:         %[[E:.*]] = vector.load %[[SCALES]]{{.*}} vector<8xi8>
  // CHECK:         %[[WIDE:.*]] = arith.extui %[[E]]
  // CHECK:         %[[BITS:.*]] = arith.shli %[[WIDE]], %{{.*}}
  // CHECK:         %[[POWER:.*]] = arith.maxsi %[[BITS]], %[[LEAST]]
  // CHECK:         %[[SCALE:.*]] = arith.bitcast %[[POWER]]
  // CHECK:         scf.for %{{.*}} = %c0 to %c4 step %c1 iter_args
  // CHECK:           %[[L:.*]] = vector.load %[[V]]{{.*}} vector<8xi32>
  // CHECK:           %[[SIZE:.*]] = llvm.call_intrinsic "llvm.x86.avx2.permps"(%[[TABLE]], %[[L]])
  // CHECK:           %[[UP:.*]] = arith.shli %[[L]], %{{.*}}
  // CHECK:           %[[MINUS:.*]] = arith.andi %[[UP]], %[[SIGN]]
  // CHECK:           arith.ori %{{.*}}, %[[MINUS]]
  // CHECK:           arith.mulf %{{.*}}, %[[SCALE]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  tile.contract %x[%c0, %c0] along 0 count %c1, %w panel %c0 into %acc
      : memref<1x256xf32>, !tenon.weight<16x256, <f4E2M1FN, scale f8E8M0FNU per 1x32>, <16x4>> into memref<1x16xf32>
  return
}

/// Rows in an order of their own, and the second matrix of a stack.
// CHECK-LABEL: func @order
// CHECK-SAME:    %[[O:[a-z0-9]+]]: memref<?xi32>, %{{[a-z0-9]+}}: memref<2x16xf32>, %{{[a-z0-9]+}}: index, %[[F:[a-z0-9]+]]: index, %[[E:[a-z0-9]+]]: index)
func.func @order(%x: memref<?x8xf32>, %w: !tenon.weight<4x16x8, <f32>, <16x1>>, %o: memref<?xi32>, %acc: memref<2x16xf32>, %n: index, %f: index, %e: index) {
  // CHECK: %[[AT:.*]] = arith.addi %[[F]], %{{.*}}
  // CHECK: %[[C:.*]] = memref.load %[[O]][%[[AT]]]
  // CHECK: %[[I:.*]] = arith.index_cast %[[C]]
  // CHECK: arith.divui %[[I]], %c3
  // CHECK: arith.muli %[[E]], %c512
  %c0 = arith.constant 0 : index
  tile.contract %x[%f, %c0] along 0 count %n rows %o : memref<?xi32> choices 3, %w[%e] panel %c0 into %acc
      : memref<?x8xf32>, !tenon.weight<4x16x8, <f32>, <16x1>> into memref<2x16xf32>
  return
}
}

// -----

module attributes {machine.target = #machine.cpu<name = "x86-64-v4", lanes = 16, registers = 32>} {

/// With 16 lanes a panel is one register: eight rows beside three panels, a column at a
/// time. What is left of the rows takes the smallest tile of 4, 2 or 1 that holds it;
/// that of one row has all panels.
// CHECK-LABEL: func @many_rows
// CHECK-SAME:    %[[N:[a-z0-9]+]]: index, %[[P:[a-z0-9]+]]: index)
func.func @many_rows(%x: memref<?x8xf32>, %w: !tenon.weight<96x8, <f32>, <16x1>>, %acc: memref<8x96xf32>, %n: index, %p: index) {
  // Panels that the weight does not have are left out.
  // CHECK:          %[[REST:.*]] = arith.subi %c6, %[[P]]
  // CHECK:          %[[PRESENT:.*]] = arith.minsi %[[REST]], %c6
  // CHECK:          scf.for {{.*}} = %c0 to %[[PRESENT]] step %c3
  // CHECK:          scf.for %{{.*}} = %c0 to %c8 step %c1 iter_args
  // CHECK-COUNT-24: vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK:          scf.if
  // CHECK:          scf.if
  // CHECK:          scf.for {{.*}} = %c0 to %[[PRESENT]] step %c3
  // CHECK:          scf.for %{{.*}} = %c0 to %c8 step %c1 iter_args
  // CHECK-COUNT-12: vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK:          scf.for %{{.*}} = %c0 to %c8 step %c1 iter_args
  // CHECK-COUNT-6:  vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK-NOT:      step %c3
  // CHECK:          scf.for %{{.*}} = %c0 to %c8 step %c4 iter_args
  // CHECK-COUNT-24: vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK:          return
  %c0 = arith.constant 0 : index
  tile.contract %x[%c0, %c0] along 0 count %n, %w panel %p into %acc
      : memref<?x8xf32>, !tenon.weight<96x8, <f32>, <16x1>> into memref<8x96xf32>
  return
}

/// From 16 rows on the columns are cut into blocks, here of 512: sums wait in the tile,
/// which begins at 0, and codes are decoded once for all rows. The rows that are left
/// decode in place.
// CHECK-LABEL: func @blocks
// CHECK-SAME:    %[[ACC:[a-z0-9]+]]: memref<16x48xf32>, %[[N:[a-z0-9]+]]: index
func.func @blocks(%x: memref<?x1024xf32>, %w: !tenon.weight<48x1024, <f16>, <16x2>>, %acc: memref<16x48xf32>, %n: index) {
  // CHECK-DAG:      %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
  // CHECK:          %[[W:.*]] = memref.alloca() {alignment = 64 : i64} : memref<512x48xf32>
  // CHECK:          scf.for %[[ROW:.*]] = %c0 to %[[N]] step %c1
  // CHECK-NEXT:       scf.for %[[C:.*]] = %c0 to %c48 step %c16
  // CHECK-NEXT:         vector.store %[[ZERO]], %[[ACC]][%[[ROW]], %[[C]]]
  // CHECK:          scf.for %[[FIRST:.*]] = %c0 to %c1024 step %c512
  // CHECK:          scf.if
  // CHECK:            scf.for %{{.*}} = %c0 to %c256 step %c1
  // CHECK-COUNT-6:      vector.store {{.*}}, %[[W]]
  // CHECK-NOT:        vector.store
  // CHECK:            scf.for {{.*}} step %c8
  // CHECK:              vector.load %[[ACC]]
  // CHECK:              scf.for %[[K:.*]] = %c0 to %c512 step %c1 iter_args
  // CHECK:                %[[COLUMN:.*]] = arith.addi %[[FIRST]], %[[K]]
  // CHECK-COUNT-3:        vector.load %[[W]][%[[K]],
  // CHECK:                memref.load %{{.*}}[%{{.*}}, %[[COLUMN]]]
  // CHECK-COUNT-24:       vector.fma
  // CHECK-NOT:            vector.fma
  // CHECK:            vector.store {{.*}}, %[[ACC]]
  // CHECK:          scf.for %{{.*}} = %c0 to %c256 step %c1 iter_args
  // CHECK-COUNT-3:  vector.load {{.*}} vector<16xi32>
  // CHECK-COUNT-24: vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK:          scf.for %{{.*}} = %c0 to %c256 step %c1 iter_args
  // CHECK-COUNT-12: vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK:          scf.for %{{.*}} = %c0 to %c256 step %c1 iter_args
  // CHECK-COUNT-6:  vector.fma
  // CHECK-NOT:      vector.fma
  // CHECK:          return
  %c0 = arith.constant 0 : index
  tile.contract %x[%c0, %c0] along 0 count %n, %w panel %c0 into %acc
      : memref<?x1024xf32>, !tenon.weight<48x1024, <f16>, <16x2>> into memref<16x48xf32>
  return
}

/// One instruction makes a weight of bf16, while the multiply-adds of eight
/// rows run: these codes are decoded in place, however many rows there are.
// CHECK-LABEL: func @rows_of_bf16
func.func @rows_of_bf16(%x: memref<?x1024xf32>, %w: !tenon.weight<48x1024, <bf16>, <16x2>>, %acc: memref<16x48xf32>, %n: index) {
  // CHECK-NOT:      memref.alloca() {alignment = 64 : i64} : memref<512x48xf32>
  // CHECK:          scf.for %{{.*}} = %c0 to %c1024 step %c512
  // CHECK:            scf.for {{.*}} step %c8
  // CHECK:              scf.for %{{.*}} = %c0 to %c256 step %c1 iter_args
  // CHECK-COUNT-3:        vector.load {{.*}} vector<16xi32>
  // CHECK-COUNT-48:       vector.fma
  // CHECK-NOT:            vector.fma
  // CHECK:            vector.store
  %c0 = arith.constant 0 : index
  tile.contract %x[%c0, %c0] along 0 count %n, %w panel %c0 into %acc
      : memref<?x1024xf32>, !tenon.weight<48x1024, <bf16>, <16x2>> into memref<16x48xf32>
  return
}
}
