// DeepSeek-V2 and V2-Lite: experts by a softmax, in groups or not.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DeepSeekFamily.h"

using namespace tenon;

namespace {
class DeepSeekV2 : public DeepSeekFamily {
  using DeepSeekFamily::DeepSeekFamily;

  void readRouter(ConfigReader &config) override;
  bool hasRouterBias(int64_t layer) const override { return false; }
  int64_t getDefaultDense() const override { return 0; }
};
} // namespace

void DeepSeekV2::readRouter(ConfigReader &config) {
  config.getChoice("scoring_func", llvm::StringRef("softmax"), {"softmax"});
  // The third spelling is that of the first published files.
  enum Method { GroupLimited, Greedy, OldGreedy };
  size_t method =
      config.getChoice("topk_method", llvm::StringRef("greedy"),
                       {"group_limited_greedy", "greedy", "gready"});
  if (method == GroupLimited)
    mixture.readGroups(config, std::nullopt, std::nullopt);

  // Weights are either normalized or scaled, never both.
  bool normalized = config.getBool("norm_topk_prob", false);
  double scale = config.getFloat("routed_scaling_factor", 1.0);
  if (normalized && mixture.top > 1)
    mixture.renorm = 1e-20;
  else
    mixture.scale = scale;
}

std::unique_ptr<Family> tenon::createDeepSeekV2(mlir::MLIRContext *context,
                                                const ModelSource &source) {
  return std::make_unique<DeepSeekV2>(context, source);
}
