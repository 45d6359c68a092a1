// Reads the template by which a model writes conversations.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/ChatTemplate.h"

#include "tenon/Import/JsonScan.h"
#include "tenon/Support/InputFile.h"
#include "SurrogatePairs.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace tenon {

static constexpr StringLiteral tokenNames[] = {
    "bos_token", "eos_token", "unk_token",  "sep_token",
    "pad_token", "cls_token", "mask_token",
};

/// Returns the text of a file of a folder; nothing where it is absent.
static Expected<std::string> readFile(StringRef folder, StringRef name) {
  SmallString<256> path(folder);
  sys::path::append(path, name);
  if (!sys::fs::exists(path))
    return "";
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readInputFile(path);
  if (!buffer)
    return buffer.takeError();
  return (*buffer)->getBuffer().str();
}

static Expected<json::Object> readObject(StringRef folder, StringRef name) {
  Expected<std::string> text = readFile(folder, name);
  if (!text)
    return text.takeError();
  if (text->empty())
    return json::Object();
  if (Error error = scanJson(*text, name))
    return std::move(error);
  Expected<json::Value> value = json::parse(resolveSurrogatePairs(*text));
  if (!value)
    return createStringError(name + ": " + toString(value.takeError()));
  json::Object *object = value->getAsObject();
  if (!object)
    return createStringError(name + ": expects an object");
  return std::move(*object);
}

/// A template, or the one named `default` of a list.
static Expected<std::string>
chooseTemplate(const json::Object &config, std::vector<std::string> &warnings) {
  const json::Value *value = config.get("chat_template");
  if (!value || value->getAsNull())
    return "";
  if (std::optional<StringRef> text = value->getAsString())
    return text->str();
  const json::Array *list = value->getAsArray();
  if (!list)
    return createStringError("tokenizer_config.json: expects 'chat_template' "
                             "to be a string or an array");
  std::vector<std::string> names;
  for (const json::Value &entry : *list) {
    const json::Object *object = entry.getAsObject();
    std::optional<StringRef> name, text;
    if (object) {
      name = object->getString("name");
      text = object->getString("template");
    }
    if (!name || !text)
      return createStringError("tokenizer_config.json: expects every entry of "
                               "'chat_template' to have a name and a template");
    if (*name == "default")
      return text->str();
    names.push_back(name->str());
  }
  if (!names.empty())
    warnings.push_back("tokenizer_config.json: 'chat_template' has no template "
                       "named 'default', only " +
                       join(names, ", ") + "; none is used");
  return "";
}

Expected<ChatTemplate> readChatTemplate(StringRef folder,
                                        std::vector<std::string> &warnings) {
  ChatTemplate result;
  Expected<json::Object> config = readObject(folder, "tokenizer_config.json");
  if (!config)
    return config.takeError();
  Expected<std::string> source = readFile(folder, "chat_template.jinja");
  if (source && !json::isUTF8(*source))
    return createStringError("chat_template.jinja: expects UTF-8");
  if (source && source->empty())
    source = chooseTemplate(*config, warnings);
  if (!source)
    return source.takeError();
  result.source = std::move(*source);
  if (result.source.empty())
    return result;
  Expected<json::Object> map = readObject(folder, "special_tokens_map.json");
  if (!map)
    return map.takeError();
  for (StringRef name : tokenNames)
    for (const json::Object *object : {&*config, &*map}) {
      std::optional<StringRef> text = object->getString(name);
      if (const json::Object *token = object->getObject(name))
        text = token->getString("content");
      if (!text)
        continue;
      result.tokens.emplace_back(name.str(), text->str());
      break;
    }
  return result;
}

ChatTemplate readChatTemplate(const GgufMetadataView &metadata) {
  ChatTemplate result;
  result.source =
      metadata.getString("tokenizer.chat_template").value_or("").str();
  auto tokens = metadata.getStringArray("tokenizer.ggml.tokens");
  if (result.source.empty() || !tokens)
    return result;
  // The format spells a separator like this. What the oldest files of kind llama
  // leave out is as sentencepiece numbers it.
  static constexpr std::pair<StringLiteral, StringLiteral> keys[] = {
      {"bos_token", "bos"},     {"eos_token", "eos"},
      {"unk_token", "unknown"}, {"sep_token", "seperator"},
      {"pad_token", "padding"}, {"cls_token", "cls"},
      {"mask_token", "mask"},
  };
  bool isScored = metadata.getString("tokenizer.ggml.model") == "llama";
  for (const auto &[name, key] : keys) {
    int64_t absent = !isScored ? -1 : key == "bos" ? 1 : key == "eos" ? 2 : -1;
    int64_t id = metadata.getInt(("tokenizer.ggml." + key + "_token_id").str())
                     .value_or(absent);
    if (id >= 0 && size_t(id) < tokens->size())
      result.tokens.emplace_back(name.str(), (*tokens)[id].str());
  }
  return result;
}

} // namespace tenon
