// RUN: tenon-opt %s --convert-tenon-to-tile --split-input-file | FileCheck %s
// RUN: tenon-opt %s --convert-tenon-to-tile --split-input-file --remarks-filter=convert-tenon-to-tile 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// How kernels are cut.
// REMARK: remark: [Analysis] CutColumns | Category:convert-tenon-to-tile | Function=linear | Blocks=3, Columns=96, Kernel=k, PanelsPerBlock=2, RowsPerTile=4
// REMARK: remark: [Analysis] OrderExperts | Category:convert-tenon-to-tile | Function=grouped | Kernel=k, Outer=experts
// REMARK: remark: [Analysis] OrderExperts | Category:convert-tenon-to-tile | Function=grouped_few | Kernel=k, Outer=columns
// REMARK: remark: [Analysis] FoldHeads | Category:convert-tenon-to-tile | Function=attention | HeadsPerBlock=2, Kernel=k, KeysPerTile=32, TokensPerBlock=3
// REMARK: remark: [Analysis] ShareKeys | Category:convert-tenon-to-tile | Function=mla | Kernel=k, KeysPerTile=64, TokensPerBlock=4, TokensPerTile=2

//===----------------------------------------------------------------------===//
// Products of weights
//===----------------------------------------------------------------------===//

/// The example of the pass's description: three blocks of two panels, tiles of four rows.
// CHECK-LABEL: func private @linear(
// CHECK:       ^bb0(%[[A:.*]]: tensor<?x64xf32>, %[[B:.*]]: !tenon.weight<96x64, <bf16>, <16x2>>, %[[C:.*]]: tensor<?x96xf32>):
// CHECK:         %[[T:.*]] = tensor.dim %[[C]]
// CHECK:         %[[R:.*]] = scf.forall (%[[P:.*]]) in (3) shared_outs(%[[O:.*]] = %[[C]]) -> (tensor<?x96xf32>) {
// CHECK:           %[[C32:.*]] = arith.constant 32
// CHECK:           %[[COL:.*]] = arith.muli %[[P]], %[[C32]]
// CHECK:           %[[S:.*]] = tensor.extract_slice %[[O]][0, %[[COL]]] [%[[T]], 32] [1, 1]
// CHECK:           %[[Z:.*]] = scf.for %[[I:.*]] = %{{.*}} to %[[T]] step %{{.*}} iter_args(%[[Q:.*]] = %[[S]]) -> (tensor<?x32xf32>) {
// CHECK:             %[[LEFT:.*]] = arith.subi %[[T]], %[[I]]
// CHECK:             %[[N:.*]] = arith.minsi %[[LEFT]]
// CHECK:             %[[E:.*]] = tensor.empty() : tensor<4x32xf32>
// CHECK:             %[[PANEL:.*]] = arith.muli %[[P]]
// CHECK:             %[[V:.*]] = tile.contract %[[A]][%[[I]], %{{.*}}] along 0 count %[[N]], %[[B]] panel %[[PANEL]] into %[[E]]
// CHECK:             %[[VALID:.*]] = tensor.extract_slice %[[V]][0, 0] [%[[N]], 32] [1, 1]
// CHECK:             %[[U:.*]] = tensor.insert_slice %[[VALID]] into %[[Q]][%[[I]], 0] [%[[N]], 32] [1, 1]
// CHECK:             scf.yield %[[U]]
// CHECK:           tensor.parallel_insert_slice %[[Z]] into %[[O]][0, %[[COL]]] [%[[T]], 32] [1, 1]
// CHECK:         } {mapping = [#tile.worker<static>]}
// CHECK:         tile.yield %[[R]]
func.func private @linear(%x: tensor<?x64xf32>, %w: !tenon.weight<96x64, <bf16>, <16x2>>, %e: tensor<?x96xf32>) -> tensor<?x96xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %y = tile.kernel "k" <rows = 4, panels = 2> ins(%x, %w : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>>) outs(%e : tensor<?x96xf32>) {
  ^bb0(%a: tensor<?x64xf32>, %b: !tenon.weight<96x64, <bf16>, <16x2>>, %c: tensor<?x96xf32>):
    %r = tenon.linear %a, %b : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>, <16x2>> -> tensor<?x96xf32>
    tile.yield %r : tensor<?x96xf32>
  } -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

/// The last block has one column; a slice is read from its first column on; bias;
/// more panels are asked for than there are.
// CHECK-LABEL: func private @odd_columns(
// CHECK:       ^bb0(%[[A:.*]]: tensor<?x9xf32>,
// CHECK:         scf.forall (%[[P:.*]]) in (3)
// CHECK:           %[[FIRST:.*]] = arith.muli %[[P]], %{{.*}}
// CHECK:           %[[N:.*]] = arith.constant 33 : index
// CHECK:           %[[LEFT:.*]] = arith.subi %[[N]], %[[FIRST]]
// CHECK:           %[[W:.*]] = arith.minsi %[[LEFT]]
// CHECK:             %[[C2:.*]] = arith.constant 2 : index
// CHECK:             %[[V:.*]] = tile.contract %[[A]][%{{.*}}, %[[C2]]] along 0
// CHECK:             %[[B:.*]] = tile.add_bias %{{.*}}[%{{.*}}] into %[[V]]
// CHECK:             tensor.extract_slice %[[B]][0, 0] [%{{.*}}, %[[W]]]
func.func private @odd_columns(%x: tensor<?x9xf32>, %w: !tenon.weight<33x7, <f32>, <16x1>>, %v: !tenon.weight<33, <f32>>, %e: tensor<?x33xf32>) -> tensor<?x33xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %y = tile.kernel "k" <rows = 1, panels = 1> ins(%x, %w, %v : tensor<?x9xf32>, !tenon.weight<33x7, <f32>, <16x1>>, !tenon.weight<33, <f32>>) outs(%e : tensor<?x33xf32>) {
  ^bb0(%a: tensor<?x9xf32>, %b: !tenon.weight<33x7, <f32>, <16x1>>, %d: !tenon.weight<33, <f32>>, %c: tensor<?x33xf32>):
    %c0 = arith.constant 0 : index
    %t = tensor.dim %a, %c0 : tensor<?x9xf32>
    %s = tensor.extract_slice %a[0, 2] [%t, 7] [1, 1] : tensor<?x9xf32> to tensor<?x7xf32>
    %r = tenon.linear %s, %b bias %d : tensor<?x7xf32>, !tenon.weight<33x7, <f32>, <16x1>>, !tenon.weight<33, <f32>> -> tensor<?x33xf32>
    tile.yield %r : tensor<?x33xf32>
  } -> tensor<?x33xf32>
  return %y : tensor<?x33xf32>
}

