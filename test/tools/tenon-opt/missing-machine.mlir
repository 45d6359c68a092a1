// A pass that needs a machine says so in one line, without the module, which is all of the IR.

// RUN: not tenon-opt %s --tenon-form-kernels 2>&1 | FileCheck %s --check-prefixes=TILES,END
// RUN: not tenon-opt %s --nvptx-configure-kernels 2>&1 | FileCheck %s --check-prefixes=GPU,END
// RUN: not tenon-opt %s --convert-kernels-to-gpu 2>&1 | FileCheck %s --check-prefixes=GPU,END

// TILES: error: expects machine.target on the module, to choose sizes of tiles
// GPU: error: expects machine.target to be a #machine.gpu; set it on the module
// END-NOT: {{.}}
func.func @unchanged(%a: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %a : tensor<?x4xf32>
}
