// The text model of Gemma 3: norms of heads, two rotations, and mostly windows.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GemmaFamily.h"
#include "RotaryEmbedding.h"

using namespace tenon;

namespace {
class Gemma3 : public GemmaFamily {
  using GemmaFamily::GemmaFamily;

  double getDefaultTheta() const override { return 1e6; }
  void readDetails(ConfigReader &config, int64_t rotated) override;
};
} // namespace

void Gemma3::readDetails(ConfigReader &config, int64_t rotated) {
  attention.headNorm = norm;
  if (config.has("final_logit_softcapping"))
    config.complain("final_logit_softcapping",
                    "caps logits, which no model of this family does; expects "
                    "null");
  localRope = readPlainRope(config, context, "rope_local_base_freq", rotated,
                            getQueryKeyPairing(), /*defaultTheta=*/1e4);
  int64_t pattern = config.getCount("sliding_window_pattern", 6);
  windows.read(config, layers,
               [&](int64_t layer) { return (layer + 1) % pattern != 0; });
}

std::unique_ptr<Family> tenon::createGemma3(mlir::MLIRContext *context,
                                            const ModelSource &source) {
  return std::make_unique<Gemma3>(context, source);
}