/// Gates: panels of eight pairs, an odd number of pairs; no more panels than there are.
// CHECK-LABEL: func private @gate(
// CHECK:         scf.forall (%{{.*}}) in (1)
// CHECK:             %[[E:.*]] = tensor.empty() : tensor<2x32xf32>
// CHECK:             %[[V:.*]] = tile.contract {{.*}} into %[[E]]
// CHECK:             %[[B:.*]] = tile.add_bias %{{.*}}[%{{.*}}] pair into %[[V]]
// CHECK:             %[[H:.*]] = tensor.empty() : tensor<2x16xf32>
// CHECK:             tile.glu_pairs silu %[[B]] into %[[H]]
func.func private @gate(%x: tensor<?x7xf32>, %w: !tenon.weight<18x7, <f32>, <16x1, pair>>, %v: !tenon.weight<18, <f32>>, %e: tensor<?x9xf32>) -> tensor<?x9xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %y = tile.kernel "k" <rows = 2, panels = 5> ins(%x, %w, %v : tensor<?x7xf32>, !tenon.weight<18x7, <f32>, <16x1, pair>>, !tenon.weight<18, <f32>>) outs(%e : tensor<?x9xf32>) {
  ^bb0(%a: tensor<?x7xf32>, %b: !tenon.weight<18x7, <f32>, <16x1, pair>>, %d: !tenon.weight<18, <f32>>, %c: tensor<?x9xf32>):
    %r = tenon.linear %a, %b bias %d glu silu : tensor<?x7xf32>, !tenon.weight<18x7, <f32>, <16x1, pair>>, !tenon.weight<18, <f32>> -> tensor<?x9xf32>
    tile.yield %r : tensor<?x9xf32>
  } -> tensor<?x9xf32>
  return %y : tensor<?x9xf32>
}

/// A norm before it is computed by every worker; a residual that the kernel is
/// given as its result is added in place.
// CHECK-LABEL: func private @norm_and_residual(
// CHECK:       ^bb0(%[[A:.*]]: tensor<?x7xf32>, %{{.*}}: {{.*}}, %{{.*}}: {{.*}}, %[[C:.*]]: tensor<?x7xf32>):
// CHECK:         %[[SCRATCH:.*]] = tensor.empty() : tensor<3x7xf32>
// CHECK:         %[[H:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[SCRATCH]]) -> (tensor<3x7xf32>)
// CHECK:           tile.norm rms
// CHECK:         scf.forall (%{{.*}}) in (1) shared_outs(%[[O:.*]] = %[[C]])
// CHECK:           scf.for {{.*}} iter_args(%[[Q:.*]] = %{{.*}}) -> (tensor<?x?xf32>)
// CHECK:             %[[V:.*]] = tile.contract %[[H]][
// CHECK:             %[[R:.*]] = tensor.extract_slice %[[V]]
// CHECK:             %[[OLD:.*]] = tensor.extract_slice %[[Q]]
// CHECK:             tile.add %[[R]] into %[[OLD]]
func.func private @norm_and_residual(%x: tensor<?x7xf32>, %n: !tenon.weight<7, <f32>>, %w: !tenon.weight<7x7, <f32>, <16x1>>, %e: tensor<?x7xf32>) -> tensor<?x7xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%x, %n, %w : tensor<?x7xf32>, !tenon.weight<7, <f32>>, !tenon.weight<7x7, <f32>, <16x1>>) outs(%e : tensor<?x7xf32>) {
  ^bb0(%a: tensor<?x7xf32>, %m: !tenon.weight<7, <f32>>, %b: !tenon.weight<7x7, <f32>, <16x1>>, %c: tensor<?x7xf32>):
    %h = tenon.norm rms %a, %m eps 1.0e-6 : tensor<?x7xf32>, !tenon.weight<7, <f32>>
    %r = tenon.linear %h, %b : tensor<?x7xf32>, !tenon.weight<7x7, <f32>, <16x1>> -> tensor<?x7xf32>
    %s = arith.addf %c, %r : tensor<?x7xf32>
    tile.yield %s : tensor<?x7xf32>
  } -> tensor<?x7xf32>
  return %y : tensor<?x7xf32>
}

