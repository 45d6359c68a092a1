// Rotations: pairings, ends and scalings against numbers computed as complex ones.
// RUN: %python %S/Inputs/rope_values.py > %t.expected
// RUN: tenon-run %s --entry=rotate --input=floats:1,2,3,4,5,6,7,8,9,10,10,11,12,13,14,15,16,17,18,19@2x10 --input=ints:0,1000 --print > %t.values
// RUN: diff %t.expected %t.values
// RUN: tenon-run %s --entry=heads --input=seed:3@3x2x5 --input=ints:0,7,1023 --before=%s --before-entry=rows --compare=interpret

func.func @rotate(%x: tensor<?x10xf32>, %p: tensor<?xi32>) -> (tensor<?x10xf32>, tensor<?x10xf32>, tensor<?x10xf32>, tensor<?x10xf32>, tensor<?x10xf32>) {
  %0 = tenon.rope %x at %p first <dims = 8, pairing = half, theta = 1.0e4 : f64> : tensor<?x10xf32>, tensor<?xi32>
  %1 = tenon.rope %x at %p last <dims = 8, pairing = interleaved, theta = 1.0e4 : f64> : tensor<?x10xf32>, tensor<?xi32>
  %2 = tenon.rope %x at %p first <dims = 8, pairing = half, theta = 1.0e4 : f64, scaling = linear, factor = 4.0 : f64> : tensor<?x10xf32>, tensor<?xi32>
  %3 = tenon.rope %x at %p last <dims = 8, pairing = half, theta = 5.0e5 : f64, scaling = llama3, factor = 8.0 : f64, original = 64.0 : f64, low = 1.0 : f64, high = 4.0 : f64> : tensor<?x10xf32>, tensor<?xi32>
  %4 = tenon.rope %x at %p first <dims = 8, pairing = interleaved, theta = 1.0e4 : f64, scaling = yarn, factor = 40.0 : f64, original = 64.0 : f64, low = 1.0 : f64, high = 32.0 : f64, attention = 1.25 : f64> : tensor<?x10xf32>, tensor<?xi32>
  return %0, %1, %2, %3, %4 : tensor<?x10xf32>, tensor<?x10xf32>, tensor<?x10xf32>, tensor<?x10xf32>, tensor<?x10xf32>
}

// The tables that tiles read give the same angles as the formula, at both ends.
#rope = #tenon.rope<dims = 4, pairing = half, theta = 1.0e4 : f64, attention = 0.5 : f64>
tenon.rope_table @table #rope positions 1024 : !tenon.weight<260x4, <f32>>

func.func @rows(%x: tensor<?x2x5xf32>, %p: tensor<?xi32>) -> tensor<?x2x5xf32> {
  %0 = tenon.rope %x at %p last #rope : tensor<?x2x5xf32>, tensor<?xi32>
  return %0 : tensor<?x2x5xf32>
}

func.func @heads(%x: tensor<?x2x5xf32>, %p: tensor<?xi32>) -> tensor<?x2x5xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x2x5xf32>
  %t = tenon.weight_ref @table : !tenon.weight<260x4, <f32>>
  %e = tensor.empty(%n) : tensor<?x2x5xf32>
  %y = scf.forall (%i) in (%n) shared_outs(%o = %e) -> (tensor<?x2x5xf32>) {
    %pi = tensor.extract %p[%i] : tensor<?xi32>
    %pp = arith.index_cast %pi : i32 to index
    %s = tensor.extract_slice %x[%i, 0, 0] [1, 2, 5] [1, 1, 1] : tensor<?x2x5xf32> to tensor<1x2x5xf32>
    %d = tensor.extract_slice %o[%i, 0, 0] [1, 2, 5] [1, 1, 1] : tensor<?x2x5xf32> to tensor<1x2x5xf32>
    %r = tile.rope %s at %pp last #rope, %t into %d : tensor<1x2x5xf32>, !tenon.weight<260x4, <f32>> into tensor<1x2x5xf32> -> tensor<1x2x5xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %r into %o[%i, 0, 0] [1, 2, 5] [1, 1, 1] : tensor<1x2x5xf32> into tensor<?x2x5xf32>
    }
  }
  return %y : tensor<?x2x5xf32>
}
