// Qwen3, dense: Llama with norms of the heads of queries and keys.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PreNormFamily.h"

using namespace tenon;

namespace {
class Qwen3 : public PreNormFamily {
  using PreNormFamily::PreNormFamily;

  void readDetails(ConfigReader &config) override {
    attention.headNorm = norm;
    attention.inputBias = config.getBool("attention_bias", false);
    attention.outputBias = attention.inputBias;
    readLateWindows(config);
  }
};
} // namespace

std::unique_ptr<Family> tenon::createQwen3(mlir::MLIRContext *context,
                                           const ModelSource &source) {
  return std::make_unique<Qwen3>(context, source);
}