/// A residual that is kept is read from where it is, from the block's columns on.
// CHECK-LABEL: func private @kept_residual(
// CHECK:       ^bb0(%{{.*}}: {{.*}}, %{{.*}}: {{.*}}, %[[X:.*]]: tensor<?x17xf32>, %[[C:.*]]: tensor<?x17xf32>):
// CHECK:         scf.forall (%[[P:.*]]) in (2)
// CHECK:           arith.minsi
// CHECK:           %[[COL:.*]] = arith.muli %[[P]], %{{.*}}
// CHECK:           scf.for %[[I:.*]] = %{{.*}} to
// CHECK:             %[[R:.*]] = tensor.extract_slice %{{.*}}[0, 0] [%[[N:.*]], %[[W:.*]]] [1, 1]
// CHECK:             %[[OLD:.*]] = tensor.extract_slice %[[X]][%[[I]], %[[COL]]] [%[[N]], %[[W]]] [1, 1]
// CHECK:             tile.add %[[OLD]] into %[[R]]
func.func private @kept_residual(%a: tensor<?x7xf32>, %w: !tenon.weight<17x7, <f32>, <16x1>>, %x: tensor<?x17xf32>, %e: tensor<?x17xf32>) -> tensor<?x17xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%a, %w, %x : tensor<?x7xf32>, !tenon.weight<17x7, <f32>, <16x1>>, tensor<?x17xf32>) outs(%e : tensor<?x17xf32>) {
  ^bb0(%0: tensor<?x7xf32>, %1: !tenon.weight<17x7, <f32>, <16x1>>, %2: tensor<?x17xf32>, %3: tensor<?x17xf32>):
    %r = tenon.linear %0, %1 : tensor<?x7xf32>, !tenon.weight<17x7, <f32>, <16x1>> -> tensor<?x17xf32>
    %s = arith.addf %r, %2 : tensor<?x17xf32>
    tile.yield %s : tensor<?x17xf32>
  } -> tensor<?x17xf32>
  return %y : tensor<?x17xf32>
}

/// One matrix for each head; what is kept follows.
// CHECK-LABEL: func private @heads(
// CHECK:       ^bb0(%[[Q:.*]]: tensor<?x3x9xf32>,
// CHECK:         %[[K:.*]] = scf.forall (%[[T:.*]], %[[H:.*]]) in (%{{.*}}, 3)
// CHECK:           %[[KEPT:.*]] = tensor.extract_slice %[[Q]][%[[T]], %[[H]], 5] [1, 1, 4] [1, 1, 1]
// CHECK:           tensor.parallel_insert_slice %[[KEPT]] into %{{.*}}[%[[T]], %[[H]], 17] [1, 1, 4] [1, 1, 1]
// CHECK:         } {mapping = [#tile.worker<static>, #tile.worker<static>]}
// CHECK:         scf.forall (%[[H:.*]], %[[P:.*]]) in (3, 2) shared_outs(%{{.*}} = %[[K]])
// CHECK:           tile.contract %[[Q]][%{{.*}}, %[[H]], %{{.*}}] along 0 count %{{.*}}, %{{.*}}[%[[H]]] panel %[[P]]
func.func private @heads(%q: tensor<?x3x9xf32>, %w: !tenon.weight<3x17x5, <f32>, <16x1>>, %e: tensor<?x3x21xf32>) -> tensor<?x3x21xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%q, %w : tensor<?x3x9xf32>, !tenon.weight<3x17x5, <f32>, <16x1>>) outs(%e : tensor<?x3x21xf32>) {
  ^bb0(%0: tensor<?x3x9xf32>, %1: !tenon.weight<3x17x5, <f32>, <16x1>>, %2: tensor<?x3x21xf32>):
    %r = tenon.head_linear %0, %1 keep : tensor<?x3x9xf32>, !tenon.weight<3x17x5, <f32>, <16x1>> -> tensor<?x3x21xf32>
    tile.yield %r : tensor<?x3x21xf32>
  } -> tensor<?x3x21xf32>
  return %y : tensor<?x3x21xf32>
}

/// Experts: rows between two offsets, in the order of the choices.
// CHECK-LABEL: func private @grouped(
// CHECK:       ^bb0(%[[X:.*]]: tensor<?x7xf32>, %[[ORDER:.*]]: tensor<?xi32>, %[[OFFS:.*]]: tensor<4xi32>, %[[W:.*]]: !tenon.weight<3x18x7,
// CHECK:         scf.forall (%[[E:.*]], %[[P:.*]]) in (3, 2)
// CHECK:           %[[LO32:.*]] = tensor.extract %[[OFFS]][%[[E]]]
// CHECK:           %[[LO:.*]] = arith.index_cast %[[LO32]]
// CHECK:           %[[HI:.*]] = arith.index_cast
// CHECK:           %[[M:.*]] = arith.subi %[[HI]], %[[LO]]
// CHECK:           scf.for %[[R:.*]] = %{{.*}} to %[[M]]
// CHECK:             %[[ROW:.*]] = arith.addi %[[LO]], %[[R]]
// CHECK:             tile.contract %[[X]][%[[ROW]], %{{.*}}] along 0 count %{{.*}} rows %[[ORDER]] : tensor<?xi32> choices 2, %[[W]][%[[E]]] panel
// CHECK:             tile.glu_pairs
// CHECK:           tensor.parallel_insert_slice %{{.*}} into %{{.*}}[%[[LO]], %{{.*}}] [%[[M]], %{{.*}}] [1, 1]
func.func private @grouped(%x: tensor<?x7xf32>, %order: tensor<?xi32>, %offs: tensor<4xi32>, %w: !tenon.weight<3x18x7, <f32>, <16x1, pair>>, %e: tensor<?x9xf32>) -> tensor<?x9xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%x, %order, %offs, %w : tensor<?x7xf32>, tensor<?xi32>, tensor<4xi32>, !tenon.weight<3x18x7, <f32>, <16x1, pair>>) outs(%e : tensor<?x9xf32>) {
  ^bb0(%0: tensor<?x7xf32>, %1: tensor<?xi32>, %2: tensor<4xi32>, %3: !tenon.weight<3x18x7, <f32>, <16x1, pair>>, %4: tensor<?x9xf32>):
    %r = tenon.grouped_linear %0 rows %1 : tensor<?xi32> choices 2 of %2, %3 glu silu : tensor<?x7xf32>, tensor<4xi32>, !tenon.weight<3x18x7, <f32>, <16x1, pair>> -> tensor<?x9xf32>
    tile.yield %r : tensor<?x9xf32>
  } -> tensor<?x9xf32>
  return %y : tensor<?x9xf32>
}

