// Finds out by which method weights were quantized, wherever that is said.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/Containers/HuggingFace.h"
#include "tenon/Import/Containers/MappedFile.h"
#include "tenon/Import/JsonScan.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace tenon;
using llvm::json::Object;

static constexpr llvm::StringLiteral methodKey =
    "quantization_config.quant_method";

namespace {
/// A method, and what told it.
struct Method {
  std::string name;
  std::string origin;
};

/// A file next to config.json in which a tool keeps its parameters.
struct SideFile {
  llvm::StringLiteral name;
  llvm::StringLiteral method;
};

/// What the names of tensors end in that a method writes in place of `.weight`.
struct Suffix {
  llvm::StringLiteral text;
  llvm::StringLiteral method;
};
} // namespace

static constexpr SideFile sideFiles[] = {
    {"quantize_config.json", "gptq"},
    {"quant_config.json", "awq"},
    {"hf_quant_config.json", "modelopt"},
};

static constexpr Suffix suffixes[] = {
    {".g_idx", "gptq"},
    {".qzeros", "gptq or awq"},
    {".qweight", "gptq or awq"},
    {".weight_packed", "compressed-tensors"},
    {".weight.quant_state.bitsandbytes__nf4", "bitsandbytes"},
    {".weight.quant_state.bitsandbytes__fp4", "bitsandbytes"},
    {".weight.absmax", "bitsandbytes"},
    {".weight.SCB", "bitsandbytes"},
    {".SCB", "bitsandbytes"},
    {".mlp.experts.gate_up_proj_blocks", "mxfp4"},
    {".weight_scale_2", "modelopt"},
    {".W_q", "hqq"},
};

/// A key of the configuration other than the one in use.
static std::optional<Method> findInConfig(const ModelConfig &config) {
  const Object &values = config.getValues();
  if (const Object *said = values.getObject("quantization_config")) {
    for (llvm::StringRef flag : {"load_in_4bit", "load_in_8bit"})
      if (said->getBoolean(flag).value_or(false))
        return Method{"bitsandbytes", ("quantization_config." + flag).str()};
    if (std::optional<llvm::StringRef> name = said->getString("quant_algo"))
      return Method{"modelopt " + name->str(),
                    "quantization_config.quant_algo"};
    return std::nullopt;
  }
  // What MLX writes.
  if (values.getObject("quantization"))
    return Method{"mlx", "quantization"};
  return std::nullopt;
}

/// What a file next to the configuration says goes into it, where it says nothing
/// itself.
static llvm::Expected<std::optional<Method>>
findInFile(llvm::StringRef folder, const SideFile &side, ModelConfig &config) {
  llvm::SmallString<256> file(folder);
  llvm::sys::path::append(file, side.name);
  if (!llvm::sys::fs::exists(file))
    return std::nullopt;
  llvm::Expected<std::string> text = readTextFile(file, maxJsonBytes);
  if (!text)
    return text.takeError();
  if (llvm::Error error = scanJson(*text, side.name))
    return std::move(error);
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(*text);
  if (!value)
    return value.takeError();
  Method method{side.method.str(), side.name.str()};
  // Some say more than their name does.
  if (const Object *object = value->getAsObject()) {
    for (auto &[key, said] : *object) {
      std::string name = "quantization_config." + key.str();
      if (key != "quant_method" && !config.has(name))
        config.set(name, said, (side.name + ": " + key.str()).str());
    }
    if (std::optional<llvm::StringRef> name = object->getString("quant_method"))
      method.name = name->str();
    if (const Object *inner = object->getObject("quantization"))
      if (std::optional<llvm::StringRef> name = inner->getString("quant_algo"))
        method.name += " " + name->str();
  }
  return method;
}

static std::optional<Method> findInTensors(const TensorSource &tensors) {
  for (const Suffix &suffix : suffixes)
    for (const TensorInfo &tensor : tensors.getTensors())
      if (llvm::StringRef(tensor.name).ends_with(suffix.text))
        return Method{suffix.method.str(), tensor.name};
  return std::nullopt;
}

llvm::Error tenon::nameQuantization(llvm::StringRef folder,
                                    const TensorSource &tensors,
                                    ModelConfig &config) {
  // What older files of compressed-tensors call it.
  if (const Object *said = config.getValues().getObject("compression_config");
      said && !config.has("quantization_config"))
    config.set("quantization_config", Object(*said), "compression_config");
  if (config.has(methodKey))
    return llvm::Error::success();
  std::optional<Method> method = findInConfig(config);
  for (const SideFile &side : sideFiles) {
    if (method)
      break;
    llvm::Expected<std::optional<Method>> found =
        findInFile(folder, side, config);
    if (!found)
      return found.takeError();
    method = std::move(*found);
  }
  if (!method)
    method = findInTensors(tensors);
  if (method)
    config.set(methodKey, method->name, method->origin);
  return llvm::Error::success();
}
