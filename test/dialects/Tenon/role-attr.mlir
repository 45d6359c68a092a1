// RUN: tenon-opt %s | FileCheck %s

/// The examples of the descriptions.
// CHECK: module attributes {tenon.model = #tenon.model<family = "llama", context_length = 4096>}
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 4096>} {
  // CHECK: func.func @step(%{{.*}}: tensor<?xi32> {tenon.role = #tenon.role<tokens>}) -> (tensor<?x9xf32> {tenon.role = #tenon.role<logits>})
  func.func @step(%t: tensor<?xi32> {tenon.role = #tenon.role<tokens>}) -> (tensor<?x9xf32> {tenon.role = #tenon.role<logits>}) {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %t, %c0 : tensor<?xi32>
    %l = tensor.empty(%n) : tensor<?x9xf32>
    return %l : tensor<?x9xf32>
  }
  // CHECK: func.func private @layer(tensor<?x8xf32> {tenon.role = #tenon.role<hidden>}, index {tenon.role = #tenon.role<layer>}, index {tenon.role = #tenon.role<ordinal>}, memref<?xi8> {tenon.role = #tenon.role<scratch>})
  func.func private @layer(tensor<?x8xf32> {tenon.role = #tenon.role<hidden>}, index {tenon.role = #tenon.role<layer>}, index {tenon.role = #tenon.role<ordinal>}, memref<?xi8> {tenon.role = #tenon.role<scratch>})
}
