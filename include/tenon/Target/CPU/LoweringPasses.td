// Passes that lower a module on memrefs to the LLVM dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_CPU_LOWERINGPASSES_TD
#define TENON_TARGET_CPU_LOWERINGPASSES_TD

include "mlir/Pass/PassBase.td"

def LowerWeightRefs : Pass<"tenon-lower-weight-refs", "::mlir::ModuleOp"> {
  let summary = "Lower weight references to addresses, and layer schedules to tables";
  let description = [{
    A `tenon.weight_ref` becomes the base address of the packed weights, which the
    step context holds, plus a constant offset, plus the layer index times a
    constant stride:

    ```mlir
    %w = tenon.weight_ref @q[%l] : !tenon.weight<96x64, <bf16>, <16x2>>     // at 4096
    ```

    becomes

    ```mlir
    %base = llvm.load (field of %ctx) : !llvm.ptr -> !llvm.ptr
    %byte = %l * 12288 + 4096
    %w = llvm.getelementptr %base[%byte] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    ```

    followed by an `unrealized_conversion_cast` to the weight type. `tenon.kind` and
    `tenon.ordinal` become loads from constant tables. The weight symbols are
    erased. A weight without an offset is an error.

    Runs after `tile-distribute-to-workers` because the address is read from the
    context argument that it adds; must precede `convert-tile-to-llvm` because that
    conversion has no patterns for the tenon dialect.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def CreateStepEntries : Pass<"tile-create-step-entries", "::mlir::ModuleOp"> {
  let summary = "Create the entry point that the runtime calls for each step function";
  let description = [{
    Adds, for every public function with `tile.memory`, an entry point whose
    arguments are the context and the index of the worker. It loads the operands of
    the step from the context, by the `tenon.role` of each argument, and calls the
    step function. An argument whose role is not a field of the context or whose
    type is not what the context holds, two steps for the same number of tokens,
    and steps with different caches are errors. The step function becomes private,
    and all functions get the `suffix` of the variant. Attributes `tile.bucket` and
    `tile.memory` are removed from private functions.

    ```mlir
    func.func @step.t8(%ctx: !tile.context, %worker: index, %workers: index, ...)
    ```

    becomes

    ```mlir
    func.func private @step.t8.v3(%ctx: !tile.context, %worker: index, %workers: index, ...)
    func.func @entry.step.t8.v3(%ctx: !tile.context, %worker: index) { ... call @step.t8.v3 ... }
    ```

    Runs after `tile-plan-memory` and `tile-distribute-to-workers` because it
    passes the operands that they add; must precede
    `duplicate-function-elimination` because kernels of different buckets become
    equal when `tile.bucket` is removed, and `convert-tile-to-llvm` because it
    builds memref descriptors for typed arguments.
  }];
  let options = [
    Option<"suffix", "suffix", "std::string", /*default=*/"\"\"",
           "Appended to the name of every function, because several variants share one library">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect"];
}

def CreateArrayEntries : Pass<"tile-create-array-entries", "::mlir::ModuleOp"> {
  let summary = "Create entry points that take the arguments of a function as an array";
  let description = [{
    Like `tile-create-step-entries`, for functions of any signature. Arguments with
    a role of a worker or of its memory are passed as they are; the `i`-th of the
    others is loaded from `states[i]` of the context, which points to a memref
    descriptor, an `i64`, or the packed bytes of a weight. `tenon compile --entry`
    uses it for functions of C, and tests to run single kernels.

    ```mlir
    func.func @f(%ctx: !tile.context, %worker: index, %workers: index, %x: memref<?x8xf32>, ...)
    ```

    becomes

    ```mlir
    func.func private @f(...)
    func.func @entry.f(%ctx: !tile.context, %worker: index) { ... call @f ... }
    ```

    Runs after `tile-plan-memory` and `tile-distribute-to-workers` because it
    passes the operands that they add; must precede `convert-tile-to-llvm` because
    it builds memref descriptors for typed arguments.
  }];
  let options = [
    Option<"suffix", "suffix", "std::string", /*default=*/"\"\"",
           "Appended to the name of every function, because several variants share one library">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect"];
}

def ConvertTileToLLVM : Pass<"convert-tile-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Convert steps on memrefs to the LLVM dialect";
  let description = [{
    Weights and contexts become pointers, a barrier becomes a call of the function
    whose address the context holds, `tile.next_ticket` becomes an atomic
    fetch-and-add; everything else is lowered by upstream conversions.

    ```mlir
    tile.barrier %ctx, %worker
    ```

    becomes

    ```mlir
    %f = llvm.load (field of %ctx) : !llvm.ptr -> !llvm.ptr
    llvm.call %f(%ctx, %worker) : !llvm.ptr, (!llvm.ptr, i64) -> ()
    ```

    Runs after `convert-scf-to-cf`, `expand-strided-metadata` and `lower-affine`
    because it has no patterns for the ops that they lower; must precede
    `reconcile-unrealized-casts` because the casts of weights and contexts cancel
    only when both sides are pointers.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // TENON_TARGET_CPU_LOWERINGPASSES_TD
