// Brings the spellings that config.json has had over the years into one.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/HuggingFace.h"
#include "tenon/Import/Containers/Messages.h"
#include "tenon/Import/JsonScan.h"

using namespace tenon;
using llvm::json::Object;
using llvm::json::Value;

static bool isAbsent(const Value *value) {
  return !value || value->kind() == Value::Null;
}

namespace {
/// Rewrites the values of one file in place.
class Normalizer {
public:
  Normalizer(Object &values, llvm::StringRef file)
      : values(values), file(file) {}

  llvm::Error run();
  /// What the file calls a canonical key, where that differs.
  llvm::StringMap<std::string> takeOrigins() { return std::move(origins); }

private:
  llvm::Error unwrapTextConfig();
  llvm::Error rename(llvm::StringRef from, llvm::StringRef to);
  llvm::Error renameOwnKeys();
  llvm::Error set(llvm::StringRef key, const Value &value,
                  const llvm::Twine &origin);
  llvm::Error takeRopeParameters();
  llvm::Error takeRope(const Object &rope, llvm::StringRef origin);
  llvm::Error takeLocalRope(const Object &rope, llvm::StringRef origin);
  llvm::Error normalizeRopeScaling();
  void normalizeWindow();
  void normalizeTemperature();
  llvm::Error checkLayerTypes();
  llvm::Error checkHeads();
  llvm::Error complain(const llvm::Twine &text) {
    return makeImportError(file + ": " + text);
  }

  Object &values;
  llvm::StringRef file;
  llvm::StringMap<std::string> origins;
};
} // namespace

static std::string print(const Value &value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text.size() > 60 ? text.substr(0, 60) + "..." : text;
}

/// Keys of `text_config` win: the wrapper repeats some keys for its own
/// needs.
llvm::Error Normalizer::unwrapTextConfig() {
  Value *wrapped = values.get("text_config");
  if (isAbsent(wrapped))
    return llvm::Error::success();
  if (!wrapped->getAsObject())
    return complain("'text_config' expects an object, but got " +
                    print(*wrapped));
  Object text = std::move(*wrapped->getAsObject());
  values.erase("text_config");
  for (auto &[key, value] : text)
    if (!isAbsent(&value) || !values.get(key))
      values[key.str()] = std::move(value);
  return llvm::Error::success();
}

/// Gives a canonical key the value of another spelling. The two may both be
/// there, but must not disagree.
llvm::Error Normalizer::set(llvm::StringRef key, const Value &value,
                            const llvm::Twine &origin) {
  Value *present = values.get(key);
  if (!isAbsent(present) && *present != value)
    return complain("'" + key + "' is " + print(*present) + ", but '" + origin +
                    "' is " + print(value) + "; remove one of the two");
  values[key.str()] = value;
  return llvm::Error::success();
}

llvm::Error Normalizer::rename(llvm::StringRef from, llvm::StringRef to) {
  Value *value = values.get(from);
  if (isAbsent(value))
    return llvm::Error::success();
  Value moved = std::move(*value);
  values.erase(from);
  return set(to, moved, from);
}

/// Keys of a model that calls its sizes by names of its own; messages use
/// these.
llvm::Error Normalizer::renameOwnKeys() {
  static constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral>
      gpt2Keys[] = {
          {"n_embd", "hidden_size"},
          {"n_layer", "num_hidden_layers"},
          {"n_head", "num_attention_heads"},
          {"n_positions", "max_position_embeddings"},
          {"n_inner", "intermediate_size"},
          {"activation_function", "hidden_act"},
          {"layer_norm_epsilon", "layer_norm_eps"},
      };
  if (values.getString("model_type") != llvm::StringRef("gpt2"))
    return llvm::Error::success();
  for (const auto &[from, to] : gpt2Keys) {
    if (llvm::Error error = rename(from, to))
      return error;
    origins[to] = from.str();
  }
  return llvm::Error::success();
}

