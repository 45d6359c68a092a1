// OLMoE: experts, and norms of all heads of queries and of keys.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixtureFamily.h"

using namespace tenon;

namespace {
class Olmoe : public MixtureFamily {
  using MixtureFamily::MixtureFamily;

  double getDefaultEps() const override { return 1e-5; }
  void readDetails(ConfigReader &config) override {
    attention.jointNorm = norm;
    attention.inputBias = config.getBool("attention_bias", false);
    attention.outputBias = attention.inputBias;
    mixture.read(config, {"num_experts", "intermediate_size"});
    mixture.readSoftmaxRouter(config);
    mixture.activation = activation;
    if (config.has("clip_qkv"))
      attention.clip = config.getFloat("clip_qkv");
  }
};
} // namespace

std::unique_ptr<Family> tenon::createOlmoe(mlir::MLIRContext *context,
                                           const ModelSource &source) {
  return std::make_unique<Olmoe>(context, source);
}
