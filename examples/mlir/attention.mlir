// Grouped-query attention to a cache: 8 heads of queries, 2 of keys and values, 64 wide.
// Rows are tokens of any sequences; a slot of the cache belongs to one sequence.
func.func @attention(%query: tensor<?x8x64xf32>, %key: tensor<?x2x64xf32>, %value: tensor<?x2x64xf32>,
                     %positions: tensor<?xi32>, %slots: tensor<?xi32>, %blocks: tensor<?x4xi32>,
                     %keys: tensor<1x?x?x2x64xf32>, %values: tensor<1x?x?x2x64xf32>)
    -> (tensor<?x8x64xf32>, tensor<1x?x?x2x64xf32>, tensor<1x?x?x2x64xf32>) {
  %layer = arith.constant 0 : index
  %k = tenon.cache_update %key into %keys[%layer] at %positions in %slots
      : tensor<?x2x64xf32> into tensor<1x?x?x2x64xf32>, tensor<?xi32>
  %v = tenon.cache_update %value into %values[%layer] at %positions in %slots
      : tensor<?x2x64xf32> into tensor<1x?x?x2x64xf32>, tensor<?xi32>
  %result = tenon.attention %query, %k, %v[%layer] at %positions in %slots blocks %blocks scale 0.125 mask <causal>
      : tensor<?x8x64xf32>, tensor<1x?x?x2x64xf32> and tensor<1x?x?x2x64xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x8x64xf32>
  return %result, %k, %v : tensor<?x8x64xf32>, tensor<1x?x?x2x64xf32>, tensor<1x?x?x2x64xf32>
}
