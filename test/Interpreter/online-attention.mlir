// The state of a softmax, fed tile by tile, gives what attention defines at once.
// RUN: tenon-run %s --entry=tiles --input=positions --input=slots --input=blocks --input=seed:4@5x4x6 --input=cache:2 --input=cache:3 --step=tokens:5,start:6,slots:2 --before=%s --before-entry=whole --compare=interpret
// RUN: tenon-run %s --entry=tiles --input=positions --input=slots --input=blocks --input=seed:4@5x4x6 --input=cache:2 --input=cache:3 --step=tokens:5,start:0,slots:2 --before=%s --before-entry=whole --compare=interpret

tenon.weight @sinks "sinks" : !tenon.weight<4, <f32>>

!cache = tensor<2x?x?x2x6xf32>

func.func @whole(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %q: tensor<5x4x6xf32>, %k: !cache, %v: !cache) -> tensor<5x4x6xf32> {
  %l = arith.constant 1 : index
  %s = tenon.weight_ref @sinks : !tenon.weight<4, <f32>>
  %d = tensor.cast %q : tensor<5x4x6xf32> to tensor<?x4x6xf32>
  %o = tenon.attention %d, %k, %v[%l] at %pos in %slot blocks %blocks sinks %s : !tenon.weight<4, <f32>> scale 0.4 mask <causal, window = 4> softcap 1.5
      : tensor<?x4x6xf32>, !cache and !cache, tensor<?xi32>, tensor<?x4xi32> -> tensor<?x4x6xf32>
  %r = tensor.cast %o : tensor<?x4x6xf32> to tensor<5x4x6xf32>
  return %r : tensor<5x4x6xf32>
}

// One group of heads after the other; rows are tokens, with two heads inside each. Scale and cap include log2(e).
func.func @tiles(%pos: tensor<?xi32>, %slot: tensor<?xi32>, %blocks: tensor<?x4xi32>, %q: tensor<5x4x6xf32>, %k: !cache, %v: !cache) -> tensor<5x4x6xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c10 = arith.constant 10 : index
  %p32 = tensor.extract %pos[%c0] : tensor<?xi32>
  %p = arith.index_cast %p32 : i32 to index
  %sl32 = tensor.extract %slot[%c0] : tensor<?xi32>
  %sl = arith.index_cast %sl32 : i32 to index
  %len = arith.addi %p, %c5 : index
  %sinks = tenon.weight_ref @sinks : !tenon.weight<4, <f32>>
  %e = tensor.empty() : tensor<5x4x6xf32>
  %y = scf.forall (%g) in (2) shared_outs(%o = %e) -> (tensor<5x4x6xf32>) {
    %h = arith.muli %g, %c2 : index
    %qs = tensor.extract_slice %q[0, %h, 0] [5, 2, 6] [1, 1, 1] : tensor<5x4x6xf32> to tensor<5x2x6xf32>
    %rows = tensor.collapse_shape %qs [[0, 1], [2]] : tensor<5x2x6xf32> into tensor<10x6xf32>
    %ea = tensor.empty() : tensor<10x6xf32>
    %em = tensor.empty() : tensor<10xf32>
    %i:3 = tile.attention_init into %ea, %em, %em : tensor<10x6xf32>, tensor<10xf32>, tensor<10xf32> -> tensor<10x6xf32>, tensor<10xf32>, tensor<10xf32>
    %lo, %f0, %f1, %hi = tile.key_range <causal, window = 4> at %p count %c5 of %len step 3
    %s:3 = scf.for %n = %lo to %hi step %c3 iter_args(%a = %i#0, %m = %i#1, %z = %i#2) -> (tensor<10x6xf32>, tensor<10xf32>, tensor<10xf32>) {
      %count = affine.min affine_map<(d0)[s0] -> (3, s0 - d0)>(%n)[%hi]
      %r:3 = tile.online_attention %rows rows %c10, %k[%c1, %sl, %n, %g, %c0] along 2, %v[%c1, %sl, %n, %g, %c0] along 2 keys 3
          first %n count %count at %p of %len heads 2 scale 0.577078016355585 mask <causal, window = 4> softcap 2.164042561333445 into %a, %m, %z
          : tensor<10x6xf32>, !cache, !cache into tensor<10x6xf32>, tensor<10xf32>, tensor<10xf32> -> tensor<10x6xf32>, tensor<10xf32>, tensor<10xf32>
      scf.yield %r#0, %r#1, %r#2 : tensor<10x6xf32>, tensor<10xf32>, tensor<10xf32>
    }
    %f = tile.attention_finish %s#1, %s#2 sinks %sinks : !tenon.weight<4, <f32>> from %h heads 2 into %s#0 : tensor<10xf32>, tensor<10xf32> into tensor<10x6xf32> -> tensor<10x6xf32>
    %x = tensor.expand_shape %f [[0, 1], [2]] output_shape [5, 2, 6] : tensor<10x6xf32> into tensor<5x2x6xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %x into %o[0, %h, 0] [5, 2, 6] [1, 1, 1] : tensor<5x2x6xf32> into tensor<5x4x6xf32>
    }
  }
  return %y : tensor<5x4x6xf32>
}
