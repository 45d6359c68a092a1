// Qwen2 with experts, and with a gated one that all tokens share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixtureFamily.h"

using namespace tenon;

namespace {
class Qwen2Moe : public MixtureFamily {
  using MixtureFamily::MixtureFamily;

  void readDetails(ConfigReader &config) override {
    attention.inputBias = config.getBool("qkv_bias", true);
    readQwenExperts(config);
    mixture.sharedWidth = config.getSize("shared_expert_intermediate_size");
    mixture.names.shared = "mlp.shared_expert";
    mixture.names.sharedGate = "mlp.shared_expert_gate";
    if (!config.getBool("use_sliding_window", false))
      return;
    int64_t last =
        config.getInt("max_window_layers", 28, {0, ConfigReader::maxCount});
    windows.read(config, layers,
                 [&](int64_t layer) { return layer % 2 == 0 && layer < last; });
  }
};
} // namespace

std::unique_ptr<Family> tenon::createQwen2Moe(mlir::MLIRContext *context,
                                              const ModelSource &source) {
  return std::make_unique<Qwen2Moe>(context, source);
}
