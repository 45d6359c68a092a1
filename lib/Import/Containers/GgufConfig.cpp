// Says what the metadata of a GGUF file says under the keys of Hugging Face.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/Gguf.h"
#include "tenon/Import/Containers/Messages.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace tenon;
using llvm::json::Object;

namespace {
class ConfigBuilder {
public:
  ConfigBuilder(const GgufContents &contents,
                const GgufArchitecture &architecture)
      : metadata(contents.metadata), contents(contents),
        architecture(architecture) {}

  llvm::Expected<ModelConfig> build();

private:
  std::string getKey(llvm::StringRef suffix) const {
    return (architecture.name + "." + suffix).str();
  }
  llvm::Error complain(llvm::StringRef suffix, const llvm::Twine &text) const {
    return makeImportError(metadata.getFile() + ": '" + getKey(suffix) + "' " +
                           text);
  }
  const TensorInfo *findTensor(llvm::StringRef name) const;
  llvm::Error copyInt(llvm::StringRef suffix, llvm::StringRef key);
  llvm::Error copyFloat(llvm::StringRef suffix, llvm::StringRef key);
  llvm::Error copyBool(llvm::StringRef suffix, llvm::StringRef key);
  llvm::Error copyTokenId(llvm::StringRef name);
  llvm::Error copySizes();
  llvm::Error setHeads();
  llvm::Error setVocabulary();
  llvm::Error setRotatedWidth();
  llvm::Error setRope();
  llvm::Error setRopeScaling(llvm::StringRef type);
  llvm::Error setLongRope();
  llvm::Error checkForeign() const;
  llvm::Error copyKeys();

  const GgufMetadata &metadata;
  const GgufContents &contents;
  const GgufArchitecture &architecture;
  Object values;
  llvm::StringMap<std::string> origins;
};
} // namespace

const TensorInfo *ConfigBuilder::findTensor(llvm::StringRef name) const {
  for (const StoredTensor &tensor : contents.tensors)
    if (tensor.info.name == name)
      return &tensor.info;
  return nullptr;
}

/// Copies an integer where there is one. Some sizes may be arrays with one
/// element for each layer; then all must be equal.
llvm::Error ConfigBuilder::copyInt(llvm::StringRef suffix,
                                   llvm::StringRef key) {
  std::string name = getKey(suffix);
  origins[key] = name;
  if (!metadata.find(name))
    return llvm::Error::success();
  std::optional<int64_t> value = metadata.getInt(name);
  if (!value)
    if (std::optional<std::vector<int64_t>> list = metadata.getIntArray(name);
        list && !list->empty()) {
      value = list->front();
      for (int64_t element : *list)
        if (element != *value)
          return complain(suffix, "expects the same value for all layers, but "
                                  "has " +
                                      llvm::Twine(*value) + " and " +
                                      llvm::Twine(element));
    }
  if (!value)
    return complain(suffix, "expects an integer");
  values[key] = *value;
  return llvm::Error::success();
}

llvm::Error ConfigBuilder::copyFloat(llvm::StringRef suffix,
                                     llvm::StringRef key) {
  std::string name = getKey(suffix);
  origins[key] = name;
  if (!metadata.find(name))
    return llvm::Error::success();
  std::optional<double> value = metadata.getFloat(name);
  if (!value || !std::isfinite(*value))
    return complain(suffix, "expects a finite number");
  values[key] = *value;
  return llvm::Error::success();
}

llvm::Error ConfigBuilder::copyBool(llvm::StringRef suffix,
                                    llvm::StringRef key) {
  std::string name = getKey(suffix);
  origins[key] = name;
  if (!metadata.find(name))
    return llvm::Error::success();
  std::optional<bool> value = metadata.getBool(name);
  if (!value)
    return complain(suffix, "expects true or false");
  values[key] = *value;
  return llvm::Error::success();
}

llvm::Error ConfigBuilder::copyTokenId(llvm::StringRef name) {
  std::string origin = ("tokenizer.ggml." + name).str();
  if (std::optional<int64_t> id = metadata.getInt(origin)) {
    values[name] = *id;
    origins[name] = origin;
  }
  return llvm::Error::success();
}