/// A tile holds all tokens of a step, so most experts have no rows: each worker takes
/// blocks of columns, of all experts.
// CHECK-LABEL: func private @grouped_few(
// CHECK:       ^bb0(%{{.*}}: tensor<?x7xf32>, %{{.*}}: tensor<?xi32>, %[[OFFS:.*]]: tensor<4xi32>, %[[W:.*]]: !tenon.weight<3x18x7,
// CHECK:         scf.forall (%[[P:.*]], %[[E:.*]]) in (2, 3)
// CHECK:           tensor.extract %[[OFFS]][%[[E]]]
// CHECK:             tile.contract {{.*}} %[[W]][%[[E]]] panel
func.func private @grouped_few(%x: tensor<?x7xf32>, %order: tensor<?xi32>, %offs: tensor<4xi32>, %w: !tenon.weight<3x18x7, <f32>, <16x1, pair>>, %e: tensor<?x9xf32>) -> tensor<?x9xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 3> ins(%x, %order, %offs, %w : tensor<?x7xf32>, tensor<?xi32>, tensor<4xi32>, !tenon.weight<3x18x7, <f32>, <16x1, pair>>) outs(%e : tensor<?x9xf32>) {
  ^bb0(%0: tensor<?x7xf32>, %1: tensor<?xi32>, %2: tensor<4xi32>, %3: !tenon.weight<3x18x7, <f32>, <16x1, pair>>, %4: tensor<?x9xf32>):
    %r = tenon.grouped_linear %0 rows %1 : tensor<?xi32> choices 2 of %2, %3 glu silu : tensor<?x7xf32>, tensor<4xi32>, !tenon.weight<3x18x7, <f32>, <16x1, pair>> -> tensor<?x9xf32>
    tile.yield %r : tensor<?x9xf32>
  } -> tensor<?x9xf32>
  return %y : tensor<?x9xf32>
}

/// The bias of the expert, and a gate with parameters.
// CHECK-LABEL: func private @grouped_biased(
// CHECK:       ^bb0(%{{.*}}: tensor<?x7xf32>, %{{.*}}: tensor<4xi32>, %[[W:.*]]: !tenon.weight<3x18x7, {{.*}}, %[[B:.*]]: !tenon.weight<3x18x1,
// CHECK:         scf.forall (%{{.*}}, %[[E:.*]]) in (2, 3)
// CHECK:             %[[C:.*]] = tile.contract {{.*}} %[[W]][%[[E]]] panel
// CHECK:             %[[S:.*]] = tile.add_bias %[[B]][%{{.*}}] of %[[E]] pair into %[[C]]
// CHECK:             tile.glu_pairs silu<beta = 1.000000e+00> %[[S]]
func.func private @grouped_biased(%x: tensor<?x7xf32>, %offs: tensor<4xi32>, %w: !tenon.weight<3x18x7, <f32>, <16x1, pair>>, %b: !tenon.weight<3x18x1, <f32>>, %e: tensor<?x9xf32>) -> tensor<?x9xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 3> ins(%x, %offs, %w, %b : tensor<?x7xf32>, tensor<4xi32>, !tenon.weight<3x18x7, <f32>, <16x1, pair>>, !tenon.weight<3x18x1, <f32>>) outs(%e : tensor<?x9xf32>) {
  ^bb0(%0: tensor<?x7xf32>, %1: tensor<4xi32>, %2: !tenon.weight<3x18x7, <f32>, <16x1, pair>>, %3: !tenon.weight<3x18x1, <f32>>, %4: tensor<?x9xf32>):
    %r = tenon.grouped_linear %0 of %1, %2 bias %3 : !tenon.weight<3x18x1, <f32>> glu silu<beta = 1.0> : tensor<?x7xf32>, tensor<4xi32>, !tenon.weight<3x18x7, <f32>, <16x1, pair>> -> tensor<?x9xf32>
    tile.yield %r : tensor<?x9xf32>
  } -> tensor<?x9xf32>
  return %y : tensor<?x9xf32>
}

/// One worker sorts the choices.
// CHECK-LABEL: func private @group(
// CHECK:         scf.forall (%{{.*}}) in (1) shared_outs(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}})
// CHECK:           tile.moe_dispatch
func.func private @group(%id: tensor<?x2xi32>, %o: tensor<?xi32>, %p: tensor<?x2xi32>, %f: tensor<4xi32>) -> tensor<?xi32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y:3 = tile.kernel "k" <rows = 2> ins(%id : tensor<?x2xi32>) outs(%o, %p, %f : tensor<?xi32>, tensor<?x2xi32>, tensor<4xi32>) {
  ^bb0(%0: tensor<?x2xi32>, %1: tensor<?xi32>, %2: tensor<?x2xi32>, %3: tensor<4xi32>):
    %r:3 = tenon.moe_dispatch %0 : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<4xi32>
    tile.yield %r#0, %r#1, %r#2 : tensor<?xi32>, tensor<?x2xi32>, tensor<4xi32>
  } -> tensor<?xi32>, tensor<?x2xi32>, tensor<4xi32>
  return %y#0 : tensor<?xi32>
}

