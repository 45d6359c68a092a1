// Named sequences of passes that back ends share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_PIPELINES_PIPELINES_H
#define TENON_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace tenon {

struct FormOptions : mlir::PassPipelineOptions<FormOptions> {
  ListOption<int64_t> buckets{
      *this, "buckets", llvm::cl::desc("Maximum numbers of tokens, ascending"),
      llvm::cl::list_init<int64_t>({1, 8, 64, 1024})};
  Option<int64_t> positions{*this, "positions", llvm::cl::init(4096),
                            llvm::cl::desc("Maximum sequence length")};
  Option<int64_t> absorbTokens{
      *this, "absorb-tokens", llvm::cl::init(-1),
      llvm::cl::desc("Largest bucket with the absorbed form of MLA, "
                     "or -1 for that of machine.target")};
  Option<bool> roundActivations{
      *this, "round-activations", llvm::cl::init(false),
      llvm::cl::desc("Round activations to bf16 where they are multiplied")};
  Option<bool> widenWeights{
      *this, "widen-weights", llvm::cl::init(false),
      llvm::cl::desc("Widen sub-byte quantized values for every machine")};
};

/// tenon -> tenon with fused projections and decomposed experts.
void buildSimplifyPipeline(mlir::OpPassManager &pm);

/// tenon -> tenon with one function for each bucket, and weights with layouts
/// and places: the same for every machine.
void buildLayOutPipeline(mlir::OpPassManager &pm, const FormOptions &options);

/// tenon -> tile.kernel with tenon ops inside; reads the machine attribute.
void buildFormPipeline(mlir::OpPassManager &pm);

/// tile.kernel with tenon ops -> loops over tiles, on tensors.
void buildTilePipeline(mlir::OpPassManager &pm);

/// Kernels on tensors -> functions on memrefs, which have places in an arena.
void buildBufferizePipeline(mlir::OpPassManager &pm);

void registerPipelines();

} // namespace tenon

#endif // TENON_PIPELINES_PIPELINES_H
