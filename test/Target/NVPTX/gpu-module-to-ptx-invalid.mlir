// RUN: tenon-translate --gpu-module-to-ptx --split-input-file --verify-diagnostics %s

// expected-error@+1 {{PTX expects #machine.gpu on the module}}
module {}

// -----

// expected-error@+1 {{kernel 'rows' has no device function; run tenon-nvptx-kernel-pipeline}}
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 49152, registers = 65536>} {
func.func @step(%y: tensor<?x64xf32>) {
  %0 = tile.kernel "rows" #nvptx.rows<warps = 2> ins() outs(%y : tensor<?x64xf32>) {
  ^bb0(%a: tensor<?x64xf32>):
    tile.yield %a : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
}

// -----

// expected-error@+1 {{the device function of kernel 'rows' is not lowered; run tenon-nvptx-lowering-pipeline}}
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 49152, registers = 65536>} {
func.func @step(%y: tensor<?x64xf32>) {
  %0 = tile.kernel "rows" #nvptx.rows<warps = 2> ins() outs(%y : tensor<?x64xf32>) attributes {nvptx.launch = #nvptx.launch<@kernels::@rows, blocks = 8>} {
  ^bb0(%a: tensor<?x64xf32>):
    tile.yield %a : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
gpu.module @kernels {
  gpu.func @rows() kernel attributes {known_block_size = array<i32: 64, 1, 1>, nvptx.shared_bytes = 0 : i64} {
    gpu.return
  }
}
}

// -----

// expected-error@+1 {{kernel 'rows' launches 'absent', which is not there; run tenon-nvptx-kernel-pipeline and tenon-nvptx-lowering-pipeline}}
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 49152, registers = 65536>} {
func.func @step(%y: tensor<?x64xf32>) {
  %0 = tile.kernel "rows" #nvptx.rows<warps = 2> ins() outs(%y : tensor<?x64xf32>) attributes {nvptx.launch = #nvptx.launch<@kernels::@absent, blocks = 8>} {
  ^bb0(%a: tensor<?x64xf32>):
    tile.yield %a : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
}

// -----

// expected-error@+1 {{expects device functions in a gpu.module called 'kernels'}}
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 49152, registers = 65536>} {
func.func @step(%y: tensor<?x64xf32>) {
  %0 = tile.kernel "rows" #nvptx.rows<warps = 2> ins() outs(%y : tensor<?x64xf32>) attributes {nvptx.launch = #nvptx.launch<@others::@rows, blocks = 8>} {
  ^bb0(%a: tensor<?x64xf32>):
    tile.yield %a : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
gpu.module @others {
  llvm.func @rows() attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64, 1, 1>, nvptx.shared_bytes = 0 : i64} {
    llvm.return
  }
}
}

// -----

// expected-error@+1 {{no PTX for 'sm_70'; the targets are sm_90a, sm_80}}
module attributes {machine.target = #machine.gpu<name = "sm_70", shared = 49152, registers = 65536>} {
func.func @step(%y: tensor<?x64xf32>) {
  %0 = tile.kernel "rows" #nvptx.rows<warps = 2> ins() outs(%y : tensor<?x64xf32>) attributes {nvptx.launch = #nvptx.launch<@kernels::@rows, blocks = 8>} {
  ^bb0(%a: tensor<?x64xf32>):
    tile.yield %a : tensor<?x64xf32>
  } -> tensor<?x64xf32>
  return
}
gpu.module @kernels {
  llvm.func @rows() attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64, 1, 1>, nvptx.shared_bytes = 0 : i64} {
    llvm.return
  }
}
}