//===----------------------------------------------------------------------===//
// Ops on rows
//===----------------------------------------------------------------------===//

/// A row that goes into a cache is made there; one that is yielded, in its place;
/// all others in a tile. The other summand is added to the one in place.
// CHECK-LABEL: func private @rows(
// CHECK:       ^bb0(%[[M:.*]]: tensor<?x16xf32>, %[[POS:.*]]: tensor<?xi32>, %[[SLOT:.*]]: tensor<?xi32>, %[[L:.*]]: index, {{.*}}, %[[K:.*]]: tensor<2x?x?x8xf32>, %[[X:.*]]: tensor<?x8xf32>):
// CHECK:         %[[T:.*]] = tensor.dim %[[POS]]
// CHECK:         %[[R:.*]]:2 = scf.forall (%[[I:.*]]) in (%[[T]]) shared_outs(%[[KO:.*]] = %[[K]], %[[XO:.*]] = %[[X]])
// CHECK:           %[[ROW:.*]] = tensor.extract_slice %[[M]][%[[I]], 0] [1, 16] [1, 1]
// CHECK:           %[[LEFT:.*]] = tensor.extract_slice %[[ROW]][0, 8] [1, 8] [1, 1]
// CHECK:           %[[TILE:.*]] = tensor.empty() : tensor<1x8xf32>
// CHECK:           %[[N:.*]] = tile.norm rms %[[LEFT]], %{{.*}} into %[[TILE]]
// CHECK:           %[[PLACE:.*]] = tensor.extract_slice %[[KO]][%[[L]], %{{.*}}, %{{.*}}, 0] [1, 1, 1, 8] [1, 1, 1, 1]
// CHECK:           %[[ROPE:.*]] = tile.rope %[[N]] at %{{.*}} into %[[PLACE]]
// CHECK:           %[[OWN:.*]] = tensor.extract_slice %[[XO]][%[[I]], 0] [1, 8] [1, 1]
// CHECK:           %[[SUM:.*]] = tile.add %[[N]] into %[[OWN]]
// CHECK-DAG:       tensor.parallel_insert_slice %[[ROPE]] into %[[KO]]
// CHECK-DAG:       tensor.parallel_insert_slice %[[SUM]] into %[[XO]][%[[I]], 0] [1, 8] [1, 1]
// CHECK:         tile.yield %[[R]]#0, %[[R]]#1
#rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64>
func.func private @rows(%m: tensor<?x16xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %l: index, %n: !tenon.weight<8, <f32>>, %t: !tenon.weight<257x8, <f32>>, %k: tensor<2x?x?x8xf32>, %x: tensor<?x8xf32>) -> tensor<?x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y:2 = tile.kernel "k" <rows = 2> ins(%m, %pos, %slot, %l, %n, %t : tensor<?x16xf32>, tensor<?xi32>, tensor<?xi32>, index, !tenon.weight<8, <f32>>, !tenon.weight<257x8, <f32>>) outs(%k, %x : tensor<2x?x?x8xf32>, tensor<?x8xf32>) {
  ^bb0(%0: tensor<?x16xf32>, %1: tensor<?xi32>, %2: tensor<?xi32>, %3: index, %4: !tenon.weight<8, <f32>>, %5: !tenon.weight<257x8, <f32>>, %6: tensor<2x?x?x8xf32>, %7: tensor<?x8xf32>):
    %c0 = arith.constant 0 : index
    %d = tensor.dim %0, %c0 : tensor<?x16xf32>
    %s = tensor.extract_slice %0[0, 8] [%d, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
    %h = tenon.norm rms %s, %4 eps 1.0e-6 : tensor<?x8xf32>, !tenon.weight<8, <f32>>
    %r = tenon.rope %h at %1 last #rope table %5 : !tenon.weight<257x8, <f32>> : tensor<?x8xf32>, tensor<?xi32>
    %c = tenon.cache_update %r into %6[%3] at %1 in %2 : tensor<?x8xf32> into tensor<2x?x?x8xf32>, tensor<?xi32>
    %a = arith.addf %h, %7 : tensor<?x8xf32>
    tile.yield %c, %a : tensor<2x?x?x8xf32>, tensor<?x8xf32>
  } -> tensor<2x?x?x8xf32>, tensor<?x8xf32>
  return %y#1 : tensor<?x8xf32>
}