/// The parameters of all layers, or of those with full attention.
llvm::Error Normalizer::takeRope(const Object &rope, llvm::StringRef origin) {
  Object scaling;
  for (const auto &[key, value] : rope) {
    if (isAbsent(&value))
      continue;
    if (key == "rope_theta" || key == "partial_rotary_factor") {
      if (llvm::Error error = set(key, value, origin + "." + key.str()))
        return error;
    } else {
      scaling[key.str()] = value;
    }
  }
  Value *old = values.get("rope_scaling");
  if (isAbsent(old) || !old->getAsObject()) {
    values["rope_scaling"] = std::move(scaling);
    return llvm::Error::success();
  }
  for (const auto &[key, value] : scaling) {
    Value *present = old->getAsObject()->get(key);
    if (!isAbsent(present) && *present != value)
      return complain("'rope_scaling." + key.str() + "' is " + print(*present) +
                      ", but '" + origin + "." + key.str() + "' is " +
                      print(value) + "; remove one of the two");
    (*old->getAsObject())[key.str()] = value;
  }
  return llvm::Error::success();
}

/// The parameters of the layers with a window. All models known scale the
/// frequencies of the other layers only.
llvm::Error Normalizer::takeLocalRope(const Object &rope,
                                      llvm::StringRef origin) {
  const Value *type = rope.get("rope_type");
  if (!isAbsent(type) && *type != Value("default"))
    return complain("'" + origin + ".rope_type' is " + print(*type) +
                    ", but frequencies of layers with a window can only be "
                    "\"default\"");
  const Value *theta = rope.get("rope_theta");
  if (isAbsent(theta))
    return llvm::Error::success();
  return set("rope_local_base_freq", *theta, origin + ".rope_theta");
}

llvm::Error Normalizer::takeRopeParameters() {
  Value *found = values.get("rope_parameters");
  if (isAbsent(found))
    return llvm::Error::success();
  if (!found->getAsObject())
    return complain("'rope_parameters' expects an object, but got " +
                    print(*found));
  Object rope = std::move(*found->getAsObject());
  values.erase("rope_parameters");

  const Object *full = rope.getObject("full_attention");
  const Object *sliding = rope.getObject("sliding_attention");
  if (!full && !sliding)
    return takeRope(rope, "rope_parameters");
  if (full)
    if (llvm::Error error = takeRope(*full, "rope_parameters.full_attention"))
      return error;
  if (sliding)
    return takeLocalRope(*sliding, "rope_parameters.sliding_attention");
  return llvm::Error::success();
}

llvm::Error Normalizer::normalizeRopeScaling() {
  Value *found = values.get("rope_scaling");
  if (isAbsent(found))
    return llvm::Error::success();
  Object *scaling = found->getAsObject();
  if (!scaling)
    return complain("'rope_scaling' expects an object, but got " +
                    print(*found));
  const Value *oldType = scaling->get("type");
  const Value *type = scaling->get("rope_type");
  if (!isAbsent(oldType) && !isAbsent(type) && *oldType != *type)
    return complain("'rope_scaling.rope_type' is " + print(*type) +
                    ", but 'rope_scaling.type' is " + print(*oldType) +
                    "; remove one of the two");
  if (isAbsent(type) && !isAbsent(oldType))
    (*scaling)["rope_type"] = Value(*oldType);
  scaling->erase("type");
  type = scaling->get("rope_type");
  if (!isAbsent(type) && *type == Value("su"))
    (*scaling)["rope_type"] = "longrope";
  // Older files of Phi-3 call it after what it grew out of.
  type = scaling->get("rope_type");
  if (!isAbsent(type) && *type == Value("yarn") &&
      values.getString("model_type") == "phi3")
    (*scaling)["rope_type"] = "longrope";
  // If the length is given next to the scaling, that is the one that counts.
  type = scaling->get("rope_type");
  const Value *length = values.get("original_max_position_embeddings");
  if (!isAbsent(length) && !isAbsent(type) && *type == Value("longrope"))
    (*scaling)["original_max_position_embeddings"] = Value(*length);
  if (scaling->empty() || (!isAbsent(type) && *type == Value("default")))
    values.erase("rope_scaling");
  return llvm::Error::success();
}

