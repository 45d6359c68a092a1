// RUN: tenon-opt %s --canonicalize | FileCheck %s

/// Layer 4 is the second of kind 1, after 0, 1, 0, 0.
// CHECK-LABEL: func @constant_layer
func.func @constant_layer() -> (index, index) {
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : index
  // CHECK-NOT: tenon
  // CHECK:     return %[[ONE]], %[[ONE]]
  %i = arith.constant 4 : index
  %k = tenon.kind %i in <0 x 1, 1 x 1, 0 x 2, 1 x 2>
  %l = tenon.ordinal %i in <0 x 1, 1 x 1, 0 x 2, 1 x 2>
  return %k, %l : index, index
}

/// The last layer of the model: kind 1, with 57 of its kind before it.
// CHECK-LABEL: func @last_layer
func.func @last_layer() -> (index, index) {
  // CHECK-DAG: %[[K:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[L:.*]] = arith.constant 57 : index
  // CHECK:     return %[[K]], %[[L]]
  %i = arith.constant 60 : index
  %k = tenon.kind %i in <0 x 3, 1 x 58>
  %l = tenon.ordinal %i in <0 x 3, 1 x 58>
  return %k, %l : index, index
}

/// With a single kind the layer need not be constant.
// CHECK-LABEL: func @single_kind
// CHECK-SAME:    %[[I:.*]]: index
func.func @single_kind(%i: index) -> (index, index) {
  // CHECK:     %[[ZERO:.*]] = arith.constant 0 : index
  // CHECK-NOT: tenon
  // CHECK:     return %[[ZERO]], %[[I]]
  %k = tenon.kind %i in <0 x 32>
  %l = tenon.ordinal %i in <0 x 32>
  return %k, %l : index, index
}

// CHECK-LABEL: func @keep_unknown_layer
func.func @keep_unknown_layer(%i: index) -> (index, index) {
  // CHECK: tenon.kind
  // CHECK: tenon.ordinal
  %k = tenon.kind %i in <0 x 3, 1 x 58>
  %l = tenon.ordinal %i in <0 x 3, 1 x 58>
  return %k, %l : index, index
}

/// Nothing is known about a layer that the model does not have.
// CHECK-LABEL: func @keep_layer_outside
func.func @keep_layer_outside() -> (index, index) {
  // CHECK: tenon.kind
  // CHECK: tenon.ordinal
  %i = arith.constant 61 : index
  %j = arith.constant -1 : index
  %k = tenon.kind %i in <0 x 3, 1 x 58>
  %l = tenon.ordinal %j in <0 x 3, 1 x 58>
  return %k, %l : index, index
}
