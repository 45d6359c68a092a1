// Llama 2 and 3, and what shares their configuration.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PreNormFamily.h"

using namespace tenon;

namespace {
class Llama : public PreNormFamily {
  using PreNormFamily::PreNormFamily;

  void readDetails(ConfigReader &config) override {
    attention.inputBias = config.getBool("attention_bias", false);
    attention.outputBias = attention.inputBias;
    mlpBias = config.getBool("mlp_bias", false);
  }
};
} // namespace

std::unique_ptr<Family> tenon::createLlama(mlir::MLIRContext *context,
                                           const ModelSource &source) {
  return std::make_unique<Llama>(context, source);
}
