// Llama 4, its text model: chunks, layers without rotation, and one expert each.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ExpertMixture.h"
#include "PreNormFamily.h"
#include "RotaryEmbedding.h"

using namespace mlir;
using namespace tenon;

namespace {
/// What a variant of a layer adds up.
enum Variant : unsigned { WithoutRope = 1, WithChunks = 2, Variants = 4 };

class Llama4 : public PreNormFamily {
  using PreNormFamily::PreNormFamily;

  double getDefaultTheta() const override { return 5e5; }
  double getDefaultEps() const override { return 1e-5; }
  LayerStructure getStructure(int64_t layer) const override;
  RopeAttr getRope(LayerStructure structure) const override {
    return structure.variant & WithoutRope ? RopeAttr() : rope;
  }
  const GroupedAttention &
  getAttention(LayerStructure structure) const override {
    return attentions[structure.variant];
  }
  Value buildMlp(BlockBuilder &block, LayerStructure structure,
                 Value x) const override;

  void readDetails(ConfigReader &config) override;
  void readRotatingLayers(ConfigReader &config);
  void readChunks(ConfigReader &config);
  void readAttentions(ConfigReader &config);
  void readExperts(ConfigReader &config);

  ExpertMixture mixture;
  int64_t denseWidth = 1;
  /// Layer by layer.
  llvm::SmallVector<bool> rotates, isChunked, hasExperts;
  std::optional<int64_t> chunk;
  /// By variant.
  GroupedAttention attentions[Variants];
};
} // namespace

/// A 1 stands for a layer that rotates, whatever the key says.
void Llama4::readRotatingLayers(ConfigReader &config) {
  int64_t interval = config.getCount("no_rope_layer_interval", 4);
  for (int64_t layer = 0; layer < layers; ++layer)
    rotates.push_back((layer + 1) % interval != 0);
  if (!config.has("no_rope_layers"))
    return;
  std::vector<int64_t> listed = config.getIntList("no_rope_layers", {0, 1});
  if (listed.empty())
    return;
  if (static_cast<int64_t>(listed.size()) < layers) {
    config.complain("no_rope_layers",
                    "expects an entry for each of the " + llvm::Twine(layers) +
                        " layers, but has " + llvm::Twine(listed.size()));
    return;
  }
  rotates.assign(listed.begin(), listed.begin() + layers);
}

/// Layers that rotate see their chunk, unless a list says something else.
void Llama4::readChunks(ConfigReader &config) {
  if (config.has("attention_chunk_size"))
    chunk = config.getSize("attention_chunk_size");
  for (bool turns : rotates)
    isChunked.push_back(turns && chunk);
  std::vector<std::string> types = config.getStringList("layer_types");
  if (types.empty())
    return;
  for (auto [layer, type] : llvm::enumerate(types)) {
    if (static_cast<int64_t>(layer) >= layers ||
        (type != "chunked_attention" && type != "full_attention")) {
      config.complain("layer_types",
                      "expects 'full_attention' or 'chunked_attention' for "
                      "each of the " +
                          llvm::Twine(layers) + " layers, but entry " +
                          llvm::Twine(layer) + " is not one of them");
      return;
    }
    isChunked[layer] = type == "chunked_attention";
  }
  if (llvm::is_contained(isChunked, true) && !chunk)
    config.complain("attention_chunk_size",
                    "is missing, but 'layer_types' has 'chunked_attention'");
}

void Llama4::readAttentions(ConfigReader &config) {
  attention.inputBias = config.getBool("attention_bias", false);
  attention.outputBias = attention.inputBias;
  llvm::fill(attentions, attention);
  bool hasNorms = config.getBool("use_qk_norm", true);
  GroupedAttention::Temperature temperature{
      config.getSize("floor_scale", 8192),
      config.getFloat("attn_scale", 0.1, FloatRange::NonNegative)};
  bool isTempered = config.getBool("attn_temperature_tuning", true);
  for (unsigned variant = 0; variant < Variants; ++variant) {
    GroupedAttention &own = attentions[variant];
    if (variant & WithChunks)
      own.chunk = chunk;
    if (hasNorms && !(variant & WithoutRope))
      own.rotatedNormEps = norm.eps;
    if (isTempered && (variant & WithoutRope))
      own.temperature = temperature;
  }
}

void Llama4::readExperts(ConfigReader &config) {
  mixture.read(config, {"num_local_experts", "intermediate_size"});
  if (!config.failed() && mixture.top != 1)
    config.complain("num_experts_per_tok",
                    "expects 1, since experts that scale what they read are "
                    "supported for one of each token, but got " +
                        llvm::Twine(mixture.top));
  mixture.scoring = Scoring::Sigmoid;
  mixture.scalesInput = mixture.transposed = true;
  mixture.activation = activation;
  mixture.sharedWidth = mixture.width;
  mixture.names.router = "feed_forward.router";
  mixture.names.joined = "feed_forward.experts.gate_up_proj";
  mixture.names.joinedDown = "feed_forward.experts.down_proj";
  mixture.names.shared = "feed_forward.shared_expert";

  int64_t step = config.getCount("interleave_moe_layer_step", 1);
  for (int64_t layer = 0; layer < layers; ++layer)
    hasExperts.push_back((layer + 1) % step == 0);
  if (!config.has("moe_layers"))
    return;
  hasExperts.assign(layers, false);
  for (int64_t layer :
       config.getIntList("moe_layers", {0, ConfigReader::maxCount}))
    if (layer < layers)
      hasExperts[layer] = true;
}

void Llama4::readDetails(ConfigReader &config) {
  // The rows of published files are paired as neighbors, as the others pair
  // them once they are in GGUF.
  rope = readRope(config, context, attention.readRotatedWidth(config),
                  RopePairing::Interleaved, getDefaultTheta(),
                  source.getRopeDivisors(), positions);
  denseWidth = config.getSize("intermediate_size_mlp");
  readRotatingLayers(config);
  readChunks(config);
  readAttentions(config);
  readExperts(config);
}

LayerStructure Llama4::getStructure(int64_t layer) const {
  return {hasExperts[layer] ? "moe" : "dense",
          (rotates[layer] ? 0u : WithoutRope) |
              (isChunked[layer] ? WithChunks : 0u)};
}

Value Llama4::buildMlp(BlockBuilder &block, LayerStructure structure,
                       Value x) const {
  if (structure.name == "moe")
    return mixture.build(block, x, /*hasBias=*/false);
  return block.gatedMlp(x, "", "feed_forward", denseWidth, activation);
}

std::unique_ptr<Family> tenon::createLlama4(MLIRContext *context,
                                            const ModelSource &source) {
  return std::make_unique<Llama4>(context, source);
}
