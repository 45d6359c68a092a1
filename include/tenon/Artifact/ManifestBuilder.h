// Collects what an artifact says about itself, and makes the manifest of it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_ARTIFACT_MANIFESTBUILDER_H
#define TENON_ARTIFACT_MANIFESTBUILDER_H

#include "tenon/Runtime/Format.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace tenon {

/// Facts about the model as a whole.
struct ModelFacts {
  std::string architecture; // `deepseek_v3`
  std::string producer;     // `tenon 0.1.0`
  uint32_t vocabulary = 0;
  uint32_t hidden = 0;
  uint32_t layers = 0;
  uint32_t maxContext = 0;
  uint64_t tokenBytes = 0;
  /// Of an encoder: kinds of segments of tokens, whether it has a pooler, and
  /// what makes one vector of a text.
  uint32_t segments = 0;
  bool hasPooler = false;
  uint32_t pooling = TENON_POOLING_MEAN;
  bool normalizes = false;
};

/// Entries keep the order in which they are added: buckets by ascending number
/// of tokens, variants best first.
class ManifestBuilder {
public:
  explicit ManifestBuilder(ModelFacts facts) : facts(std::move(facts)) {}

  void addBucket(const tenon_bucket &bucket) { buckets.push_back(bucket); }
  void addState(llvm::StringRef name, uint32_t layers, uint32_t width,
                uint32_t element);
  void addVariant(llvm::StringRef name, uint32_t features, uint32_t firstStep);
  void addWeight(llvm::StringRef name, llvm::StringRef type,
                 llvm::StringRef source, uint64_t offset, uint64_t size);
  void addKernel(llvm::StringRef name, uint32_t bucket, uint32_t variant);
  void addImage(llvm::StringRef target, llvm::StringRef kind,
                llvm::StringRef bytes);
  /// States the size of the data of weights.bin and the hashes of its chunks;
  /// none when the artifact is made without its weights.
  void setWeights(uint64_t size, llvm::ArrayRef<uint64_t> chunkHashes);

  /// Returns the bytes of the manifest, which must be aligned to 8 wherever
  /// they are put. Equal entries give equal bytes.
  llvm::Expected<std::vector<uint8_t>> build() const;

private:
  struct State {
    std::string name;
    uint32_t layers, width, element;
  };
  struct Variant {
    std::string name;
    uint32_t features, firstStep;
  };
  struct Weight {
    std::string name, type, source;
    uint64_t offset, size;
  };
  struct Kernel {
    std::string name;
    uint32_t bucket, variant;
  };
  struct Image {
    std::string target, kind, bytes;
  };

  ModelFacts facts;
  std::vector<tenon_bucket> buckets;
  std::vector<State> states;
  std::vector<Variant> variants;
  std::vector<Weight> weights;
  std::vector<Kernel> kernels;
  std::vector<Image> images;
  uint64_t weightsSize = 0;
  std::vector<uint64_t> chunkHashes;
};

} // namespace tenon

#endif // TENON_ARTIFACT_MANIFESTBUILDER_H
