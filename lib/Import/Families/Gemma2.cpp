// Gemma 2: capped scores and logits, and a window in every other layer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GemmaFamily.h"

using namespace tenon;

namespace {
class Gemma2 : public GemmaFamily {
  using GemmaFamily::GemmaFamily;

  double getDefaultTheta() const override { return 1e4; }
  void readDetails(ConfigReader &config, int64_t rotated) override {
    if (config.has("final_logit_softcapping"))
      logitCap = config.getF32("final_logit_softcapping");
    windows.read(config, layers, [](int64_t layer) { return layer % 2 == 0; });
  }
};
} // namespace

std::unique_ptr<Family> tenon::createGemma2(mlir::MLIRContext *context,
                                            const ModelSource &source) {
  return std::make_unique<Gemma2>(context, source);
}
