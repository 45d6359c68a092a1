// Phi-3 and Phi-4: Llama whose projections share matrices.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PreNormFamily.h"

using namespace mlir;
using namespace tenon;

namespace {
class Phi3 : public PreNormFamily {
  using PreNormFamily::PreNormFamily;

  double getDefaultEps() const override { return 1e-5; }
  void readDetails(ConfigReader &config) override {
    attention.joined = true;
    windows.readForAll(config, layers);
  }
  Value buildMlp(BlockBuilder &block, LayerStructure structure,
                 Value x) const override;
};
} // namespace

Value Phi3::buildMlp(BlockBuilder &block, LayerStructure structure,
                     Value x) const {
  Value both = block.weight("gate_up", "mlp.gate_up_proj.weight",
                            {2 * mlpWidth, hidden}, WeightRole::Matrix);
  auto project = [&](StringRef name, int64_t first) {
    Value half = block.slice(name, both, first, {mlpWidth, hidden});
    return block.product(x, half, name, mlpWidth);
  };
  Value gate = project("gate", 0), up = project("up", mlpWidth);
  Value product = block.glu(activation, gate, up, "glu");
  return block.linear(product, "down", "mlp.down_proj", hidden);
}

std::unique_ptr<Family> tenon::createPhi3(MLIRContext *context,
                                          const ModelSource &source) {
  return std::make_unique<Phi3>(context, source);
}
