// Mixtral: Mistral with experts, by a softmax over the best.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MixtureFamily.h"

using namespace tenon;

namespace {
class Mixtral : public MixtureFamily {
  using MixtureFamily::MixtureFamily;

  double getDefaultTheta() const override { return 1e6; }
  double getDefaultEps() const override { return 1e-5; }
  void readDetails(ConfigReader &config) override {
    windows.readForAll(config, layers);
    mixture.read(config, {"num_local_experts", "intermediate_size"});
    mixture.renorm = 0;
    mixture.activation = activation;
    mixture.names.router = "block_sparse_moe.gate";
    mixture.names.gate = "block_sparse_moe.experts.{e}.w1";
    mixture.names.up = "block_sparse_moe.experts.{e}.w3";
    mixture.names.down = "block_sparse_moe.experts.{e}.w2";
  }
};
} // namespace

std::unique_ptr<Family> tenon::createMixtral(mlir::MLIRContext *context,
                                             const ModelSource &source) {
  return std::make_unique<Mixtral>(context, source);
}
