// Passes that transform one level of the IR.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TRANSFORMS_PASSES_TD
#define TENON_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// simplify
//===----------------------------------------------------------------------===//

def FuseGateUp : Pass<"tenon-fuse-gate-up", "::mlir::ModuleOp"> {
  let summary = "Fuse gate and up projections into one GEMM";
  let description = [{
    Two linears that share an input and feed a `tenon.glu` become one linear with
    `glu` over the concatenated rows of both weights:

    ```mlir
    %g = tenon.linear %h, %wg : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x96xf32>
    %u = tenon.linear %h, %wu : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x96xf32>
    %a = tenon.glu silu %g, %u : tensor<?x96xf32>
    ```

    becomes

    ```mlir
    tenon.derive @gate_up = concat_rows [@gate, @up] : !tenon.weight<3x192x64, <bf16>>
    %a = tenon.linear %h, %w glu silu : tensor<?x64xf32>, !tenon.weight<192x64, <bf16>> -> tensor<?x96xf32>
    ```

    The rewrite is bit-exact. It does not apply to linears with a bias, with
    weights of different formats or layers, with other users, with a result type
    other than `f32`, or whose row counts are not multiples of the scale block.

    Runs after the import because it matches the ops that model families emit; must
    precede `tenon-merge-projections` because that pass would merge gate and up
    into one linear and slice its result, which this pattern does not match.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def MergeProjections : Pass<"tenon-merge-projections", "::mlir::ModuleOp"> {
  let summary = "Fuse projections that share an input into one GEMM";
  let description = [{
    Linears of one block that share an input become one linear over the
    concatenated rows of their weights, followed by slices of its result:

    ```mlir
    %q = tenon.linear %h, %wq : tensor<?x64xf32>, !tenon.weight<96x64, <bf16>> -> tensor<?x6x16xf32>
    %k = tenon.linear %h, %wk : tensor<?x64xf32>, !tenon.weight<32x64, <bf16>> -> tensor<?x2x16xf32>
    ```

    becomes

    ```mlir
    tenon.derive @q_k = concat_rows [@q, @k] : !tenon.weight<3x128x64, <bf16>>
    %m = tenon.linear %h, %w : tensor<?x64xf32>, !tenon.weight<128x64, <bf16>> -> tensor<?x128xf32>
    %q0 = tensor.extract_slice %m[0, 0] [%t, 96] [1, 1] : ...
    %q = tensor.expand_shape %q0 [[0], [1, 2]] output_shape [%t, 6, 16] : ...
    %k0 = tensor.extract_slice %m[0, 96] [%t, 32] [1, 1] : ...
    %k = tensor.expand_shape %k0 [[0], [1, 2]] output_shape [%t, 2, 16] : ...
    ```

    The rewrite is bit-exact. Excluded are linears with a bias or `glu`, with
    weights of different formats or layers, or whose row counts are not multiples
    of the scale block, and linears whose result is returned or passed to a call,
    because the slice of the merged result would have to be copied.

    Runs after `tenon-fuse-gate-up` because linears that feed a `tenon.glu` must
    not be merged by slicing; must precede `tenon-assign-weight-layouts` because
    only weights without a layout can be concatenated.
  }];
  let dependentDialects = ["::tenon::TenonDialect", "::mlir::tensor::TensorDialect"];
}

def DecomposeExperts : Pass<"tenon-decompose-experts", "::mlir::ModuleOp"> {
  let summary = "Decompose experts into dispatch, grouped GEMM and combine";
  let description = [{
    ```mlir
    %e = tenon.experts silu %h, %id, %wt, %g, %u, %d : ...
    %y = arith.addf %x, %e : tensor<?x64xf32>
    ```

    becomes

    ```mlir
    tenon.derive @gate_up = concat_rows [@gate, @up] : ...
    %order, %place, %offs = tenon.moe_dispatch %id : ...
    %a = tenon.grouped_linear %h rows %order choices 2 of %offs, %gu glu silu : ...
    %n = tenon.grouped_linear %a of %offs, %d : ...
    %y = tenon.moe_combine %n, %place, %wt init %x : ...
    ```

    The rewrite is bit-exact. Gate and up weights that cannot be concatenated
    stay separate linears feeding a `tenon.glu`. With `scale_input` the products
    read `tenon.scale_rows %h by %wt`, and the combine has weights of 1. If the
    only user of the experts is not an `arith.addf` in the same block, `init` is a
    tensor of zeros. The pass does not apply to result types other than `f32`, or
    to weights that are not defined by a `tenon.weight_ref`.

    Runs after the import because it matches the residual `arith.addf` that
    families emit, and does not depend on the passes before it; must precede
    `tenon-form-kernels` because `tenon.experts` is not an op that a kernel can
    contain, and `tenon-assign-weight-layouts` because it derives weights.
  }];
  let dependentDialects = ["::tenon::TenonDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

//===----------------------------------------------------------------------===//
// form
//===----------------------------------------------------------------------===//

def SpecializeBuckets : Pass<"tenon-specialize-buckets", "::mlir::ModuleOp"> {
  let summary = "Specialize the step function for each token bucket";
  let description = [{
    Every public function without a bucket is cloned once per bucket, together
    with its callees. A clone carries the maximum number of tokens as
    `tile.bucket` and as a suffix of its name:

    ```mlir
    func.func @step(...) { ... call @layer.dense ... }
    ```

    becomes, with `buckets=1,8`,

    ```mlir
    func.func @step.t1(...) attributes {tile.bucket = #tile.bucket<tokens = 1>} { ... call @layer.dense.t1 ... }
    func.func @step.t8(...) attributes {tile.bucket = #tile.bucket<tokens = 8>} { ... call @layer.dense.t8 ... }
    ```

    Functions that already have a bucket, their callees, and declarations are
    unchanged.

    Runs after `tenon-materialize-rope-tables` because a rewrite that does not
    depend on the number of tokens is then done once; must precede
    `tenon-choose-mla-form` and `tenon-form-kernels` because both read
    `tile.bucket`.
  }];
  let options = [
    ListOption<"buckets", "buckets", "int64_t",
               "Maximum numbers of tokens of the specialized steps, ascending; a deployment choice, not a property of the graph">
  ];
  let dependentDialects = ["::tenon::tile::TileDialect"];
}

def ChooseMlaForm : Pass<"tenon-choose-mla-form", "::mlir::ModuleOp"> {
  let summary = "Rewrite MLA to the absorbed form in small buckets";
  let description = [{
    In functions with a bucket of at most `absorb-tokens` tokens, multi-head latent
    attention (MLA) is rewritten to its absorbed form: the query is multiplied by
    the transposed key part of `expand`, multi-query attention over the latent
    cache follows, and its result is multiplied by the value part:

    ```mlir
    %o = tenon.mla_attention %q, %c[%i], %w at %pos in %slot blocks %b nope 16 scale 0.2 mask <causal> : ...
    ```

    becomes

    ```mlir
    tenon.derive @w.heads = split_rows [@w] count 28 : !tenon.weight<3x4x28x32, <bf16>>
    tenon.derive @w.keys = slice_rows [@w.heads] : !tenon.weight<3x4x16x32, <bf16>>
    tenon.derive @w.keys_transposed = transpose [@w.keys] : !tenon.weight<3x4x32x16, <bf16>>
    tenon.derive @w.values = slice_rows [@w.heads] first 16 : !tenon.weight<3x4x12x32, <bf16>>
    %a = tenon.head_linear %q, %ukt keep : ... -> tensor<?x4x40xf32>
    %l = tenon.attention %a, %c[%i] ... value_first 32 : ... -> tensor<?x4x32xf32>
    %o = tenon.head_linear %l, %uv : ... -> tensor<?x4x12xf32>
    ```

    Not bit-exact: reassociates floating-point reductions. In functions with a
    larger bucket, `expand` is only split by heads, which is bit-exact. If a head
    boundary is not a multiple of the scale block, or if a scale block that would
    be transposed is not square, the weight is cast to `f32`, the type in which a
    GEMM would read it. The pass does not apply to functions without a bucket, or
    to an `expand` that is already split or is not defined by a
    `tenon.weight_ref`. The bound is the option if it is given, otherwise that of
    `machine.target`; with neither, every bucket keeps the naive form. With
    `selected` every bucket has the absorbed form, with `tenon.selected_attention`
    in the middle, unless the bound is 0: each token would expand keys for itself
    alone.

    Runs after `tenon-specialize-buckets` because the form depends on the bucket;
    must precede `tenon-assign-weight-layouts` because it derives weights, and
    `convert-tenon-to-tile` because that pass expects `expand` split by heads.
  }];
  let options = [
    Option<"absorbTokens", "absorb-tokens", "int64_t", /*default=*/"-1",
           "Largest bucket in the absorbed form, or -1 for the default of the machine; 0 selects the naive form everywhere; an option because it changes the order of reductions">
  ];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def MaterializeRopeTables : Pass<"tenon-materialize-rope-tables", "::mlir::ModuleOp"> {
  let summary = "Materialize cos/sin tables for rotary embeddings";
  let description = [{
    ```mlir
    %r = tenon.rope %q at %pos last #rope : tensor<?x4x24xf32>, tensor<?xi32>
    ```

    becomes, with `positions=4096`,

    ```mlir
    tenon.rope_table @rope #rope positions 4096 : !tenon.weight<272x8, <f32>>
    %t = tenon.weight_ref @rope : !tenon.weight<272x8, <f32>>
    %r = tenon.rope %q at %pos last #rope table %t : !tenon.weight<272x8, <f32>> : tensor<?x4x24xf32>, tensor<?xi32>
    ```

    Rotary embeddings with equal attributes share a table. An existing table is
    reused if it covers at least `positions` positions; a `tenon.rope` that already
    has a table is unchanged.

    Runs after the simplify passes because those depend on the graph alone, whereas
    `positions` is a choice of the deployment; must precede
    `tenon-assign-weight-layouts` because a table needs a byte offset.
  }];
  let options = [
    Option<"positions", "positions", "int64_t", /*default=*/"4096",
           "Maximum sequence length; a deployment choice, not a property of the graph">
  ];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def RoundActivations : Pass<"tenon-round-activations", "::mlir::ModuleOp"> {
  let summary = "Round activations to bf16 where they are multiplied";
  let description = [{
    Sets the type in which products take activations. The rows that a linear layer
    multiplies with a weight, and the queries of attention, are rounded to `bf16`,
    and so are the probabilities of attention. A weight in `f32` or `f16` that meets
    them is cast to `bf16`; one in any other format is `bf16` times a scale already.

    ```mlir
    %h = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
    %w = tenon.weight_ref @w : !tenon.weight<96x64, <f32>>
    %q = tenon.linear %h, %w : tensor<?x64xf32>, !tenon.weight<96x64, <f32>> -> tensor<?x96xf32>
    ```

    becomes

    ```mlir
    %h = tenon.norm rms %x, %n eps 1.0e-6 : tensor<?x64xf32>, !tenon.weight<64, <f32>>
    %r = arith.truncf %h : tensor<?x64xf32> to tensor<?x64xbf16>
    %w = tenon.weight_ref @w.bf16 : !tenon.weight<96x64, <bf16>>
    %q = tenon.linear %r, %w : tensor<?x64xbf16>, !tenon.weight<96x64, <bf16>> -> tensor<?x96xf32>
    ```

    A linear layer or an attention whose result is only read as `bf16` gets a result
    of that type instead. Sums, residuals, norms and rotations stay `f32`, and so
    does a linear layer that feeds `tenon.router` or `tenon.index_topk`, also
    through row-wise ops, because what these choose is not continuous.

    Not bit-exact: this is the choice of a numeric type, which the interpreter and
    all targets follow.

    Runs after `tenon-choose-mla-form` because the absorbed form makes further
    products; must precede `tenon-assign-weight-layouts` because it casts weights.
  }];
  let dependentDialects = ["::tenon::TenonDialect", "::mlir::arith::ArithDialect"];
}

def WidenWeights : Pass<"tenon-widen-weights", "::mlir::ModuleOp"> {
  let summary = "Widen sub-byte quantized values to whole bytes";
  let description = [{
    A format with scales, such as those of GGUF blocks, becomes the equivalent
    format with `i8` values, or `f8E4M3FN` if its values are floats, and `f32`
    scales and mins, in the types of weights and of all their users:

    ```mlir
    tenon.weight @w "w" : !tenon.weight<96x64, <ui4, zero 8, scale f16 per 1x32>>
    %w = tenon.weight_ref @w : !tenon.weight<96x64, <ui4, zero 8, scale f16 per 1x32>>
    ```

    becomes

    ```mlir
    tenon.weight @w "w" : !tenon.weight<96x64, <i8, scale f32 per 1x32>>
    %w = tenon.weight_ref @w : !tenon.weight<96x64, <i8, scale f32 per 1x32>>
    ```

    No other pass decides which stored formats stay packed. The pass does nothing
    if `machine.target` reads packed values, or if the module has no
    `machine.target` and the option is not set.

    Runs after `tenon-choose-mla-form` because a derived weight has the format of
    its source, so both must be widened together; must precede
    `tenon-assign-weight-layouts` because the layout depends on the bits of a
    quantized value.
  }];
  let options = [
    Option<"always", "always", "bool", /*default=*/"false",
           "Widen for every machine; the driver sets it if one of several targets needs it">
  ];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def AssignWeightLayouts : Pass<"tenon-assign-weight-layouts", "::mlir::ModuleOp"> {
  let summary = "Assign a packed layout and a byte offset to every used weight";
  let description = [{
    A matrix that is an operand of a GEMM or an embedding gets panels of 16 rows
    and 4 bytes of columns, with gate and up rows paired for a linear with `glu`;
    a vector is cast to `f32`. Each used weight then gets its byte offset in the
    packed weights.

    ```mlir
    tenon.weight @w "w" : !tenon.weight<96x64, <bf16>>
    %w = tenon.weight_ref @w : !tenon.weight<96x64, <bf16>>
    ```

    becomes

    ```mlir
    tenon.weight @w "w" : !tenon.weight<96x64, <bf16>, <16x2>> at 0
    %w = tenon.weight_ref @w : !tenon.weight<96x64, <bf16>, <16x2>>
    ```

    The layout does not depend on the vector width. A matrix with both paired and
    unpaired uses is packed twice, the second time as `@w.pair`. Cos/sin tables
    stay row-major. A layout that a weight has is replaced. A scale block that is
    not a multiple of the panel's period is an error.

    Runs after every pass that creates or retypes a weight because byte offsets
    follow from the final types; must precede `tenon-form-kernels` because weight
    types are part of a kernel's signature.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def FormKernels : Pass<"tenon-form-kernels", "::mlir::ModuleOp"> {
  let summary = "Group the ops of specialized functions into kernels";
  let description = [{
    The ops of each block of a function with a bucket become kernels, in program
    order. A kernel is one of:

    * a linear, with a single-use RMSNorm or layer norm fused as prologue in
      buckets of up to `getRecomputedNormTokens` tokens, and a residual-add
      epilogue;
    * a maximal run of row-wise ops: norms, rotary embeddings, cache updates,
      additions, embeddings, routers, combines. A run ends at an op on a different
      set of rows, such as gathered rows, and at an op that reads rows of other
      tokens written in the run. Where the machine `separatesComparisons`, ops
      that compare the elements of a row (routers, `tenon.index_topk`) and the
      others end each other's runs;
    * an attention, a grouped or per-head linear, or a dispatch.

    Slices, reshapes, `tensor.dim`, constants and splats are cloned into the
    kernels that read them. The destination of a residual add is the residual
    operand, if it has no later reader and no other rows of the kernel read it;
    the destination of a cache update is the cache. An argument with
    `bufferization.writable = false` is no destination. Other results that a public
    function returns become destination arguments of the function. Ops without
    users are left outside kernels.

    ```mlir
    %h = tenon.norm rms %x, %n eps 1.0e-6 : ...
    %y = tenon.linear %h, %w : ...
    ```

    becomes

    ```mlir
    %e = tensor.empty(%t) : tensor<?x96xf32>
    %y = tile.kernel "layer.dense.linear.t8" <rows = 4, panels = 2> ins(%x, %n, %w : ...) outs(%e : ...) { ... } -> tensor<?x96xf32>
    ```

    Tile sizes come from `machine.target`. A module without it, rows of dynamic
    length or of none, and a result of a step that is neither a cache nor, by its
    `tenon.role`, `logits`, `embeddings` or `pooled`, are errors.

    Runs after `tenon-assign-weight-layouts` because kernel signatures contain the
    final weight types; must precede `convert-tenon-to-tile` because that pass
    lowers the bodies of kernels.
  }];
  let dependentDialects = ["::tenon::TenonDialect", "::tenon::tile::TileDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

//===----------------------------------------------------------------------===//
// bufferize
//===----------------------------------------------------------------------===//

def OutlineKernels : Pass<"tile-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Outline every kernel into a function";
  let description = [{
    ```mlir
    %y = tile.kernel "k" <> ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) { ... } -> tensor<?x8xf32>
    ```

    becomes

    ```mlir
    func.func private @k(%x: tensor<?x8xf32>, %e: tensor<?x8xf32>) -> tensor<?x8xf32>
        attributes {tile.kernel = #tile.config<>}
    %y = func.call @k(%x, %e) : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    ```

    The function has the bucket of its caller, and the kernel's configuration as
    `tile.kernel`, which marks it as a kernel until code is emitted. An argument
    that the caller forwards keeps its `tenon.role`. A name that is already in use
    gets a numeric suffix.

    Runs after `convert-tenon-to-tile` because that pass lowers `tile.kernel`
    regions; must precede `one-shot-bufferize` because `tile.kernel` does not
    implement `BufferizableOpInterface`, whereas calls do.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def DropReturnedBuffers : Pass<"tile-drop-returned-buffers", "::mlir::ModuleOp"> {
  let summary = "Drop results that are buffers of the caller";
  let description = [{
    Drops results of private functions that are one of their arguments; callers use
    the buffer that they passed:

    ```mlir
    func.func private @kernel(%a: memref<8xf32>) -> memref<8xf32> { ... return %a : memref<8xf32> }
    func.func private @layer(%a: memref<8xf32>) -> memref<8xf32> {
      %b = call @kernel(%a) : (memref<8xf32>) -> memref<8xf32>
      return %b : memref<8xf32>
    }
    ```

    becomes

    ```mlir
    func.func private @kernel(%a: memref<8xf32>) { ... return }
    func.func private @layer(%a: memref<8xf32>) {
      call @kernel(%a) : (memref<8xf32>) -> ()
      return
    }
    ```

    Upstream's `drop-equivalent-buffer-results` handles one level of calls: that
    `@layer` returns its argument is visible only when `@kernel` returns nothing and
    the loops around the call are simplified. This pass runs it, `canonicalize` and
    `cse` until no function loses a result, so calls nest to any depth. Buffers that
    a function allocates stay results.

    Runs after `one-shot-bufferize` because that pass returns every buffer that a
    function writes; must precede `tile-verify-no-large-copies` because copies from
    a buffer to itself are removed on the way, and `tile-plan-memory` because a
    returned buffer would outlive its function.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def VerifyNoLargeCopies : Pass<"tile-verify-no-large-copies", "::mlir::ModuleOp"> {
  let summary = "Verify that steps make no large copy and no unbounded allocation";
  let description = [{
    Reports as an error, in every function, a copy of more than `limit` bytes, and
    an allocation or a copy whose size the bucket does not bound, such as that of
    a KV cache. A copy in a kernel outside its parallel loop is an error as well,
    because every worker would execute it. Allocations that the bucket bounds are
    accepted; `tile-plan-memory` assigns their offsets. The pass does not change
    the IR.

    Example: with `limit=1024`, this copy is an error:

    ```mlir
    memref.copy %a, %b : memref<64x64xf32> to memref<64x64xf32>
    ```

    Runs after `one-shot-bufferize` and `tile-drop-returned-buffers` because
    copies are explicit there and redundant ones are gone; must precede
    `tile-plan-memory` because allocations become views there.
  }];
  let options = [
    Option<"limit", "limit", "int64_t", /*default=*/"65536",
           "Largest accepted copy in bytes; a budget, not a property of the program">
  ];
}

def PlanMemory : Pass<"tile-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Plan static buffer offsets in one arena";
  let description = [{
    Functions with a bucket get two arguments, the arena, which all workers share,
    and the scratch memory of the worker. Allocations become views of them:

    ```mlir
    %a = memref.alloc(%t) : memref<?x72xf32>
    ```

    becomes

    ```mlir
    %a = memref.view %arena[%c0][%t] : memref<?xi8> to memref<?x72xf32>
    ```

    Buffers of steps and layers are in the arena, sized for the maximum number of
    tokens; buffers with disjoint live ranges share memory. A callee's buffers
    follow those of its caller. Buffers of kernels are in the scratch memory.
    Functions get the attribute `tile.memory` with the bytes of both.

    Recursion, a buffer whose size the bucket does not bound, a buffer that
    outlives the private function or the loop iteration that allocates it, and a
    function that has an argument for the arena or the scratch memory already, are
    errors.

    Runs after `duplicate-function-elimination` and `tile-verify-no-large-copies`
    because equal kernels then share one plan and unbounded allocations have been
    reported; must precede `tile-create-step-entries` because entries pass the
    arena and the scratch memory.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::tenon::tile::TileDialect"];
}

def DistributeToWorkers : Pass<"tile-distribute-to-workers", "::mlir::ModuleOp"> {
  let summary = "Distribute the iterations of parallel loops to workers";
  let description = [{
    Every worker runs the step function (SPMD). Functions with a bucket get three
    leading arguments, with the roles `context`, `worker` and `workers`: the
    context of the step, the index of the worker, and the number of workers. With
    `static`, a parallel loop becomes a loop over a contiguous chunk of its
    iterations:

    ```mlir
    scf.forall (%i) in (%n) { ... } {mapping = [#tile.worker<static>]}
    ```

    becomes

    ```mlir
    %a = ... %worker * %n / %workers
    %b = ... (%worker + 1) * %n / %workers
    scf.for %i = %a to %b step %c1 { ... }
    ```

    With `ticket`, iterations are scheduled dynamically by an atomic counter:

    ```mlir
    scf.while : () -> index { %i = tile.next_ticket %ctx  scf.condition(%i < %n) %i }
      do { ^bb0(%i: index): ... }
    ```

    A barrier follows each call of a function with `tile.kernel`, and separates two
    dynamically scheduled loops of a kernel, because it resets the counter. A
    parallel loop outside of a kernel, without a `#tile.worker` mapping or inside
    another parallel loop, a dynamically scheduled loop inside any other region, a
    caller without a bucket, and a function that has such arguments already are
    errors.

    Runs after `tile-verify-no-large-copies` because that pass tells copies inside
    an `scf.forall` from those that every worker would execute; must precede
    `tenon-lower-weight-refs` and `tile-create-step-entries` because both use the
    arguments that it adds.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::tenon::tile::TileDialect"];
}

#endif // TENON_TRANSFORMS_PASSES_TD
