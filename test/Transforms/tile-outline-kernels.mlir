// RUN: tenon-opt %s --tile-outline-kernels | FileCheck %s
// RUN: tenon-opt %s --tile-outline-kernels --print-statistics 2>&1 >/dev/null | FileCheck %s --check-prefix=COUNT

// COUNT: 3 tile-outline-kernels - Kernels that became functions

/// The example of the pass's description; a second kernel of the same name gets a number.
// CHECK-LABEL: func.func @step(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[E:.*]]: tensor<?x8xf32>
// CHECK:       %[[Y:.*]] = call @k(%[[X]], %[[E]]) : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK-NEXT:  %[[Z:.*]] = call @k_0(%[[Y]], %[[E]])
// CHECK-NEXT:  return %[[Z]]
// CHECK-DAG:   func.func private @k(%{{.*}}: tensor<?x8xf32>, %{{.*}}: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>, tile.kernel = #tile.config<rows = 6>}
// CHECK-DAG:   func.func private @k_0(%[[A:.*]]: tensor<?x8xf32>, %{{.*}}: tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @step(%x: tensor<?x8xf32>, %e: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {tile.bucket = #tile.bucket<tokens = 3>} {
  %y = tile.kernel "k" <rows = 6> ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
    %s = arith.addf %a, %b : tensor<?x8xf32>
    tile.yield %s : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  %z = tile.kernel "k" <rows = 1> ins(%y : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
    %s = arith.mulf %a, %b : tensor<?x8xf32>
    tile.yield %s : tensor<?x8xf32>
  } -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

/// A kernel inside a loop, in a function without a bucket, without results. Operands keep their roles.
// CHECK-LABEL: func.func @loop(
// CHECK:       scf.for
// CHECK-NEXT:    func.call @inner(%{{.*}}) : (index) -> ()
// CHECK:       func.func private @inner(%{{.*}}: index {tenon.role = #tenon.role<layer>}) attributes {tile.kernel = #tile.config<>}
// CHECK-NEXT:    return
func.func @loop(%n: index, %l: index {tenon.role = #tenon.role<layer>}) {
  scf.for %i = %n to %n step %n {
    tile.kernel "inner" <rows = 1> ins(%l : index) outs() {
    ^bb0(%a: index):
      tile.yield
    }
  }
  return
}
