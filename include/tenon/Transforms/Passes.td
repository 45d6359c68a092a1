// Passes that stay on one level of the IR.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TRANSFORMS_PASSES_TD
#define TENON_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// simplify
//===----------------------------------------------------------------------===//

def FuseGateUp : Pass<"tenon-fuse-gate-up", "::mlir::ModuleOp"> {
  let summary = "Join a gate and the projection beside it into one matrix";
  let description = [{
    Two linears of one input, whose results meet in a `tenon.glu`, become one
    linear over the joined rows of both weights:

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

    No bit of the result changes. Linears with a bias, of different formats or
    layers, with further users, with results that are not `f32`, or whose rows do
    not fall on whole blocks of scales stay as they are.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def MergeProjections : Pass<"tenon-merge-projections", "::mlir::ModuleOp"> {
  let summary = "Join projections of one input into one matrix";
  let description = [{
    Linears of one input, in one block, become one linear over the joined rows of
    their weights, and slices of its result:

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

    No bit of the result changes. Linears with a bias or `glu`, of different
    formats or layers, or whose rows do not fall on whole blocks of scales are
    left out, and so are those whose result is returned or passed on: a slice of
    the merged result would have to be copied.
  }];
  let dependentDialects = ["::tenon::TenonDialect", "::mlir::tensor::TensorDialect"];
}

def DecomposeExperts : Pass<"tenon-decompose-experts", "::mlir::ModuleOp"> {
  let summary = "Open experts into a grouped matrix product";
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

    No bit of the result changes. Gates and projections that cannot be joined are
    multiplied apart and meet in a `tenon.glu`. Experts whose only user is not an
    addition in the same block are added to a tensor of zeros. Results that are
    not `f32`, and weights without a name, stay as they are.
  }];
  let dependentDialects = ["::tenon::TenonDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

//===----------------------------------------------------------------------===//
// form
//===----------------------------------------------------------------------===//

def SpecializeBuckets : Pass<"tenon-specialize-buckets", "::mlir::ModuleOp"> {
  let summary = "Make one step function for each bucket of tokens";
  let description = [{
    Every public function without a bucket, and what it calls, is cloned once for
    each bucket; the clones carry the bound and its name:

    ```mlir
    func.func @step(...) { ... call @layer.dense ... }
    ```

    becomes, with `buckets=1,8`,

    ```mlir
    func.func @step.t1(...) attributes {tile.bucket = #tile.bucket<tokens = 1>} { ... call @layer.dense.t1 ... }
    func.func @step.t8(...) attributes {tile.bucket = #tile.bucket<tokens = 8>} { ... call @layer.dense.t8 ... }
    ```

    Functions that have a bucket stay, with what they call; declarations stay, too.
  }];
  let options = [
    ListOption<"buckets", "buckets", "int64_t",
               "Most tokens of a step, ascending: a choice of the user, which the graph does not contain">
  ];
  let dependentDialects = ["::tenon::tile::TileDialect"];
}

def ChooseMlaForm : Pass<"tenon-choose-mla-form", "::mlir::ModuleOp"> {
  let summary = "Absorb the expansion of latent attention where steps are short";
  let description = [{
    In functions with a bucket of at most `absorb-tokens`, a latent attention is
    written in its absorbed form: the query is multiplied by the transposed key
    part of `expand`, attends to the latent cache as if it had one head, and the
    result is multiplied by the value part:

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

    This is a numeric pass: sums are taken in another order. In functions with a
    larger bucket only the expansion is split by heads, which changes nothing.
    Where a head would cut a block of scales, or a transposition a block that is
    not square, the weight is cast to `f32`, as a product would take it. In
    functions without a bucket, and for an expansion that is split already or
    has no name, nothing happens. The bound is that of `machine.target`, or the
    option where it is given; with neither, every bucket keeps the naive form.
  }];
  let options = [
    Option<"absorbTokens", "absorb-tokens", "int64_t", /*default=*/"-1",
           "Largest bucket that is absorbed, or -1 for that of the machine; 0 pins the naive form: a choice between two orders of summation">
  ];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def MaterializeRopeTables : Pass<"tenon-materialize-rope-tables", "::mlir::ModuleOp"> {
  let summary = "Give every rotation a table of its cosines and sines";
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

    Rotations with equal attributes share a table, which may exist already if it
    has as many positions; a rotation that has a table keeps it.
  }];
  let options = [
    Option<"positions", "positions", "int64_t", /*default=*/"4096",
           "Positions that a sequence may reach: a choice of the user, which the graph does not contain">
  ];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def WidenWeights : Pass<"tenon-widen-weights", "::mlir::ModuleOp"> {
  let summary = "Give weights codes of whole bytes where the machine needs them";
  let description = [{
    A format with unsigned codes, as GGUF's blocks have it, becomes the one with
    codes `i8` and `f32` factors that has the same values, in the types of
    weights and of everything that uses them:

    ```mlir
    tenon.weight @w "w" : !tenon.weight<96x64, <ui4, zero 8, scale f16 per 1x32>>
    %w = tenon.weight_ref @w : !tenon.weight<96x64, <ui4, zero 8, scale f16 per 1x32>>
    ```

    becomes

    ```mlir
    tenon.weight @w "w" : !tenon.weight<96x64, <i8, scale f32 per 1x32>>
    %w = tenon.weight_ref @w : !tenon.weight<96x64, <i8, scale f32 per 1x32>>
    ```

    This is the one place that decides which stored formats stay packed. Nothing
    happens if `machine.target` reads such codes, or if there is none and the
    option is not set.
  }];
  let options = [
    Option<"always", "always", "bool", /*default=*/"false",
           "Widen whatever the machine: the driver sets it if one of several targets needs it">
  ];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def AssignWeightLayouts : Pass<"tenon-assign-weight-layouts", "::mlir::ModuleOp"> {
  let summary = "Give every used weight a layout and a place";
  let description = [{
    A matrix that is multiplied or looked up gets panels of 16 rows and 4 bytes
    of columns, paired where a linear has `glu`; a vector is cast to `f32`. Then
    each used weight gets its offset among the packed weights.

    ```mlir
    tenon.weight @w "w" : !tenon.weight<96x64, <bf16>>
    %w = tenon.weight_ref @w : !tenon.weight<96x64, <bf16>>
    ```

    becomes

    ```mlir
    tenon.weight @w "w" : !tenon.weight<96x64, <bf16>, <16x2>> at 0
    %w = tenon.weight_ref @w : !tenon.weight<96x64, <bf16>, <16x2>>
    ```

    The same layout serves every vector width. A matrix that is needed in pairs
    and in order is packed twice, the second time as `@w.pair`. Tables of
    rotations keep their rows. A scale whose block is no multiple of a panel's
    period is an error.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def FormKernels : Pass<"tenon-form-kernels", "::mlir::ModuleOp"> {
  let summary = "Group the ops of functions with a bucket into kernels";
  let description = [{
    The ops of each block of a function become kernels, in their order:

    * a product of weights, with a norm before it that has no other user, if the
      machine computes a norm of so few tokens again in each worker, and an
      addition after it;
    * runs of ops that work on single rows: norms, rotations, cache updates,
      additions, lookups, routers, combinations. A run ends where an op works on
      other rows, such as gathered ones, or reads rows that others make;
    * an attention; a grouping.

    Slices and reshapes, sizes, constants and tensors with one value move into the
    kernels that read them. A result that is added to an operand is written over
    it, if nothing reads the operand later and no other rows of the kernel do, and
    a cache over itself. Other results that a public function returns become
    arguments too: the caller says where they go. Ops that nothing reads are left.

    ```mlir
    %h = tenon.norm rms %x, %n eps 1.0e-6 : ...
    %y = tenon.linear %h, %w : ...
    ```

    becomes

    ```mlir
    %e = tensor.empty(%t) : tensor<?x96xf32>
    %y = tile.kernel "layer.dense.linear.t8" <rows = 4, panels = 2> ins(%x, %n, %w : ...) outs(%e : ...) { ... } -> tensor<?x96xf32>
    ```

    Sizes of tiles are asked of the machine attribute on the module. Without it,
    and for rows of a length that is not known, the pass fails.
  }];
  let dependentDialects = ["::tenon::TenonDialect", "::tenon::tile::TileDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

//===----------------------------------------------------------------------===//
// bufferize
//===----------------------------------------------------------------------===//

def OutlineKernels : Pass<"tile-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Make a function of every kernel";
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

    The function has the kernel's bucket, and its configuration as `tile.kernel`,
    which marks it as a kernel until code is emitted. An argument that the kernel
    passes on keeps its `tenon.role`. A name that is taken gets a number.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def VerifyNoLargeCopies : Pass<"tile-verify-no-large-copies", "::mlir::ModuleOp"> {
  let summary = "Fail when a step copies or allocates more than it may";
  let description = [{
    After bufferisation, in every function: a copy of more than `limit` bytes, and
    an allocation or a copy whose size the bucket does not bound, such as that of
    a cache, is an error that names it. So is a copy beside a parallel loop, which
    each worker would make. Allocations that the bucket bounds are the arena's,
    and are left to the pass that plans it. Changes nothing.
  }];
  let options = [
    Option<"limit", "limit", "int64_t", /*default=*/"65536",
           "Bytes of a copy that are accepted: a budget, not a property of the program">
  ];
}

def PlanMemory : Pass<"tile-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Give every buffer of a step a place in one arena";
  let description = [{
    Functions with a bucket get two arguments, the arena that all workers share
    and the scratch memory of the worker that runs them, and allocations become
    views of them:

    ```mlir
    %a = memref.alloc(%t) : memref<?x72xf32>
    ```

    becomes

    ```mlir
    %a = memref.view %arena[%c0][%t] : memref<?xi8> to memref<?x72xf32>
    ```

    A buffer of a function that calls others lies in the arena, with room for as
    many rows as follow from the bucket's tokens; it shares its place with buffers
    that are not used at the same time. What a function calls lies behind its own buffers. A function that
    calls none is a kernel, and its buffers lie in the scratch memory. Functions
    get the attribute `tile.memory` with what they need.

    Recursion, a buffer whose size the bucket does not bound, and a buffer that
    outlives the private function or the iteration that made it, are errors.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::tenon::tile::TileDialect"];
}

def DistributeToWorkers : Pass<"tile-distribute-to-workers", "::mlir::ModuleOp"> {
  let summary = "Share the iterations of parallel loops among workers";
  let description = [{
    Every worker runs the step function. Functions with a bucket get three
    arguments in front, whose roles are `context`, `worker` and `workers`: the
    context of the step, the number of the worker, and how many there are. A call
    of a function with `tile.kernel` is followed by a barrier. A parallel loop
    becomes a loop over a worker's share:

    ```mlir
    scf.forall (%i) in (%n) { ... } {mapping = [#tile.worker<static>]}
    ```

    becomes

    ```mlir
    %a = ... %worker * %n / %workers
    %b = ... (%worker + 1) * %n / %workers
    scf.for %i = %a to %b step %c1 { ... }
    ```

    and with `ticket`

    ```mlir
    scf.while : () -> index { %i = tile.next_ticket %ctx  scf.condition(%i < %n) %i }
      do { ^bb0(%i: index): ... }
    ```

    A barrier follows each call of a kernel, which is a function with a parallel
    loop in it, and stands between two loops with tickets. A loop without a
    mapping, a parallel loop inside another, one with tickets inside any loop, and
    a caller without a bucket are errors.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::tenon::tile::TileDialect"];
}

#endif // TENON_TRANSFORMS_PASSES_TD
