// DeepSeek-V3 and R1: experts by sigmoids, groups, and a correction.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DeepSeekFamily.h"

using namespace tenon;

namespace {
class DeepSeekV3 : public DeepSeekFamily {
  using DeepSeekFamily::DeepSeekFamily;

  void readRouter(ConfigReader &config) override;
  bool hasRouterBias(int64_t layer) const override {
    return ExpertMixture::hasCorrection(source, layer);
  }
  int64_t getDefaultDense() const override { return 3; }
};
} // namespace

void DeepSeekV3::readRouter(ConfigReader &config) {
  mixture.readSigmoidRouter(config, /*defaultGroups=*/8, /*defaultKeep=*/4,
                            /*defaultScale=*/2.5);
}

std::unique_ptr<Family> tenon::createDeepSeekV3(mlir::MLIRContext *context,
                                                const ModelSource &source) {
  return std::make_unique<DeepSeekV3>(context, source);
}
