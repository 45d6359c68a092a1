// RUN: tenon-opt %s | tenon-opt | FileCheck %s

/// The example of each op's description.
// CHECK-LABEL: func @dense_layers_first
// CHECK-SAME:    %[[I:.*]]: index
func.func @dense_layers_first(%i: index) -> (index, index) {
  // CHECK: tenon.kind %[[I]] in <0 x 3, 1 x 58>
  %k = tenon.kind %i in <0 x 3, 1 x 58>
  // CHECK: tenon.ordinal %[[I]] in <0 x 3, 1 x 58>
  %l = tenon.ordinal %i in <0 x 3, 1 x 58>
  return %k, %l : index, index
}

/// Five layers with a window, then one without: the runs that belong together are printed as one.
// CHECK-LABEL: func private @alternating
// CHECK-SAME:    #tenon.schedule<0 x 5, 1 x 1, 0 x 2>
func.func private @alternating() attributes {
  test.schedule = #tenon.schedule<0 x 4, 0 x 1, 1 x 1, 0 x 2>
}

/// The kind of the first layer need not be the first kind.
// CHECK-LABEL: func private @any_first_kind
// CHECK-SAME:    #tenon.schedule<2 x 1, 0 x 1, 1 x 65536>
func.func private @any_first_kind() attributes {
  test.schedule = #tenon.schedule<2 x 1, 0 x 1, 1 x 65536>
}
