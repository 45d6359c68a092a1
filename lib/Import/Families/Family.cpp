// Reads what all families have in common.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Family.h"
#include "RotaryEmbedding.h"

#include <cmath>

using namespace tenon;

llvm::Error Family::read() {
  ConfigReader config(source.getConfig());
  layers = config.getCount("num_hidden_layers");
  hidden = config.getSize("hidden_size");
  vocabulary = config.getSize("vocab_size");
  contextLength = readContextLength(config);
  norm.eps = config.getFloat("rms_norm_eps", getDefaultEps());
  if (!std::isnormal(static_cast<float>(norm.eps)))
    config.complain("rms_norm_eps", "expects a number that is normal in f32, "
                                    "but got " +
                                        ConfigReader::print(norm.eps));
  if (config.has("tie_word_embeddings"))
    tied = config.getBool("tie_word_embeddings");
  else
    tied = isTiedByDefault() || (source.knowsTensors() &&
                                 !source.getTensors().find("lm_head.weight"));
  if (!config.failed())
    readLayers(config);
  return config.takeError();
}

RopePairing Family::getQueryKeyPairing() const {
  return source.queryKeyRows() == RowOrder::Interleaved
             ? RopePairing::Interleaved
             : RopePairing::Half;
}

Activation tenon::readActivation(ConfigReader &config, llvm::StringRef key,
                                 llvm::StringRef fallback) {
  static constexpr Activation functions[] = {
      Activation::Silu, Activation::GeluTanh, Activation::Gelu,
      Activation::Relu};
  return functions[config.getChoice(
      key, fallback, {"silu", "gelu_pytorch_tanh", "gelu", "relu"})];
}
