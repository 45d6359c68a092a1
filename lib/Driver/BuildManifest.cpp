// What the manifest of an artifact says about code and weights.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "BuildManifest.h"
#include "tenon/Packing/Packer.h"
#include "TokenBytes.h"

using namespace tenon;

/// What all variants agree on: memory that is enough for each of them, and
/// blocks that none finds too long.
static tenon_bucket joinSteps(llvm::ArrayRef<CompiledVariant> variants,
                              size_t number) {
  const CompiledStep &first = variants.front().steps[number];
  tenon_bucket bucket = {};
  bucket.max_tokens = uint32_t(first.maxTokens);
  bucket.block_rows = uint32_t(first.blockRows);
  for (const CompiledVariant &variant : variants) {
    const CompiledStep &step = variant.steps[number];
    bucket.block_rows = std::min(bucket.block_rows, uint32_t(step.blockRows));
    bucket.arena_bytes =
        std::max(bucket.arena_bytes, uint64_t(step.arenaBytes));
    bucket.scratch_bytes =
        std::max(bucket.scratch_bytes, uint64_t(step.scratchBytes));
  }
  return bucket;
}

llvm::Expected<std::vector<uint8_t>>
tenon::buildManifest(ModelFacts facts, mlir::ModuleOp laidOut,
                     llvm::ArrayRef<CompiledVariant> variants,
                     llvm::ArrayRef<uint64_t> chunkHashes) {
  facts.tokenBytes = countTokenBytes(laidOut);
  ManifestBuilder manifest(std::move(facts));
  const CompiledVariant &first = variants.front();
  for (size_t number = 0; number < first.steps.size(); ++number)
    manifest.addBucket(joinSteps(variants, number));
  for (const CompiledState &state : first.states)
    manifest.addState(state.name, uint32_t(state.layers), uint32_t(state.width),
                      state.isBF16 ? TENON_ELEMENT_BF16 : TENON_ELEMENT_F32);
  uint32_t numSteps = 0;
  for (size_t v = 0; v < variants.size(); ++v) {
    manifest.addVariant(variants[v].name, variants[v].features, numSteps);
    numSteps += uint32_t(variants[v].steps.size());
    for (size_t b = 0; b < variants[v].steps.size(); ++b)
      for (const std::string &kernel : variants[v].steps[b].kernels)
        manifest.addKernel(kernel, uint32_t(b), uint32_t(v));
  }
  for (const PlacedWeight &weight : listPlacedWeights(laidOut))
    manifest.addWeight(weight.name, weight.type, weight.source, weight.offset,
                       weight.size);
  manifest.setWeights(getPackedSize(laidOut), chunkHashes);
  return manifest.build();
}
