// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --cse | FileCheck %s

/// The examples of the descriptions. Neither a barrier nor a ticket is like another.
// CHECK-LABEL: func @worker
// CHECK-SAME:    %[[C:.*]]: !tile.context, %[[W:.*]]: index
func.func @worker(%ctx: !tile.context, %worker: index) -> (index, index) {
  // CHECK-NEXT: tile.barrier %[[C]], %[[W]]
  tile.barrier %ctx, %worker
  // CHECK-NEXT: %[[I:.*]] = tile.next_ticket %[[C]]
  %i = tile.next_ticket %ctx
  // CHECK-NEXT: %[[J:.*]] = tile.next_ticket %[[C]]
  %j = tile.next_ticket %ctx
  // CHECK-NEXT: tile.barrier %[[C]], %[[W]]
  tile.barrier %ctx, %worker
  // CHECK-NEXT: return %[[I]], %[[J]]
  return %i, %j : index, index
}
