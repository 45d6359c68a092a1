// Latent attention: expanding keys and values, and absorbing both products, are one formula.
// RUN: tenon-run %s --entry=absorbed --input=positions --input=slots --input=blocks --input=seed:4@7x3x7 --input=cache --step=tokens:5+2,start:4+0,slots:3 --before=%s --before-entry=naive --compare=interpret --exact --tolerance-scale=1e-7 | FileCheck %s
// RUN: not tenon-run %s --entry=absorbed --input=positions --input=slots --input=blocks --input=seed:4@7x3x7 --input=cache --step=tokens:5+2,start:4+0,slots:3 --before=%s --before-entry=naive --compare=interpret --tolerance-scale=1e-7
// RUN: tenon-run %s --entry=absorbed --input=positions --input=slots --input=blocks --input=seed:4@7x3x7 --input=cache --step=tokens:5+2,start:4+0,slots:3 --before=%s --before-entry=naive --compare=interpret

// An expansion that is split by heads is the same one, to the last bit.
// RUN: tenon-run %s --entry=split --input=positions --input=slots --input=blocks --input=seed:4@7x3x7 --input=cache --step=tokens:5+2,start:4+0,slots:3 --before=%s --before-entry=naive --compare=interpret --tolerance-scale=0 | FileCheck %s

// CHECK: result 0: error {{.*}} allowed

// Heads of 5 rows of keys and 3 rows of values, 2 rotated elements, latent vectors of 6.
tenon.weight @expand "expand" : !tenon.weight<24x6, <bf16>>
tenon.derive @heads = split_rows [@expand] count 8 : !tenon.weight<3x8x6, <bf16>>
tenon.derive @keys = slice_rows [@heads] : !tenon.weight<3x5x6, <bf16>>
tenon.derive @queries = transpose [@keys] : !tenon.weight<3x6x5, <bf16>>
tenon.derive @values = slice_rows [@heads] first 5 : !tenon.weight<3x3x6, <bf16>>

func.func @naive(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %q: tensor<?x3x7xf32>, %c: tensor<2x?x?x8xf32>) -> tensor<?x3x3xf32> {
  %l = arith.constant 1 : index
  %w = tenon.weight_ref @expand : !tenon.weight<24x6, <bf16>>
  %o = tenon.mla_attention %q, %c[%l], %w at %pos in %slot blocks %blocks nope 5 scale 0.3 mask <causal>
      : tensor<?x3x7xf32>, tensor<2x?x?x8xf32>, !tenon.weight<24x6, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x3xf32>
  return %o : tensor<?x3x3xf32>
}

func.func @absorbed(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %q: tensor<?x3x7xf32>, %c: tensor<2x?x?x8xf32>) -> tensor<?x3x3xf32> {
  %l = arith.constant 1 : index
  %k = tenon.weight_ref @queries : !tenon.weight<3x6x5, <bf16>>
  %v = tenon.weight_ref @values : !tenon.weight<3x3x6, <bf16>>
  %a = tenon.head_linear %q, %k keep : tensor<?x3x7xf32>, !tenon.weight<3x6x5, <bf16>> -> tensor<?x3x8xf32>
  %r = tenon.attention %a, %c[%l] at %pos in %slot blocks %blocks scale 0.3 mask <causal> value_first 6
      : tensor<?x3x8xf32>, tensor<2x?x?x8xf32>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x6xf32>
  %o = tenon.head_linear %r, %v : tensor<?x3x6xf32>, !tenon.weight<3x3x6, <bf16>> -> tensor<?x3x3xf32>
  return %o : tensor<?x3x3xf32>
}

func.func @split(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %q: tensor<?x3x7xf32>, %c: tensor<2x?x?x8xf32>) -> tensor<?x3x3xf32> {
  %l = arith.constant 1 : index
  %w = tenon.weight_ref @heads : !tenon.weight<3x8x6, <bf16>>
  %o = tenon.mla_attention %q, %c[%l], %w at %pos in %slot blocks %blocks nope 5 scale 0.3 mask <causal>
      : tensor<?x3x7xf32>, tensor<2x?x?x8xf32>, !tenon.weight<3x8x6, <bf16>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x3x3xf32>
  return %o : tensor<?x3x3xf32>
}
