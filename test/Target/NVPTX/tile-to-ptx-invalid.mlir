// RUN: tenon-translate --tile-to-ptx --split-input-file --verify-diagnostics %s

// expected-error@+1 {{expects machine.target to be a #machine.gpu; set it on the module}}
module {}

// -----

// expected-error@+1 {{no PTX for 'sm_70'; the targets are sm_90a, sm_80}}
module attributes {machine.target = #machine.gpu<name = "sm_70", shared = 49152, registers = 65536>} {
func.func @step(%x: tensor<?x64xf32>, %w: !tenon.weight<64, <f32>>, %y: tensor<?x64xf32>)
    attributes {tile.bucket = #tile.bucket<tokens = 8>} {
  %0 = tile.kernel "rows" <rows = 1> ins(%x, %w : tensor<?x64xf32>, !tenon.weight<64, <f32>>) outs(%y : tensor<?x64xf32>) {
  ^bb0(%a0: tensor<?x64xf32>, %a1: !tenon.weight<64, <f32>>, %a2: tensor<?x64xf32>):
    %n = tenon.norm rms %a0, %a1 eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
    tile.yield %n : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
}