/// Rows of another type than that of the cache are made in a tile and rounded on
/// their way.
// CHECK-LABEL: func private @narrow_cache(
// CHECK:         scf.forall {{.*}} shared_outs(%[[KO:.*]] = %{{.*}})
// CHECK:           %[[TILE:.*]] = tensor.empty() : tensor<1x8xf32>
// CHECK:           %[[ROPE:.*]] = tile.rope %{{.*}} into %[[TILE]]
// CHECK:           %[[PLACE:.*]] = tensor.extract_slice %[[KO]]{{.*}} : tensor<2x?x?x8xbf16> to tensor<1x8xbf16>
// CHECK:           %[[ROW:.*]] = tile.convert %[[ROPE]] into %[[PLACE]] : tensor<1x8xf32> into tensor<1x8xbf16>
// CHECK:           tensor.parallel_insert_slice %[[ROW]] into %[[KO]]
func.func private @narrow_cache(%x: tensor<?x8xf32>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %l: index, %t: !tenon.weight<257x8, <f32>>, %k: tensor<2x?x?x8xbf16>) -> tensor<2x?x?x8xbf16>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%x, %pos, %slot, %l, %t : tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>, index, !tenon.weight<257x8, <f32>>) outs(%k : tensor<2x?x?x8xbf16>) {
  ^bb0(%0: tensor<?x8xf32>, %1: tensor<?xi32>, %2: tensor<?xi32>, %3: index, %4: !tenon.weight<257x8, <f32>>, %5: tensor<2x?x?x8xbf16>):
    %r = tenon.rope %0 at %1 last #rope table %4 : !tenon.weight<257x8, <f32>> : tensor<?x8xf32>, tensor<?xi32>
    %c = tenon.cache_update %r into %5[%3] at %1 in %2 : tensor<?x8xf32> into tensor<2x?x?x8xbf16>, tensor<?xi32>
    tile.yield %c : tensor<2x?x?x8xbf16>
  } -> tensor<2x?x?x8xbf16>
  return %y : tensor<2x?x?x8xbf16>
}

/// Lookups, gathered rows with heads, a router, and zeros that experts are added to.
// CHECK-LABEL: func private @other_rows(
// CHECK:         scf.forall (%[[I:.*]]) in
// CHECK:           tile.embed
// CHECK:           tensor.expand_shape %{{.*}} {{\[\[}}0], [1, 2]] output_shape [1, 2, 4] : tensor<1x8xf32> into tensor<1x2x4xf32>
// CHECK:           tile.norm layer
// CHECK:           tensor.collapse_shape %{{.*}} : tensor<1x2x4xf32> into tensor<1x8xf32>
// CHECK:           tile.route softmax
// CHECK:           %[[E:.*]] = tensor.empty() : tensor<1x8xf32>
// CHECK:           %[[Z:.*]] = tile.fill %{{.*}} into %[[E]] : f32 into tensor<1x8xf32>
// CHECK:           tile.moe_combine %{{.*}}, %{{.*}}, %{{.*}} of %[[I]] into %[[Z]]
// CHECK:           tile.glu relu
// CHECK:           tile.pointwise softcap %{{.*}} by 3.000000e+01
func.func private @other_rows(%tok: tensor<?xi32>, %w: !tenon.weight<9x8, <f32>, <16x1>>, %n: !tenon.weight<4, <f32>>, %d: tensor<?x8xf32>, %p: tensor<?x2xi32>, %wt: tensor<?x2xf32>, %e: tensor<?x8xf32>, %o: tensor<?x3xi32>, %q: tensor<?x3xf32>) -> tensor<?x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y:3 = tile.kernel "k" <rows = 2> ins(%tok, %w, %n, %d, %p, %wt : tensor<?xi32>, !tenon.weight<9x8, <f32>, <16x1>>, !tenon.weight<4, <f32>>, tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32>) outs(%e, %o, %q : tensor<?x8xf32>, tensor<?x3xi32>, tensor<?x3xf32>) {
  ^bb0(%0: tensor<?xi32>, %1: !tenon.weight<9x8, <f32>, <16x1>>, %2: !tenon.weight<4, <f32>>, %3: tensor<?x8xf32>, %4: tensor<?x2xi32>, %5: tensor<?x2xf32>, %6: tensor<?x8xf32>, %7: tensor<?x3xi32>, %8: tensor<?x3xf32>):
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %x = tenon.embedding %0, %1 : tensor<?xi32>, !tenon.weight<9x8, <f32>, <16x1>> -> tensor<?x8xf32>
    %t = tensor.dim %x, %c0 : tensor<?x8xf32>
    %h = tensor.expand_shape %x [[0], [1, 2]] output_shape [%t, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
    %g = tenon.norm layer %h, %2 eps 1.0e-6 : tensor<?x2x4xf32>, !tenon.weight<4, <f32>>
    %f = tensor.collapse_shape %g [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
    %id, %s = tenon.router softmax %f top 3 scale 1.0 : tensor<?x8xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
    %z = tensor.splat %zero[%t] : tensor<?x8xf32>
    %c = tenon.moe_combine %3, %4, %5 init %z : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x8xf32>
    %u = tenon.glu relu %c, %f : tensor<?x8xf32>
    %v = tenon.pointwise softcap %u by 30.0 : tensor<?x8xf32>
    tile.yield %v, %id, %s : tensor<?x8xf32>, tensor<?x3xi32>, tensor<?x3xf32>
  } -> tensor<?x8xf32>, tensor<?x3xi32>, tensor<?x3xf32>
  return %y#0 : tensor<?x8xf32>
}

/// Rows are gathered one by one; the loop runs over those that are wanted.
// CHECK-LABEL: func private @gather(
// CHECK:       ^bb0(%[[X:.*]]: tensor<?x8xf32>, %[[ROWS:.*]]: tensor<?xi32>, %[[O:.*]]: tensor<?x8xf32>):
// CHECK:         %[[T:.*]] = tensor.dim %[[O]]
// CHECK:         scf.forall (%[[I:.*]]) in (%[[T]])
// CHECK:           %[[R32:.*]] = tensor.extract %[[ROWS]][%[[I]]]
// CHECK:           %[[R:.*]] = arith.index_cast %[[R32]]
// CHECK:           tensor.extract_slice %[[X]][%[[R]], 0] [1, 8] [1, 1]
func.func private @gather(%x: tensor<?x8xf32>, %rows: tensor<?xi32>, %e: tensor<?x8xf32>) -> tensor<?x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins(%x, %rows : tensor<?x8xf32>, tensor<?xi32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%0: tensor<?x8xf32>, %1: tensor<?xi32>, %2: tensor<?x8xf32>):
    %r = tenon.gather_rows %0, %1 : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x8xf32>
    tile.yield %r : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// Blocks of queries and groups of heads outside, three loops over tiles of keys
/// inside, of which the one in the middle needs no mask. Two heads share a key.
// CHECK-LABEL: func private @attention(
// CHECK:       ^bb0(%[[Q:.*]]: tensor<?x4x8xf32>, %[[K:.*]]: tensor<2x?x?x2x8xf32>, %[[V:.*]]: tensor<2x?x?x2x5xf32>, %[[L:.*]]: index, {{.*}}, %[[B:.*]]: tensor<?x4xi32>, %[[O:.*]]: tensor<?x4x5xf32>):
// CHECK:         %[[N:.*]] = tensor.dim %[[B]]
// CHECK:         scf.forall (%[[I:.*]], %[[G:.*]]) in (%[[N]], 2)
// CHECK:           %[[LEN:.*]] = arith.addi
// CHECK:           %[[PACKED:.*]] = scf.for {{.*}} -> (tensor<6x8xf32>)
// CHECK:           %[[S:.*]]:3 = tile.attention_init
// CHECK:           %[[LO:.*]], %[[F0:.*]], %[[F1:.*]], %[[HI:.*]] = tile.key_range <causal, window = 7> at %{{.*}} count %{{.*}} of %[[LEN]] step 32
// CHECK:           %[[S1:.*]]:3 = scf.for %{{.*}} = %[[LO]] to %[[F0]]
// CHECK:             tile.online_attention %[[PACKED]] rows %{{.*}}, %[[K]][%[[L]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] along 2, %[[V]][%[[L]], {{.*}}] along 2 keys 32 {{.*}} heads 2 scale 0.360673755 mask <causal, window = 7>
// CHECK:           %[[S2:.*]]:3 = scf.for %{{.*}} = %[[F0]] to %[[F1]] {{.*}} iter_args(%{{.*}} = %[[S1]]#0,
// CHECK-NOT:         mask <
// CHECK:           scf.for %{{.*}} = %[[F1]] to %[[HI]] {{.*}} iter_args(%{{.*}} = %[[S2]]#0,
// CHECK:             mask <
// CHECK:           tile.attention_finish
// CHECK:         } {mapping = [#tile.worker<ticket>, #tile.worker<ticket>]}
func.func private @attention(%q: tensor<?x4x8xf32>, %k: tensor<2x?x?x2x8xf32>, %v: tensor<2x?x?x2x5xf32>, %l: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>, %e: tensor<?x4x5xf32>) -> tensor<?x4x5xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 3, block = 3, keys = 32, split = ticket> ins(%q, %k, %v, %l, %pos, %slot, %b : tensor<?x4x8xf32>, tensor<2x?x?x2x8xf32>, tensor<2x?x?x2x5xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%e : tensor<?x4x5xf32>) {
  ^bb0(%0: tensor<?x4x8xf32>, %1: tensor<2x?x?x2x8xf32>, %2: tensor<2x?x?x2x5xf32>, %3: index, %4: tensor<?xi32>, %5: tensor<?xi32>, %6: tensor<?x4xi32>, %7: tensor<?x4x5xf32>):
    %r = tenon.attention %0, %1, %2[%3] at %4 in %5 blocks %6 scale 0.25 mask <causal, window = 7>
        : tensor<?x4x8xf32>, tensor<2x?x?x2x8xf32> and tensor<2x?x?x2x5xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x5xf32>
    tile.yield %r : tensor<?x4x5xf32>
  } -> tensor<?x4x5xf32>
  return %y : tensor<?x4x5xf32>
}

