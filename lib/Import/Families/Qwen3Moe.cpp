// Qwen3 with experts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixtureFamily.h"

using namespace tenon;

namespace {
class Qwen3Moe : public MixtureFamily {
  using MixtureFamily::MixtureFamily;

  void readDetails(ConfigReader &config) override {
    attention.headNorm = norm;
    attention.inputBias = config.getBool("attention_bias", false);
    attention.outputBias = attention.inputBias;
    readQwenExperts(config);
    if (config.getBool("use_sliding_window", false))
      windows.readForAll(config, layers);
  }
};
} // namespace

std::unique_ptr<Family> tenon::createQwen3Moe(mlir::MLIRContext *context,
                                              const ModelSource &source) {
  return std::make_unique<Qwen3Moe>(context, source);
}
