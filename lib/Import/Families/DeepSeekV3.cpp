// DeepSeek-V3 and R1: experts by sigmoids, groups, and a correction.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DeepSeekFamily.h"

using namespace tenon;

namespace {
class DeepSeekV3 : public DeepSeekFamily {
  using DeepSeekFamily::DeepSeekFamily;

  void readRouter(ConfigReader &config) override;
  bool hasRouterBias(int64_t layer) const override;
  int64_t getDefaultDense() const override { return 3; }
};
} // namespace

void DeepSeekV3::readRouter(ConfigReader &config) {
  config.getChoice("scoring_func", llvm::StringRef("sigmoid"), {"sigmoid"});
  config.getChoice("topk_method", llvm::StringRef("noaux_tc"), {"noaux_tc"});
  mixture.scoring = Scoring::Sigmoid;
  mixture.by = GroupScore::Top2Sum;
  mixture.readGroups(config, /*defaultGroups=*/8, /*defaultKeep=*/4);
  if (config.getBool("norm_topk_prob", true))
    mixture.renorm = 1e-20;
  mixture.scale = config.getFloat("routed_scaling_factor", 2.5);
}

/// The method of choice implies a correction, but a file may do without.
bool DeepSeekV3::hasRouterBias(int64_t layer) const {
  if (!source.knowsTensors())
    return true;
  std::string name = ("model.layers." + llvm::Twine(layer) +
                      ".mlp.gate.e_score_correction_bias")
                         .str();
  return source.getTensors().find(name) != nullptr;
}

std::unique_ptr<Family> tenon::createDeepSeekV3(mlir::MLIRContext *context,
                                                const ModelSource &source) {
  return std::make_unique<DeepSeekV3>(context, source);
}
