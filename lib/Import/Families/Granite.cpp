// Granite: Llama with factors of embeddings, scores, residuals and logits.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PreNormFamily.h"

using namespace tenon;

namespace {
class Granite : public PreNormFamily {
  using PreNormFamily::PreNormFamily;

  void readDetails(ConfigReader &config) override {
    attention.inputBias = config.getBool("attention_bias", false);
    attention.outputBias = attention.inputBias;
    mlpBias = config.getBool("mlp_bias", false);
    attention.scale = config.getF32("attention_multiplier", 1.0);
    embeddingScale = readFactor(config, "embedding_multiplier");
    residualScale = readFactor(config, "residual_multiplier");
    if (std::optional<double> divisor = readFactor(config, "logits_scaling"))
      logitScale = 1 / *divisor;
  }

  /// A factor, or nothing where it is 1.
  static std::optional<double> readFactor(ConfigReader &config,
                                          llvm::StringRef key) {
    double factor = config.getF32(key, 1.0);
    return factor == 1 ? std::nullopt : std::optional(factor);
  }
};
} // namespace

std::unique_ptr<Family> tenon::createGranite(mlir::MLIRContext *context,
                                             const ModelSource &source) {
  return std::make_unique<Granite>(context, source);
}
