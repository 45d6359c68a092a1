// Qwen2 and Qwen2.5: Llama with biases before attention, and maybe windows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PreNormFamily.h"

using namespace tenon;

namespace {
class Qwen2 : public PreNormFamily {
  using PreNormFamily::PreNormFamily;

  void readDetails(ConfigReader &config) override {
    attention.inputBias = true;
    readLateWindows(config);
  }
};
} // namespace

std::unique_ptr<Family> tenon::createQwen2(mlir::MLIRContext *context,
                                           const ModelSource &source) {
  return std::make_unique<Qwen2>(context, source);
}
