// RUN: tenon-opt %s --tile-distribute-to-workers --split-input-file --verify-diagnostics | FileCheck %s
// RUN: not tenon-opt %s --tile-distribute-to-workers --split-input-file --remarks-filter=tile-distribute-to-workers 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

/// How each loop is shared.
// REMARK: remark: [Analysis] DistributeLoop | Category:tile-distribute-to-workers | Function=kernel | Split=static
// REMARK: remark: [Analysis] DistributeLoop | Category:tile-distribute-to-workers | Function=tickets | Split=ticket

/// The examples of the pass's description: shares of a loop, and a barrier after the kernel.
// CHECK-LABEL: func @step(
// CHECK-SAME:    %[[CTX:.*]]: !tile.context {tenon.role = #tenon.role<context>}, %[[W:.*]]: index {tenon.role = #tenon.role<worker>}, %[[N:.*]]: index {tenon.role = #tenon.role<workers>}, %[[A:.*]]: memref<8xf32>)
// CHECK-NEXT:  call @kernel(%[[CTX]], %[[W]], %[[N]], %[[A]])
// CHECK-NEXT:  tile.barrier %[[CTX]], %[[W]]
// CHECK-NEXT:  call @layer(%[[CTX]], %[[W]], %[[N]], %[[A]])
// CHECK-NEXT:  call @outside(%[[A]])
// CHECK-NEXT:  return
func.func @step(%a: memref<8xf32>) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  call @kernel(%a) : (memref<8xf32>) -> ()
  call @layer(%a) : (memref<8xf32>) -> ()
  call @outside(%a) : (memref<8xf32>) -> ()
  return
}

// CHECK-LABEL: func private @layer(
// CHECK-NEXT:  call @kernel
// CHECK-NEXT:  tile.barrier
func.func private @layer(%a: memref<8xf32>) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  call @kernel(%a) : (memref<8xf32>) -> ()
  return
}

