// RUN: tenon-opt %s --tenon-materialize-rope-tables --split-input-file | FileCheck %s
// RUN: tenon-opt %s --tenon-materialize-rope-tables=positions=257 --split-input-file | FileCheck %s --check-prefix=FEW
// RUN: not tenon-opt %s --tenon-materialize-rope-tables=positions=0 --split-input-file 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: tenon-opt %s --tenon-materialize-rope-tables --split-input-file --remarks-filter=tenon-materialize-rope-tables 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// Each table that is made.
// REMARK: remark: [Passed] MaterializeRopeTable | Category:tenon-materialize-rope-tables | Bytes=8704, Positions=4096, Table=rope

// ZERO: error: tenon-materialize-rope-tables expects positions to be at least 1, but got 0

#rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64>
#other = #tenon.rope<dims = 6, pairing = interleaved, theta = 1.0e6 : f64>

/// The example of the pass's description. Equal rotations share a table, in all functions.
// CHECK-DAG: tenon.rope_table @rope <dims = 8, pairing = half, theta = 1.000000e+04 : f64> positions 4096 : !tenon.weight<272x8, <f32>>
// CHECK-DAG: tenon.rope_table @rope_0 <dims = 6, pairing = interleaved, theta = 1.000000e+06 : f64> positions 4096 : !tenon.weight<272x6, <f32>>
// FEW-DAG:   tenon.rope_table @{{rope.*}} <dims = 8, {{.*}}> positions 257 : !tenon.weight<258x8, <f32>>
// CHECK-LABEL: func @shared
// CHECK-SAME:    %[[Q:.*]]: tensor<?x4x24xf32>, %[[K:.*]]: tensor<?x24xf32>, %[[P:.*]]: tensor<?xi32>
// CHECK:       %[[A:.*]] = tenon.weight_ref @rope : <272x8, <f32>>
// CHECK-NEXT:  tenon.rope %[[Q]] at %[[P]] last {{.*}} table %[[A]]
// CHECK:       %[[B:.*]] = tenon.weight_ref @rope : <272x8, <f32>>
// CHECK-NEXT:  tenon.rope %[[K]] at %[[P]] first {{.*}} table %[[B]]
// CHECK:       %[[C:.*]] = tenon.weight_ref @rope_0 : <272x6, <f32>>
// CHECK-NEXT:  tenon.rope %[[K]] at %[[P]] first {{.*}} table %[[C]]
func.func @shared(%q: tensor<?x4x24xf32>, %k: tensor<?x24xf32>, %pos: tensor<?xi32>) -> (tensor<?x4x24xf32>, tensor<?x24xf32>, tensor<?x24xf32>) {
  %r = tenon.rope %q at %pos last #rope : tensor<?x4x24xf32>, tensor<?xi32>
  %s = tenon.rope %k at %pos first #rope : tensor<?x24xf32>, tensor<?xi32>
  %t = tenon.rope %k at %pos first #other : tensor<?x24xf32>, tensor<?xi32>
  return %r, %s, %t : tensor<?x4x24xf32>, tensor<?x24xf32>, tensor<?x24xf32>
}

// CHECK-LABEL: func @elsewhere
// CHECK:       tenon.weight_ref @rope
// CHECK:       table
func.func @elsewhere(%k: tensor<3x24xf32>, %pos: tensor<3xi32>) -> tensor<3x24xf32> {
  %s = tenon.rope %k at %pos first #rope : tensor<3x24xf32>, tensor<3xi32>
  return %s : tensor<3x24xf32>
}

// -----

#rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64>

/// A table that is long enough serves; one that is too short does not, and its name is taken.
// CHECK-DAG: tenon.rope_table @rope <dims = 8, {{.*}}> positions 9 : !tenon.weight<257x8, <f32>>
// CHECK-DAG: tenon.rope_table @long <dims = 8, {{.*}}> positions 5000 : !tenon.weight<276x8, <f32>>
// CHECK-NOT: tenon.rope_table
// CHECK-LABEL: func @tables
// CHECK:       tenon.weight_ref @rope
// CHECK:       table
// CHECK:       tenon.weight_ref @long : <276x8, <f32>>
// CHECK:       table
tenon.rope_table @rope #rope positions 9 : !tenon.weight<257x8, <f32>>
tenon.rope_table @long #rope positions 5000 : !tenon.weight<276x8, <f32>>
func.func @tables(%k: tensor<3x24xf32>, %pos: tensor<3xi32>) -> (tensor<3x24xf32>, tensor<3x24xf32>) {
  %t = tenon.weight_ref @rope : !tenon.weight<257x8, <f32>>
  %r = tenon.rope %k at %pos first #rope table %t : !tenon.weight<257x8, <f32>> : tensor<3x24xf32>, tensor<3xi32>
  %s = tenon.rope %k at %pos first #rope : tensor<3x24xf32>, tensor<3xi32>
  return %r, %s : tensor<3x24xf32>, tensor<3x24xf32>
}

// -----

#rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64>

/// The new table is added to one that is too short.
// CHECK-DAG: tenon.rope_table @rope <dims = 8, {{.*}}> positions 9
// CHECK-DAG: tenon.rope_table @rope_0 <dims = 8, {{.*}}> positions 4096
// CHECK-LABEL: func @too_short
// CHECK:       tenon.weight_ref @rope_0
tenon.rope_table @rope #rope positions 9 : !tenon.weight<257x8, <f32>>
func.func @too_short(%k: tensor<3x24xf32>, %pos: tensor<3xi32>) -> tensor<3x24xf32> {
  %s = tenon.rope %k at %pos first #rope : tensor<3x24xf32>, tensor<3xi32>
  return %s : tensor<3x24xf32>
}

// -----

#rope = #tenon.rope<dims = 8, pairing = half, theta = 1.0e4 : f64>

/// A table of as many positions serves.
// CHECK-COUNT-1: tenon.rope_table
// CHECK-NOT: tenon.rope_table
// CHECK-LABEL: func @long_enough
// CHECK:       tenon.weight_ref @exact
tenon.rope_table @exact #rope positions 4096 : !tenon.weight<272x8, <f32>>
func.func @long_enough(%k: tensor<3x24xf32>, %pos: tensor<3xi32>) -> tensor<3x24xf32> {
  %s = tenon.rope %k at %pos first #rope : tensor<3x24xf32>, tensor<3xi32>
  return %s : tensor<3x24xf32>
}