llvm::Error ConfigBuilder::copySizes() {
  for (auto [suffix, key] :
       {std::pair<llvm::StringLiteral, llvm::StringLiteral>{"embedding_length",
                                                            "hidden_size"},
        {"feed_forward_length", "intermediate_size"},
        {"block_count", "num_hidden_layers"},
        {"context_length", "max_position_embeddings"},
        {"attention.head_count", "num_attention_heads"},
        {"attention.head_count_kv", "num_key_value_heads"},
        {"attention.key_length", "head_dim"}})
    if (llvm::Error error = copyInt(suffix, key))
      return error;
  return copyFloat("attention.layer_norm_rms_epsilon", "rms_norm_eps");
}

/// Heads of keys default to those of queries, and their width to an even split.
llvm::Error ConfigBuilder::setHeads() {
  if (architecture.isLatent) {
    values.erase("num_key_value_heads");
    return llvm::Error::success();
  }
  ModelConfig view(metadata.getFile().str(), Object(values), origins);
  llvm::Expected<int64_t> heads = view.getInt("num_attention_heads");
  if (!heads)
    return heads.takeError();
  llvm::Expected<int64_t> keyHeads =
      view.getInt("num_key_value_heads", /*fallback=*/*heads);
  if (!keyHeads)
    return keyHeads.takeError();
  if (*heads % *keyHeads != 0)
    return complain("attention.head_count",
                    "expects a multiple of the head count of keys, but they "
                    "are " +
                        llvm::Twine(*heads) + " and " + llvm::Twine(*keyHeads));
  values["num_key_value_heads"] = *keyHeads;

  llvm::Expected<int64_t> hidden = view.getInt("hidden_size");
  if (!hidden)
    return hidden.takeError();
  if (!view.has("head_dim") && *hidden % *heads != 0)
    return complain("attention.key_length",
                    "is missing, and " + llvm::Twine(*hidden) +
                        " channels are no multiple of " + llvm::Twine(*heads) +
                        " heads");
  llvm::Expected<int64_t> width =
      view.getInt("head_dim", /*fallback=*/*hidden / *heads);
  if (!width)
    return width.takeError();
  values["head_dim"] = *width;
  std::optional<int64_t> valueWidth =
      metadata.getInt(getKey("attention.value_length"));
  if (valueWidth && *valueWidth != *width)
    return complain("attention.value_length",
                    "expects the width of keys, " + llvm::Twine(*width) +
                        ", but is " + llvm::Twine(*valueWidth));
  return llvm::Error::success();
}

/// The embedding decides; the metadata may repeat its size.
llvm::Error ConfigBuilder::setVocabulary() {
  if (llvm::Error error = copyInt("vocab_size", "vocab_size"))
    return error;
  const TensorInfo *embedding = findTensor("token_embd.weight");
  if (!embedding || embedding->shape.size() != 2)
    return llvm::Error::success();
  std::optional<int64_t> said = values.getInteger("vocab_size");
  if (said && *said != embedding->shape[0])
    return complain("vocab_size", "is " + llvm::Twine(*said) +
                                      ", but 'token_embd.weight' has " +
                                      llvm::Twine(embedding->shape[0]) +
                                      " rows");
  values["vocab_size"] = embedding->shape[0];
  // No key says how many segments there are.
  if (const TensorInfo *types = findTensor("token_types.weight");
      types && types->shape.size() == 2)
    values["type_vocab_size"] = types->shape[0];
  return llvm::Error::success();
}

llvm::Error ConfigBuilder::setRotatedWidth() {
  std::optional<int64_t> rotated =
      metadata.getInt(getKey("rope.dimension_count"));
  int64_t width = *values.getInteger("head_dim");
  if (!rotated || *rotated == width)
    return llvm::Error::success();
  if (*rotated < 2 || *rotated > width || *rotated % 2 != 0)
    return complain("rope.dimension_count",
                    "expects an even number from 2 to the width of a head, " +
                        llvm::Twine(width) + ", but is " +
                        llvm::Twine(*rotated));
  values["partial_rotary_factor"] = double(*rotated) / double(width);
  return llvm::Error::success();
}

