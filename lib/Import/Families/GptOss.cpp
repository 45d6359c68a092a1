// gpt-oss: attention sinks, windows in every other layer, experts with biases.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixtureFamily.h"

using namespace tenon;

namespace {
class GptOss : public MixtureFamily {
  using MixtureFamily::MixtureFamily;

  double getDefaultTheta() const override { return 150000; }
  double getDefaultEps() const override { return 1e-5; }
  void readDetails(ConfigReader &config) override;
};
} // namespace

void GptOss::readDetails(ConfigReader &config) {
  norm.order = NormOrder::ScaleThenCast;
  attention.inputBias = config.getBool("attention_bias", true);
  attention.outputBias = attention.inputBias;
  attention.hasSinks = true;
  windows.read(config, layers, [](int64_t layer) { return layer % 2 == 0; });
  mixture.read(config, {"num_local_experts", "intermediate_size"});
  mixture.renorm = 0;
  mixture.hasBias = true;
  mixture.rows = ExpertMixture::JoinedRows::Interleaved;
  mixture.names.router = "mlp.router";
  if (activation != Activation::Silu)
    config.complain("hidden_act", "is another function than that of the gates "
                                  "of this family; expects 'silu'");
  mixture.activation = activation;
  mixture.activation.alpha =
      static_cast<float>(config.getFloat("swiglu_alpha", 1.702));
  mixture.activation.beta = 1;
  mixture.activation.limit =
      static_cast<float>(config.getFloat("swiglu_limit", 7.0));
}

std::unique_ptr<Family> tenon::createGptOss(mlir::MLIRContext *context,
                                            const ModelSource &source) {
  return std::make_unique<GptOss>(context, source);
}