/// A cache without heads whose first part is the value; keys after a query count, so
/// the length is that of the sequence; sinks of the group's heads.
// CHECK-LABEL: func private @latent(
// CHECK:       ^bb0(%{{.*}}: tensor<?x3x8xf32>, %[[C:.*]]: tensor<2x?x?x8xf32>,
// CHECK:         scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 3)
// CHECK:           scf.for {{.*}} -> (index) {
// CHECK:             arith.cmpi eq
// CHECK:             arith.maxsi
// CHECK:             arith.select
// CHECK:           tile.online_attention {{.*}}, %[[C]][%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] along 2, %[[C]][%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] along 2
// CHECK-SAME:        softcap 43.2808495
// CHECK:           tile.attention_finish %{{.*}}, %{{.*}} sinks %{{.*}} : !tenon.weight<3, <f32>> from %{{.*}} heads 1
func.func private @latent(%q: tensor<?x3x8xf32>, %c: tensor<2x?x?x8xf32>, %l: index, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>, %s: !tenon.weight<3, <f32>>, %e: tensor<?x3x5xf32>) -> tensor<?x3x5xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 3, block = 3, split = ticket> ins(%q, %c, %l, %pos, %slot, %b, %s : tensor<?x3x8xf32>, tensor<2x?x?x8xf32>, index, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>, !tenon.weight<3, <f32>>) outs(%e : tensor<?x3x5xf32>) {
  ^bb0(%0: tensor<?x3x8xf32>, %1: tensor<2x?x?x8xf32>, %2: index, %3: tensor<?xi32>, %4: tensor<?xi32>, %5: tensor<?x4xi32>, %6: !tenon.weight<3, <f32>>, %7: tensor<?x3x5xf32>):
    %r = tenon.attention %0, %1[%2] at %3 in %4 blocks %5 sinks %6 : !tenon.weight<3, <f32>> scale 0.25 mask <full> softcap 30.0 value_first 5
        : tensor<?x3x8xf32>, tensor<2x?x?x8xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x5xf32>
    tile.yield %r : tensor<?x3x5xf32>
  } -> tensor<?x3x5xf32>
  return %y : tensor<?x3x5xf32>
}

