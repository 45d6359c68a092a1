// Multi-head latent attention: 4 heads, whose keys (32 of a head, and 16 that all heads
// share) and values (32) are products of 64 numbers of a position in the cache.
tenon.weight @expand "kv_b_proj.weight" : !tenon.weight<256x64, <bf16>>

func.func @latent_attention(%query: tensor<?x4x48xf32>, %latent: tensor<?x80xf32>,
                            %positions: tensor<?xi32>, %slots: tensor<?xi32>, %blocks: tensor<?x4xi32>,
                            %cache: tensor<1x?x?x80xf32>) -> (tensor<?x4x32xf32>, tensor<1x?x?x80xf32>) {
  %layer = arith.constant 0 : index
  %w = tenon.weight_ref @expand : !tenon.weight<256x64, <bf16>>
  %c = tenon.cache_update %latent into %cache[%layer] at %positions in %slots
      : tensor<?x80xf32> into tensor<1x?x?x80xf32>, tensor<?xi32>
  %result = tenon.mla_attention %query, %c[%layer], %w at %positions in %slots blocks %blocks nope 32 scale 0.144 mask <causal>
      : tensor<?x4x48xf32>, tensor<1x?x?x80xf32>, !tenon.weight<256x64, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x32xf32>
  return %result, %c : tensor<?x4x32xf32>, tensor<1x?x?x80xf32>
}