// CHECK-LABEL: func private @kernel(
// CHECK-SAME:    %{{.*}}: !tile.context {{.*}}, %[[W:.*]]: index {{.*}}, %[[N:.*]]: index {{.*}}, %[[A:.*]]: memref<8xf32>)
// CHECK:       %[[TOTAL:.*]] = arith.constant 8 : index
// CHECK:       %[[NEXT:.*]] = arith.addi %[[W]],
// CHECK:       %[[WT:.*]] = arith.muli %[[W]], %[[TOTAL]]
// CHECK-NEXT:  %[[BEGIN:.*]] = arith.divui %[[WT]], %[[N]]
// CHECK:       %[[NT:.*]] = arith.muli %[[NEXT]], %[[TOTAL]]
// CHECK-NEXT:  %[[END:.*]] = arith.divui %[[NT]], %[[N]]
// CHECK:       scf.for %[[I:.*]] = %[[BEGIN]] to %[[END]] step
// CHECK-NEXT:    memref.load %[[A]][%[[I]]]
func.func private @kernel(%a: memref<8xf32>) attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel = #tile.config<rows = 1>} {
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
  } {mapping = [#tile.worker<static>]}
  return
}
func.func private @outside(memref<8xf32>)

/// A function without a bucket stays.
// CHECK-LABEL: func @no_bucket(%{{[^,]*}}: memref<8xf32>)
// CHECK-NEXT:  call @outside
func.func @no_bucket(%a: memref<8xf32>) {
  call @outside(%a) : (memref<8xf32>) -> ()
  return
}

// -----

/// Two dimensions are numbered row-major; a second loop with tickets needs new ones.
// CHECK-LABEL: func private @tickets(
// CHECK-SAME:    %[[CTX:.*]]: !tile.context {{.*}}, %[[W:.*]]: index {{.*}}, %{{.*}}: index {{.*}}, %[[A:.*]]: memref<?x3xf32>, %[[M:.*]]: index)
// CHECK:       %[[COUNT:.*]] = arith.maxsi %[[M]], %{{.*}} : index
// CHECK:       %[[C3:.*]] = arith.constant 3 : index
// CHECK:       %[[TOTAL:.*]] = arith.muli %[[COUNT]], %[[C3]]
// CHECK:       scf.while
// CHECK-NEXT:    %[[I:.*]] = tile.next_ticket %[[CTX]]
// CHECK-NEXT:    %[[P:.*]] = arith.cmpi ult, %[[I]], %[[TOTAL]]
// CHECK-NEXT:    scf.condition(%[[P]]) %[[I]]
// CHECK:       ^bb0(%[[J:.*]]: index):
// CHECK-NEXT:    %[[COL:.*]] = arith.remui %[[J]], %[[C3]]
// CHECK-NEXT:    %[[ROW:.*]] = arith.divui %[[J]], %[[C3]]
// CHECK-NEXT:    memref.load %[[A]][%[[ROW]], %[[COL]]]
// CHECK:       tile.barrier %[[CTX]], %[[W]]
// CHECK:       scf.while
// CHECK-NOT:   tile.barrier
func.func private @tickets(%a: memref<?x3xf32>, %m: index) attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel} {
  scf.forall (%i, %j) in (%m, 3) {
    %v = memref.load %a[%i, %j] : memref<?x3xf32>
  } {mapping = [#tile.worker<ticket>, #tile.worker<ticket>]}
  scf.forall (%i) in (%m) {
    %c0 = arith.constant 0 : index
    %v = memref.load %a[%i, %c0] : memref<?x3xf32>
  } {mapping = [#tile.worker<ticket>]}
  return
}

// -----

/// Loops without tickets between those with: each needs new ones. The first one of
/// a function does not, whatever the function before it took.
// CHECK-LABEL: func private @tickets_in_turns(
// CHECK-NOT:   tile.barrier
// CHECK:       scf.for
// CHECK-NOT:   tile.barrier
// CHECK:       tile.next_ticket
// CHECK-NOT:   tile.barrier
// CHECK:       scf.for
// CHECK:       tile.barrier
// CHECK:       tile.next_ticket
// CHECK-NOT:   tile.barrier
// CHECK:       scf.for
// CHECK:       tile.barrier
// CHECK:       tile.next_ticket
// CHECK-NOT:   tile.barrier
// CHECK-LABEL: func private @tickets_once(
// CHECK-NOT:   tile.barrier
// CHECK:       tile.next_ticket
// CHECK-NOT:   tile.barrier
func.func private @tickets_in_turns(%a: memref<8xf32>) attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel} {
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
  } {mapping = [#tile.worker<static>]}
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
  } {mapping = [#tile.worker<ticket>]}
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
  } {mapping = [#tile.worker<static>]}
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
  } {mapping = [#tile.worker<ticket>]}
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
  } {mapping = [#tile.worker<static>]}
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
  } {mapping = [#tile.worker<ticket>]}
  return
}
func.func private @tickets_once(%a: memref<8xf32>) attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel} {
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
  } {mapping = [#tile.worker<ticket>]}
  return
}

// -----

/// Loops that begin and step elsewhere.
// CHECK-LABEL: func private @steps(
// CHECK-SAME:    %{{.*}}: !tile.context {{.*}}, %{{.*}}: index {{.*}}, %{{.*}}: index {{.*}}, %[[A:.*]]: memref<?x?xf32>, %[[B:.*]]: index, %[[E:.*]]: index)
// CHECK:       %[[D:.*]] = arith.subi %[[E]], %[[B]]
// CHECK:       %[[N:.*]] = arith.maxsi %[[D]],
// CHECK:       scf.for
// CHECK:         %[[I:.*]] = arith.addi %{{.*}}, %[[B]]
// CHECK:         %[[J3:.*]] = arith.muli %{{.*}}, %{{.*}} : index
// CHECK-NEXT:    memref.load %[[A]][%[[I]], %[[J3]]]
func.func private @steps(%a: memref<?x?xf32>, %b: index, %e: index) attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel} {
  scf.forall (%i, %j) = (%b, 0) to (%e, 10) step (1, 3) {
    %v = memref.load %a[%i, %j] : memref<?x?xf32>
  } {mapping = [#tile.worker<static>, #tile.worker<static>]}
  return
}

// -----

/// A loop may contain one without tickets.
// CHECK-LABEL: func private @shares_in_loop(
// CHECK:       scf.for
// CHECK:         scf.for
// CHECK-NEXT:      memref.load
func.func private @shares_in_loop(%a: memref<8xf32>, %n: index) attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel} {
  scf.for %i = %n to %n step %n {
    scf.forall (%j) in (8) {
      %v = memref.load %a[%j] : memref<8xf32>
    } {mapping = [#tile.worker<static>]}
  }
  return
}

// -----

func.func private @no_mapping() attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel} {
  // expected-error @below {{expects a mapping to #tile.worker}}
  scf.forall (%i) in (8) {
  }
  return
}

// -----

func.func private @nested() attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel} {
  scf.forall (%i) in (8) {
    // expected-error @below {{expects no loop around it, whose iterations would share its tickets or workers}}
    scf.forall (%j) in (8) {
    } {mapping = [#tile.worker<static>]}
  } {mapping = [#tile.worker<static>]}
  return
}

// -----

func.func private @tickets_in_loop(%n: index) attributes {tile.bucket = #tile.bucket<tokens = 1>, tile.kernel} {
  scf.for %i = %n to %n step %n {
    // expected-error @below {{expects no loop around it}}
    scf.forall (%j) in (8) {
    } {mapping = [#tile.worker<ticket>]}
  }
  return
}

// -----

func.func @caller() {
  // expected-error @below {{expects the caller of a function with a bucket to have one}}
  call @callee() : () -> ()
  return
}
func.func private @callee() attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  return
}

// -----

/// Nobody would wait for the other workers.
func.func private @no_kernel() attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  // expected-error @below {{expects a function with tile.kernel around it, because a barrier follows calls of kernels alone}}
  scf.forall (%i) in (8) {
  } {mapping = [#tile.worker<static>]}
  return
}

// -----

// expected-error @below {{expects no argument with the role workers, which is added by a pass, but got 1}}
func.func @given_workers(%a: memref<8xf32>, %n: index {tenon.role = #tenon.role<workers>}) attributes {tile.bucket = #tile.bucket<tokens = 1>} {
  return
}

// -----

/// An end before the begin is no huge number of iterations.
// CHECK-LABEL: func private @negative(
// CHECK:       %[[END:.*]] = arith.constant -8 : index
// CHECK:       %[[COUNT:.*]] = arith.maxsi %[[END]], %{{.*}} : index
// CHECK:       arith.ceildivui %[[COUNT]]
func.func private @negative(%m: memref<?xf32>) attributes {tile.bucket = #tile.bucket<tokens = 8>, tile.kernel} {
  %z = arith.constant 0.0 : f32
  scf.forall (%i) = (0) to (-8) step (4) {
    memref.store %z, %m[%i] : memref<?xf32>
  } {mapping = [#tile.worker<static>]}
  return
}
