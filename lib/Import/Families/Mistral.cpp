// Mistral: Llama with a window of all layers, or none.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PreNormFamily.h"

using namespace tenon;

namespace {
class Mistral : public PreNormFamily {
  using PreNormFamily::PreNormFamily;

  void readDetails(ConfigReader &config) override {
    windows.readForAll(config, layers);
  }
};
} // namespace

std::unique_ptr<Family> tenon::createMistral(mlir::MLIRContext *context,
                                             const ModelSource &source) {
  return std::make_unique<Mistral>(context, source);
}