/// Latent attention expands a tile of the cache for one head, and appends what
/// all heads share.
// CHECK-LABEL: func private @mla(
// CHECK:       ^bb0(%{{.*}}: {{.*}}, %[[C:.*]]: tensor<2x?x?x14xf32>, %{{.*}}: index, %[[W:.*]]: !tenon.weight<3x11x10, <f32>, <16x1>>,
// CHECK:         scf.forall (%[[N:.*]], %[[H:.*]]) in (%{{.*}}, 3)
// CHECK:           tensor.empty() : tensor<4x10xf32>
// CHECK:           tile.attention_init
// CHECK:           tile.key_range <causal>
// CHECK:           %[[E:.*]] = tensor.empty() : tensor<64x16xf32>
// CHECK:           %[[BOTH:.*]] = tile.contract %[[C]][%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] along 2 count %{{.*}}, %[[W]][%[[H]]] panel %{{.*}} into %[[E]]
// CHECK:           tensor.extract_slice %[[BOTH]][0, 0] [64, 6] [1, 1]
// CHECK:           %[[SHARED:.*]] = tensor.extract_slice %[[C]][%{{.*}}, %{{.*}}, %{{.*}}, 10] [1, 1, %{{.*}}, 4] [1, 1, 1, 1]
// CHECK:           %[[KEY:.*]] = tensor.insert_slice %[[SHARED]] into %{{.*}}[0, 6] [%{{.*}}, 4] [1, 1]
// CHECK:           %[[C6:.*]] = arith.constant 6 : index
// Two rows at a time meet the expanded keys, if they see one of them.
// CHECK:           tile.key_range <causal>
// CHECK:           scf.if
// CHECK:             tensor.extract_slice %{{.*}}[%{{.*}}, 0] [2, 10] [1, 1]
// CHECK:             tile.online_attention %{{.*}} rows %{{.*}}, %[[KEY]][%{{.*}}, %{{.*}}] along 0, %[[BOTH]][%{{.*}}, %[[C6]]] along 0
func.func private @mla(%q: tensor<?x3x10xf32>, %c: tensor<2x?x?x14xf32>, %l: index, %w: !tenon.weight<3x11x10, <f32>, <16x1>>, %pos: tensor<?xi32>, %slot: tensor<?xi32>, %b: tensor<?x4xi32>, %e: tensor<?x3x5xf32>) -> tensor<?x3x5xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 5>} {
  %y = tile.kernel "k" <rows = 2, block = 4, split = ticket> ins(%q, %c, %l, %w, %pos, %slot, %b : tensor<?x3x10xf32>, tensor<2x?x?x14xf32>, index, !tenon.weight<3x11x10, <f32>, <16x1>>, tensor<?xi32>, tensor<?xi32>, tensor<?x4xi32>) outs(%e : tensor<?x3x5xf32>) {
  ^bb0(%0: tensor<?x3x10xf32>, %1: tensor<2x?x?x14xf32>, %2: index, %3: !tenon.weight<3x11x10, <f32>, <16x1>>, %4: tensor<?xi32>, %5: tensor<?xi32>, %6: tensor<?x4xi32>, %7: tensor<?x3x5xf32>):
    %r = tenon.mla_attention %0, %1[%2], %3 at %4 in %5 blocks %6 nope 6 scale 0.2 mask <causal>
        : tensor<?x3x10xf32>, tensor<2x?x?x14xf32>, !tenon.weight<3x11x10, <f32>, <16x1>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x5xf32>
    tile.yield %r : tensor<?x3x5xf32>
  } -> tensor<?x3x5xf32>
  return %y : tensor<?x3x5xf32>
}

//===----------------------------------------------------------------------===//
// Nothing happens
//===----------------------------------------------------------------------===//

/// A kernel that has its loops stays; so does everything outside kernels.
// CHECK-LABEL: func private @done(
// CHECK:         scf.forall (%{{.*}}) in (3) shared_outs
// CHECK-NOT:     scf.forall (
// CHECK:       tenon.norm
func.func private @done(%x: tensor<3x8xf32>, %n: !tenon.weight<8, <f32>>) -> tensor<3x8xf32>
    attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 2> ins() outs(%x : tensor<3x8xf32>) {
  ^bb0(%0: tensor<3x8xf32>):
    %r = scf.forall (%i) in (3) shared_outs(%o = %0) -> (tensor<3x8xf32>) {
      %s = tensor.extract_slice %o[%i, 0] [1, 8] [1, 1] : tensor<3x8xf32> to tensor<1x8xf32>
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %s into %o[%i, 0] [1, 8] [1, 1] : tensor<1x8xf32> into tensor<3x8xf32>
      }
    } {mapping = [#tile.worker<static>]}
    tile.yield %r : tensor<3x8xf32>
  } -> tensor<3x8xf32>
  %z = tenon.norm rms %y, %n eps 1.0e-6 : tensor<3x8xf32>, !tenon.weight<8, <f32>>
  return %z : tensor<3x8xf32>
}