llvm::Error ConfigBuilder::setRope() {
  // The value that readers take for a file that says nothing.
  values["rope_theta"] = 10000.0;
  if (llvm::Error error = copyFloat("rope.freq_base", "rope_theta"))
    return error;
  if (!architecture.isLatent)
    if (llvm::Error error = setRotatedWidth())
      return error;
  std::optional<llvm::StringRef> type =
      metadata.getString(getKey("rope.scaling.type"));
  if (findTensor("rope_factors_long.weight"))
    return setLongRope();
  if (type)
    return setRopeScaling(*type);
  // Files from before the type had a factor only, which was linear.
  if (metadata.find(getKey("rope.scale_linear"))) {
    if (llvm::Error error =
            copyFloat("rope.scale_linear", "rope_scaling.factor"))
      return error;
    double factor = *values.getNumber("rope_scaling.factor");
    values.erase("rope_scaling.factor");
    if (factor != 1.0)
      values["rope_scaling"] =
          Object{{"rope_type", "linear"}, {"factor", factor}};
  }
  return llvm::Error::success();
}

/// The lists of divisors are tensors, which whoever reads bytes adds.
llvm::Error ConfigBuilder::setLongRope() {
  Object scaling{{"rope_type", "longrope"}};
  std::optional<int64_t> length =
      metadata.getInt(getKey("rope.scaling.original_context_length"));
  if (!length || *length < 1)
    return complain("rope.scaling.original_context_length",
                    "expects a positive integer beside the tensor "
                    "'rope_factors_long.weight'");
  scaling["original_max_position_embeddings"] = *length;
  scaling["attention_factor"] =
      metadata.getFloat(getKey("rope.scaling.attn_factor")).value_or(1.0);
  values["rope_scaling"] = std::move(scaling);
  return llvm::Error::success();
}

llvm::Error ConfigBuilder::setRopeScaling(llvm::StringRef type) {
  if (type == "none")
    return llvm::Error::success();
  if (type != "linear" && type != "yarn")
    return complain("rope.scaling.type", "is " + quote(type) +
                                             "; known types: none, linear, "
                                             "yarn");
  if (llvm::Error error =
          copyFloat("rope.scaling.factor", "rope_scaling.factor"))
    return error;
  std::optional<double> factor = values.getNumber("rope_scaling.factor");
  values.erase("rope_scaling.factor");
  if (!factor || !(*factor > 0))
    return complain("rope.scaling.factor", "expects a positive number");
  Object scaling{{"rope_type", type.str()}, {"factor", *factor}};
  if (type == "yarn") {
    std::optional<int64_t> length =
        metadata.getInt(getKey("rope.scaling.original_context_length"));
    if (!length)
      return complain("rope.scaling.original_context_length",
                      "is missing, which yarn needs");
    scaling["original_max_position_embeddings"] = *length;
    for (auto [suffix, key] :
         {std::pair<llvm::StringLiteral, llvm::StringLiteral>{
              "rope.scaling.yarn_beta_fast", "beta_fast"},
          {"rope.scaling.yarn_beta_slow", "beta_slow"}})
      if (std::optional<double> beta = metadata.getFloat(getKey(suffix)))
        scaling[key] = *beta;
    if (std::optional<double> slope =
            metadata.getFloat(getKey("rope.scaling.yarn_log_multiplier")))
      if (architecture.isLatent)
        scaling["mscale_all_dim"] = 10 * *slope;
    // The file's factor multiplies the usual one instead of replacing it.
    if (std::optional<double> extra =
            metadata.getFloat(getKey("rope.scaling.attn_factor")))
      scaling["attention_factor"] =
          *extra * (*factor > 1 ? 0.1 * std::log(*factor) + 1 : 1);
  }
  values["rope_scaling"] = std::move(scaling);
  return llvm::Error::success();
}

