// Passes that bring a module on memrefs to the LLVM dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_CPU_LOWERINGPASSES_TD
#define TENON_TARGET_CPU_LOWERINGPASSES_TD

include "mlir/Pass/PassBase.td"

def LowerWeightRefs : Pass<"tenon-lower-weight-refs", "::mlir::ModuleOp"> {
  let summary = "Compute the addresses of weights and the kinds of layers";
  let description = [{
    A use of a weight becomes a constant, and a constant times the layer, added to
    the address of the packed weights, which the context of the step holds:

    ```mlir
    %w = tenon.weight_ref @q[%l] : !tenon.weight<96x64, <bf16>, <16x2>>     // at 4096
    ```

    becomes

    ```mlir
    %base = llvm.load (field of %ctx) : !llvm.ptr -> !llvm.ptr
    %byte = %l * 12288 + 4096
    %w = llvm.getelementptr %base[%byte] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    ```

    seen as a weight through a cast. Kinds and ordinals of layers are read from
    constant tables. The ops that name weights are dropped. A weight without an
    offset is an error.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def CreateStepEntries : Pass<"tile-create-step-entries", "::mlir::ModuleOp"> {
  let summary = "Make a function that the runtime calls for each step function";
  let description = [{
    For every public function with `tile.memory`, a function of the context and
    the worker's number, which reads the fields of the context and calls it: each
    argument says by `tenon.role` what it is, and one without a role that the
    context has is an error. The step function becomes private, and both get the
    variant's `suffix`. Private functions lose `tile.bucket` and `tile.memory`.

    ```mlir
    func.func @step.t8(%ctx: !tile.context, %worker: index, %workers: index, ...)
    ```

    becomes

    ```mlir
    func.func private @step.t8.v3(%ctx: !tile.context, %worker: index, %workers: index, ...)
    func.func @entry.step.t8.v3(%ctx: !tile.context, %worker: index) { ... call @step.t8.v3 ... }
    ```
  }];
  let options = [
    Option<"suffix", "suffix", "std::string", /*default=*/"\"\"",
           "Appended to the name of every function: several variants share one library">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect"];
}

def CreateArrayEntries : Pass<"tile-create-array-entries", "::mlir::ModuleOp"> {
  let summary = "Make a function that takes the arguments of each step function as an array";
  let description = [{
    Like `tile-create-step-entries`, for functions of any signature: argument `i`
    of those without a role of a worker or of its memory is read
    from where `states[i]` of the context points, a memref descriptor, an `i64`,
    or the packed bytes of a weight. It serves single kernels, which are executed on their own in tests.

    ```mlir
    func.func @f(%ctx: !tile.context, %worker: index, %workers: index, %x: memref<?x8xf32>, ...)
    ```

    becomes

    ```mlir
    func.func private @f(...)
    func.func @entry.f(%ctx: !tile.context, %worker: index) { ... call @f ... }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect"];
}

def ConvertTileToLLVM : Pass<"convert-tile-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Convert what is left of a step to the LLVM dialect";
  let description = [{
    Weights and contexts become pointers; barriers call the function that the
    context names; tickets are an atomic addition; everything else goes the way
    of upstream's conversions. Expects structured control flow and views to be
    lowered already.

    ```mlir
    tile.barrier %ctx, %worker
    ```

    becomes

    ```mlir
    %f = llvm.load (field of %ctx) : !llvm.ptr -> !llvm.ptr
    llvm.call %f(%ctx, %worker) : !llvm.ptr, (!llvm.ptr, i64) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // TENON_TARGET_CPU_LOWERINGPASSES_TD
