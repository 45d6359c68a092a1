// GLM-4.5 and its successors: grouped attention, experts of DeepSeek-V3.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixtureFamily.h"

using namespace tenon;

namespace {
class Glm4Moe : public MixtureFamily {
  using MixtureFamily::MixtureFamily;

  double getDefaultRotatedPart() const override { return 0.5; }
  double getDefaultEps() const override { return 1e-5; }
  void readDetails(ConfigReader &config) override {
    attention.inputBias = config.getBool("attention_bias", false);
    if (config.getBool("use_qk_norm", false))
      attention.headNorm = norm;
    mixture.read(config);
    mixture.readShared(config);
    mixture.activation = activation;
    if (!config.failed())
      mixture.readSigmoidRouter(config, /*defaultGroups=*/1, /*defaultKeep=*/1,
                                /*defaultScale=*/1);
    firstDense =
        config.getInt("first_k_dense_replace", 1, {0, ConfigReader::maxCount});
  }
};
} // namespace

std::unique_ptr<Family> tenon::createGlm4Moe(mlir::MLIRContext *context,
                                             const ModelSource &source) {
  return std::make_unique<Glm4Moe>(context, source);
}