/// What some models have and others must not: left out without a word, it would
/// make another model of the file.
llvm::Error ConfigBuilder::checkForeign() const {
  static constexpr std::pair<llvm::StringLiteral, double> neutral[] = {
      {"expert_count", 0},           {"attention.clamp_kqv", 0},
      {"attention.scale", 0},        {"attention.temperature_scale", 0},
      {"attn_logit_softcapping", 0}, {"final_logit_softcapping", 0},
      {"embedding_scale", 1},        {"logit_scale", 1},
      {"residual_scale", 1},         {"attention.sliding_window", 0},
  };
  for (const auto &entry : neutral) {
    llvm::StringRef suffix = entry.first;
    double without = entry.second;
    std::optional<double> value = metadata.getFloat(getKey(suffix));
    if (std::optional<int64_t> whole = metadata.getInt(getKey(suffix)))
      value = static_cast<double>(*whole);
    bool isRead = llvm::any_of(architecture.keys, [&](const GgufKey &key) {
      return llvm::StringRef(key.suffix) == suffix;
    });
    // Readers take a factor of 0 for one that was not written.
    if (!value || isRead || *value == without || *value == 0)
      continue;
    std::string printed;
    llvm::raw_string_ostream(printed) << llvm::format("%g", *value);
    return complain(suffix, "is " + printed +
                                ", but models of this architecture have no "
                                "such thing; expects " +
                                llvm::Twine(int(without)));
  }
  bool readsMask = llvm::any_of(architecture.keys, [](const GgufKey &key) {
    return llvm::StringRef(key.suffix) == "attention.causal";
  });
  if (!readsMask && metadata.getBool(getKey("attention.causal")) == false)
    return complain("attention.causal",
                    "is false, but the mask is causal; expects true");
  return llvm::Error::success();
}

/// What the table of the architecture says.
llvm::Error ConfigBuilder::copyKeys() {
  if (llvm::Error error = checkForeign())
    return error;
  for (const GgufKey &key : architecture.keys) {
    llvm::Error error =
        key.kind == GgufKey::Kind::Int     ? copyInt(key.suffix, key.key)
        : key.kind == GgufKey::Kind::Float ? copyFloat(key.suffix, key.key)
                                           : copyBool(key.suffix, key.key);
    if (error)
      return error;
  }
  std::optional<int64_t> layers = values.getInteger("num_hidden_layers");
  std::optional<int64_t> further =
      values.getInteger("num_nextn_predict_layers");
  if (layers && further && (*further < 0 || *further >= *layers))
    return complain("nextn_predict_layers",
                    "counts layers among those of '" + getKey("block_count") +
                        "', and expects 0 or more, but less than that; they "
                        "are " +
                        llvm::Twine(*further) + " and " + llvm::Twine(*layers));
  return llvm::Error::success();
}

llvm::Expected<ModelConfig> ConfigBuilder::build() {
  values = std::move(
      *cantFail(llvm::json::parse(architecture.constants)).getAsObject());
  values["model_type"] = architecture.modelType.str();
  values["hidden_act"] = "silu";
  // Readers of these files compute in float32.
  values["dtype"] = "float32";
  for (auto step : {&ConfigBuilder::copySizes, &ConfigBuilder::copyKeys,
                    &ConfigBuilder::setHeads, &ConfigBuilder::setVocabulary,
                    &ConfigBuilder::setRope})
    if (llvm::Error error = (this->*step)())
      return error;
  for (llvm::StringRef name : {"bos_token_id", "eos_token_id"})
    if (llvm::Error error = copyTokenId(name))
      return error;
  values["tie_word_embeddings"] = findTensor("output.weight") == nullptr;
  values["attention_bias"] = findTensor("blk.0.attn_q.bias") != nullptr;
  values["mlp_bias"] = findTensor("blk.0.ffn_gate.bias") != nullptr;
  values["qkv_bias"] = values["attention_bias"];
  values["use_qk_norm"] = findTensor("blk.0.attn_q_norm.weight") != nullptr;
  if (architecture.complete)
    architecture.complete(values);
  return ModelConfig(metadata.getFile().str(), std::move(values),
                     std::move(origins));
}

llvm::Expected<ModelConfig>
tenon::buildGgufConfig(const GgufContents &contents,
                       const GgufArchitecture &architecture) {
  return ConfigBuilder(contents, architecture).build();
}