void Normalizer::normalizeWindow() {
  const Value *window = values.get("sliding_window");
  const Value *use = values.get("use_sliding_window");
  bool isZero = window && *window == Value(0);
  bool isOff = use && use->getAsBoolean() == false;
  if (!window || !(isAbsent(window) || isZero || isOff))
    return;
  // For messages of families that need one.
  std::string written = print(*window);
  if (isOff)
    written += ", and 'use_sliding_window' is false";
  values.erase("sliding_window");
  values["sliding_window_as_written"] = std::move(written);
}

/// The first files of Llama 4 have a number where later ones have true.
void Normalizer::normalizeTemperature() {
  const Value *tuning = values.get("attn_temperature_tuning");
  if (!tuning)
    return;
  if (std::optional<int64_t> number = tuning->getAsInteger())
    values["attn_temperature_tuning"] = *number != 0;
}

llvm::Error Normalizer::checkLayerTypes() {
  const llvm::json::Array *types = values.getArray("layer_types");
  std::optional<int64_t> layers = values.getInteger("num_hidden_layers");
  if (!types || !layers || int64_t(types->size()) == *layers)
    return llvm::Error::success();
  return complain("'layer_types' expects one entry for each of the " +
                  llvm::Twine(*layers) + " layers, but has " +
                  llvm::Twine(types->size()));
}

llvm::Error Normalizer::checkHeads() {
  std::optional<int64_t> query = values.getInteger("num_attention_heads");
  std::optional<int64_t> key = values.getInteger("num_key_value_heads");
  if (!query || !key || (*key > 0 && *query % *key == 0))
    return llvm::Error::success();
  return complain("'num_attention_heads' expects a multiple of "
                  "'num_key_value_heads', but they are " +
                  llvm::Twine(*query) + " and " + llvm::Twine(*key));
}

llvm::Error Normalizer::run() {
  if (llvm::Error error = unwrapTextConfig())
    return error;
  if (llvm::Error error = rename("torch_dtype", "dtype"))
    return error;
  if (llvm::Error error = renameOwnKeys())
    return error;
  if (llvm::Error error =
          rename("_sliding_window_pattern", "sliding_window_pattern"))
    return error;
  if (llvm::Error error = rename("compression_config", "quantization_config"))
    return error;
  addRopeDefaults(values);
  // Before the parameters are joined, so that `type` and `rope_type` agree.
  if (llvm::Error error = normalizeRopeScaling())
    return error;
  if (llvm::Error error = takeRopeParameters())
    return error;
  if (llvm::Error error = normalizeRopeScaling())
    return error;
  addClassDefaults(values);
  normalizeWindow();
  normalizeTemperature();
  if (llvm::Error error = checkLayerTypes())
    return error;
  return checkHeads();
}

bool tenon::storesInputsAsRows(llvm::StringRef modelType) {
  return modelType == "gpt2";
}

llvm::Expected<ModelConfig>
tenon::parseHuggingFaceConfig(llvm::StringRef text, llvm::StringRef file) {
  if (llvm::Error error = scanJson(text, file))
    return error;
  llvm::Expected<Value> parsed = llvm::json::parse(text);
  if (!parsed)
    return makeImportError(file + ": " + llvm::toString(parsed.takeError()));
  Object *values = parsed->getAsObject();
  if (!values)
    return makeImportError(file + ": expects an object, but got " +
                           print(*parsed));
  Normalizer normalizer(*values, file);
  if (llvm::Error error = normalizer.run())
    return error;
  return ModelConfig(file.str(), std::move(*values), normalizer.takeOrigins());
}
