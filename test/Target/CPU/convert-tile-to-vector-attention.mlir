// RUN: tenon-opt %s --convert-tile-to-vector --canonicalize --cse | FileCheck %s

module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {

/// Scores, softmax, values. A head of 20 elements has a rest of four, which is read after
/// a mask; a value of 19 elements has a vector and three single ones.
// CHECK-LABEL: func @attend
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: memref<4x20xf32>, %[[K:[a-z0-9]+]]: memref<3x?x?x40xf32>, %[[ACC:[a-z0-9]+]]: memref<4x11xf32>
func.func @attend(%q: memref<4x20xf32>, %k: memref<3x?x?x40xf32>, %acc: memref<4x11xf32>, %m: memref<4xf32>, %s: memref<4xf32>,
                  %rows: index, %l: index, %slot: index, %first: index, %count: index, %p: index, %len: index) {
  // Rows of scores are whole vectors long, whatever the tile is.
  // CHECK-DAG:     %[[SCORES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<4x24xf32>
  // CHECK-DAG:     %[[F:.*]] = memref.alloca() {alignment = 64 : i64} : memref<4xf32>

  // Four keys beside three rows; four scores of a row are stored as one vector.
  // CHECK:         scf.for %{{.*}} = %c0 to %{{.*}} step %c4
  // CHECK:           scf.for %{{.*}} to %{{.*}} step %c3
  // CHECK:             scf.for %{{.*}} = %c0 to %c16 step %c8 iter_args
  // CHECK-COUNT-12:      vector.fma
  // CHECK-NOT:           vector.fma
  // CHECK:             vector.maskedload %[[K]]
  // CHECK-COUNT-3:     vector.fma
  // CHECK:             vector.maskedload %[[K]]
  // CHECK-COUNT-9:     vector.fma
  // CHECK-NOT:         vector.fma
  // CHECK-COUNT-3:     vector.store %{{.*}}, %[[SCORES]]{{.*}}vector<4xf32>

  // A key after the last one of the range that the row sees does not count.
  // CHECK:         scf.for %[[ROW:.*]] = %c0 to %[[ROWS:.*]] step %c1
  // CHECK:           %[[PER:.*]] = arith.divui %[[ROW]], %c2
  // CHECK:           arith.addi %{{.*}}, %[[PER]]
  // CHECK:           scf.for
  // CHECK:             arith.cmpi slt
  // CHECK:             %[[SEEN:.*]] = arith.andi
  // CHECK:             arith.select %[[SEEN]], %{{.*}}, %{{.*}} : vector<8xi1>, vector<8xf32>
  // CHECK:             vector.store %{{.*}}, %[[SCORES]]
  // CHECK:           memref.store %{{.*}}, %[[F]][%[[ROW]]]

  // The accumulator is rescaled on its way into registers.
  // CHECK:         memref.load %[[F]]
  // CHECK:         %[[OLD:.*]] = vector.load %[[ACC]]
  // CHECK:         arith.mulf %[[OLD]]
  // CHECK:         scf.for
  // CHECK:           memref.prefetch %[[K]]
  // CHECK:           vector.load %[[K]]
  // CHECK:           memref.load %[[SCORES]]
  // CHECK-COUNT-4:   vector.fma
  // CHECK-NOT:       vector.fma
  // CHECK-COUNT-4: vector.store %{{.*}}, %[[ACC]]
  // CHECK:         scf.for %{{.*}} = %c8 to %c11 step %c1
  // CHECK-COUNT-4:   math.fma
  // CHECK-NOT:     tile.
  %c0 = arith.constant 0 : index
  %c20 = arith.constant 20 : index
  tile.online_attention %q rows %rows, %k[%l, %slot, %first, %c0] along 2, %k[%l, %slot, %first, %c20] along 2 keys 20
      first %first count %count at %p of %len heads 2 scale 0.25 mask <causal, window = 9>
      into %acc, %m, %s : memref<4x20xf32>, memref<3x?x?x40xf32>, memref<3x?x?x40xf32>
      into memref<4x11xf32>, memref<4xf32>, memref<4xf32>
  return
}

/// A cache of bf16 is widened as it is read.
// CHECK-LABEL: func @narrow_cache
func.func @narrow_cache(%q: memref<1x8xf32>, %k: memref<64x8xbf16>, %acc: memref<1x8xf32>, %m: memref<1xf32>, %s: memref<1xf32>,
                        %count: index, %p: index) {
  // CHECK: %[[N:.*]] = vector.load %{{.*}} : memref<64x8xbf16>, vector<8xbf16>
  // CHECK: arith.extf %[[N]] : vector<8xbf16> to vector<8xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  tile.online_attention %q rows %c1, %k[%c0, %c0] along 0, %k[%c0, %c0] along 0 keys 64 first %c0 count %count at %p of %p
      heads 1 scale 1.0 softcap 5.0 into %acc, %m, %s : memref<1x8xf32>, memref<64x8xbf16>, memref<64x8xbf16>
      into memref<1x8xf32>, memref<1xf32>, memref<1xf32>
  return
}

/// Scratch memory of one shape serves all tiles of a function.
// CHECK-LABEL: func @share_scratch
// CHECK-COUNT-2: memref.alloca
// CHECK-NOT:   memref.alloca
// CHECK:       return
func.func @share_scratch(%q: memref<1x8xf32>, %k: memref<64x8xf32>, %acc: memref<1x8xf32>, %m: memref<1xf32>, %s: memref<1xf32>,
                         %count: index, %p: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %p step %c1 {
    tile.online_attention %q rows %c1, %k[%c0, %c0] along 0, %k[%c0, %c0] along 0 keys 64 first %c0 count %count at %p of %p
        heads 1 scale 1.0 into %acc, %m, %s : memref<1x8xf32>, memref<64x8xf32>, memref<64x8xf32>
        into memref<1x8xf32>, memref<1xf32>, memref<1xf32>
  }
  tile.online_attention %q rows %c1, %k[%c0, %c0] along 0, %k[%c0, %c0] along 0 keys 64 first %c0 count %count at %p of %p
      heads 1 scale 1.0 mask <causal> into %acc, %m, %s : memref<1x8xf32>, memref<64x8xf32>, memref<64x8xf32>
      into memref<1x8xf32>, memref<1xf32>, memref<1xf32>
  return
}

/// Nothing was seen: the accumulator and the sum are 0, the maximum is -infinity.
// CHECK-LABEL: func @init
// CHECK-SAME:    %[[A:.*]]: memref<2x8xf32>, %[[M:.*]]: memref<2xf32>, %[[S:.*]]: memref<2xf32>
func.func @init(%a: memref<2x8xf32>, %m: memref<2xf32>, %s: memref<2xf32>) {
  // CHECK-DAG: %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : vector<8xf32>
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
  // CHECK-DAG: %[[LOW:.*]] = arith.constant 0xFF800000 : f32
  // CHECK:     vector.store %[[ZEROS]], %[[A]]
  // CHECK:     memref.store %[[LOW]], %[[M]]
  // CHECK:     memref.store %[[ZERO]], %[[S]]
  tile.attention_init into %a, %m, %s : memref<2x8xf32>, memref<2xf32>, memref<2xf32>
  return
}

/// A sum of 0 divides by 1; a sink joins the sum as one more score.
// CHECK-LABEL: func @finish
// CHECK-SAME:    %{{.*}}: memref<4xf32>, %[[S:.*]]: memref<4xf32>, %[[W:.*]]: !tenon.weight
func.func @finish(%m: memref<4xf32>, %s: memref<4xf32>, %w: !tenon.weight<8, <f32>>, %h: index, %o: memref<4x8xf32>) {
  // CHECK:     %[[SUM:.*]] = memref.load %[[S]]
  // CHECK-NOT: tile.weight_view
  // CHECK:     %[[EMPTY:.*]] = arith.cmpf oeq, %[[SUM]], %cst
  // CHECK:     arith.select %[[EMPTY]], %{{.*}}, %[[SUM]]
  // CHECK:     arith.divf
  tile.attention_finish %m, %s heads 2 into %o : memref<4xf32>, memref<4xf32> into memref<4x8xf32>
  // CHECK:     tile.weight_view %[[W]] at %c0 {{.*}} to memref<8xf32>
  // CHECK:     arith.remui %{{.*}}, %c2
  // CHECK:     arith.divf
  tile.attention_finish %m, %s sinks %w : !tenon.weight<8, <f32>> from %h heads 2 into %o : memref<4xf32>, memref<4xf32> into memref<4x8xf32>
  return
}

/// Bounds of the mask, rounded to tiles.
// CHECK-LABEL: func @range
// CHECK-SAME:    %[[P:[a-z0-9]+]]: index, %[[N:[a-z0-9]+]]: index, %[[L:[a-z0-9]+]]: index
func.func @range(%p: index, %n: index, %l: index) -> (index, index, index, index) {
  // CHECK-DAG:  %[[END:.*]] = arith.addi %[[P]], %[[N]]
  // CHECK-DAG:  %[[FIRST:.*]] = arith.addi %[[P]], %c-7
  // CHECK-DAG:  %[[SOME:.*]] = arith.maxsi %[[FIRST]], %c0
  // CHECK-DAG:  %[[STOP:.*]] = arith.minsi %[[L]], %[[END]]
  // CHECK-DAG:  %[[ALL:.*]] = arith.addi %[[END]], %c-8
  // CHECK-DAG:  %[[NEXT:.*]] = arith.addi %[[P]], %c1
  // CHECK-DAG:  arith.minsi %[[L]], %[[NEXT]]
  // CHECK:      arith.divui %{{.*}}, %c64
  // CHECK-NEXT: %[[LOWER:.*]] = arith.muli %{{.*}}, %c64
  // CHECK-NEXT: %[[UPPER:.*]] = arith.maxsi %[[STOP]], %[[LOWER]]
  // CHECK-NEXT: arith.addi %{{.*}}, %c63
  // CHECK:      arith.maxsi %{{.*}}, %[[LOWER]]
  // CHECK-NEXT: %[[F0:.*]] = arith.minsi %{{.*}}, %[[UPPER]]
  // CHECK:      %[[F1:.*]] = arith.maxsi %{{.*}}, %[[F0]]
  // CHECK-NEXT: return %[[LOWER]], %[[F0]], %[[F1]], %[[UPPER]]
  %lo, %f0, %f1, %hi = tile.key_range <causal, window = 8> at %p count %n of %l step 64
  return %lo, %f0, %f1, %hi : index, index, index, index
}
}
