// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The examples of the attributes' descriptions.
// CHECK: func private @step() attributes {tile.bucket = #tile.bucket<tokens = 8>}
func.func private @step() attributes {tile.bucket = #tile.bucket<tokens = 8>}

// CHECK: func private @step_with_memory() attributes {tile.memory = #tile.memory<arena = 4096, scratch = 512>}
func.func private @step_with_memory() attributes {tile.memory = #tile.memory<arena = 4096, scratch = 512>}

/// What is the default is not printed.
// CHECK: @sizes
// CHECK-SAME: #tile.config<rows = 6>, #tile.config<>, #tile.config<rows = 4, block = 8, panels = 2, keys = 32, split = ticket>
func.func private @sizes() attributes {test.list = [
  #tile.config<rows = 6, panels = 1, keys = 64, split = static>, #tile.config<>,
  #tile.config<rows = 4, block = 8, panels = 2, keys = 32, split = ticket>
]}

/// Iterations of two dimensions, shared by the workers.
// CHECK-LABEL: func @worker
func.func @worker(%n: index, %m: index) {
  // CHECK: scf.forall
  // CHECK: mapping = [#tile.worker<static>, #tile.worker<static>]
  scf.forall (%i, %j) in (%n, %m) {
  } {mapping = [#tile.worker<static>, #tile.worker<static>]}
  // CHECK: mapping = [#tile.worker<ticket>]
  scf.forall (%i) in (%n) {
  } {mapping = [#tile.worker<ticket>]}
  return
}
